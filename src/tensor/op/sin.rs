//! `sin`: the sine.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `sin`.
pub static ROW: Row = Row {
    name: "sin",
    about: "the sine",
    kind: Kind::Map(Scalar::Apply(Function::Sin)),
    callable: true,
    ty: |xs, attributes| rule::reals("sin", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    let slope = b.cos(xs[0]);
    b.multiply(g, slope)
}
