//! `expand`: a value repeated along new axes.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `expand`.
pub static ROW: Row = Row {
    name: "expand",
    about: "a value repeated along new axes",
    kind: Kind::Expand,
    callable: false,
    ty: |xs, attributes| rule::expand(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, _xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Expand { shape, axes } = attributes else { bug!("`expand` with attributes {attributes:?}") };
    let new: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
    if new.is_empty() { g } else { b.sum(g, &new) }
}
