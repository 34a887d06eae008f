//! Computes with constants, where the result is the same in either precision.
//!
//! A program does not know its precision: 0.1 is one number in `f32` and another in `f64`, and the sum of two rounded
//! numbers need not be the rounded sum. So reals are computed with only if they and the result are the same number in
//! both. For add, subtract, multiply, divide and the square root, which are rounded correctly, that is enough: if the
//! result in `f64` is a number of `f32`, no other number of `f32` is nearer to the exact result. Only scalars are
//! computed; a constant that is repeated is one.

use crate::math::Function;
use crate::tensor::op::Scalar;
use crate::tensor::rewrite::{Found, Rewriter, rewrite};
use crate::tensor::{Attributes, Kind, Value, op};

/// The pass.
pub static PASS: super::Pass = super::Pass {
    name: "fold_constants",
    about: "computes with constant scalars, where both precisions agree on the result",
    run: |program| rewrite(program, &[fold]),
};

fn fold(rewriter: &mut Rewriter, found: &Found) -> Option<Value> {
    let Kind::Map(scalar) = found.row.kind else { return None };
    let mut constants = Vec::new();
    for input in &found.inputs {
        let definition = rewriter.definition_of(*input, &op::constant::ROW)?;
        constants.push(definition.attributes);
    }
    let folded = match &constants[..] {
        [Attributes::Number(x)] => real(scalar, &[*x])?,
        [Attributes::Number(x), Attributes::Number(y)] => real(scalar, &[*x, *y])?,
        [Attributes::Integer(a)] if scalar == Scalar::Real => Attributes::Number(exact(*a as f64)?),
        [Attributes::Integer(a), Attributes::Integer(b)] => whole(scalar, *a, *b)?,
        [Attributes::Truth(a)] => match scalar {
            Scalar::Not => Attributes::Truth(!a),
            Scalar::Real => Attributes::Number(f64::from(u8::from(*a))),
            _ => return None,
        },
        [Attributes::Truth(a), Attributes::Truth(b)] => match scalar {
            Scalar::And => Attributes::Truth(*a && *b),
            Scalar::Or => Attributes::Truth(*a || *b),
            _ => return None,
        },
        _ => return None,
    };
    Some(rewriter.make(&op::constant::ROW, folded, &[]))
}

/// Of reals.
fn real(scalar: Scalar, args: &[f64]) -> Option<Attributes> {
    if args.iter().any(|x| exact(*x).is_none()) {
        return None;
    }
    match (scalar, args) {
        (Scalar::Less, [x, y]) => Some(Attributes::Truth(x < y)),
        (Scalar::LessEqual, [x, y]) => Some(Attributes::Truth(x <= y)),
        (Scalar::Equal, [x, y]) => Some(Attributes::Truth(x == y)),
        (Scalar::Apply(function), [x]) => {
            let result = match function {
                Function::Negate => -x,
                Function::Abs => x.abs(),
                Function::Sqrt => x.sqrt(),
                _ => return None,
            };
            Some(Attributes::Number(exact(result)?))
        }
        (Scalar::Apply(function), [x, y]) => {
            let result = match function {
                Function::Add => x + y,
                Function::Subtract => x - y,
                Function::Multiply => x * y,
                Function::Divide => x / y,
                _ => return None,
            };
            Some(Attributes::Number(exact(result)?))
        }
        _ => None,
    }
}

/// Of whole numbers; nothing that leaves 32 bits.
fn whole(scalar: Scalar, a: i64, b: i64) -> Option<Attributes> {
    let number = match scalar {
        Scalar::Less => return Some(Attributes::Truth(a < b)),
        Scalar::LessEqual => return Some(Attributes::Truth(a <= b)),
        Scalar::Equal => return Some(Attributes::Truth(a == b)),
        Scalar::Apply(Function::Add) => a.checked_add(b)?,
        Scalar::Apply(Function::Subtract) => a.checked_sub(b)?,
        Scalar::Apply(Function::Multiply) => a.checked_mul(b)?,
        Scalar::Apply(Function::Maximum) => a.max(b),
        Scalar::Apply(Function::Minimum) => a.min(b),
        _ => return None,
    };
    i32::try_from(number).ok()?;
    Some(Attributes::Integer(number))
}

/// The number, if `f32` has it too.
fn exact(x: f64) -> Option<f64> {
    (f64::from(x as f32) == x).then_some(x)
}
