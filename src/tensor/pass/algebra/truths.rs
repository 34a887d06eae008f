//! Equations of truth values and of choices.

use crate::tensor::rewrite::{Found, Rewriter};
use crate::tensor::{Attributes, Row, Value, op};

/// The truth value that a value is everywhere, if it is constant.
fn truth(r: &mut Rewriter, value: Value) -> Option<bool> {
    match r.constant(value)? {
        Attributes::Truth(truth) => Some(truth),
        _ => None,
    }
}

/// `select(true, x, y) → x`, `select(false, x, y) → y`
pub(super) fn select_constant(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::select::ROW {
        return None;
    }
    Some(if truth(r, found.inputs[0])? { found.inputs[1] } else { found.inputs[2] })
}

/// `select(c, x, x) → x`
pub(super) fn select_same(_: &mut Rewriter, found: &Found) -> Option<Value> {
    (*found.row == op::select::ROW && found.inputs[1] == found.inputs[2]).then(|| found.inputs[1])
}

/// `select(not c, x, y) → select(c, y, x)`
pub(super) fn select_not(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::select::ROW {
        return None;
    }
    let condition = r.definition_of(found.inputs[0], &op::not::ROW)?.inputs[0];
    Some(r.make(found.row, Attributes::None, &[condition, found.inputs[2], found.inputs[1]]))
}

/// `not not c → c`
pub(super) fn not_not(r: &mut Rewriter, found: &Found) -> Option<Value> {
    if *found.row != op::not::ROW {
        return None;
    }
    Some(r.definition_of(found.inputs[0], &op::not::ROW)?.inputs[0])
}

/// `c and true → c`, `c and false → false`, and from the other side
pub(super) fn and_constant(r: &mut Rewriter, found: &Found) -> Option<Value> {
    constant_side(r, found, &op::and::ROW, true)
}

/// `c or false → c`, `c or true → true`, and from the other side
pub(super) fn or_constant(r: &mut Rewriter, found: &Found) -> Option<Value> {
    constant_side(r, found, &op::or::ROW, false)
}

fn constant_side(r: &mut Rewriter, found: &Found, row: &'static Row, neutral: bool) -> Option<Value> {
    if *found.row != *row {
        return None;
    }
    let (x, y) = (found.inputs[0], found.inputs[1]);
    match (truth(r, x), truth(r, y)) {
        (_, Some(truth)) => Some(if truth == neutral { x } else { y }),
        (Some(truth), None) => Some(if truth == neutral { y } else { x }),
        (None, None) => None,
    }
}
