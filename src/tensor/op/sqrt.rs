//! `sqrt`: the square root; NaN below 0.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `sqrt`.
pub static ROW: Row = Row {
    name: "sqrt",
    about: "the square root; NaN below 0",
    kind: Kind::Map(Scalar::Apply(Function::Sqrt)),
    callable: true,
    ty: |xs, attributes| rule::reals("sqrt", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.3, 3.0),
};

/// At 0, where the slope is infinite, nothing is passed on: so the norm of a zero vector gives no NaN.
fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], y: Value) -> Value {
    let double = b.add(y, y);
    let zero = b.zeros_like(g);
    let at_zero = b.equal(y, zero);
    let part = b.divide(g, double);
    b.select(at_zero, zero, part)
}
