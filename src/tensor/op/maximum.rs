//! `maximum`: the larger of two, of reals (NaN if one is) or of whole numbers.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `maximum`.
pub static ROW: Row = Row {
    name: "maximum",
    about: "the larger of two, of reals (NaN if one is) or of whole numbers",
    kind: Kind::Map(Scalar::Apply(Function::Maximum)),
    callable: true,
    ty: |xs, attributes| rule::numbers("maximum", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

/// Where both are equal, the left one has all the credit.
fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    let left = b.less_equal(xs[1], xs[0]);
    let zero = b.zeros_like(g);
    match i {
        0 => b.select(left, g, zero),
        _ => b.select(left, zero, g),
    }
}
