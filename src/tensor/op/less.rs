//! `less`: a < b, of reals or of whole numbers; false where one is NaN.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `less`.
pub static ROW: Row = Row {
    name: "less",
    about: "a < b, of reals or of whole numbers; false where one is NaN",
    kind: Kind::Map(Scalar::Less),
    callable: false,
    ty: |xs, attributes| rule::comparison("less", xs, attributes),
    derivative: Derivative::None("a comparison jumps"),
    draw: (-2.0, 2.0),
};
