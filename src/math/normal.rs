//! The quantile function of the standard normal distribution, which makes a normal draw out of one uniform draw.
//!
//! With q = u − ½: near the middle q times a ratio of polynomials in q², elsewhere, with p the smaller of u and 1 − u, a
//! ratio of polynomials in √(−log p). One division serves both. The polynomials' variables are moved so that nearly all
//! coefficients are positive. They minimise the greatest relative error (found as those of `tanh`); the quantiles behind them were
//! computed in 40 digits by Newton's method on the complementary error function.

use super::compare::with_sign_of;
use super::polynomial::polynomial;
use super::{Arith, Precision, log};

/// A ratio of two polynomials.
struct Ratio {
    numerator: &'static [f64],
    denominator: &'static [f64],
}

/// Up to this distance from ½ the middle ratio holds.
const MIDDLE: f64 = 0.425;
/// The middle's variable is this minus q².
const MIDDLE_ORIGIN: f64 = 0.1806640625;
/// The tail's variable is √(−log p) minus this.
const TAIL_ORIGIN: f64 = 1.625;

static MIDDLE_F32: Ratio = Ratio {
    numerator: &[3.387530565261841, 57.58794021606445, 233.94020080566406, 157.32763671875, -22.322845458984375],
    denominator: &[1.0, 20.006591796875, 107.13404083251953, 135.26040649414062],
};
static TAIL_F32: Ratio = Ratio {
    numerator: &[1.4660547971725464, 3.1649529933929443, 2.002669095993042, 0.4575241208076477, 0.030689937993884087],
    denominator: &[1.0, 0.9980899691581726, 0.28866297006607056, 0.02169603481888771],
};
static MIDDLE_F64: Ratio = Ratio {
    numerator: &[
        3.387530612056201,
        142.5028161941726,
        2301.8602980754417,
        17978.64300592462,
        70317.82585167036,
        128997.41222630757,
        91180.95630860052,
        13489.311912700794,
        -578.1069585328626,
    ],
    denominator: &[
        1.0,
        45.073500250179144,
        792.9492552458455,
        6904.803908359409,
        31197.647025218834,
        70144.122138442,
        68307.02338777536,
        20094.00953243078,
    ],
};
static TAIL_F64: Ratio = Ratio {
    numerator: &[
        1.4660547737013725,
        5.04366861188097,
        6.955589920196252,
        5.170741644993008,
        2.31937815209388,
        0.6577323220616343,
        0.11858380204146823,
        0.013197069256683453,
        0.0008508717042914754,
        2.8693543857496223e-05,
        4.2758477306166386e-07,
        1.96649025821135e-09,
    ],
    denominator: &[
        1.0,
        2.2795670673236774,
        2.1796118800598663,
        1.145697910871372,
        0.36337546569591783,
        0.0712716280151581,
        0.008453277498991208,
        0.0005703574117985475,
        1.9806960817085216e-05,
        3.000902586570243e-07,
        1.3905167865227044e-09,
    ],
};

/// The z below which a standard normal lies with probability `u`. At most 6 ulp in f32 and in f64; −∞ at 0, ∞ at 1,
/// NaN outside [0, 1] and of NaN.
pub fn normal_quantile<A: Arith>(a: &mut A, u: A::Real) -> A::Real {
    let (middle, tail) = match a.precision() {
        Precision::F32 => (&MIDDLE_F32, &TAIL_F32),
        Precision::F64 => (&MIDDLE_F64, &TAIL_F64),
    };
    let (half, one) = (a.real(0.5), a.real(1.0));
    let from_half = a.sub(u, half);
    let opposite = a.sub(one, u);
    let lower = a.lt(u, half);
    let smaller = a.select(lower, u, opposite);

    let origin = a.real(MIDDLE_ORIGIN);
    let minus = a.neg(from_half);
    let near = a.fma(minus, from_half, origin);
    let logarithm = log(a, smaller);
    let depth = a.neg(logarithm);
    let depth = a.sqrt(depth);
    let origin = a.real(TAIL_ORIGIN);
    let far = a.sub(depth, origin);

    let numerator = polynomial(a, near, middle.numerator);
    let numerator = a.mul(numerator, from_half);
    let denominator = polynomial(a, near, middle.denominator);
    let tail_numerator = polynomial(a, far, tail.numerator);
    let tail_numerator = with_sign_of(a, tail_numerator, from_half);
    let tail_denominator = polynomial(a, far, tail.denominator);

    let (distance, limit) = (a.abs(from_half), a.real(MIDDLE));
    let is_near = a.le(distance, limit);
    let numerator = a.select(is_near, numerator, tail_numerator);
    let denominator = a.select(is_near, denominator, tail_denominator);
    let quantile = a.div(numerator, denominator);
    // At 0 and 1 the ratio is infinity over infinity.
    let (zero, infinity) = (a.real(0.0), a.real(f64::INFINITY));
    let infinite = with_sign_of(a, infinity, from_half);
    let at_end = a.eq(smaller, zero);
    a.select(at_end, infinite, quantile)
}
