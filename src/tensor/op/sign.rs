//! `sign`: 1, -1, or 0 at 0; NaN of NaN.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::rule;

/// The row of `sign`.
pub static ROW: Row = Row {
    name: "sign",
    about: "1, -1, or 0 at 0; NaN of NaN",
    kind: Kind::Map(Scalar::Apply(Function::Sign)),
    callable: true,
    ty: |xs, attributes| rule::reals("sign", 1, xs, attributes),
    derivative: Derivative::None("it is flat between its steps"),
    draw: (-2.0, 2.0),
};
