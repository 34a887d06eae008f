//! `and`: whether both are true.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `and`.
pub static ROW: Row = Row {
    name: "and",
    about: "whether both are true",
    kind: Kind::Map(Scalar::And),
    callable: false,
    ty: |xs, attributes| rule::truths("and", 2, xs, attributes),
    derivative: Derivative::None("truth values carry no credit"),
    draw: (-2.0, 2.0),
};
