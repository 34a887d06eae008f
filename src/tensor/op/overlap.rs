//! `overlap`: windows added up where they lie over each other.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, op, rule};

/// The row of `overlap`.
pub static ROW: Row = Row {
    name: "overlap",
    about: "windows added up where they lie over each other",
    kind: Kind::Overlap,
    callable: false,
    ty: |xs, attributes| rule::overlap(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, _xs: &[Value], attributes: &Attributes) -> Value {
    match attributes {
        Attributes::Windows(_) => b.row(&op::windows::ROW, attributes.clone(), &[g]),
        _ => bug!("`overlap` with attributes {attributes:?}"),
    }
}
