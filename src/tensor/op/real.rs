//! `real`: a truth value (0 or 1), a whole number or a byte as a real.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::rule;

/// The row of `real`.
pub static ROW: Row = Row {
    name: "real",
    about: "a truth value (0 or 1), a whole number or a byte as a real",
    kind: Kind::Map(Scalar::Real),
    callable: false,
    ty: |xs, attributes| rule::real(xs, attributes),
    derivative: Derivative::None("what it reads is no real"),
    draw: (-2.0, 2.0),
};
