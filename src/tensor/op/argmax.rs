//! `argmax`: the index of the largest along one axis (the first of several).

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `argmax`.
pub static ROW: Row = Row {
    name: "argmax",
    about: "the index of the largest along one axis (the first of several)",
    kind: Kind::Composite(compose),
    callable: true,
    ty: |xs, attributes| rule::argmax(xs, attributes),
    derivative: Derivative::None("an index jumps"),
    draw: (-2.0, 2.0),
};

/// The least index at which the value is the largest; the last one if there is none, since a NaN wins, or if there are no
/// values.
fn compose(b: &mut Builder, xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Axes(axes) = attributes else { bug!("`argmax` with attributes {attributes:?}") };
    let shape = b.ty(xs[0]).shape.clone();
    let extent = shape[axes[0]].clone();
    let k = extent.bound();
    let largest = b.max(xs[0], axes);
    let largest = b.expand_over(largest, &shape, axes);
    let chosen = b.equal(xs[0], largest);
    let indices = b.iota(extent);
    let indices = b.expand(indices, &shape, axes);
    let last = b.int(k as i64 - 1);
    let last = b.clamp(last, k);
    let last = b.expand_to(last, &shape);
    let candidates = b.select(chosen, indices, last);
    let least = b.min(candidates, axes);
    b.clamp(least, k)
}
