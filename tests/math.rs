//! The room `math`: how near its functions are to the truth, what they do at the edges, that all carriers agree to the bit,
//! and that its random numbers are those of the published generator.
#![allow(clippy::disallowed_methods, reason = "the functions of std are the reference here")]

mod accuracy;
mod carriers;
mod edges;
mod random;

use neurula::math::{Arith, F32, F64, Function};

/// A float that can be judged.
trait Real: Copy + std::fmt::LowerExp + PartialOrd {
    /// Its bits, all NaNs alike.
    fn canonical(self) -> u64;
}

impl Real for f32 {
    fn canonical(self) -> u64 {
        if self.is_nan() { u64::from(f32::NAN.to_bits()) } else { u64::from(self.to_bits()) }
    }
}

impl Real for f64 {
    fn canonical(self) -> u64 {
        if self.is_nan() { f64::NAN.to_bits() } else { self.to_bits() }
    }
}

fn apply32(function: Function, args: &[f32]) -> f32 {
    function.apply(&mut F32, args)
}

fn apply64(function: Function, args: &[f64]) -> f64 {
    function.apply(&mut F64, args)
}

/// The exponent of the last place of an f32 (`digits` 24) or f64 (53) at `x`.
fn last_place(x: f64, digits: i32) -> i32 {
    let smallest = if digits == 24 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    (x.abs().max(smallest).to_bits() >> 52) as i32 - 1023 - (digits - 1)
}

/// 2 to that power, also where the result is denormal.
fn power_of_two(exponent: i32) -> f64 {
    2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2)
}

/// By how many last places an f32 misses the exact result (which an f64 holds well enough).
fn missed_by(got: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if got.canonical() == nearest.canonical() && (nearest.is_nan() || nearest.is_infinite()) {
        return 0.0;
    }
    let overflow = power_of_two(128);
    let got = if got.is_infinite() { overflow.copysign(f64::from(got)) } else { f64::from(got) };
    let missed = (got - exact).abs() / power_of_two(last_place(exact, 24).min(104));
    if missed.is_nan() { f64::INFINITY } else { missed }
}

#[test]
fn functions_have_names_of_their_own() {
    for &function in Function::ALL {
        assert_eq!(Function::from_name(function.name()), Some(function));
        assert!((1..=2).contains(&function.arity()));
    }
    assert_eq!(Function::from_name("tangent"), None);
    assert_eq!(Function::ALL.len(), 21);
}

#[test]
fn a_function_is_what_its_name_says() {
    let two = |function: Function| function.apply(&mut F64, &[8.0, -3.0]);
    let results: Vec<f64> = Function::ALL.iter().filter(|f| f.arity() == 2).map(|&f| two(f)).collect();
    // add subtract multiply divide pow modulo maximum minimum
    assert_eq!(results, [5.0, 11.0, -24.0, 8.0 / -3.0, 1.0 / 512.0, -1.0, 8.0, -3.0]);
    let one = |function: Function| (function.apply(&mut F64, &[0.75]) * 1e6).round() / 1e6;
    let results: Vec<f64> = Function::ALL.iter().filter(|f| f.arity() == 1).map(|&f| one(f)).collect();
    // negate abs sqrt exp log tanh sin cos floor ceil round sign normal_quantile
    assert_eq!(
        results,
        [-0.75, 0.75, 0.866_025, 2.117, -0.287_682, 0.635_149, 0.681_639, 0.731_689, 0.0, 1.0, 1.0, 1.0, 0.674_490]
    );
}

#[test]
fn the_smallest_operations_are_those_of_the_trait() {
    let mut a = F32;
    // Fused: the product's rounding would lose the difference.
    let x = 1.0 + f32::EPSILON;
    assert_eq!(a.fma(x, x, -(x * x)), f32::EPSILON * f32::EPSILON);
    let minus_one = a.int(-1);
    assert_eq!(a.int_shr(minus_one, 31), 1);
    let (bits, most) = (a.bits(1.0), a.int(i64::from(i32::MAX)));
    assert_eq!(bits, 0x3f80_0000);
    assert_eq!(a.int_add(most, 1), i32::MIN);
    assert_eq!(a.real(0.1), 0.1_f32);
    assert_eq!(F64.int(1 << 40), 1 << 40);
    assert!(!a.eq(f32::NAN, f32::NAN) && !a.lt(f32::NAN, 0.0) && !a.le(0.0, f32::NAN));
}
