//! The natural logarithm.
//!
//! x = 2ᵏ·m with √½ ≤ m < √2, then log x = k·ln 2 + log m, with f = m − 1 exact. The coefficients were found as those of
//! `exp`, their errors relative to log m.

use super::exp::reduction;
use super::polynomial::polynomial;
use super::{Arith, Precision};

/// log(1 + f) = f + f²·p(f), relative error 2⁻²⁷: without a division.
const F32: [f64; 9] = [
    -0.5,
    0.3333333134651184,
    -0.250008225440979,
    0.20001237094402313,
    -0.166233092546463,
    0.1420172154903412,
    -0.13160742819309235,
    0.12761250138282776,
    -0.07631900906562805,
];

/// log(1 + f) = 2s + s³·p(s²) with s = f / (2 + f), relative error 2⁻⁵⁹.
const F64: [f64; 7] = [
    0.6666666666666734,
    0.3999999999941662,
    0.28571428742045396,
    0.22222198601984294,
    0.18183563075558956,
    0.15314077531837206,
    0.1479572150982961,
];

/// log x. At most 1 ulp in f32 and in f64, denormal arguments included; log(±0) = −∞, log(∞) = ∞, NaN below zero and of NaN.
pub fn log<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let constants = reduction(a.precision());
    let (exponent, fraction) = split(a, x);
    let (high, low) = (a.real(constants.ln2_high), a.real(constants.ln2_low));
    let result = match a.precision() {
        Precision::F32 => {
            let tail = polynomial(a, fraction, &F32);
            let square = a.mul(fraction, fraction);
            let log_fraction = a.fma(square, tail, fraction);
            let sum = a.fma(exponent, low, log_fraction);
            a.fma(exponent, high, sum)
        }
        Precision::F64 => {
            let two = a.real(2.0);
            let denominator = a.add(two, fraction);
            let s = a.div(fraction, denominator);
            let square = a.mul(s, s);
            let tail = polynomial(a, square, &F64);
            let tail = a.mul(square, tail);
            // 2s = f − s·f, and s·f = f²/2 − s·f²/2: the large parts are exact or nearly so.
            let half = a.real(0.5);
            let half = a.mul(half, fraction);
            let half_square = a.mul(half, fraction);
            let tail = a.add(half_square, tail);
            let low = a.mul(exponent, low);
            let correction = a.fma(s, tail, low);
            let correction = a.sub(half_square, correction);
            let sum = a.sub(fraction, correction);
            a.fma(exponent, high, sum)
        }
    };
    ends(a, x, result)
}

/// The exponent k of x = 2ᵏ·(1 + f), √½ ≤ 1 + f < √2, and f. For positive finite `x`, denormals included.
pub(super) fn split<A: Arith>(a: &mut A, x: A::Real) -> (A::Real, A::Real) {
    // The bits of √½, the offset of the exponents, and what shifts the denormals up.
    let (root_half, offset, smallest, up) = match a.precision() {
        Precision::F32 => (0x3f35_04f3, 127.0, f64::from(f32::MIN_POSITIVE), 33_554_432.0),
        Precision::F64 => (0x3fe6_a09e_667f_3bcd, 1023.0, f64::MIN_POSITIVE, 18_014_398_509_481_984.0),
    };
    let fraction = reduction(a.precision()).fraction;
    let (up_by, places) = (f64::from(fraction + 2), f64::from(fraction));
    let (smallest, up) = (a.real(smallest), a.real(up));
    let denormal = a.lt(x, smallest);
    let raised = a.mul(x, up);
    let x = a.select(denormal, raised, x);
    let (bias, bias_up) = (a.real(places_to_real(places) + offset), a.real(places_to_real(places) + offset + up_by));
    let bias = a.select(denormal, bias_up, bias);

    let one = a.real(1.0);
    let (one_bits, root_half) = (a.bits(one), a.int(root_half));
    let distance = a.int_sub(one_bits, root_half);
    let bits = a.bits(x);
    let shifted = a.int_add(bits, distance);
    // The exponent as the last digits of a float between 2²³ and 2²⁴ (2⁵² and 2⁵³).
    let exponent = a.int_shr(shifted, fraction);
    let base = a.real(places_to_real(places));
    let base = a.bits(base);
    let exponent = a.int_or(exponent, base);
    let exponent = a.real_from_bits(exponent);
    let exponent = a.sub(exponent, bias);

    let mask = a.int((1 << fraction) - 1);
    let mantissa = a.int_and(shifted, mask);
    let mantissa = a.int_add(mantissa, root_half);
    let mantissa = a.real_from_bits(mantissa);
    (exponent, a.sub(mantissa, one))
}

/// 2 to that power, a small whole number.
fn places_to_real(places: f64) -> f64 {
    (1_u64 << (places as u64)) as f64
}

/// `result` for positive finite `x`; −∞ at zero, ∞ at ∞, NaN below zero and of NaN.
pub(super) fn ends<A: Arith>(a: &mut A, x: A::Real, result: A::Real) -> A::Real {
    let (zero, infinity) = (a.real(0.0), a.real(f64::INFINITY));
    let finite = a.lt(x, infinity);
    let result = a.select(finite, result, x);
    let positive = a.lt(zero, x);
    let (minus_infinity, nan) = (a.real(f64::NEG_INFINITY), a.real(f64::NAN));
    let is_zero = a.eq(x, zero);
    let otherwise = a.select(is_zero, minus_infinity, nan);
    a.select(positive, result, otherwise)
}
