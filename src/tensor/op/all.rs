//! `all`: whether all are true over some axes; true if there are none.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::rule;

/// The row of `all`.
pub static ROW: Row = Row {
    name: "all",
    about: "whether all are true over some axes; true if there are none",
    kind: Kind::Reduce(Fold::All),
    callable: false,
    ty: |xs, attributes| rule::fold_truths("all", xs, attributes),
    derivative: Derivative::None("truth values carry no credit"),
    draw: (-2.0, 2.0),
};
