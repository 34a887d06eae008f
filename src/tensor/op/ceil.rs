//! `ceil`: the smallest whole number that is not below x.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::rule;

/// The row of `ceil`.
pub static ROW: Row = Row {
    name: "ceil",
    about: "the smallest whole number that is not below x",
    kind: Kind::Map(Scalar::Apply(Function::Ceil)),
    callable: true,
    ty: |xs, attributes| rule::reals("ceil", 1, xs, attributes),
    derivative: Derivative::None("it is flat between its steps"),
    draw: (-2.0, 2.0),
};
