//! `negate`: -x.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `negate`.
pub static ROW: Row = Row {
    name: "negate",
    about: "-x",
    kind: Kind::Map(Scalar::Apply(Function::Negate)),
    callable: false,
    ty: |xs, attributes| rule::reals("negate", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], _y: Value) -> Value {
    b.negate(g)
}
