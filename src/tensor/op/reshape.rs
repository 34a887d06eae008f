//! `reshape`: axes merged or split, in the order of memory (the last axis runs fastest).

use super::{Derivative, Kind, Row};
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `reshape`.
pub static ROW: Row = Row {
    name: "reshape",
    about: "axes merged or split, in the order of memory (the last axis runs fastest)",
    kind: Kind::Reshape,
    callable: false,
    ty: |xs, attributes| rule::reshape(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, xs: &[Value], _attributes: &Attributes) -> Value {
    let shape = b.ty(xs[0]).shape.clone();
    b.reshape(g, &shape)
}
