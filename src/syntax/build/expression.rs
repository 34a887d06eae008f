//! Expressions: the flat rows of the grammar get their order here.

use super::{Build, Parts, TREE_LIMIT};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::*;
use crate::{bug, syntax::slip};
use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;

/// What binds how tightly, from loose to tight.
static ORDER: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::equal)
            | left(Rule::not_equal)
            | left(Rule::less)
            | left(Rule::less_equal)
            | left(Rule::greater)
            | left(Rule::greater_equal)
            | left(Rule::within))
        .op(left(Rule::range))
        .op(left(Rule::plus) | left(Rule::minus))
        .op(left(Rule::times) | left(Rule::divide) | left(Rule::product))
        .op(Op::prefix(Rule::negative))
        .op(Op::infix(Rule::power, Assoc::Right))
});

/// The operator that a rule stands for; none for `..`, which makes a range.
fn operator(rule: Rule) -> Option<BinaryOperator> {
    Some(match rule {
        Rule::power => BinaryOperator::Power,
        Rule::times => BinaryOperator::Multiply,
        Rule::divide => BinaryOperator::Divide,
        Rule::product => BinaryOperator::MatrixProduct,
        Rule::plus => BinaryOperator::Add,
        Rule::minus => BinaryOperator::Subtract,
        Rule::equal => BinaryOperator::Equal,
        Rule::not_equal => BinaryOperator::NotEqual,
        Rule::less => BinaryOperator::Less,
        Rule::less_equal => BinaryOperator::LessEqual,
        Rule::greater => BinaryOperator::Greater,
        Rule::greater_equal => BinaryOperator::GreaterEqual,
        Rule::within => BinaryOperator::In,
        Rule::and => BinaryOperator::And,
        Rule::or => BinaryOperator::Or,
        _ => return None,
    })
}

/// One operand, and the `at` behind its brackets that belongs to the whole row.
struct Operand {
    value: Expr,
    at: Option<When>,
}

impl Build<'_> {
    /// `value where … at …`
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let whole = self.span(&pair);
        let mut parts = Parts::new(pair);
        let flat = parts.need(Rule::flat);
        let mut value = self.flat(flat);
        for part in parts {
            value = self.qualified(value, part, whole.start);
        }
        value
    }

    /// `value` with the `where` or the `at` that stands behind it.
    pub(super) fn qualified(&mut self, value: Expr, part: Pair<'_, Rule>, start: u32) -> Expr {
        let mut span = self.span(&part);
        span.start = start;
        let value = Box::new(value);
        let kind = match part.as_rule() {
            Rule::where_part => {
                let condition = Box::new(self.flat(Parts::new(part).need(Rule::flat)));
                ExprKind::Where { value, condition }
            }
            _ => ExprKind::At { value, when: self.when(part) },
        };
        Expr { span, kind }
    }

    /// The moment behind an `at`.
    pub(super) fn when(&mut self, at_part: Pair<'_, Rule>) -> When {
        let when = Parts::new(at_part).need(Rule::when);
        let span = self.span(&when);
        let mut parts = Parts::new(when);
        let first = parts.any();
        let kind = match first.as_rule() {
            Rule::end => WhenKind::End,
            Rule::trial => {
                let digits = parts.need(Rule::number);
                WhenKind::Trial(Number { text: digits.as_str().into(), unit: None })
            }
            Rule::quantity => WhenKind::Number(self.quantity(first)),
            _ => WhenKind::Name(self.name(first)),
        };
        When { span, kind }
    }

    /// Every expression among the parts.
    pub(super) fn exprs(&mut self, pair: Pair<'_, Rule>) -> Vec<Expr> {
        Parts::new(pair).map(|part| self.expr(part)).collect()
    }

    /// A row of operands and signs.
    pub(super) fn flat(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let row: Vec<Pair<'_, Rule>> = pair.clone().into_inner().collect();
        if let Some(diagnostic) = self.misordered(&row) {
            self.report(diagnostic);
            return Expr { span, kind: ExprKind::Error };
        }
        let postfixes = |operand: &Pair<'_, Rule>| operand.clone().into_inner().count();
        let height = row.len() + row.iter().map(postfixes).max().unwrap_or(0);
        if self.too_deep(span, height) {
            return Expr { span, kind: ExprKind::Error };
        }
        self.level += height;
        let last = row.iter().rposition(|part| part.as_rule() == Rule::operand);
        let mut whole_at = None;
        let mut operands = Vec::new();
        for (i, part) in row.into_iter().enumerate().filter(|(_, part)| part.as_rule() == Rule::operand) {
            let operand = self.operand(part);
            match operand.at {
                Some(when) if Some(i) != last => self.report(misplaced_at(&when)),
                at => whole_at = at,
            }
            operands.push(operand.value);
        }
        self.level -= height;
        let value = self.ordered(pair, operands);
        match whole_at {
            None => value,
            Some(when) => {
                let span = value.span.to(when.span);
                Expr { span, kind: ExprKind::At { value: Box::new(value), when } }
            }
        }
    }

    /// Whether the tree would become too deep here; if so it is told, once a piece.
    fn too_deep(&mut self, span: Span, height: usize) -> bool {
        let deep = self.level + height > TREE_LIMIT;
        if deep && !self.told_depth {
            self.told_depth = true;
            self.report(
                Diagnostic::new(Code::TOO_DEEP, format!("an expression has more than {TREE_LIMIT} signs and levels"))
                    .at(span, "too long or too deep to follow")
                    .help("name a part of it and use its name: `fn part(x) = …`; long sums have `sum`"),
            );
        }
        deep
    }

    /// The row in the order in which its signs bind.
    fn ordered(&mut self, row: Pair<'_, Rule>, operands: Vec<Expr>) -> Expr {
        let mut operands = operands.into_iter();
        let place = |sign: &Pair<'_, Rule>| {
            let start = (sign.as_span().start() + self.base) as u32;
            Span { file: self.file, start, end: start + sign.as_str().len() as u32 }
        };
        ORDER
            .map_primary(|_| match operands.next() {
                Some(value) => value,
                None => bug!("fewer operands than the row has"),
            })
            .map_prefix(|sign, operand| {
                let operator = match sign.as_rule() {
                    Rule::not => UnaryOperator::Not,
                    _ => UnaryOperator::Minus,
                };
                let span = place(&sign).to(operand.span);
                Expr { span, kind: ExprKind::Unary { operator, operand: Box::new(operand) } }
            })
            .map_infix(|left, sign, right| {
                let span = left.span.to(right.span);
                let (left, right) = (Box::new(left), Box::new(right));
                let kind = match operator(sign.as_rule()) {
                    Some(operator) => ExprKind::Binary { operator, operator_span: place(&sign), left, right },
                    None => ExprKind::Range { start: left, end: right },
                };
                Expr { span, kind }
            })
            .parse(row.into_inner())
    }

    /// What the table of signs forbids: chained comparisons and ranges, `not` within a comparison.
    fn misordered(&self, row: &[Pair<'_, Rule>]) -> Option<Diagnostic> {
        let mut comparison: Option<usize> = None;
        let mut range: Option<usize> = None;
        for (i, part) in row.iter().enumerate() {
            let rule = part.as_rule();
            match rule {
                Rule::and | Rule::or => (comparison, range) = (None, None),
                Rule::not => {
                    let before = i.checked_sub(1).map(|before| row[before].as_rule());
                    if !matches!(before, None | Some(Rule::and | Rule::or | Rule::not)) {
                        return Some(slip::inner_not(self.span(part)));
                    }
                }
                Rule::range => {
                    if let Some(first) = range.replace(i) {
                        return Some(slip::chained_range(self.span(&row[first]), self.span(part)));
                    }
                }
                Rule::operand | Rule::negative => {}
                _ if operator(rule).is_some_and(BinaryOperator::is_comparison) => {
                    range = None;
                    if let Some(first) = comparison.replace(i) {
                        return Some(self.chained(row, first, i));
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The message for `a < x < b`, with the repair written out.
    fn chained(&self, row: &[Pair<'_, Rule>], first: usize, second: usize) -> Diagnostic {
        let is_joint = |part: &Pair<'_, Rule>| matches!(part.as_rule(), Rule::and | Rule::or | Rule::not);
        let begin = row[..first].iter().rposition(is_joint).map_or(0, |joint| joint + 1);
        let end = row[second..].iter().position(is_joint).map_or(row.len(), |joint| second + joint);
        let written = |from: usize, to: usize| {
            let span = self.span(&row[from]).to(self.span(&row[to - 1]));
            &self.text[span.start as usize..span.end as usize]
        };
        let middle = written(first + 1, second);
        let repaired = format!("{} {middle} and {middle} {}", written(begin, first + 1), written(second, end));
        slip::chained_comparison(self.span(&row[first]), self.span(&row[second]), &repaired)
    }

    /// One value with what is glued to it.
    fn operand(&mut self, pair: Pair<'_, Rule>) -> Operand {
        let whole = self.span(&pair);
        let mut parts = Parts::new(pair);
        let first = parts.any();
        let mut operand = match first.as_rule() {
            Rule::group => self.group(first),
            _ => Operand { value: self.primary(first), at: None },
        };
        for part in parts {
            if let Some(when) = operand.at.take() {
                self.report(misplaced_at(&when));
            }
            let mut span = self.span(&part);
            span.start = whole.start;
            let value = operand.value;
            operand.value = match part.as_rule() {
                Rule::index => {
                    let indices = self.exprs(part);
                    Expr { span, kind: ExprKind::Index { value: Box::new(value), indices } }
                }
                Rule::field => {
                    let field = self.field_name(part);
                    Expr { span, kind: ExprKind::Field { value: Box::new(value), field } }
                }
                _ => self.path_from(value, part, span),
            };
        }
        operand
    }

    /// `(…)`, perhaps with `at` behind it: that of a path binds tightly.
    fn group(&mut self, pair: Pair<'_, Rule>) -> Operand {
        let whole = self.span(&pair);
        let mut parts = Parts::new(pair.clone());
        let mut value = self.expr(parts.need(Rule::expr));
        let closing = pair.into_inner().find(|part| part.as_rule() == Rule::close_round);
        value.span = Span { end: closing.map_or(whole.end, |closing| self.span(&closing).end), ..whole };
        let Some(at_part) = parts.maybe(Rule::at_part) else { return Operand { value, at: None } };
        let when = self.when(at_part);
        if !matches!(value.kind, ExprKind::Path(_)) {
            return Operand { value, at: Some(when) };
        }
        let kind = ExprKind::At { value: Box::new(value), when };
        Operand { value: Expr { span: whole, kind }, at: None }
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => ExprKind::Number(self.quantity(pair)),
            Rule::string => ExprKind::Text(self.text(pair).value),
            Rule::boolean => ExprKind::Bool(pair.as_str() == "true"),
            Rule::list => ExprKind::List(self.exprs(pair)),
            Rule::sample => {
                let mut parts = Parts::new(pair.clone());
                let function = self.name(parts.need(Rule::ident));
                let brackets = parts.need(Rule::arguments);
                let mut inner = function.span;
                inner.end = self.span(&brackets).end;
                let distribution = Box::new(self.call(function, brackets, inner));
                let estimator = Box::new(self.reference(parts.need(Rule::reference)));
                ExprKind::Sample { distribution, estimator }
            }
            _ => return self.reference(pair),
        };
        Expr { span, kind }
    }

    pub(super) fn quantity(&mut self, pair: Pair<'_, Rule>) -> Number {
        let mut parts = Parts::new(pair);
        let text = parts.need(Rule::number).as_str().into();
        let unit = parts.maybe(Rule::unit).map(|unit| match Unit::find(unit.as_str()) {
            Some(found) => (found, self.span(&unit)),
            None => bug!("the grammar has a unit that the tree has not"),
        });
        Number { text, unit }
    }

    /// A name or a call.
    pub(super) fn reference(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut parts = Parts::new(pair);
        let name = self.name(parts.need(Rule::ident));
        match parts.maybe(Rule::arguments) {
            Some(arguments) => self.call(name, arguments, span),
            None => Expr { span, kind: ExprKind::Name(name) },
        }
    }

    pub(super) fn call(&mut self, function: Name, brackets: Pair<'_, Rule>, span: Span) -> Expr {
        let mut arguments = Vec::new();
        let mut over_index = None;
        for argument in Parts::new(brackets) {
            let place = self.span(&argument);
            let mut parts = Parts::new(argument);
            let first = parts.any();
            if first.as_rule() == Rule::named {
                let mut inner = Parts::new(first);
                let name = Some(self.name(inner.need(Rule::ident)));
                arguments.push(Argument { span: place, name, value: self.expr(inner.need(Rule::expr)) });
                continue;
            }
            let mut value = self.expr(first);
            if let Some(part) = parts.maybe(Rule::over_index) {
                over_index = over_index.or(Some(place));
                let body = self.expr(Parts::new(part).need(Rule::expr));
                arguments.push(Argument { span: place, name: None, value });
                value = body;
            } else if let Some(part) = parts.maybe(Rule::rule_cost) {
                let cost = Box::new(self.expr(Parts::new(part).need(Rule::expr)));
                value = Expr { span: place, kind: ExprKind::RuleFrom { rule: Box::new(value), cost } };
            }
            arguments.push(Argument { span: place, name: None, value });
        }
        match over_index {
            None => Expr { span, kind: ExprKind::Call { function, arguments } },
            Some(place) => self.indexed(function, arguments, span, place),
        }
    }

    /// `sum(k <= j: x[k])`: its two halves came as two arguments.
    fn indexed(&mut self, function: Name, arguments: Vec<Argument>, span: Span, place: Span) -> Expr {
        let error = Expr { span, kind: ExprKind::Error };
        let Ok([condition, body]) = <[Argument; 2]>::try_from(arguments) else {
            self.report(slip::index_beside_arguments(place));
            return error;
        };
        let Some(index) = first_name(&condition.value).cloned() else {
            self.report(slip::no_index(condition.value.span, &function));
            return error;
        };
        let (condition, body) = (Box::new(condition.value), Box::new(body.value));
        Expr { span, kind: ExprKind::Indexed { function, index, condition, body } }
    }

    /// `A -> B`: `first` is what stands before the arrow.
    fn path_from(&mut self, first: Expr, tail: Pair<'_, Rule>, span: Span) -> Expr {
        let place = first.span;
        let Some(first) = hop_of(first) else {
            self.report(slip::arrow_between_values(place));
            return Expr { span, kind: ExprKind::Error };
        };
        let mut parts = Parts::new(tail);
        let mut hops = vec![first];
        while let Some(hop) = parts.maybe(Rule::hop) {
            hops.push(self.hop(hop));
        }
        let as_name = parts.maybe(Rule::as_name).map(|pair| self.as_name(pair));
        Expr { span, kind: ExprKind::Path(Path { span, hops, as_name }) }
    }
}

/// The expression as a stop of a path: a name, perhaps with a field, perhaps with indices.
fn hop_of(value: Expr) -> Option<Hop> {
    let span = value.span;
    match value.kind {
        ExprKind::Name(name) => Some(Hop { span, name, field: None, indices: Vec::new() }),
        ExprKind::Field { value, field } => match value.kind {
            ExprKind::Name(name) => Some(Hop { span, name, field: Some(field), indices: Vec::new() }),
            _ => None,
        },
        ExprKind::Index { value, indices } => {
            let hop = hop_of(*value)?;
            hop.indices.is_empty().then_some(Hop { span, indices, ..hop })
        }
        _ => None,
    }
}

/// The first name of a condition: the index that it binds.
fn first_name(value: &Expr) -> Option<&Name> {
    match &value.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Binary { left, .. } => first_name(left),
        ExprKind::Unary { operand, .. } => first_name(operand),
        _ => None,
    }
}

fn misplaced_at(when: &When) -> Diagnostic {
    Diagnostic::new(Code::SYNTAX, "`at` stands within a sum, and nobody can tell how much of it is meant")
        .at(when.span, "this moment belongs to a whole expression or to a path in brackets")
        .help("name the part first, as in `metric early = EXPR at 5 epochs`, or write `(A -> B) at PHASE`")
}
