//! Equations of numbers. All hold to the bit, also of infinities and NaN, but for the sign of a zero where it is said.
//! `x * 0` is not among them: it is NaN where `x` is not finite.

use crate::tensor::rewrite::{Found, Rewriter};
use crate::tensor::{Attributes, Row, Value, op};

/// Both operands, if the operation is of that row.
fn pair(found: &Found, row: &'static Row) -> Option<(Value, Value)> {
    match (*found.row == *row, &found.inputs[..]) {
        (true, [x, y]) => Some((*x, *y)),
        _ => None,
    }
}

/// What is negated, if a value is a negation.
fn negated(r: &mut Rewriter, value: Value) -> Option<Value> {
    r.definition_of(value, &op::negate::ROW).map(|found| found.inputs[0])
}

fn make(r: &mut Rewriter, row: &'static Row, inputs: &[Value]) -> Option<Value> {
    Some(r.make(row, Attributes::None, inputs))
}

/// `x + 0 → x`, `0 + x → x` (but `-0 + 0` is `0`)
pub(super) fn add_zero(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::add::ROW)?;
    if r.is_number(y, 0.0) {
        return Some(x);
    }
    r.is_number(x, 0.0).then_some(y)
}

/// `x + -y → x - y`, `-x + y → y - x`
pub(super) fn add_negated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::add::ROW)?;
    if let Some(y) = negated(r, y) {
        return make(r, &op::subtract::ROW, &[x, y]);
    }
    let x = negated(r, x)?;
    make(r, &op::subtract::ROW, &[y, x])
}

/// `x - 0 → x`
pub(super) fn subtract_zero(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::subtract::ROW)?;
    r.is_number(y, 0.0).then_some(x)
}

/// `0 - x → -x` (but `0 - 0` is `0`)
pub(super) fn subtract_from_zero(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::subtract::ROW)?;
    if !r.is_number(x, 0.0) || r.builder.ty(x).element != crate::tensor::Element::Real {
        return None;
    }
    make(r, &op::negate::ROW, &[y])
}

/// `x - -y → x + y`
pub(super) fn subtract_negated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::subtract::ROW)?;
    let y = negated(r, y)?;
    make(r, &op::add::ROW, &[x, y])
}

/// `x * 1 → x`, `1 * x → x`
pub(super) fn multiply_one(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::multiply::ROW)?;
    if r.is_number(y, 1.0) {
        return Some(x);
    }
    r.is_number(x, 1.0).then_some(y)
}

/// `x * -1 → -x`, `-1 * x → -x`
pub(super) fn multiply_minus_one(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::multiply::ROW)?;
    if r.builder.ty(x).element != crate::tensor::Element::Real {
        return None;
    }
    if r.is_number(y, -1.0) {
        return make(r, &op::negate::ROW, &[x]);
    }
    match r.is_number(x, -1.0) {
        true => make(r, &op::negate::ROW, &[y]),
        false => None,
    }
}

/// `-x * -y → x * y`
pub(super) fn multiply_negated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::multiply::ROW)?;
    let (x, y) = (negated(r, x)?, negated(r, y)?);
    make(r, &op::multiply::ROW, &[x, y])
}

/// `x / 1 → x`
pub(super) fn divide_one(r: &mut Rewriter, found: &Found) -> Option<Value> {
    let (x, y) = pair(found, &op::divide::ROW)?;
    r.is_number(y, 1.0).then_some(x)
}

/// `--x → x`
pub(super) fn negate_negated(r: &mut Rewriter, found: &Found) -> Option<Value> {
    match *found.row == op::negate::ROW {
        true => negated(r, found.inputs[0]),
        false => None,
    }
}

/// `-(x - y) → y - x` (but for the sign of a zero)
pub(super) fn negate_difference(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::negate::ROW {
        return None;
    }
    let difference = r.definition_of(found.inputs[0], &op::subtract::ROW)?;
    make(r, &op::subtract::ROW, &[difference.inputs[1], difference.inputs[0]])
}
