//! `normal_quantile`: the x below which a unit normal lies with this probability.

use super::{Derivative, Kind, Row, Scalar};
use crate::math::Function;
use crate::tensor::{Builder, Value, rule};

/// The row of `normal_quantile`.
pub static ROW: Row = Row {
    name: "normal_quantile",
    about: "the x below which a unit normal lies with this probability",
    kind: Kind::Map(Scalar::Apply(Function::NormalQuantile)),
    callable: true,
    ty: |xs, attributes| rule::reals("normal_quantile", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (0.05, 0.95),
};

/// One over the density at `y`: `sqrt(2 pi) * exp(y^2 / 2)`.
fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], y: Value) -> Value {
    let square = b.multiply(y, y);
    let half = b.scale(square, 0.5);
    let growth = b.exp(half);
    let slope = b.scale(growth, (2.0 * std::f64::consts::PI).sqrt());
    b.multiply(g, slope)
}
