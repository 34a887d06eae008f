//! Sine and cosine.
//!
//! |x| = k·π/2 + r with a whole k and |r| ≤ π/4 (0.92 for the largest angles of f32), π/2 held in three floats. Taking off k times the first is
//! exact, what taking off the second loses is computed and joins the third, so r is right to its last digit even next to
//! a zero of the sine.
//! Then k chooses one of two polynomials and a sign. Their coefficients were found as those of `exp`.

use super::compare::sign_bit;
use super::polynomial::polynomial;
use super::{Arith, Precision};

struct Circle {
    magic: f64,
    /// π/2 in three parts.
    quarter: [f64; 3],
    /// From here on angles have no result.
    limit: f64,
    /// sin r = r + r³·p(r²).
    sine: &'static [f64],
    /// cos r = 1 − r²/2 + r⁴·p(r²).
    cosine: &'static [f64],
}

static CIRCLE_F32: Circle = Circle {
    magic: 12_582_912.0,
    quarter: [1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15],
    limit: 4_194_304.0,
    sine: &[-0.1666666716337204, 0.008333364501595497, -0.00019845979113597423, 2.7554679036256857e-06],
    cosine: &[0.04166661575436592, -0.0013886038213968277, 2.4305070837726817e-05],
};

static CIRCLE_F64: Circle = Circle {
    magic: 6_755_399_441_055_744.0,
    quarter: [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33],
    limit: 1_099_511_627_776.0,
    sine: &[
        -0.16666666666666632,
        0.00833333333332246,
        -0.00019841269829818858,
        2.755731368958887e-06,
        -2.5050757031713234e-08,
        1.5896699924107468e-10,
    ],
    cosine: &[
        0.0416666666666666,
        -0.001388888888887445,
        2.4801587289644493e-05,
        -2.7557314390258464e-07,
        2.0875727469019775e-09,
        -1.1359824518983146e-11,
    ],
};

fn circle(precision: Precision) -> &'static Circle {
    match precision {
        Precision::F32 => &CIRCLE_F32,
        Precision::F64 => &CIRCLE_F64,
    }
}

/// sin x. At most 1.5 ulp for |x| < 2²² in f32 and < 2⁴⁰ in f64; NaN for larger angles (where neighbouring floats lie half
/// a radian apart in f32), for infinities and NaN. Zeros keep their sign, denormals are exact.
pub fn sin<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let sign = sign_bit(a, x);
    turned(a, x, 0, sign)
}

/// cos x. Bounds and domain are those of [`sin`].
pub fn cos<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let positive = a.int(0);
    turned(a, x, 1, positive)
}

/// The sine of |x| + `quarters`·π/2, its sign flipped by `sign`.
fn turned<A: Arith>(a: &mut A, x: A::Real, quarters: i64, sign: A::Int) -> A::Real {
    let constants = circle(a.precision());
    let magnitude = a.abs(x);
    let (whole, angle) = quarter_turns(a, magnitude, constants);
    let quarters = a.int(quarters);
    let whole = a.int_add(whole, quarters);

    let square = a.mul(angle, angle);
    let tail = polynomial(a, square, constants.sine);
    let cube = a.mul(square, angle);
    let sine = a.fma(cube, tail, angle);
    let tail = polynomial(a, square, constants.cosine);
    let (one, minus_half) = (a.real(1.0), a.real(-0.5));
    let tail = a.fma(square, tail, minus_half);
    let cosine = a.fma(square, tail, one);

    // The last bit of k says which of the two, the one before it the sign; both are looked at as sign bits.
    let last = match a.precision() {
        Precision::F32 => 31,
        Precision::F64 => 63,
    };
    let odd = a.int_shl(whole, last);
    let one = a.bits(one);
    let odd = a.int_or(odd, one);
    let (odd, zero) = (a.real_from_bits(odd), a.real(0.0));
    let odd = a.lt(odd, zero);
    let value = a.select(odd, cosine, sine);
    let second = a.int_shr(whole, 1);
    let second = a.int_shl(second, last);
    let sign = a.int_xor(sign, second);
    let bits = a.bits(value);
    let bits = a.int_xor(bits, sign);
    let value = a.real_from_bits(bits);
    let (limit, nan) = (a.real(constants.limit), a.real(f64::NAN));
    let known = a.lt(magnitude, limit);
    a.select(known, value, nan)
}

/// The bits of `magic + k`, and x − k·π/2, where k is the whole number nearest to x / (π/2).
fn quarter_turns<A: Arith>(a: &mut A, x: A::Real, constants: &Circle) -> (A::Int, A::Real) {
    let (magic, per_quarter) = (a.real(constants.magic), a.real(std::f64::consts::FRAC_2_PI));
    let shifted = a.fma(x, per_quarter, magic);
    let whole = a.sub(shifted, magic);
    let [first, second, third] = constants.quarter.map(|part| a.real(-part));
    let coarse = a.fma(whole, first, x);
    let product = a.mul(whole, second);
    let opposite = a.neg(product);
    let product_rest = a.fma(whole, second, opposite);
    let fine = a.add(coarse, product);
    let taken = a.sub(fine, coarse);
    let fine_rest = a.sub(product, taken);
    let rest = a.add(fine_rest, product_rest);
    let rest = a.fma(whole, third, rest);
    (a.bits(shifted), a.add(fine, rest))
}
