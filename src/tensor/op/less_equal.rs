//! `less_equal`: a <= b, of reals or of whole numbers; false where one is NaN.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `less_equal`.
pub static ROW: Row = Row {
    name: "less_equal",
    about: "a <= b, of reals or of whole numbers; false where one is NaN",
    kind: Kind::Map(Scalar::LessEqual),
    callable: false,
    ty: |xs, attributes| rule::comparison("less_equal", xs, attributes),
    derivative: Derivative::None("a comparison jumps"),
    draw: (-2.0, 2.0),
};
