//! `log_sum_exp`: the logarithm of the sum of exponentials over some axes, without overflow.

use super::{Derivative, Kind, Row};
use crate::bug;
use crate::tensor::{Attributes, Builder, Value, rule};

/// The row of `log_sum_exp`.
pub static ROW: Row = Row {
    name: "log_sum_exp",
    about: "the logarithm of the sum of exponentials over some axes, without overflow",
    kind: Kind::Composite(compose),
    callable: true,
    ty: |xs, attributes| rule::fold_reals("log_sum_exp", xs, attributes),
    derivative: Derivative::Partial(partial),
    draw: (-2.0, 2.0),
};

/// The largest is taken out of the exponentials and added afterwards, unless it is infinite: then so is the result.
fn compose(b: &mut Builder, xs: &[Value], attributes: &Attributes) -> Value {
    let Attributes::Axes(axes) = attributes else { bug!("`log_sum_exp` with attributes {attributes:?}") };
    let shape = b.ty(xs[0]).shape.clone();
    let largest = b.max(xs[0], axes);
    let zero = b.zeros_like(largest);
    let nothing = b.subtract(largest, largest);
    let finite = b.equal(nothing, zero);
    let shift = b.select(finite, largest, zero);
    let shifts = b.expand_over(shift, &shape, axes);
    let shifted = b.subtract(xs[0], shifts);
    let exponentials = b.exp(shifted);
    let total = b.sum(exponentials, axes);
    let log = b.log(total);
    b.add(log, shift)
}

/// The share that each has in the sum, `exp(x - y)`; NaN where the result is infinite.
fn partial(b: &mut Builder, _i: usize, g: Value, xs: &[Value], y: Value) -> Value {
    let below = b.subtract(xs[0], y);
    let share = b.exp(below);
    b.multiply(g, share)
}
