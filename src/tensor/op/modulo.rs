//! `mod`: a - b * floor(a / b), with the sign of b.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `mod`.
pub static ROW: Row = Row {
    name: "mod",
    about: "a - b * floor(a / b), with the sign of b",
    kind: Kind::Map(Scalar::Apply(Function::Modulo)),
    callable: true,
    ty: |xs, attributes| rule::reals("mod", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.3, 3.0),
};

fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], _y: Value) -> Value {
    match i {
        0 => g,
        _ => {
            let ratio = b.divide(xs[0], xs[1]);
            let whole = b.floor(ratio);
            let minus = b.negate(whole);
            b.multiply(g, minus)
        }
    }
}
