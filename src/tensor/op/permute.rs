//! `permute`: axes in another order.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `permute`.
pub static ROW: Row = Row {
    name: "permute",
    about: "axes in another order",
    kind: Kind::Permute,
    callable: false,
    ty: |xs, attributes| rule::permute(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, _xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Axes(axes) = attributes else { bug!("`permute` with attributes {attributes:?}") };
    let mut back = vec![0; axes.len()];
    for (new, old) in axes.iter().enumerate() {
        back[*old] = new;
    }
    b.permute(g, &back)
}
