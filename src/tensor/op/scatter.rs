//! `scatter`: rows added up where an index says.

use super::{Derivative, Kind, Row};
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `scatter`.
pub static ROW: Row = Row {
    name: "scatter",
    about: "rows added up where an index says",
    kind: Kind::Scatter,
    callable: false,
    ty: |xs, attributes| rule::scatter(xs, attributes),
    derivative: Derivative::Transpose(transpose),
    draw: (-2.0, 2.0),
};

fn transpose(b: &mut Builder, g: Value, _i: usize, xs: &[Value], _attributes: &Attributes) -> Value {
    b.gather(g, xs[1])
}
