//! `divide`: a / b.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `divide`.
pub static ROW: Row = Row {
    name: "divide",
    about: "a / b",
    kind: Kind::Map(Scalar::Apply(Function::Divide)),
    callable: false,
    ty: |xs, attributes| rule::reals("divide", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.3, 3.0),
};

fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], y: Value) -> Value {
    let part = b.divide(g, xs[1]);
    match i {
        0 => part,
        _ => {
            let part = b.multiply(part, y);
            b.negate(part)
        }
    }
}
