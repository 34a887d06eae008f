//! Whole numbers near a float, and the remainder of a division.

use super::compare::with_sign_of;
use super::{Arith, Precision};

/// From here on every float is a whole number: 2²³ or 2⁵².
#[inline(always)]
fn whole_from<A: Arith>(a: &A) -> f64 {
    match a.precision() {
        Precision::F32 => 8_388_608.0,
        Precision::F64 => 4_503_599_627_370_496.0,
    }
}

/// The nearest whole number, of two equally near ones the even one (as IEEE 754 rounds; `round(2.5) = 2`). Exact.
/// Zeros, infinities and NaN stay; the sign is kept, so `round(−0.3)` is −0.
pub fn round<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let limit = whole_from(a);
    let limit = a.real(limit);
    let magnitude = a.abs(x);
    let shifted = a.add(magnitude, limit);
    let rounded = a.sub(shifted, limit);
    let small = a.lt(magnitude, limit);
    let whole = a.select(small, rounded, magnitude);
    with_sign_of(a, whole, x)
}

/// The largest whole number that is not above `x`. Exact; zeros, infinities and NaN stay.
pub fn floor<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let nearest = round(a, x);
    let minus_one = a.real(-1.0);
    let below = a.add(nearest, minus_one);
    let above = a.lt(x, nearest);
    a.select(above, below, nearest)
}

/// The smallest whole number that is not below `x`. Exact; zeros, infinities and NaN stay, `ceil(−0.3)` is −0.
pub fn ceil<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let mirrored = a.neg(x);
    let whole = floor(a, mirrored);
    a.neg(whole)
}

/// The remainder x − y·floor(x/y), which has the sign of the divisor: `modulo(−1, 3) = 2`, `modulo(1, −3) = −2`.
///
/// The remainder is correctly rounded while |x/y| < 2⁴⁶ in f32 and < 2¹⁰⁴ in f64 (unless it underflows): a division's remainder is itself a
/// float, and two divisions in a row take twice the digits of one. It lies from 0 to `y`, where `y` itself can only
/// be a remainder that rounds to it (`modulo(−1e-30, 3) = 3`). NaN where quotient or result do not exist: `y` zero,
/// `x` or `y` infinite, a quotient past the bound.
pub fn modulo<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> A::Real {
    let near = remainder(a, x, y);
    let near = remainder(a, near, y);
    let zero = a.real(0.0);
    let other_side = {
        let (low, negative) = (a.lt(near, zero), a.lt(y, zero));
        let (high, positive) = (a.lt(zero, near), a.lt(zero, y));
        let (one, two) = (a.mask_and(low, positive), a.mask_and(high, negative));
        a.mask_or(one, two)
    };
    let moved = a.add(near, y);
    let result = a.select(other_side, moved, near);
    let (size, bound) = (a.abs(result), a.abs(y));
    let inside = a.le(size, bound);
    let nan = a.real(f64::NAN);
    a.select(inside, result, nan)
}

/// x − y·n, exact, with n a whole number near x/y (the nearest, or the rounded quotient).
fn remainder<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> A::Real {
    let quotient = a.div(x, y);
    let whole = round(a, quotient);
    let negative = a.neg(whole);
    a.fma(negative, y, x)
}
