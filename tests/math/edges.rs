//! Zeros, infinities, NaN, denormals and the ends of the range.

use super::{Real, apply32, apply64};
use neurula::math::Function::{self, *};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const TINY: f64 = 5e-324;
const TINY32: f64 = 1.401298464324817e-45;

/// Function, argument, result; the same in f32 and in f64.
const BOTH: &[(Function, f64, f64)] = &[
    (Exp, -INF, 0.0),
    (Exp, INF, INF),
    (Exp, NAN, NAN),
    (Exp, 0.0, 1.0),
    (Exp, -0.0, 1.0),
    (Exp, 1000.0, INF),
    (Exp, -1000.0, 0.0),
    (Exp, TINY, 1.0),
    (Exp, 1e30, INF),
    (Exp, -1e30, 0.0),
    (Log, 0.0, -INF),
    (Log, -0.0, -INF),
    (Log, 1.0, 0.0),
    (Log, INF, INF),
    (Log, -INF, NAN),
    (Log, -1.0, NAN),
    (Log, -1e-30, NAN),
    (Log, NAN, NAN),
    (Tanh, 0.0, 0.0),
    (Tanh, -0.0, -0.0),
    (Tanh, INF, 1.0),
    (Tanh, -INF, -1.0),
    (Tanh, NAN, NAN),
    (Tanh, 1e30, 1.0),
    (Tanh, -30.0, -1.0),
    (Tanh, TINY32, TINY32),
    (Tanh, -TINY32, -TINY32),
    (Sqrt, 0.0, 0.0),
    (Sqrt, -0.0, -0.0),
    (Sqrt, -1.0, NAN),
    (Sqrt, INF, INF),
    (Sqrt, 2.25, 1.5),
    (Sin, 0.0, 0.0),
    (Sin, -0.0, -0.0),
    (Sin, INF, NAN),
    (Sin, -INF, NAN),
    (Sin, NAN, NAN),
    (Sin, 1e30, NAN),
    (Sin, TINY32, TINY32),
    (Sin, -TINY32, -TINY32),
    (Cos, 0.0, 1.0),
    (Cos, -0.0, 1.0),
    (Cos, INF, NAN),
    (Cos, NAN, NAN),
    (Cos, 1e30, NAN),
    (Cos, TINY32, 1.0),
    (Floor, -0.0, -0.0),
    (Floor, 0.5, 0.0),
    (Floor, -0.5, -1.0),
    (Floor, INF, INF),
    (Floor, -INF, -INF),
    (Floor, NAN, NAN),
    (Floor, 8_388_607.5, 8_388_607.0),
    (Floor, -8_388_608.0, -8_388_608.0),
    (Ceil, -0.5, -0.0),
    (Ceil, 0.0, 0.0),
    (Ceil, TINY32, 1.0),
    (Ceil, NAN, NAN),
    (Ceil, -INF, -INF),
    (Round, 0.5, 0.0),
    (Round, 1.5, 2.0),
    (Round, 2.5, 2.0),
    (Round, -0.5, -0.0),
    (Round, -3.5, -4.0),
    (Round, NAN, NAN),
    (Round, -INF, -INF),
    (Sign, 3.0, 1.0),
    (Sign, -TINY32, -1.0),
    (Sign, 0.0, 0.0),
    (Sign, -0.0, -0.0),
    (Sign, NAN, NAN),
    (Sign, -INF, -1.0),
    (Abs, -0.0, 0.0),
    (Abs, -INF, INF),
    (Negate, 0.0, -0.0),
    (NormalQuantile, 0.0, -INF),
    (NormalQuantile, -0.0, -INF),
    (NormalQuantile, 1.0, INF),
    (NormalQuantile, 0.5, 0.0),
    (NormalQuantile, -0.1, NAN),
    (NormalQuantile, 1.5, NAN),
    (NormalQuantile, NAN, NAN),
    (NormalQuantile, INF, NAN),
    (NormalQuantile, -INF, NAN),
    (NormalQuantile, -TINY32, NAN),
];

#[test]
fn one_argument() {
    for &(function, x, expected) in BOTH {
        let got = apply64(function, &[x]);
        assert_eq!(got.canonical(), expected.canonical(), "{function}({x:e}) in f64 is {got:e}");
        let got = apply32(function, &[x as f32]);
        assert_eq!(got.canonical(), (expected as f32).canonical(), "{function}({x:e}) in f32 is {got:e}");
    }
}

/// Maximum, minimum and modulo; powers have a test of their own.
const TWO: &[(Function, f64, f64, f64)] = &[
    (Maximum, 1.0, 2.0, 2.0),
    (Maximum, 2.0, 1.0, 2.0),
    (Maximum, NAN, 1.0, NAN),
    (Maximum, 1.0, NAN, NAN),
    (Maximum, NAN, NAN, NAN),
    (Maximum, 0.0, -0.0, 0.0),
    (Maximum, -0.0, 0.0, -0.0),
    (Maximum, -INF, NAN, NAN),
    (Maximum, INF, 0.0, INF),
    (Minimum, 1.0, 2.0, 1.0),
    (Minimum, 2.0, 1.0, 1.0),
    (Minimum, NAN, 1.0, NAN),
    (Minimum, 1.0, NAN, NAN),
    (Minimum, 0.0, -0.0, 0.0),
    (Minimum, -0.0, 0.0, -0.0),
    (Minimum, NAN, -INF, NAN),
    (Minimum, -INF, 0.0, -INF),
    (Modulo, -1.0, 3.0, 2.0),
    (Modulo, 1.0, -3.0, -2.0),
    (Modulo, 7.0, 3.0, 1.0),
    (Modulo, -7.0, -3.0, -1.0),
    (Modulo, 6.0, 3.0, 0.0),
    (Modulo, -6.0, 3.0, 0.0),
    (Modulo, 6.0, -3.0, 0.0),
    (Modulo, -0.0, 3.0, 0.0),
    (Modulo, 5.5, 2.0, 1.5),
    (Modulo, -1e-30, 3.0, 3.0),
    (Modulo, 1.0, 0.0, NAN),
    (Modulo, 0.0, 0.0, NAN),
    (Modulo, INF, 3.0, NAN),
    (Modulo, 3.0, INF, NAN),
    (Modulo, NAN, 3.0, NAN),
    (Modulo, 3.0, NAN, NAN),
    (Modulo, 1e12, 24.0, 16.0),
    (Modulo, 1e30, 1e-30, NAN),
];

#[test]
fn two_arguments() {
    for &(function, x, y, expected) in TWO {
        let got = apply64(function, &[x, y]);
        assert_eq!(got.canonical(), expected.canonical(), "{function}({x:e}, {y:e}) in f64 is {got:e}");
        let (x, y) = (x as f32, y as f32);
        let expected = if x == 1e12 { x.rem_euclid(y) } else { expected as f32 };
        let got = apply32(function, &[x, y]);
        assert_eq!(got.canonical(), expected.canonical(), "{function}({x:e}, {y:e}) in f32 is {got:e}");
    }
}

#[test]
fn denormals_and_the_ends_of_the_range() {
    // The largest and smallest arguments with a finite, a normal and a nonzero result, and their neighbours.
    let ends32 = [88.72283, 88.722_84, -87.33654, -87.33655, -87.4, -90.0, -100.0, -103.0, -103.2789, -103.97, -103.98];
    for x in ends32 {
        let (got, exact) = (apply32(Exp, &[x]), f64::from(x).exp());
        assert!(super::missed_by(got, exact) <= 1.1, "exp({x:e}) = {got:e}, not {exact:e}");
    }
    assert_eq!(apply32(Exp, &[88.722_84]), f32::INFINITY);
    assert!(apply32(Exp, &[88.722_83]).is_finite());
    assert_eq!(apply32(Exp, &[-103.97]), f32::from_bits(1));
    assert_eq!(apply32(Exp, &[-103.98]), 0.0);
    assert!(apply64(Exp, &[709.782_712_893_384]).is_finite());
    assert_eq!(apply64(Exp, &[709.782_712_893_385]), INF);
    assert_eq!(apply64(Exp, &[-745.133_219_101_941]), TINY);
    assert_eq!(apply64(Exp, &[-745.133_219_101_942]), 0.0);

    for bits in [1, 2, 3, 1000, 0x007f_ffff, 0x0080_0000, 0x0080_0001] {
        let x = f32::from_bits(bits);
        assert!(super::missed_by(apply32(Log, &[x]), f64::from(x).ln()) <= 1.0, "log({x:e})");
        assert_eq!(apply32(Tanh, &[x]), x);
        assert_eq!(apply32(Sin, &[-x]), -x);
        let x = f64::from_bits(u64::from(bits));
        assert_eq!(apply64(Log, &[x]), x.ln());
        assert_eq!(apply64(Tanh, &[-x]), -x);
        assert_eq!(apply64(Sin, &[x]), x);
    }
    assert_eq!(apply64(Log, &[f64::MAX]), f64::MAX.ln());
    assert_eq!(apply32(Log, &[f32::MAX]), 88.722_84);
}

/// All pairs of peculiar numbers: where std's result is special ours is the same, to the sign of a zero.
#[test]
fn powers_of_peculiar_numbers() {
    let peculiar = [
        0.0,
        1.0,
        2.0,
        3.0,
        0.5,
        1.5,
        0.999_999_9,
        1.000_000_1,
        1e-3,
        16_777_215.0,
        16_777_216.0,
        4e9,
        1e30,
        1e-30,
        1e-42,
        1e-310,
        1e300,
        9_007_199_254_740_991.0,
        INF,
        NAN,
    ];
    let all: Vec<f64> = peculiar.iter().flat_map(|&x| [x, -x]).collect();
    for &x in &all {
        for &y in &all {
            let (got, expected) = (apply64(Pow, &[x, y]), x.powf(y));
            let near = (got / expected - 1.0).abs() <= 3.0 * f64::EPSILON;
            assert!(near || got.canonical() == expected.canonical(), "pow({x:e}, {y:e}) is {got:e}, not {expected:e}");
            let (x, y) = (x as f32, y as f32);
            let (got, expected) = (apply32(Pow, &[x, y]), x.powf(y));
            let near = (got / expected - 1.0).abs() <= 3.0 * f32::EPSILON;
            assert!(near || got.canonical() == expected.canonical(), "pow({x:e}, {y:e}) is {got:e}, not {expected:e}");
        }
    }
}

#[test]
fn whole_squares_and_roots() {
    for n in 0..2000 {
        let x = f64::from(n) - 1000.0;
        assert_eq!(apply64(Pow, &[x, 2.0]), x * x);
        assert_eq!(apply32(Pow, &[x as f32, 2.0]), (x * x) as f32);
        assert_eq!(apply32(Pow, &[x as f32, 1.0]), x as f32);
    }
}
