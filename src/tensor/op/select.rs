//! `select`: a where the condition is true, else b.

use super::{Derivative, Kind, Row, Scalar};
use crate::tensor::{Builder, Value, rule};

/// The row of `select`.
pub static ROW: Row = Row {
    name: "select",
    about: "a where the condition is true, else b",
    kind: Kind::Map(Scalar::Select),
    callable: true,
    ty: |xs, attributes| rule::select(xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    let zero = b.zeros_like(g);
    match i {
        1 => b.select(xs[0], g, zero),
        _ => b.select(xs[0], zero, g),
    }
}
