//! The exponential function.
//!
//! x = k·ln 2 + r with a whole k and |r| ≤ ln 2 / 2, then eˣ = 2ᵏ·eʳ with a polynomial for eʳ. Adding 1.5·2²³ (1.5·2⁵²)
//! rounds x / ln 2 to k and leaves k in the low bits of the sum, from where it is shifted into an exponent.
//! The coefficients minimise the greatest relative error of 1 + r + r²·q(r) on the interval (weighted least squares in 50
//! digits, weights updated until the error is level), with each coefficient rounded in turn and the rest fitted anew.

use super::polynomial::polynomial;
use super::{Arith, Precision};

/// What the reduction needs to know of a precision.
pub(super) struct Reduction {
    /// 1.5 · 2^(digits − 1).
    pub(super) magic: f64,
    /// ln 2, rounded.
    pub(super) ln2_high: f64,
    /// What the rounding of ln 2 left.
    pub(super) ln2_low: f64,
    /// Below it the result rounds to zero.
    lowest: f64,
    /// Above it the result is infinite.
    highest: f64,
    /// Bits of the fraction.
    pub(super) fraction: u32,
    /// q(r) = ½ + …
    coefficients: &'static [f64],
}

static REDUCTION_F32: Reduction = Reduction {
    magic: 12_582_912.0,
    ln2_high: 0.693_147_182_464_599_6,
    ln2_low: -1.904_654_3e-9,
    lowest: -104.0,
    highest: 89.0,
    fraction: 23,
    // Relative error 2⁻²⁸.
    coefficients: &[0.5, 0.16666533052921295, 0.04166720435023308, 0.008367571048438549, 0.001386667019687593],
};

static REDUCTION_F64: Reduction = Reduction {
    magic: 6_755_399_441_055_744.0,
    ln2_high: std::f64::consts::LN_2,
    ln2_low: 2.319_046_813_846_299_6e-17,
    lowest: -746.0,
    highest: 710.0,
    fraction: 52,
    // Relative error 2⁻⁵⁷.
    coefficients: &[
        0.5,
        0.16666666666666433,
        0.04166666666660362,
        0.008333333333500418,
        0.0013888888926938436,
        0.00019841269465510367,
        2.4801508497038278e-05,
        2.7557641377756223e-06,
        2.7625263529519864e-07,
        2.4978269068443227e-08,
    ],
};

/// The constants of a precision.
pub(super) fn reduction(precision: Precision) -> &'static Reduction {
    match precision {
        Precision::F32 => &REDUCTION_F32,
        Precision::F64 => &REDUCTION_F64,
    }
}

/// eˣ. At most 1.1 ulp in f32 and in f64, denormal results included; 0 and infinity where the result leaves the
/// range, NaN of NaN.
pub fn exp<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let x = limited(a, x);
    exp_of_sum(a, x, None)
}

/// `x`, where it is past the range of `exp`, replaced by the end of that range; NaN stays.
pub(super) fn limited<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let constants = reduction(a.precision());
    let (lowest, highest) = (a.real(constants.lowest), a.real(constants.highest));
    let low = a.lt(x, lowest);
    let x = a.select(low, lowest, x);
    let high = a.lt(highest, x);
    a.select(high, highest, x)
}

/// e^(x + rest) for a `rest` far smaller than `x` and an `x` within the limits.
pub(super) fn exp_of_sum<A: Arith>(a: &mut A, x: A::Real, rest: Option<A::Real>) -> A::Real {
    let constants = reduction(a.precision());
    let (whole, mut remainder) = reduce(a, x, constants);
    if let Some(rest) = rest {
        remainder = a.add(remainder, rest);
    }
    let quadratic = polynomial(a, remainder, constants.coefficients);
    let square = a.mul(remainder, remainder);
    let beyond_one = a.fma(square, quadratic, remainder);
    let one = a.real(1.0);
    let power = a.add(one, beyond_one);
    // 2ᵏ in two factors: k itself may be outside the exponents of normal floats. Only the second product rounds.
    let half = a.int_shr(whole, 1);
    let other_half = a.int_sub(whole, half);
    let scaled = times_power_of_two(a, power, half, constants.fraction);
    times_power_of_two(a, scaled, other_half, constants.fraction)
}

/// The bits of `magic + k`, and x − k·ln 2, where k is the whole number nearest to x / ln 2.
pub(super) fn reduce<A: Arith>(a: &mut A, x: A::Real, constants: &Reduction) -> (A::Int, A::Real) {
    let (magic, per_ln2) = (a.real(constants.magic), a.real(std::f64::consts::LOG2_E));
    let shifted = a.fma(x, per_ln2, magic);
    let whole = a.sub(shifted, magic);
    let (high, low) = (a.real(-constants.ln2_high), a.real(-constants.ln2_low));
    let remainder = a.fma(whole, high, x);
    let remainder = a.fma(whole, low, remainder);
    (a.bits(shifted), remainder)
}

/// x · 2ᵏ, where k stands in the low bits of `whole`, and 2ᵏ is a normal float.
fn times_power_of_two<A: Arith>(a: &mut A, x: A::Real, whole: A::Int, fraction: u32) -> A::Real {
    let exponent = a.int_shl(whole, fraction);
    let one = a.real(1.0);
    let one = a.bits(one);
    let factor = a.int_add(one, exponent);
    let factor = a.real_from_bits(factor);
    a.mul(x, factor)
}
