//! `max`: the largest over some axes, of reals (minus infinity if there are none, NaN if one is) or of whole numbers.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::rule;

/// The row of `max`.
pub static ROW: Row = Row {
    name: "max",
    about: "the largest over some axes, of reals (minus infinity if there are none, NaN if one is) or of whole numbers",
    kind: Kind::Reduce(Fold::Max),
    callable: true,
    ty: |xs, attributes| rule::fold_extremes("max", xs, attributes),
    derivative: Derivative::Shared,
    draw: (-2.0, 2.0),
};
