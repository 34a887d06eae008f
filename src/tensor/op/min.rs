//! `min`: the smallest over some axes, of reals (infinity if there are none, NaN if one is) or of whole numbers.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::rule;

/// The row of `min`.
pub static ROW: Row = Row {
    name: "min",
    about: "the smallest over some axes, of reals (infinity if there are none, NaN if one is) or of whole numbers",
    kind: Kind::Reduce(Fold::Min),
    callable: true,
    ty: |xs, attributes| rule::fold_extremes("min", xs, attributes),
    derivative: Derivative::Shared,
    draw: (-2.0, 2.0),
};
