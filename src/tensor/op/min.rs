//! `min`: the smallest over some axes, of reals (infinity if there are none, NaN if one is) or of whole numbers.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::{Builder, Value, rule};

/// The row of `min`.
pub static ROW: Row = Row {
    name: "min",
    about: "the smallest over some axes, of reals (infinity if there are none, NaN if one is) or of whole numbers",
    kind: Kind::Reduce(Fold::Min),
    callable: true,
    ty: |xs, attributes| rule::fold_extremes("min", xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

/// Where several are the smallest, each has all the credit.
fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], y: Value) -> Value {
    let chosen = b.equal(xs[0], y);
    let zero = b.zeros_like(g);
    b.select(chosen, g, zero)
}
