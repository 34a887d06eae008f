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
        Precision::F32 => by_polynomial(a, fraction, exponent, high, low),
        Precision::F64 => by_ratio(a, fraction, exponent, high, low),
    };
    ends(a, x, result)
}

/// k·(high + low) + log(1 + f).
fn by_polynomial<A: Arith>(a: &mut A, f: A::Real, k: A::Real, high: A::Real, low: A::Real) -> A::Real {
    let tail = polynomial(a, f, &F32);
    let square = a.mul(f, f);
    let log_fraction = a.fma(square, tail, f);
    let sum = a.fma(k, low, log_fraction);
    a.fma(k, high, sum)
}

/// The same. Since 2s = f − s·f and s·f = f²/2 − s·f²/2, the large parts are exact or nearly so.
fn by_ratio<A: Arith>(a: &mut A, f: A::Real, k: A::Real, high: A::Real, low: A::Real) -> A::Real {
    let (two, half) = (a.real(2.0), a.real(0.5));
    let denominator = a.add(two, f);
    let s = a.div(f, denominator);
    let square = a.mul(s, s);
    let tail = polynomial(a, square, &F64);
    let tail = a.mul(square, tail);
    let half = a.mul(half, f);
    let half_square = a.mul(half, f);
    let tail = a.add(half_square, tail);
    let low = a.mul(k, low);
    let correction = a.fma(s, tail, low);
    let correction = a.sub(half_square, correction);
    let sum = a.sub(f, correction);
    a.fma(k, high, sum)
}

/// What taking a float apart needs to know of a precision.
struct Parts {
    /// The bits of √½.
    root_half: i64,
    /// The bits of 1 minus those.
    to_one: i64,
    /// The smallest normal float.
    smallest: f64,
    /// The power of two that makes every denormal normal.
    raise: f64,
    /// 2²³ or 2⁵²: an exponent's digits put behind it are a float.
    base: f64,
    /// `base` and the offset of the exponents.
    offset: f64,
    /// The same for what was raised.
    raised_offset: f64,
}

static PARTS_F32: Parts = Parts {
    root_half: 0x3f35_04f3,
    to_one: 0x3f80_0000 - 0x3f35_04f3,
    smallest: f32::MIN_POSITIVE as f64,
    raise: 33_554_432.0,
    base: 8_388_608.0,
    offset: 8_388_608.0 + 127.0,
    raised_offset: 8_388_608.0 + 127.0 + 25.0,
};

static PARTS_F64: Parts = Parts {
    root_half: 0x3fe6_a09e_667f_3bcd,
    to_one: 0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd,
    smallest: f64::MIN_POSITIVE,
    raise: 18_014_398_509_481_984.0,
    base: 4_503_599_627_370_496.0,
    offset: 4_503_599_627_370_496.0 + 1023.0,
    raised_offset: 4_503_599_627_370_496.0 + 1023.0 + 54.0,
};

/// The exponent k of x = 2ᵏ·(1 + f), √½ ≤ 1 + f < √2, and f. For positive finite `x`, denormals included.
pub(super) fn split<A: Arith>(a: &mut A, x: A::Real) -> (A::Real, A::Real) {
    let fraction = reduction(a.precision()).fraction;
    let parts = match a.precision() {
        Precision::F32 => &PARTS_F32,
        Precision::F64 => &PARTS_F64,
    };
    let (smallest, raise) = (a.real(parts.smallest), a.real(parts.raise));
    let denormal = a.lt(x, smallest);
    let raised = a.mul(x, raise);
    let x = a.select(denormal, raised, x);
    let (offset, raised_offset) = (a.real(parts.offset), a.real(parts.raised_offset));
    let offset = a.select(denormal, raised_offset, offset);

    // Moved up by 1 − √½, the bits change their exponent at √½ instead of at 1.
    let (root_half, to_one) = (a.int(parts.root_half), a.int(parts.to_one));
    let bits = a.bits(x);
    let moved = a.int_add(bits, to_one);
    let exponent = a.int_shr(moved, fraction);
    let base = a.real(parts.base);
    let base = a.bits(base);
    let exponent = a.int_or(exponent, base);
    let exponent = a.real_from_bits(exponent);
    let exponent = a.sub(exponent, offset);

    let mask = a.int((1 << fraction) - 1);
    let mantissa = a.int_and(moved, mask);
    let mantissa = a.int_add(mantissa, root_half);
    let mantissa = a.real_from_bits(mantissa);
    let one = a.real(1.0);
    (exponent, a.sub(mantissa, one))
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
