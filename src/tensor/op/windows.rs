//! `windows`: all windows of some size on the last axes.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, op, rule};

/// The row of `windows`.
pub static ROW: Row = Row {
    name: "windows",
    about: "all windows of some size on the last axes",
    kind: Kind::Windows,
    callable: false,
    ty: |xs, attributes| rule::windows(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, _xs: &[Value], attributes: &Attributes) -> Value {
    match attributes {
        Attributes::Windows(_) => b.row(&op::overlap::ROW, attributes.clone(), &[g]),
        _ => bug!("`windows` with attributes {attributes:?}"),
    }
}
