//! `gather`: rows of an array, chosen by an index.

use super::{Derivative, Kind, Row};
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `gather`.
pub static ROW: Row = Row {
    name: "gather",
    about: "rows of an array, chosen by an index",
    kind: Kind::Gather,
    callable: false,
    ty: |xs, attributes| rule::gather(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, xs: &[Value], _attributes: &Attributes) -> Value {
    let rows = b.ty(xs[0]).shape[0].bound();
    b.scatter(g, xs[1], rows)
}
