//! Powers.
//!
//! xʸ = e^(y·log x). The exponent may be as large as 88 (709), so the logarithm is needed to some 7 (10) digits more than a
//! float has, in binary: it is computed as the sum of two floats.

use super::compare::sign_bit;
use super::exp::{exp_of_sum, limited, reduction};
use super::log::split;
use super::polynomial::polynomial;
use super::round::round;
use super::{Arith, Precision};

/// log((1 + s) / (1 − s)) = 2s + ⅔s³ + s⁵·p(s²); found as the coefficients of `log`.
const F32: [f64; 3] = [0.40000152587890625, 0.28547096252441406, 0.23419393599033356];
const F64: [f64; 7] = [
    0.4000000000000226,
    0.2857142857009734,
    0.22222222520269655,
    0.18181784340158597,
    0.15386758456500715,
    0.13256793614788795,
    0.13196537876472347,
];

/// An unevaluated sum of two floats, the second small against the first.
#[derive(Clone, Copy)]
struct Pair<R> {
    high: R,
    low: R,
}

/// x to the power y. At most 1.5 ulp in f32 and in f64.
///
/// The special cases are IEEE 754's: `pow(x, 0) = pow(1, y) = 1` even of NaN; below zero a whole `y` gives the sign of its
/// parity and any other y NaN; zeros and infinities give zeros and infinities, with the sign of an odd power.
pub fn pow<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> A::Real {
    let magnitude = a.abs(x);
    let log = log_pair(a, magnitude);
    let product = a.mul(y, log.high);
    let opposite = a.neg(product);
    let error = a.fma(y, log.high, opposite);
    let rest = a.fma(y, log.low, error);
    // Past the range of exp, or where the product is infinite, the rest is of no account.
    let exponent = limited(a, product);
    let inside = a.eq(exponent, product);
    let zero = a.real(0.0);
    let rest = a.select(inside, rest, zero);
    let power = exp_of_sum(a, exponent, Some(rest));

    let one = a.real(1.0);
    let to_zero = a.eq(y, zero);
    let of_one = a.eq(magnitude, one);
    let trivial = a.mask_or(to_zero, of_one);
    let power = a.select(trivial, one, power);
    signed(a, x, y, power)
}

/// |x|ʸ with the sign that xʸ has, NaN where it has no real value.
fn signed<A: Arith>(a: &mut A, x: A::Real, y: A::Real, power: A::Real) -> A::Real {
    let (zero, infinity, half) = (a.real(0.0), a.real(f64::INFINITY), a.real(0.5));
    let whole = is_whole(a, y);
    let halved = a.mul(y, half);
    let even = is_whole(a, halved);
    let (sign, positive) = (sign_bit(a, x), a.real(0.0));
    let sign = a.real_from_bits(sign);
    let sign = a.select(even, positive, sign);
    let sign = a.select(whole, sign, positive);
    let (sign, bits) = (a.bits(sign), a.bits(power));
    let bits = a.int_xor(bits, sign);
    let power = a.real_from_bits(bits);

    let (negative, magnitude) = (a.lt(x, zero), a.abs(x));
    let finite = a.lt(magnitude, infinity);
    let broken = a.mask_not(whole);
    let undefined = a.mask_and(negative, finite);
    let undefined = a.mask_and(undefined, broken);
    let nan = a.real(f64::NAN);
    let power = a.select(undefined, nan, power);
    // NaN arguments, but for the two exceptions.
    let one = a.real(1.0);
    let (to_zero, of_one) = (a.eq(y, zero), a.eq(x, one));
    let always = a.mask_or(to_zero, of_one);
    let (number_x, number_y) = (a.eq(x, x), a.eq(y, y));
    let numbers = a.mask_and(number_x, number_y);
    let defined = a.mask_or(always, numbers);
    a.select(defined, power, nan)
}

/// Whether it is a whole number; infinities are, NaN is not.
fn is_whole<A: Arith>(a: &mut A, x: A::Real) -> A::Mask {
    let nearest = round(a, x);
    a.eq(nearest, x)
}

/// log x for x ≥ 0, −∞ at zero and ∞ at ∞, with about 10 more bits than a float.
fn log_pair<A: Arith>(a: &mut A, x: A::Real) -> Pair<A::Real> {
    let (exponent, fraction) = split(a, x);
    let log = log_fraction(a, fraction);
    let constants = reduction(a.precision());
    let (high, low) = (a.real(constants.ln2_high), a.real(constants.ln2_low));
    let scaled = product(a, exponent, high);
    let scaled_low = a.fma(exponent, low, scaled.low);
    // The multiple of ln 2 is the larger part unless it is zero, in which case the sum is exact anyway.
    let sum = ordered_sum(a, scaled.high, log.high);
    let rest = a.add(scaled_low, log.low);
    let rest = a.add(sum.low, rest);
    let sum = ordered_sum(a, sum.high, rest);

    let (zero, infinity, minus_infinity) = (a.real(0.0), a.real(f64::INFINITY), a.real(f64::NEG_INFINITY));
    let finite = a.lt(x, infinity);
    let high = a.select(finite, sum.high, infinity);
    let is_zero = a.eq(x, zero);
    let high = a.select(is_zero, minus_infinity, high);
    Pair { high, low: sum.low }
}

/// log(1 + f) = 2s + ⅔s³ + s⁵·p(s²) with s = f / (2 + f); the first two terms as pairs.
fn log_fraction<A: Arith>(a: &mut A, fraction: A::Real) -> Pair<A::Real> {
    let (one, two) = (a.real(1.0), a.real(2.0));
    let sum = ordered_sum(a, two, fraction);
    let inverse = a.div(one, sum.high);
    let s = a.mul(fraction, inverse);
    let minus_s = a.neg(s);
    let left = a.fma(minus_s, sum.high, fraction);
    let left = a.fma(minus_s, sum.low, left);
    let s = Pair { high: s, low: a.mul(left, inverse) };

    let square = product(a, s.high, s.high);
    let (tail, thirds) = match a.precision() {
        Precision::F32 => (polynomial(a, square.high, &F32), [0.6666666865348816, -1.9868214925130207e-08]),
        Precision::F64 => (polynomial(a, square.high, &F64), [0.6666666666666666, 3.700743415417188e-17]),
    };
    let tail = a.mul(tail, square.high);
    let [third, third_low] = thirds.map(|part| a.real(part));
    // ⅔ + s²·p(s²), then times s² and s.
    let cubic = ordered_sum(a, third, tail);
    let cubic_low = a.add(cubic.low, third_low);
    let cross = a.mul(s.high, s.low);
    let cross = a.add(cross, cross);
    let square_low = a.add(square.low, cross);
    let by_square = product(a, square.high, cubic.high);
    let by_square_low = a.fma(square_low, cubic.high, by_square.low);
    let by_square_low = a.fma(square.high, cubic_low, by_square_low);
    let cube = product(a, s.high, by_square.high);
    let cube_low = a.fma(s.low, by_square.high, cube.low);
    let cube_low = a.fma(s.high, by_square_low, cube_low);

    let (double, double_low) = (a.add(s.high, s.high), a.add(s.low, s.low));
    let sum = ordered_sum(a, double, cube.high);
    let rest = a.add(double_low, cube_low);
    let low = a.add(sum.low, rest);
    Pair { high: sum.high, low }
}

/// x·y exactly.
fn product<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> Pair<A::Real> {
    let high = a.mul(x, y);
    let opposite = a.neg(high);
    Pair { high, low: a.fma(x, y, opposite) }
}

/// x + y exactly, if |x| ≥ |y| or x = 0.
fn ordered_sum<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> Pair<A::Real> {
    let high = a.add(x, y);
    let taken = a.sub(high, x);
    Pair { high, low: a.sub(y, taken) }
}
