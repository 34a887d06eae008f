//! The hyperbolic tangent.

use super::compare::with_sign_of;
use super::exp::{reduce, reduction};
use super::polynomial::polynomial;
use super::{Arith, Precision};

/// tanh x. At most 3 ulp in f32 and 2 ulp in f64; tanh(±∞) = ±1, zeros keep their sign, denormals are exact, NaN of NaN.
pub fn tanh<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    match a.precision() {
        Precision::F32 => rational(a, x),
        Precision::F64 => by_exponential(a, x),
    }
}

/// x·p(x²) / q(x²), with p(0) = q(0) = 1. The coefficients minimise the greatest relative error (2⁻²⁵) on [0, 9.02], where
/// tanh has become 1 (found as those of `exp`, the denominator of each round taken into the weights of the next).
const NUMERATOR: [f64; 5] =
    [1.0, 0.133826345205307, 0.0034973465371876955, 2.0631900042644702e-05, 1.337476884799571e-08];
const DENOMINATOR: [f64; 5] =
    [1.0, 0.46715956926345825, 0.02588406577706337, 0.0003288246807642281, 7.787219828969683e-07];

fn rational<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let square = a.mul(x, x);
    let numerator = polynomial(a, square, &NUMERATOR);
    let denominator = polynomial(a, square, &DENOMINATOR);
    let numerator = a.mul(x, numerator);
    let ratio = a.div(numerator, denominator);
    // Written so that NaN takes the side of the ratio.
    let (limit, one) = (a.real(9.015625), a.real(1.0));
    let magnitude = a.abs(x);
    let one = with_sign_of(a, one, x);
    let large = a.lt(limit, magnitude);
    a.select(large, one, ratio)
}

/// (eʳ − 1 − r) / r², its greatest error relative to (eʳ − 1) / r minimised (2⁻⁶¹) on |r| ≤ ln 2 / 2.
const EXPONENTIAL: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.04166666666666668,
    0.008333333333321442,
    0.0013888888888877076,
    0.00019841269886569808,
    2.4801587341890247e-05,
    2.7557243786106344e-06,
    2.755725779214836e-07,
    2.5109178741655554e-08,
    2.0920009281651575e-09,
];

/// t / (t + 2) with t = e^(2|x|) − 1, which is accurate near zero too.
fn by_exponential<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let constants = reduction(Precision::F64);
    let magnitude = a.abs(x);
    let twice = a.add(magnitude, magnitude);
    let limit = a.real(40.0);
    let large = a.lt(limit, twice);
    let twice = a.select(large, limit, twice);
    let (whole, remainder) = reduce(a, twice, constants);
    let quadratic = polynomial(a, remainder, &EXPONENTIAL);
    let square = a.mul(remainder, remainder);
    let beyond_one = a.fma(square, quadratic, remainder);
    let one = a.real(1.0);
    let exponent = a.int_shl(whole, constants.fraction);
    let one_bits = a.bits(one);
    let factor = a.int_add(one_bits, exponent);
    let factor = a.real_from_bits(factor);
    let factor_beyond_one = a.sub(factor, one);
    let power_beyond_one = a.fma(factor, beyond_one, factor_beyond_one);
    let two = a.real(2.0);
    let denominator = a.add(power_beyond_one, two);
    let ratio = a.div(power_beyond_one, denominator);
    with_sign_of(a, ratio, x)
}
