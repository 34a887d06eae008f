//! `not`: whether it is false.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `not`.
pub static ROW: Row = Row {
    name: "not",
    about: "whether it is false",
    kind: Kind::Map(Scalar::Not),
    callable: false,
    ty: |xs, attributes| rule::truths("not", 1, xs, attributes),
    derivative: Derivative::None("truth values carry no credit"),
    draw: (-2.0, 2.0),
};
