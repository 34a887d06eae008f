//! `iota`: 0, 1, ... along one axis.

use super::{Derivative, Kind, Row};
use crate::tensor::rule;

/// The row of `iota`.
pub static ROW: Row = Row {
    name: "iota",
    about: "0, 1, ... along one axis",
    kind: Kind::Iota,
    callable: false,
    ty: |xs, attributes| rule::iota(xs, attributes),
    derivative: Derivative::None("it is constant"),
    draw: (-2.0, 2.0),
};
