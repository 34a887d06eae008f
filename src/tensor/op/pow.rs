//! `pow`: a to the power b.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `pow`.
pub static ROW: Row = Row {
    name: "pow",
    about: "a to the power b",
    kind: Kind::Map(Scalar::Apply(Function::Pow)),
    callable: true,
    ty: |xs, attributes| rule::reals("pow", 2, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.3, 2.5),
};

/// By the base `b * a^(b - 1)`, and 0 where `b` is 0 (also at `a = 0`); by the exponent `y * ln a`, and 0 where `y` is 0 (at
/// `a = 0`, where the logarithm is infinite). By the exponent of a negative base it is NaN: there is none.
fn partial(b: &mut Builder, i: usize, g: Value, xs: &[Value], y: Value) -> Value {
    let zero = b.zeros_like(g);
    let (slope, flat) = match i {
        0 => {
            let one = b.full_like(g, 1.0);
            let lower = b.subtract(xs[1], one);
            let power = b.pow(xs[0], lower);
            (b.multiply(xs[1], power), b.equal(xs[1], zero))
        }
        _ => {
            let log = b.log(xs[0]);
            (b.multiply(y, log), b.equal(y, zero))
        }
    };
    let part = b.multiply(g, slope);
    b.select(flat, zero, part)
}
