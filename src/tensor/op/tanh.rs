//! `tanh`: the hyperbolic tangent.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `tanh`.
pub static ROW: Row = Row {
    name: "tanh",
    about: "the hyperbolic tangent",
    kind: Kind::Map(Scalar::Apply(Function::Tanh)),
    callable: true,
    ty: |xs, attributes| rule::reals("tanh", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], y: Value) -> Value {
    let square = b.multiply(y, y);
    let one = b.full_like(g, 1.0);
    let slope = b.subtract(one, square);
    b.multiply(g, slope)
}
