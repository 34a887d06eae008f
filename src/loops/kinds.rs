//! Which kinds of registers go into an operation, and which comes out: the rule that `build`, `verify` and whoever
//! executes a program share.

use super::{Cell, Constant, FoldKind, Folding, Reg, RegKind, Scalar};
use crate::math::Function;

impl Constant {
    /// What a register with this constant holds.
    pub const fn kind(self) -> RegKind {
        match self {
            Constant::Real(_) => RegKind::Real,
            Constant::Int(_) => RegKind::Int,
            Constant::Bool(_) => RegKind::Bool,
        }
    }
}

impl Cell {
    /// What a register loaded from such a cell holds, and what is stored to it.
    pub const fn register(self) -> RegKind {
        match self {
            Cell::Real => RegKind::Real,
            Cell::Int(_) | Cell::Byte => RegKind::Int,
            Cell::Bool => RegKind::Bool,
        }
    }
}

/// Whether the function also has a meaning on ints.
pub fn works_on_ints(function: Function) -> bool {
    use Function::{Add, Maximum, Minimum, Multiply, Subtract};
    matches!(function, Add | Subtract | Multiply | Minimum | Maximum)
}

/// The kind that an operation gives on operands of these kinds, or what is wrong with them.
pub fn of_scalar(op: Scalar, args: &[RegKind], below: Option<usize>) -> Result<RegKind, String> {
    use RegKind::{Bool, Int, Real};
    if below.is_some() != (op == Scalar::Clamp) {
        return Err("`below` belongs to `clamp`, and to nothing else".into());
    }
    if below == Some(0) {
        return Err("a clamp into `0..0` has no value".into());
    }
    match (op, args) {
        (Scalar::Apply(function), args) if args.len() == function.arity() => match args {
            _ if args.iter().all(|kind| *kind == Real) => Ok(Real),
            _ if args.iter().all(|kind| *kind == Int) && works_on_ints(function) => Ok(Int),
            _ => Err(format!("`{}` does not take {}", function.name(), list(args))),
        },
        (Scalar::Less | Scalar::LessEqual | Scalar::Equal, [Real, Real] | [Int, Int]) => Ok(Bool),
        (Scalar::And | Scalar::Or, [Bool, Bool]) | (Scalar::Not, [Bool]) => Ok(Bool),
        (Scalar::Select, [Bool, yes, no]) if yes == no => Ok(*yes),
        (Scalar::Real, [Bool | Int]) => Ok(Real),
        (Scalar::Clamp, [Int]) => Ok(Int),
        (Scalar::Quotient | Scalar::Remainder, [Int, Int]) => Ok(Int),
        (Scalar::Uniform, [Int, Int, Int, Int]) => Ok(Real),
        _ => Err(format!("`{}` does not take {}", name(op), list(args))),
    }
}

/// The kind that a fold gives.
pub fn of_folding(folding: Folding, kind: impl Fn(Reg) -> RegKind) -> Result<RegKind, String> {
    use RegKind::{Bool, Int, Real};
    match folding {
        Folding::Dot(a, b) => match (kind(a), kind(b)) {
            (Real, Real) => Ok(Real),
            (a, b) => Err(format!("`dot` does not take {}", list(&[a, b]))),
        },
        Folding::Of(fold, reg) => match (fold, kind(reg)) {
            (FoldKind::Sum | FoldKind::Max | FoldKind::Min, kind @ (Real | Int)) => Ok(kind),
            (FoldKind::All | FoldKind::Any, Bool) => Ok(Bool),
            (fold, kind) => Err(format!("`{}` does not take {}", fold_name(fold), list(&[kind]))),
        },
    }
}

/// As it is printed.
pub fn name(op: Scalar) -> &'static str {
    match op {
        Scalar::Apply(function) => function.name(),
        Scalar::Less => "less",
        Scalar::LessEqual => "less_equal",
        Scalar::Equal => "equal",
        Scalar::And => "and",
        Scalar::Or => "or",
        Scalar::Not => "not",
        Scalar::Select => "select",
        Scalar::Real => "real",
        Scalar::Clamp => "clamp",
        Scalar::Quotient => "quotient",
        Scalar::Remainder => "remainder",
        Scalar::Uniform => "uniform",
    }
}

/// The operations that are no functions of reals.
pub const SCALARS: [Scalar; 12] = [
    Scalar::Less,
    Scalar::LessEqual,
    Scalar::Equal,
    Scalar::And,
    Scalar::Or,
    Scalar::Not,
    Scalar::Select,
    Scalar::Real,
    Scalar::Clamp,
    Scalar::Quotient,
    Scalar::Remainder,
    Scalar::Uniform,
];

/// The operation of that name.
pub fn scalar_of_name(text: &str) -> Option<Scalar> {
    let function = || Function::from_name(text).map(Scalar::Apply);
    SCALARS.into_iter().find(|op| name(*op) == text).or_else(function)
}

/// As it is printed.
pub const fn fold_name(fold: FoldKind) -> &'static str {
    match fold {
        FoldKind::Sum => "sum",
        FoldKind::Max => "max",
        FoldKind::Min => "min",
        FoldKind::All => "all",
        FoldKind::Any => "any",
    }
}

/// The fold of that name.
pub fn fold_of_name(text: &str) -> Option<FoldKind> {
    use FoldKind::{All, Any, Max, Min, Sum};
    [Sum, Max, Min, All, Any].into_iter().find(|fold| fold_name(*fold) == text)
}

/// As it is printed.
pub const fn kind_name(kind: RegKind) -> &'static str {
    match kind {
        RegKind::Real => "real",
        RegKind::Int => "int",
        RegKind::Bool => "bool",
    }
}

fn list(kinds: &[RegKind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind_name(*kind)).collect();
    format!("({})", names.join(", "))
}
