//! `constant`: the same number, whole number or truth value.

use super::{Derivative, Kind, Row};
use crate::tensor::rule;

/// The row of `constant`.
pub static ROW: Row = Row {
    name: "constant",
    about: "the same number, whole number or truth value",
    kind: Kind::Constant,
    callable: false,
    ty: |xs, attributes| rule::constant(xs, attributes),
    derivative: Derivative::None("it is constant"),
    draw: (-2.0, 2.0),
};
