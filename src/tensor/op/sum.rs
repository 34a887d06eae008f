//! `sum`: the sum over some axes, of reals or of whole numbers; 0 if there are none.

use super::{Derivative, Fold, Kind, Row};
use crate::tensor::{Builder, Value, rule};

/// The row of `sum`.
pub static ROW: Row = Row {
    name: "sum",
    about: "the sum over some axes, of reals or of whole numbers; 0 if there are none",
    kind: Kind::Reduce(Fold::Sum),
    callable: true,
    ty: |xs, attributes| rule::fold_numbers("sum", xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(_b: &mut Builder, _i: usize, g: Value, _xs: &[Value], _y: Value) -> Value {
    g
}
