//! `sigmoid`: the logistic function 1 / (1 + exp(-x)).

use super::{Derivative, Kind, Row};
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `sigmoid`.
pub static ROW: Row = Row {
    name: "sigmoid",
    about: "the logistic function, 1 / (1 + exp(-x))",
    kind: Kind::Composite(compose),
    callable: true,
    ty: |xs, attributes| rule::reals("sigmoid", 1, xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-4.0, 4.0),
};

/// Written with the exponential of what is not positive, which never overflows.
fn compose(b: &mut Builder, xs: &[Value], _attributes: &Attributes) -> Value {
    let size = b.abs(xs[0]);
    let below = b.negate(size);
    let small = b.exp(below);
    let (zero, one) = (b.zeros_like(xs[0]), b.full_like(xs[0], 1.0));
    let positive = b.less_equal(zero, xs[0]);
    let above = b.select(positive, one, small);
    let whole = b.add(one, small);
    b.divide(above, whole)
}

/// From the result alone, so that nothing else need be kept of it: y (1 - y).
fn partial(b: &mut Builder, _i: usize, g: Value, _xs: &[Value], y: Value) -> Value {
    let one = b.full_like(g, 1.0);
    let rest = b.subtract(one, y);
    let slope = b.multiply(y, rest);
    b.multiply(g, slope)
}
