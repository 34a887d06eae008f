//! Measured errors against the stated bounds, in units of the last place.

use super::{apply32, apply64, last_place, missed_by, power_of_two};
use neurula::math::{F32, Function, Stream, pow};
use std::collections::BTreeMap;

/// What the documentation of each function promises, f32 and f64 alike.
const BOUNDS: [(Function, f64); 7] = [
    (Function::Exp, 1.1),
    (Function::Log, 1.0),
    (Function::Tanh, 2.5),
    (Function::Sin, 1.5),
    (Function::Cos, 1.5),
    (Function::Pow, 1.5),
    (Function::NormalQuantile, 6.0),
];

fn bound(function: Function) -> f64 {
    BOUNDS.iter().find(|(f, _)| *f == function).unwrap().1
}

/// Every `stride`-th bit pattern of f32.
fn patterns(stride: usize) -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(stride).map(f32::from_bits)
}

/// The greatest error over a sweep of f32, where `within` holds, must not pass the bound, and be no daydream either.
fn sweep(function: Function, stride: usize, within: impl Fn(f32) -> bool, exact: impl Fn(f64) -> f64) {
    let mut worst = (0.0, 0.0_f32);
    for x in patterns(stride).filter(|&x| within(x)) {
        let missed = missed_by(apply32(function, &[x]), exact(f64::from(x)));
        if missed > worst.0 {
            worst = (missed, x);
        }
    }
    assert!(worst.0 <= bound(function), "{function} misses by {} ulp at {:e}", worst.0, worst.1);
    assert!(worst.0 > 0.5, "{function} was not swept");
}

#[test]
fn exp_in_f32_is_within_its_bound() {
    sweep(Function::Exp, 257, |_| true, f64::exp);
}

#[test]
fn log_in_f32_is_within_its_bound() {
    sweep(Function::Log, 257, |_| true, f64::ln);
}

#[test]
fn tanh_in_f32_is_within_its_bound_and_never_past_one() {
    sweep(Function::Tanh, 257, |_| true, f64::tanh);
    assert!(patterns(257).all(|x| apply32(Function::Tanh, &[x]).abs() <= 1.0 || x.is_nan()));
}

#[test]
fn sine_and_cosine_in_f32_are_within_their_bounds() {
    let within = |x: f32| x.abs() < 4_194_304.0;
    sweep(Function::Sin, 257, within, f64::sin);
    sweep(Function::Cos, 257, within, f64::cos);
    // Next to the zeros, where the reduction is hardest.
    for turn in (1..2_670_000_u32).step_by(37) {
        let angle = (f64::from(turn) * std::f64::consts::FRAC_PI_2) as f32;
        for x in [f32::from_bits(angle.to_bits() - 1), angle, f32::from_bits(angle.to_bits() + 1)] {
            let exact = f64::from(x);
            let (sine, cosine) = (apply32(Function::Sin, &[x]), apply32(Function::Cos, &[-x]));
            assert!(missed_by(sine, exact.sin()) <= 1.5 && missed_by(cosine, exact.cos()) <= 1.5, "at {x:e}");
            assert!(sine.abs() <= 1.0 && cosine.abs() <= 1.0);
        }
    }
}

#[test]
fn normal_quantile_in_f32_is_within_its_bound() {
    let exact = |u| apply64(Function::NormalQuantile, &[u]);
    sweep(Function::NormalQuantile, 1021, |u| (0.0..1.0).contains(&u), exact);
}

#[test]
fn pow_in_f32_is_within_its_bound() {
    let stream = Stream::new(0, "pow");
    let mut worst = (0.0, 0.0, 0.0);
    for i in 0..600_000 {
        let (u, v) = (stream.uniform_f32(2 * i), stream.uniform_f32(2 * i + 1) - 0.5);
        let any = f32::from_bits(stream.word(2 * i) & 0x7fff_ffff);
        // Any magnitude, ordinary ones, near one to a high power, and results near both ends of the range.
        let (x, y) = match i % 4 {
            0 => (any, 4.0 * v),
            1 => (4.0 * u, 200.0 * v),
            2 => (1.0 + 0.01 * (u - 0.5), 40_000.0 * v),
            _ => (any, (90.0 + 15.0 * u) / any.ln()),
        };
        let missed = missed_by(pow(&mut F32, x, y), f64::from(x).powf(f64::from(y)));
        if missed > worst.0 {
            worst = (missed, x, y);
        }
    }
    assert!(worst.0 <= bound(Function::Pow), "pow misses by {} ulp at {:e}, {:e}", worst.0, worst.1, worst.2);
}

#[test]
fn f64_is_within_its_bounds_at_reference_values() {
    let mut rows: BTreeMap<Function, usize> = BTreeMap::new();
    for line in include_str!("reference.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let function = words.next().and_then(Function::from_name).unwrap();
        let values: Vec<f64> = words.map(|bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap())).collect();
        let [args @ .., exact, rest] = values.as_slice() else { panic!("{line}") };
        let place = last_place(*exact, 53);
        // Scaled in two steps, so that neither the largest nor the smallest results leave the range.
        let (half, other) = (power_of_two(-(place / 2)), power_of_two(-(place - place / 2)));
        let missed = ((apply64(function, args) - exact) * half * other - rest * half * other).abs();
        assert!(missed <= bound(function), "{function} misses by {missed} ulp: {line}");
        *rows.entry(function).or_default() += 1;
    }
    assert!(BOUNDS.iter().all(|(function, _)| rows[function] >= 200), "{rows:?}");
}

/// The reference values are few; std's functions (below one ulp themselves) are many.
#[test]
fn f64_is_near_std_everywhere() {
    let stream = Stream::new(0, "f64");
    let near = |got: f64, std: f64, bound: f64, what: &str| {
        let place = last_place(std, 53);
        let missed = (got - std).abs() * power_of_two(-(place / 2)) * power_of_two(-(place - place / 2));
        assert!(got == std || missed <= bound + 1.0, "{what}: {got:e}, {std:e}");
    };
    for i in 0..200_000 {
        let (u, any) = (stream.uniform(2 * i), f64::from_bits(stream.uniform(2 * i + 1).to_bits() ^ (i % 2) << 63));
        let any = any * power_of_two((i % 120) as i32 - 80);
        let wide = 1500.0 * u - 770.0;
        near(apply64(Function::Exp, &[wide]), wide.exp(), 1.1, &format!("exp {wide:e}"));
        near(apply64(Function::Tanh, &[wide / 30.0]), (wide / 30.0).tanh(), 2.5, &format!("tanh {:e}", wide / 30.0));
        near(apply64(Function::Tanh, &[any]), any.tanh(), 2.5, &format!("tanh {any:e}"));
        near(apply64(Function::Sin, &[any]), any.sin(), 1.5, &format!("sin {any:e}"));
        near(apply64(Function::Cos, &[any]), any.cos(), 1.5, &format!("cos {any:e}"));
        near(apply64(Function::Log, &[any.abs()]), any.abs().ln(), 1.0, &format!("log {any:e}"));
        near(apply64(Function::Log, &[2.0 * u]), (2.0 * u).ln(), 1.0, &format!("log {:e}", 2.0 * u));
        let (base, exponent) = (1e3 * u, any.clamp(-100.0, 100.0));
        near(
            apply64(Function::Pow, &[base, exponent]),
            base.powf(exponent),
            1.5,
            &format!("pow {base:e} {exponent:e}"),
        );
    }
}

#[test]
fn rounding_is_exact() {
    let halves = (-2000..2000).map(|n| n as f32 * 0.25);
    for x in patterns(1021).chain(halves).filter(|x| !x.is_nan()) {
        // The same in f64, with digits after the last that f32 has.
        let y = f64::from(x) * (1.0 + f64::EPSILON);
        let std32 = [x.floor(), x.ceil(), x.round_ties_even()];
        let std64 = [y.floor(), y.ceil(), y.round_ties_even()];
        for (place, function) in [Function::Floor, Function::Ceil, Function::Round].into_iter().enumerate() {
            assert_eq!(apply32(function, &[x]).to_bits(), std32[place].to_bits(), "{function} {x:e}");
            assert_eq!(apply64(function, &[y]).to_bits(), std64[place].to_bits(), "{function} {y:e}");
        }
    }
}

#[test]
fn modulo_is_the_correctly_rounded_remainder() {
    let stream = Stream::new(0, "modulo");
    let mut wrapped = 0;
    for i in 0..400_000 {
        let y = f32::from_bits(stream.word(2 * i));
        let ratio = f64::from(stream.normal_f32(2 * i + 1)) * power_of_two((i % 50) as i32 - 6);
        let x = (f64::from(y) * ratio) as f32;
        if !(x.is_finite() && y.is_finite()) || y == 0.0 || (f64::from(x) / f64::from(y)).abs() >= power_of_two(46) {
            continue;
        }
        // `%` of Rust is exact; one addition moves it to the divisor's side.
        let rest = x % y;
        let expected = if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest };
        assert_eq!(apply32(Function::Modulo, &[x, y]), expected, "{x:e} mod {y:e}");
        wrapped += usize::from(expected != rest);
        let (x, y) = (f64::from(x) * 3.0, f64::from(y));
        let rest = x % y;
        let expected = if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest };
        assert_eq!(apply64(Function::Modulo, &[x, y]), expected, "{x:e} mod {y:e}");
    }
    assert!(wrapped > 100_000);
}
