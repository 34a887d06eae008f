//! `or`: whether one or both are true.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `or`.
pub static ROW: Row = Row {
    name: "or",
    about: "whether one or both are true",
    kind: Kind::Map(Scalar::Or),
    callable: false,
    ty: |xs, attributes| rule::truths("or", 2, xs, attributes),
    derivative: Derivative::None("truth values carry no credit"),
    draw: (-2.0, 2.0),
};
