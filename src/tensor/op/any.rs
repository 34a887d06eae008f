//! `any`: whether any is true over some axes; false if there are none.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::rule;

/// The row of `any`.
pub static ROW: Row = Row {
    name: "any",
    about: "whether any is true over some axes; false if there are none",
    kind: Kind::Reduce(Fold::Any),
    callable: false,
    ty: |xs, attributes| rule::fold_truths("any", xs, attributes),
    derivative: Derivative::None("truth values carry no credit"),
    draw: (-2.0, 2.0),
};
