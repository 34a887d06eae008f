//! `remainder`: a - b * (a / b rounded down) of whole numbers, with the sign of b; 0 if b is 0.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `remainder`.
pub static ROW: Row = Row {
    name: "remainder",
    about: "a - b * (a / b rounded down) of whole numbers, with the sign of b; 0 if b is 0",
    kind: Kind::Map(Scalar::Remainder),
    callable: false,
    ty: |xs, attributes| rule::wholes("remainder", 2, xs, attributes),
    derivative: Derivative::None("whole numbers carry no credit"),
    draw: (-2.0, 2.0),
};
