//! `add`: a + b, of reals or of whole numbers.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `add`.
pub static ROW: Row = Row {
    name: "add",
    about: "a + b, of reals or of whole numbers",
    kind: Kind::Map(Scalar::Apply(Function::Add)),
    callable: false,
    ty: |xs, attributes| rule::numbers("add", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(_b: &mut Builder, _i: usize, g: Value, _xs: &[Value], _y: Value) -> Value {
    g
}
