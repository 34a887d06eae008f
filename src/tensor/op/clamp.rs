//! `clamp`: a whole number limited to 0..k.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `clamp`.
pub static ROW: Row = Row {
    name: "clamp",
    about: "a whole number limited to 0..k",
    kind: Kind::Map(Scalar::Clamp),
    callable: false,
    ty: |xs, attributes| rule::clamp(xs, attributes),
    derivative: Derivative::None("whole numbers carry no credit"),
    draw: (-2.0, 2.0),
};
