//! `slice`: a part of an axis.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `slice`.
pub static ROW: Row = Row {
    name: "slice",
    about: "a part of an axis",
    kind: Kind::Slice,
    callable: false,
    ty: |xs, attributes| rule::slice(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Part { axis, start, .. } = *attributes else { bug!("`slice` with attributes {attributes:?}") };
    let length = b.ty(xs[0]).shape[axis].bound();
    b.pad(g, axis, start, length)
}
