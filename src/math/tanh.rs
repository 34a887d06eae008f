//! The hyperbolic tangent.

use super::compare::with_sign_of;
use super::exp::{reduce, reduction};
use super::polynomial::polynomial;
use super::{Arith, Precision};

/// (eʳ − 1 − r) / r², the greatest error relative to (eʳ − 1) / r minimised on |r| ≤ ln 2 / 2 as for `exp`: 2⁻³¹.
const F32: [f64; 6] =
    [0.5, 0.1666666716337204, 0.041666485369205475, 0.008333195000886917, 0.0013933012960478663, 0.0001995593192987144];

/// The same; 2⁻⁶¹.
const F64: [f64; 11] = [
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

/// tanh x. At most 2.5 ulp in f32 and in f64, and never past ±1; tanh(±∞) = ±1, zeros keep their sign, denormals are exact,
/// NaN of NaN.
///
/// It is t / (t + 2) with t = e^(2|x|) − 1, which is computed without subtracting near numbers.
pub fn tanh<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let constants = reduction(a.precision());
    // From here on the quotient rounds to 1.
    let (coefficients, limit): (&[f64], f64) = match a.precision() {
        Precision::F32 => (&F32, 19.0),
        Precision::F64 => (&F64, 40.0),
    };
    let magnitude = a.abs(x);
    let twice = a.add(magnitude, magnitude);
    let limit = a.real(limit);
    let large = a.lt(limit, twice);
    let twice = a.select(large, limit, twice);

    let (whole, remainder) = reduce(a, twice, constants);
    let quadratic = polynomial(a, remainder, coefficients);
    let square = a.mul(remainder, remainder);
    let beyond_one = a.fma(square, quadratic, remainder);
    let (one, two) = (a.real(1.0), a.real(2.0));
    let exponent = a.int_shl(whole, constants.fraction);
    let one_bits = a.bits(one);
    let factor = a.int_add(one_bits, exponent);
    let factor = a.real_from_bits(factor);
    let factor_beyond_one = a.sub(factor, one);
    let power_beyond_one = a.fma(factor, beyond_one, factor_beyond_one);

    let denominator = a.add(power_beyond_one, two);
    let ratio = a.div(power_beyond_one, denominator);
    with_sign_of(a, ratio, x)
}
