//! `exp`: e to the power x.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `exp`.
pub static ROW: Row = Row {
    name: "exp",
    about: "e to the power x",
    kind: Kind::Map(Scalar::Apply(Function::Exp)),
    callable: true,
    ty: |xs, attributes| rule::reals("exp", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], y: Value) -> Value {
    b.multiply(g, y)
}
