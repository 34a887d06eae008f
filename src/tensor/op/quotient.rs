//! `quotient`: a / b of whole numbers, rounded down; 0 if b is 0.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `quotient`.
pub static ROW: Row = Row {
    name: "quotient",
    about: "a / b of whole numbers, rounded down; 0 if b is 0",
    kind: Kind::Map(Scalar::Quotient),
    callable: false,
    ty: |xs, attributes| rule::wholes("quotient", 2, xs, attributes),
    derivative: Derivative::None("whole numbers carry no credit"),
    draw: (-2.0, 2.0),
};
