//! `log`: the natural logarithm; minus infinity at 0, NaN below.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `log`.
pub static ROW: Row = Row {
    name: "log",
    about: "the natural logarithm; minus infinity at 0, NaN below",
    kind: Kind::Map(Scalar::Apply(Function::Log)),
    callable: true,
    ty: |xs, attributes| rule::reals("log", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.3, 3.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    b.divide(g, xs[0])
}
