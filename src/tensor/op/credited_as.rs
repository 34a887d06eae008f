//! `credited_as`: the first value as it is, with the derivative of the second: how the estimator of a derivative is declared,
//! of a draw or of a spike, whose own derivative says nothing.

use super::{Derivative, Kind, Row};
use crate::tensor::rule;

/// The row of `credited_as`.
pub static ROW: Row = Row {
    name: "credited_as",
    about: "the first value as it is, with the derivative of the second",
    kind: Kind::Composite(|_, xs, _| xs[0]),
    callable: false,
    ty: |xs, attributes| rule::reals("credited_as", 2, xs, attributes),
    derivative: Derivative::Declared(1),
    draw: (-2.0, 2.0),
};
