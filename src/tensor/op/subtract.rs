//! `subtract`: a - b, of reals or of whole numbers.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `subtract`.
pub static ROW: Row = Row {
    name: "subtract",
    about: "a - b, of reals or of whole numbers",
    kind: Kind::Map(Scalar::Apply(Function::Subtract)),
    callable: false,
    ty: |xs, attributes| rule::numbers("subtract", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, i: usize, g: Value, _xs: &[Value], _y: Value) -> Value {
    match i {
        0 => g,
        _ => b.negate(g),
    }
}
