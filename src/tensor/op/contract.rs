//! `contract`: a sum of products, as its indices say.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Contraction, Value, rule};

/// The row of `contract`.
pub static ROW: Row = Row {
    name: "contract",
    about: "a sum of products, as its indices say",
    kind: Kind::Contract,
    callable: false,
    ty: |xs, attributes| rule::contract(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

/// The indices change places. Since each stands in two of the three at least, the result is well-formed, and a weight
/// stays on the right and an activity on the left.
fn transpose(b: &mut Builder, g: Value, i: usize, xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Contract(Contraction { left, right, out }) = attributes else {
        bug!("`contract` with attributes {attributes:?}")
    };
    match i {
        0 => b.contract_indices(out.clone(), right.clone(), left.clone(), g, xs[1]),
        _ => b.contract_indices(left.clone(), out.clone(), right.clone(), xs[0], g),
    }
}
