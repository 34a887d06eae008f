//! `uniform`: a uniform real in [0, 1): a function of two key words and two counter words.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `uniform`.
pub static ROW: Row = Row {
    name: "uniform",
    about: "a uniform real in [0, 1): a function of two key words and two counter words",
    kind: Kind::Map(Scalar::Uniform),
    callable: false,
    ty: |xs, attributes| rule::uniform(xs, attributes),
    derivative: Derivative::None("chance depends on nothing"),
    draw: (-2.0, 2.0),
};
