//! `round`: the nearest whole number, halves to the even one.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::rule;

/// The row of `round`.
pub static ROW: Row = Row {
    name: "round",
    about: "the nearest whole number, halves to the even one",
    kind: Kind::Map(Scalar::Apply(Function::Round)),
    callable: true,
    ty: |xs, attributes| rule::reals("round", 1, xs, attributes),
    derivative: Derivative::None("it is flat between its steps"),
    draw: (-2.0, 2.0),
};
