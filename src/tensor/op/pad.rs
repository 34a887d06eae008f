//! `pad`: zeros around a part of an axis.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Extent, Value, rule};

/// The row of `pad`.
pub static ROW: Row = Row {
    name: "pad",
    about: "zeros around a part of an axis",
    kind: Kind::Pad,
    callable: false,
    ty: |xs, attributes| rule::pad(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Part { axis, start, .. } = *attributes else { bug!("`pad` with attributes {attributes:?}") };
    let part = b.ty(xs[0]).shape[axis].clone();
    let inner = b.slice(g, axis, start, part.bound());
    match part {
        Extent::Const(_) => inner,
        Extent::Count(_) => b.first(inner, axis, part),
    }
}
