//! What has a value: expressions, and the names, paths and shapes that they are made of.

use crate::diag::Span;
use std::fmt;
use std::sync::Arc;

/// A name where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.text == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.text == *other
    }
}

/// A string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its meaning: escapes are resolved.
    pub value: String,
    /// With its quotation marks.
    pub span: Span,
}

/// A number, with its unit if it has one: `0.1`, `20 ms`, `10 %`.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The digits exactly as written (`1e-8`, `60_000`), without the unit.
    pub text: Arc<str>,
    /// The unit behind it and where it stands.
    pub unit: Option<(Unit, Span)>,
}

impl Number {
    /// The digits as a number, the unit ignored (`10 %` gives 10). Beyond the range of `f64` it is infinite.
    pub fn value(&self) -> f64 {
        self.text.replace('_', "").parse().unwrap_or(f64::NAN)
    }
    /// The number as an integer, if it is written without a point and an exponent and fits.
    pub fn integer(&self) -> Option<u64> {
        self.text.replace('_', "").parse().ok()
    }
}

/// A unit behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// `ms`
    Millisecond,
    /// `s`
    Second,
    /// `Hz`
    Hertz,
    /// `mV`
    Millivolt,
    /// `nS`
    Nanosiemens,
    /// `pA`
    Picoampere,
    /// `deg`
    Degree,
    /// `%`
    Percent,
    /// `steps` or `step`
    Steps,
    /// `epochs` or `epoch`
    Epochs,
    /// `trials` or `trial`
    Trials,
}

impl Unit {
    /// Every way to write a unit.
    pub const ALL: &[(&str, Unit)] = &[
        ("ms", Unit::Millisecond),
        ("s", Unit::Second),
        ("Hz", Unit::Hertz),
        ("mV", Unit::Millivolt),
        ("nS", Unit::Nanosiemens),
        ("pA", Unit::Picoampere),
        ("deg", Unit::Degree),
        ("%", Unit::Percent),
        ("steps", Unit::Steps),
        ("step", Unit::Steps),
        ("epochs", Unit::Epochs),
        ("epoch", Unit::Epochs),
        ("trials", Unit::Trials),
        ("trial", Unit::Trials),
    ];

    /// The unit written so.
    pub fn find(text: &str) -> Option<Unit> {
        Unit::ALL.iter().find(|(word, _)| *word == text).map(|(_, unit)| *unit)
    }

    /// How it is written (in the plural).
    pub fn name(self) -> &'static str {
        match Unit::ALL.iter().find(|(_, unit)| *unit == self) {
            Some((word, _)) => word,
            None => crate::bug!("a unit without a name"),
        }
    }
}

/// One expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// From its first to its last character, with round brackets around it.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `0.1`, `20 ms`
    Number(Number),
    /// `"a.csv"`, escapes resolved
    Text(String),
    /// `true`, `false`
    Bool(bool),
    /// `drive`
    Name(Name),
    /// `f(x, rate = 0.1)`
    Call {
        /// What is called.
        function: Name,
        /// In the order of the text.
        arguments: Vec<Argument>,
    },
    /// `x[0, t - 1]`, `V1[0..64]`, `(A -> B)[0, 1]`
    Index {
        /// What is indexed.
        value: Box<Expr>,
        /// At least one; each is an index or a [`ExprKind::Range`].
        indices: Vec<Expr>,
    },
    /// `world.image`
    Field {
        /// Whose field it is.
        value: Box<Expr>,
        /// Which one; it may be a reserved word.
        field: Name,
    },
    /// `-x`, `not x`
    Unary {
        /// The sign.
        operator: UnaryOperator,
        /// What it stands before.
        operand: Box<Expr>,
    },
    /// `a + b`, `a and b`
    Binary {
        /// The sign.
        operator: BinaryOperator,
        /// Where the sign stands.
        operator_span: Span,
        /// What stands before it.
        left: Box<Expr>,
        /// What stands behind it.
        right: Box<Expr>,
    },
    /// `a..b`, half open
    Range {
        /// The first.
        start: Box<Expr>,
        /// One past the last.
        end: Box<Expr>,
    },
    /// `[a, b]`
    List(Vec<Expr>),
    /// `A -> B`, `A -> B as gate`
    Path(Path),
    /// `x where CONDITION`
    Where {
        /// What is filtered.
        value: Box<Expr>,
        /// Where it counts.
        condition: Box<Expr>,
    },
    /// `x at WHEN`
    At {
        /// What is looked at.
        value: Box<Expr>,
        /// When.
        when: When,
    },
    /// `sum(k <= j: x[k])`: a call over an index that its condition binds
    Indexed {
        /// What is called: `sum`.
        function: Name,
        /// The first name of the condition: `k`.
        index: Name,
        /// The whole condition (`k <= j`); it is the bare index if nothing narrows it.
        condition: Box<Expr>,
        /// What is summed.
        body: Box<Expr>,
    },
    /// `sample bernoulli(p) by score`
    Sample {
        /// The distribution; always a [`ExprKind::Call`].
        distribution: Box<Expr>,
        /// The estimator of its derivative: a name or a call.
        estimator: Box<Expr>,
    },
    /// `backprop from c`: a rule with its cost, as an argument
    RuleFrom {
        /// The rule: a name or a call.
        rule: Box<Expr>,
        /// The cost.
        cost: Box<Expr>,
    },
    /// What could not be read; a diagnostic was given. It agrees with everything.
    Error,
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The whole of it.
    pub span: Span,
    /// `rate` in `rate = 0.1`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// `-x` or `not x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Minus,
    /// `not`
    Not,
}

impl UnaryOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            UnaryOperator::Minus => "-",
            UnaryOperator::Not => "not",
        }
    }
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `^`, from the right
    Power,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `@`, the matrix product
    MatrixProduct,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `and`
    And,
    /// `or`
    Or,
}

impl BinaryOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOperator::Power => "^",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::MatrixProduct => "@",
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Equal => "==",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::Less => "<",
            BinaryOperator::LessEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterEqual => ">=",
            BinaryOperator::In => "in",
            BinaryOperator::And => "and",
            BinaryOperator::Or => "or",
        }
    }

    /// Whether it compares (`==` to `in`): such operators do not chain.
    pub fn is_comparison(self) -> bool {
        use BinaryOperator::*;
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In)
    }
}

/// A moment: what may stand behind `at`.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: WhenKind,
}

/// The kinds of moments.
#[derive(Debug, Clone, PartialEq)]
pub enum WhenKind {
    /// `end`
    End,
    /// `trial 0`
    Trial(Number),
    /// `5 epochs`, or a bare `0`
    Number(Number),
    /// A phase or a parameter
    Name(Name),
}

/// `A -> B -> C`, `A -> B as gate`: one or several projections in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The whole of it.
    pub span: Span,
    /// At least two.
    pub hops: Vec<Hop>,
    /// The projection's name: `gate`.
    pub as_name: Option<Name>,
}

/// One stop of a path, or a place by itself: `V1`, `V1[0..64]`, `world.image`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// The whole of it.
    pub span: Span,
    /// The region (or dataset).
    pub name: Name,
    /// `image` in `world.image`.
    pub field: Option<Name>,
    /// What stands in its square brackets; empty without them.
    pub indices: Vec<Expr>,
}

/// What a statement is about: a region or a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// `V1[0..64]`, `eyes.open`
    Hop(Hop),
    /// `A -> B`
    Path(Path),
}

impl Place {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Place::Hop(hop) => hop.span,
            Place::Path(path) => path.span,
        }
    }
}

/// Which paths a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Paths {
    /// `A -> B, B -> C`
    List(Vec<Path>),
    /// `all`: every plastic path
    All(Span),
    /// `each`: every plastic path, each from the costs of where it ends
    Each(Span),
}

/// One entry of the square brackets on the left of an equation, or of a shape: `28`, `n`, `y = 28`.
///
/// A bare name is a size or an index, depending on where it stands; that is for `model` to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The whole of it.
    pub span: Span,
    /// `y` in `y = 28`.
    pub name: Option<Name>,
    /// The size (or the index).
    pub size: Expr,
}

/// The left of an equation: `x`, `W[n, x]`, `dw[j, i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The whole of it.
    pub span: Span,
    /// What is defined.
    pub name: Name,
    /// What stands in its square brackets; empty without them.
    pub axes: Vec<Axis>,
}

/// What stands behind a `:` as a type: `rule`, `class[10]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// The whole of it.
    pub span: Span,
    /// `class`; it may be a reserved word.
    pub name: Name,
    /// `10` in `class[10]`.
    pub size: Option<Box<Expr>>,
}
