//! `abs`: the absolute value; its derivative at 0 is 0.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `abs`.
pub static ROW: Row = Row {
    name: "abs",
    about: "the absolute value; its derivative at 0 is 0",
    kind: Kind::Map(Scalar::Apply(Function::Abs)),
    callable: true,
    ty: |xs, attributes| rule::reals("abs", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    let zero = b.zeros_like(g);
    let minus = b.negate(g);
    let below = b.less(xs[0], zero);
    let above = b.less(zero, xs[0]);
    let rest = b.select(below, minus, zero);
    b.select(above, g, rest)
}
