//! `floor`: the largest whole number that is not above x.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::rule;

/// The row of `floor`.
pub static ROW: Row = Row {
    name: "floor",
    about: "the largest whole number that is not above x",
    kind: Kind::Map(Scalar::Apply(Function::Floor)),
    callable: true,
    ty: |xs, attributes| rule::reals("floor", 1, xs, attributes),
    derivative: Derivative::None("it is flat between its steps"),
    draw: (-2.0, 2.0),
};
