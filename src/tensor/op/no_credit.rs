//! `no_credit`: the value as it is, through which no credit comes.

use super::{Derivative, Kind, Row};
use crate::tensor::rule;

/// The row of `no_credit`.
pub static ROW: Row = Row {
    name: "no_credit",
    about: "the value as it is, through which no credit comes",
    kind: Kind::Composite(|_, xs, _| xs[0]),
    callable: true,
    ty: |xs, attributes| rule::reals("no_credit", 1, xs, attributes),
    derivative: Derivative::None("it is there to keep credit out"),
    draw: (-2.0, 2.0),
};
