//! `cos`: the cosine.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `cos`.
pub static ROW: Row = Row {
    name: "cos",
    about: "the cosine",
    kind: Kind::Map(Scalar::Apply(Function::Cos)),
    callable: true,
    ty: |xs, attributes| rule::reals("cos", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    let sine = b.sin(xs[0]);
    let slope = b.negate(sine);
    b.multiply(g, slope)
}
