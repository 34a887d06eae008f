//! `max`: the largest over some axes, of reals (minus infinity if there are none, NaN if one is) or of whole numbers.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::{Builder, Value, rule};

/// The row of `max`.
pub static ROW: Row = Row {
    name: "max",
    about: "the largest over some axes, of reals (minus infinity if there are none, NaN if one is) or of whole numbers",
    kind: Kind::Reduce(Fold::Max),
    callable: true,
    ty: |xs, attributes| rule::fold_extremes("max", xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

/// Where several are the largest, each has all the credit.
fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], y: Value) -> Value {
    let chosen = b.equal(xs[0], y);
    let zero = b.zeros_like(g);
    b.select(chosen, g, zero)
}
