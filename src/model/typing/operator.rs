//! Operators: which types and units they take, and where a scalar meets an array.

use super::{Said, Typed, Typer, describe};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::Unit;
use crate::model::formula::Kind;
use crate::syntax::tree::{BinaryOperator, Expr, UnaryOperator};
use crate::tensor::{Attributes, Contraction, Element, Extent};

impl Typer<'_, '_> {
    pub(super) fn unary(&mut self, operator: UnaryOperator, operand: &Expr, span: Span) -> Typed {
        let node = self.expr(operand)?;
        match operator {
            UnaryOperator::Minus => {
                self.want_number(node, "-")?;
                let unit = self.nodes[node].unit;
                self.row("negate", Attributes::None, &[node], unit, span)
            }
            UnaryOperator::Not => {
                self.want_truth(node, "not")?;
                self.row("not", Attributes::None, &[node], Unit::One, span)
            }
        }
    }

    pub(super) fn binary(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr, span: Span) -> Typed {
        let (left, right) = (self.expr(left), self.expr(right));
        let (left, right) = (left?, right?);
        use BinaryOperator::*;
        match operator {
            Add | Subtract | Multiply | Divide | Power => self.arithmetic(operator, left, right, span),
            MatrixProduct => self.matrix_product(left, right, span),
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => self.compare(operator, left, right, span),
            In => self.later(span, "`in`", "compare with `>=` and `<`"),
            And | Or => {
                self.want_truth(left, operator.symbol())?;
                self.want_truth(right, operator.symbol())?;
                let (left, right) = self.same_shape(operator.symbol(), left, right, span)?;
                let row = if operator == And { "and" } else { "or" };
                self.row(row, Attributes::None, &[left, right], Unit::One, span)
            }
        }
    }

    fn arithmetic(&mut self, operator: BinaryOperator, left: usize, right: usize, span: Span) -> Typed {
        let symbol = operator.symbol();
        self.want_number(left, symbol)?;
        self.want_number(right, symbol)?;
        let unit = self.unit_of(operator, left, right, span)?;
        let (left, right) = self.same_shape(symbol, left, right, span)?;
        let row = match operator {
            BinaryOperator::Add => "add",
            BinaryOperator::Subtract => "subtract",
            BinaryOperator::Multiply => "multiply",
            BinaryOperator::Divide => "divide",
            _ => return self.power(left, right, span),
        };
        self.row(row, Attributes::None, &[left, right], unit, span)
    }

    /// `x^2` is a product: exact, and cheap.
    fn power(&mut self, left: usize, right: usize, span: Span) -> Typed {
        match self.literal(right) {
            Some(2.0) => self.row("multiply", Attributes::None, &[left, left], Unit::One, span),
            Some(1.0) => Ok(left),
            _ => self.row("pow", Attributes::None, &[left, right], Unit::One, span),
        }
    }

    /// The constant that a node is, through the widening of a scalar.
    pub(super) fn literal(&self, node: usize) -> Option<f64> {
        match &self.nodes[node].kind {
            Kind::Op(row, Attributes::Number(value), _) if row.name == "constant" => Some(*value),
            Kind::Op(row, _, inputs) if row.name == "expand" => self.literal(inputs[0]),
            _ => None,
        }
    }

    fn unit_of(&mut self, operator: BinaryOperator, left: usize, right: usize, span: Span) -> Result<Unit, Said> {
        let (a, b) = (self.nodes[left].unit, self.nodes[right].unit);
        let one = Unit::One;
        match operator {
            BinaryOperator::Add | BinaryOperator::Subtract => self.same_unit(operator.symbol(), left, right, span),
            BinaryOperator::Multiply if a == one => Ok(b),
            BinaryOperator::Multiply if b == one => Ok(a),
            BinaryOperator::Divide if b == one => Ok(a),
            BinaryOperator::Divide if a == b => Ok(one),
            BinaryOperator::Power if a == one && b == one => Ok(one),
            _ => Err(self.unit_clash(operator.symbol(), left, right, span)),
        }
    }

    /// The common unit of two nodes that are added or compared.
    pub(super) fn same_unit(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Result<Unit, Said> {
        let (a, b) = (self.nodes[left].unit, self.nodes[right].unit);
        if a == b { Ok(a) } else { Err(self.unit_clash(symbol, left, right, span)) }
    }

    fn unit_clash(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Said {
        let (a, b) = (&self.nodes[left], &self.nodes[right]);
        let help = match (a.unit, b.unit) {
            _ if self.outer.is_some() => "check the units of its arguments".to_string(),
            (Unit::One, unit) | (unit, Unit::One) => {
                format!("give the plain number a unit ({unit}), or divide the other by `1 {unit}`")
            }
            (a, b) => format!("divide each by its unit first: `x / 1 {a}`, `y / 1 {b}`"),
        };
        let message = format!("{} does not go between {} and {}", self.in_words(symbol), a.unit, b.unit);
        let mut said = Diagnostic::new(Code::UNIT_MISMATCH, message).at(span, "the two sides measure different things");
        for side in [a, b].into_iter().filter(|side| side.span != span) {
            said = said.because(side.span, format!("this is {}", side.unit.phrase()));
        }
        self.fail(said.help(help))
    }

    pub(in crate::model) fn want_number(&mut self, node: usize, symbol: &str) -> Result<(), Said> {
        let found = &self.nodes[node];
        let help = match found.ty.element {
            Element::Real => return Ok(()),
            Element::Class(_) | Element::Int => "`number(x)` makes a number of a class",
            Element::Bool => "`select(condition, 1, 0)` makes a number of a condition",
            Element::Byte => "this is a fault of Neurula: bytes are read as numbers",
        };
        let message = format!("`{symbol}` wants numbers, and this is {}", describe(&found.ty));
        let said = Diagnostic::new(Code::TYPE_MISMATCH, message).at(found.span, describe(&found.ty)).help(help);
        Err(self.fail(said))
    }

    /// Refuses a number with a unit where it becomes an activity or a state.
    pub(in crate::model) fn want_plain(&mut self, node: usize, holder: &str) -> Result<(), Said> {
        let (unit, span) = (self.nodes[node].unit, self.nodes[node].span);
        if unit == Unit::One {
            return Ok(());
        }
        let message = format!("{holder} holds plain numbers, and this is in {unit}");
        let said = Diagnostic::new(Code::UNIT_MISMATCH, message).at(span, unit.phrase());
        Err(self.fail(said.help(format!("divide by a unit: `… / 1 {unit}`"))))
    }

    pub(super) fn want_truth(&mut self, node: usize, symbol: &str) -> Result<(), Said> {
        let found = &self.nodes[node];
        if found.ty.element == Element::Bool {
            return Ok(());
        }
        let message = format!("`{symbol}` wants a truth value, and this is {}", describe(&found.ty));
        let said = Diagnostic::new(Code::TYPE_MISMATCH, message)
            .at(found.span, describe(&found.ty))
            .help("compare it with something: `x > 0`");
        Err(self.fail(said))
    }

    fn compare(&mut self, operator: BinaryOperator, left: usize, right: usize, span: Span) -> Typed {
        let symbol = operator.symbol();
        let (left, right) = self.comparable(symbol, left, right, span)?;
        self.same_unit(symbol, left, right, span)?;
        let (left, right) = self.same_shape(symbol, left, right, span)?;
        use BinaryOperator::*;
        let (row, operands) = match operator {
            Less => ("less", [left, right]),
            Greater => ("less", [right, left]),
            LessEqual => ("less_equal", [left, right]),
            GreaterEqual => ("less_equal", [right, left]),
            _ => ("equal", [left, right]),
        };
        let node = self.row(row, Attributes::None, &operands, Unit::One, span)?;
        if operator == NotEqual { self.row("not", Attributes::None, &[node], Unit::One, span) } else { Ok(node) }
    }

    /// Both reals or both whole numbers: a whole literal beside a class counts as a class.
    fn comparable(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Result<(usize, usize), Said> {
        let whole = |element| matches!(element, Element::Class(_) | Element::Int);
        let (a, b) = (self.nodes[left].ty.element, self.nodes[right].ty.element);
        match (a, b) {
            (Element::Real, Element::Real) => Ok((left, right)),
            (Element::Bool, Element::Bool) if matches!(symbol, "==" | "!=") => {
                let mut number = |node| self.row("real", Attributes::None, &[node], Unit::One, span);
                Ok((number(left)?, number(right)?))
            }
            (a, b) if whole(a) && whole(b) => self.same_classes(symbol, left, right, span),
            (a, Element::Real) if whole(a) => Ok((left, self.whole_literal(symbol, right, left, span)?)),
            (Element::Real, b) if whole(b) => Ok((self.whole_literal(symbol, left, right, span)?, right)),
            _ => Err(self.uncomparable(
                symbol,
                left,
                right,
                span,
                "compare numbers with numbers and classes with classes",
            )),
        }
    }

    fn same_classes(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Result<(usize, usize), Said> {
        match (self.nodes[left].ty.element, self.nodes[right].ty.element) {
            (Element::Class(a), Element::Class(b)) if a != b => {
                let help =
                    "they have different numbers of classes: give the region as many units as the field has classes";
                Err(self.uncomparable(symbol, left, right, span, help))
            }
            _ => Ok((left, right)),
        }
    }

    fn whole_literal(&mut self, symbol: &str, node: usize, other: usize, span: Span) -> Typed {
        match self.literal(node) {
            Some(value) if value.fract() == 0.0 && value.abs() < 2e9 => {
                let at = self.nodes[node].span;
                self.row("constant", Attributes::Integer(value as i64), &[], Unit::One, at)
            }
            _ => Err(self.uncomparable(symbol, other, node, span, "`number(label)` makes a number of a class")),
        }
    }

    fn uncomparable(&mut self, symbol: &str, left: usize, right: usize, span: Span, help: &str) -> Said {
        let (a, b) = (&self.nodes[left], &self.nodes[right]);
        let message = format!("`{symbol}` cannot compare {} with {}", describe(&a.ty), describe(&b.ty));
        let said = Diagnostic::new(Code::TYPE_MISMATCH, message)
            .at(span, "these are of different kinds")
            .because(a.span, format!("this is {}", describe(&a.ty)))
            .because(b.span, format!("this is {}", describe(&b.ty)))
            .help(help);
        self.fail(said)
    }

    /// Makes the shapes equal: they are, or one is a scalar (`[1]` counts as one), which is repeated.
    pub(in crate::model) fn same_shape(
        &mut self,
        symbol: &str,
        left: usize,
        right: usize,
        span: Span,
    ) -> Result<(usize, usize), Said> {
        let (a, b) = (self.nodes[left].ty.shape.clone(), self.nodes[right].ty.shape.clone());
        if a == b {
            return Ok((left, right));
        }
        let one = |shape: &[Extent]| shape.iter().all(|extent| *extent == Extent::Const(1));
        if one(&b) {
            let right = self.widen(right, &a)?;
            return Ok((left, right));
        }
        if one(&a) {
            let left = self.widen(left, &b)?;
            return Ok((left, right));
        }
        Err(self.shape_clash(symbol, left, right, span))
    }

    /// An operator, and the definition in which it stands.
    fn in_words(&self, symbol: &str) -> String {
        match self.calls.last().map(|(call, _)| call).or(self.within.as_ref()) {
            Some(definition) => format!("`{symbol}` in `{definition}`"),
            None => format!("`{symbol}`"),
        }
    }

    fn shape_clash(&mut self, symbol: &str, left: usize, right: usize, span: Span) -> Said {
        let (a, b) = (&self.nodes[left], &self.nodes[right]);
        let who = match self.calls.last() {
            Some((call, _)) if self.outer.is_some() => call.to_string(),
            _ => symbol.to_string(),
        };
        let (found, other) = (describe(&a.ty), describe(&b.ty));
        let message = format!("{} needs equal shapes, and these are {found} and {other}", self.in_words(symbol));
        let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
            .at(span, format!("`{who}` works element by element"))
            .because(a.span, format!("this is {}", describe(&a.ty)))
            .because(b.span, format!("this is {}", describe(&b.ty)))
            .help("make the shapes equal, or reduce one side to a number (`mean(x)`, `sum(x)`)");
        self.fail(said)
    }

    fn product_clash(&mut self, left: usize, right: usize, span: Span) -> Said {
        let (a, b) = (&self.nodes[left], &self.nodes[right]);
        let (found, other) = (describe(&a.ty), describe(&b.ty));
        let message = format!(
            "{} sums over the last axis of its left side and the first of its right, and these are {found} and {other}",
            self.in_words("@")
        );
        let said = Diagnostic::new(Code::SHAPE_MISMATCH, message)
            .at(span, "no product of a matrix and a vector, or of two matrices")
            .because(a.span, format!("this is {found}"))
            .because(b.span, format!("this is {other}"))
            .help("give these two axes one length: `weight W[n, x]` for `W @ x`");
        self.fail(said)
    }

    /// Repeats a scalar (or `[1]`) in a shape.
    pub(in crate::model) fn widen(&mut self, node: usize, shape: &[Extent]) -> Typed {
        let (unit, span) = (self.nodes[node].unit, self.nodes[node].span);
        let flat = match self.nodes[node].ty.shape.is_empty() {
            true => node,
            false => self.row("reshape", Attributes::Shape(Vec::new()), &[node], unit, span)?,
        };
        if shape.is_empty() {
            return Ok(flat);
        }
        let attributes = Attributes::Expand { shape: shape.to_vec(), axes: Vec::new() };
        self.row("expand", attributes, &[flat], unit, span)
    }

    /// `W @ x`, `A @ B`: the last axis of the left is summed with the first of the right.
    fn matrix_product(&mut self, left: usize, right: usize, span: Span) -> Typed {
        self.want_number(left, "@")?;
        self.want_number(right, "@")?;
        let (a, b) = (self.nodes[left].ty.shape.clone(), self.nodes[right].ty.shape.clone());
        let fits = (1..=2).contains(&a.len()) && (1..=2).contains(&b.len()) && a.last() == b.first();
        if !fits {
            return Err(self.product_clash(left, right, span));
        }
        let (rows, columns): (Vec<u8>, Vec<u8>) =
            (if a.len() == 2 { vec![0] } else { vec![] }, if b.len() == 2 { vec![2] } else { vec![] });
        let contraction = Contraction {
            left: rows.iter().copied().chain([1]).collect(),
            right: std::iter::once(1).chain(columns.iter().copied()).collect(),
            out: rows.iter().chain(&columns).copied().collect(),
        };
        self.row("contract", Attributes::Contract(contraction), &[left, right], Unit::One, span)
    }
}
