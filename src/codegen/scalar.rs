//! Scalar operations: one register out of others, in one lane or in a vector of them.

use super::arith::Carrier;
use crate::bug;
use crate::loops::{FoldKind, RegKind, Scalar};
use crate::math::{Arith, Function, maximum, minimum, uniform};
use cranelift::prelude::*;

/// What `op` gives; `kind` is that of its last operand.
pub(super) fn apply(c: &mut Carrier, op: Scalar, kind: RegKind, args: &[Value], below: Option<usize>) -> Value {
    match (op, args) {
        (Scalar::Apply(function), args) if kind == RegKind::Real => function.apply(c, args),
        (Scalar::Apply(function), [a, b]) => int_function(c, function, *a, *b),
        (Scalar::Less, [a, b]) if kind == RegKind::Real => c.lt(*a, *b),
        (Scalar::LessEqual, [a, b]) if kind == RegKind::Real => c.le(*a, *b),
        (Scalar::Equal, [a, b]) if kind == RegKind::Real => c.eq(*a, *b),
        (Scalar::Less, [a, b]) => c.int_compare(IntCC::SignedLessThan, *a, *b),
        (Scalar::LessEqual, [a, b]) => c.int_compare(IntCC::SignedLessThanOrEqual, *a, *b),
        (Scalar::Equal, [a, b]) => c.int_compare(IntCC::Equal, *a, *b),
        (Scalar::And, [a, b]) => c.mask_and(*a, *b),
        (Scalar::Or, [a, b]) => c.mask_or(*a, *b),
        (Scalar::Not, [a]) => c.mask_not(*a),
        (Scalar::Select, [mask, yes, no]) => c.choose(kind, *mask, *yes, *no),
        (Scalar::Real, [a]) if kind == RegKind::Bool => {
            let (one, zero) = (c.real(1.0), c.real(0.0));
            c.select(*a, one, zero)
        }
        (Scalar::Real, [a]) => c.int_to_real(*a),
        (Scalar::Clamp, [a]) => clamp(c, *a, below),
        (Scalar::Quotient, [a, b]) => division(c, *a, *b, |division| division.quotient),
        (Scalar::Remainder, [a, b]) => division(c, *a, *b, |division| division.remainder),
        (Scalar::Uniform, [k0, k1, c0, c1]) => uniform(c, [*k0, *k1], [*c0, *c1]),
        _ => bug!("{op:?} on {} operands of kind {kind:?}", args.len()),
    }
}

/// One more element of a fold: `total` with `x`.
pub(super) fn fold(c: &mut Carrier, fold: FoldKind, kind: RegKind, total: Value, x: Value) -> Value {
    match (fold, kind) {
        (FoldKind::Sum, RegKind::Real) => c.add(total, x),
        (FoldKind::Max, RegKind::Real) => maximum(c, total, x),
        (FoldKind::Min, RegKind::Real) => minimum(c, total, x),
        (FoldKind::Sum, RegKind::Int) => c.int_add(total, x),
        (FoldKind::Max, RegKind::Int) => int_function(c, Function::Maximum, total, x),
        (FoldKind::Min, RegKind::Int) => int_function(c, Function::Minimum, total, x),
        (FoldKind::All, RegKind::Bool) => c.mask_and(total, x),
        (FoldKind::Any, RegKind::Bool) => c.mask_or(total, x),
        _ => bug!("{fold:?} of {kind:?}"),
    }
}

/// What the fold of nothing gives.
pub(super) fn empty_fold(c: &mut Carrier, fold: FoldKind, kind: RegKind) -> Value {
    match (fold, kind) {
        (FoldKind::Sum, RegKind::Real) => c.real(0.0),
        (FoldKind::Max, RegKind::Real) => c.real(f64::NEG_INFINITY),
        (FoldKind::Min, RegKind::Real) => c.real(f64::INFINITY),
        (FoldKind::Sum, RegKind::Int) => c.int(0),
        (FoldKind::Max, RegKind::Int) => c.int(i64::from(i32::MIN)),
        (FoldKind::Min, RegKind::Int) => c.int(i64::from(i32::MAX)),
        (FoldKind::All, RegKind::Bool) => c.mask(true),
        (FoldKind::Any, RegKind::Bool) => c.mask(false),
        _ => bug!("{fold:?} of {kind:?}"),
    }
}

fn int_function(c: &mut Carrier, function: Function, a: Value, b: Value) -> Value {
    match function {
        Function::Add => c.int_add(a, b),
        Function::Subtract => c.int_sub(a, b),
        Function::Multiply => c.int_mul(a, b),
        Function::Minimum | Function::Maximum => {
            let less = c.int_compare(IntCC::SignedLessThan, a, b);
            let (yes, no) = if function == Function::Minimum { (a, b) } else { (b, a) };
            c.choose(RegKind::Int, less, yes, no)
        }
        _ => bug!("{function} has no meaning on ints"),
    }
}

fn clamp(c: &mut Carrier, a: Value, below: Option<usize>) -> Value {
    let Some(last) = below.and_then(|k| k.checked_sub(1)) else { bug!("a clamp without a bound") };
    let (zero, last) = (c.int(0), c.int(last as i64));
    let positive = int_function(c, Function::Maximum, a, zero);
    int_function(c, Function::Minimum, positive, last)
}

struct Division {
    quotient: Value,
    remainder: Value,
}

/// Division rounded down, 0 by 0; lane by lane, since no machine divides vectors of ints.
fn division(c: &mut Carrier, a: Value, b: Value, which: fn(Division) -> Value) -> Value {
    if c.lanes == 1 {
        let division = scalar_division(c, a, b);
        return which(division);
    }
    let ty = c.int_type();
    let mut lanes = Vec::new();
    for lane in 0..c.lanes as usize {
        let (a, b) = (c.lane(RegKind::Int, a, lane), c.lane(RegKind::Int, b, lane));
        let mut scalar = Carrier { builder: c.builder, precision: c.precision, lanes: 1 };
        let division = scalar_division(&mut scalar, a, b);
        lanes.push(which(division));
    }
    c.gathered(ty, &lanes)
}

/// The machine's division stops the process at a divisor of 0, and at −1 if the quotient does not fit: it never sees them.
fn scalar_division(c: &mut Carrier, a: Value, b: Value) -> Division {
    let (zero, one, minus_one) = (c.int(0), c.int(1), c.int(-1));
    let by_zero = c.int_compare(IntCC::Equal, b, zero);
    let by_minus_one = c.int_compare(IntCC::Equal, b, minus_one);
    let unsafe_divisor = c.mask_or(by_zero, by_minus_one);
    let divisor = c.choose(RegKind::Int, unsafe_divisor, one, b);
    let truncated = c.builder.ins().sdiv(a, divisor);
    let whole = c.int_mul(truncated, divisor);
    let rest = c.int_sub(a, whole);
    let inexact = c.int_compare(IntCC::NotEqual, rest, zero);
    let signs = c.int_xor(rest, divisor);
    let opposite = c.int_compare(IntCC::SignedLessThan, signs, zero);
    let adjust = c.mask_and(inexact, opposite);
    let lower = c.int_sub(truncated, one);
    let quotient = c.choose(RegKind::Int, adjust, lower, truncated);
    let negated = c.int_sub(zero, a);
    let quotient = c.choose(RegKind::Int, by_minus_one, negated, quotient);
    let quotient = c.choose(RegKind::Int, by_zero, zero, quotient);
    let moved = c.int_add(rest, divisor);
    let remainder = c.choose(RegKind::Int, adjust, moved, rest);
    Division { quotient, remainder }
}
