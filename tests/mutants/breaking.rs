//! Definitions, broken: every equation negated, doubled and, in turn, with one sign turned or one operand left out.

use neurula::diag::{Sources, Span};
use neurula::syntax::tree::{
    BinaryOperator, BodyStatement, BodyStatementKind, Definition, Expr, ExprKind, ItemKind, UnaryOperator,
};

/// A definition with one thing wrong.
pub struct Mutant {
    /// What was done to it: the text that was replaced, and by what.
    pub what: String,
    /// The whole text.
    pub text: String,
}

/// All mutants of a text.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let mut sources = Sources::new();
    let file = sources.add("broken.neu", text);
    let (ast, said) = neurula::syntax::parse(&sources, file);
    assert!(said.is_empty(), "{said:?}");
    let mut found = Vec::new();
    for item in &ast.items {
        let mut equations = Vec::new();
        match &item.kind {
            ItemKind::Function(function) => equations.push(&function.value),
            ItemKind::Definition(Definition { body, .. }) => body.iter().for_each(|line| of(line, &mut equations)),
            _ => {}
        }
        for equation in equations {
            let whole = cut(text, equation.span);
            found.push((equation.span, format!("-({whole})")));
            found.push((equation.span, format!("2 * ({whole})")));
            within(text, equation, &mut found);
        }
    }
    let broken = |(span, by): (Span, String)| {
        let (start, end) = (span.start as usize, span.end as usize);
        let (before, after) = (&text[..start], &text[end..]);
        let line = before.rsplit('\n').next().unwrap_or("").trim_start();
        Mutant { what: format!("{line}[{} => {by}]", &text[start..end]), text: format!("{before}{by}{after}") }
    };
    found.into_iter().map(broken).collect()
}

fn cut(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

/// The equations of a line of a body.
fn of<'t>(line: &'t BodyStatement, found: &mut Vec<&'t Expr>) {
    match &line.kind {
        BodyStatementKind::Define { value, .. }
        | BodyStatementKind::Let { value, .. }
        | BodyStatementKind::Update { value, .. }
        | BodyStatementKind::Derivative { value, .. } => found.push(value),
        BodyStatementKind::Output(values) => found.extend(values),
        BodyStatementKind::Trace(running) | BodyStatementKind::Average(running) => found.push(&running.of),
        BodyStatementKind::Nudge { by, .. } => found.push(by),
        BodyStatementKind::Clamp { to, .. } => found.push(to),
        BodyStatementKind::Pass { body, .. } | BodyStatementKind::Spike { body, .. } => {
            body.iter().for_each(|line| of(line, found));
        }
        _ => {}
    }
}

/// What can be broken inside an expression.
fn within(text: &str, expression: &Expr, found: &mut Vec<(Span, String)>) {
    let span = expression.span;
    match &expression.kind {
        ExprKind::Binary { operator, operator_span, left, right } => {
            let (l, r) = (cut(text, left.span), cut(text, right.span));
            match operator {
                BinaryOperator::Add => {
                    found.push((*operator_span, "-".to_string()));
                    found.push((span, format!("({l})")));
                    found.push((span, format!("({r})")));
                }
                BinaryOperator::Subtract => {
                    found.push((*operator_span, "+".to_string()));
                    found.push((span, format!("({l})")));
                    found.push((span, format!("(-({r}))")));
                }
                BinaryOperator::Multiply => {
                    found.push((span, format!("({l})")));
                    found.push((span, format!("({r})")));
                }
                BinaryOperator::Divide => found.push((span, format!("({l})"))),
                _ => {}
            }
            within(text, left, found);
            within(text, right, found);
        }
        ExprKind::Unary { operator, operand } => {
            if *operator == UnaryOperator::Minus {
                found.push((span, format!("({})", cut(text, operand.span))));
            }
            within(text, operand, found);
        }
        ExprKind::Call { arguments, .. } => arguments.iter().for_each(|argument| within(text, &argument.value, found)),
        ExprKind::Index { value, .. } | ExprKind::Field { value, .. } => within(text, value, found),
        ExprKind::Indexed { body, .. } => within(text, body, found),
        ExprKind::List(values) => values.iter().for_each(|value| within(text, value, found)),
        ExprKind::Sample { distribution, .. } => within(text, distribution, found),
        _ => {}
    }
}
