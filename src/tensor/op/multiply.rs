//! `multiply`: a * b, of reals or of whole numbers.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `multiply`.
pub static ROW: Row = Row {
    name: "multiply",
    about: "a * b, of reals or of whole numbers",
    kind: Kind::Map(Scalar::Apply(Function::Multiply)),
    callable: false,
    ty: |xs, attributes| rule::numbers("multiply", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    b.multiply(g, xs[1 - i])
}
