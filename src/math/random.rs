//! Random numbers without state: each is a function of a key and a counter.
//!
//! The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw, 2011): two 32-bit words of key and two of
//! counter give two words. It is written over [`Arith`], so that compiled code can draw in lanes; a *word* is an
//! integer of the carrier that holds a value below 2³², in 64-bit lanes too. [`Stream`](super::Stream) is the same for the host.
//!
//! | draw | from the two words w₀, w₁ of a block |
//! |---|---|
//! | uniform, f64 | the upper 53 bits of w₀w₁, times 2⁻⁵³ |
//! | uniform, f32 | the upper 24 bits of w₀, times 2⁻²⁴: the f64 draw rounded down |
//! | normal | sign: the upper bit of w₀; magnitude: the quantile of (m + ½)·2⁻⁵³ < ½, m being the 52 bits that follow |
//!
//! The probability behind a normal in f32 is the one in f64, rounded: the two draws differ by rounding alone, in the
//! tails too.

use super::compare::sign_bit;
use super::{Arith, Precision, normal_quantile};

/// Two words.
pub type Words<I> = [I; 2];

/// How far the second word is turned after it was added, by round.
const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];
/// What makes the third word of the key out of the other two.
const PARITY: i64 = 0x1bd1_1bda;

/// The block of two words at `counter` under `key`.
pub fn threefry<A: Arith>(a: &mut A, key: Words<A::Int>, counter: Words<A::Int>) -> Words<A::Int> {
    let parity = a.int(PARITY);
    let third = a.int_xor(key[0], key[1]);
    let third = a.int_xor(third, parity);
    let keys = [key[0], key[1], third];
    let mut x = [word_add(a, counter[0], keys[0]), word_add(a, counter[1], keys[1])];
    for round in 0..20_usize {
        x[0] = word_add(a, x[0], x[1]);
        let turned = word_rotate(a, x[1], ROTATIONS[round % 8]);
        x[1] = a.int_xor(turned, x[0]);
        if round % 4 == 3 {
            let injection = round / 4 + 1;
            x[0] = word_add(a, x[0], keys[injection % 3]);
            let number = a.int(injection as i64);
            let second = word_add(a, keys[(injection + 1) % 3], number);
            x[1] = word_add(a, x[1], second);
        }
    }
    x
}

/// The key of a numbered part (a step, an epoch, a sample) of what `key` stands for; `number` is its low and its high word,
/// below 2⁶³ as a whole.
pub fn subkey<A: Arith>(a: &mut A, key: Words<A::Int>, number: Words<A::Int>) -> Words<A::Int> {
    // Keys and draws come from different halves of the counters.
    let half = a.int(1 << 31);
    let half = word(a, half);
    let upper = a.int_xor(number[1], half);
    threefry(a, key, [number[0], upper])
}

/// A uniform draw from [0, 1).
pub fn uniform<A: Arith>(a: &mut A, key: Words<A::Int>, counter: Words<A::Int>) -> A::Real {
    let [upper, lower] = threefry(a, key, counter);
    match a.precision() {
        Precision::F32 => {
            // 24 bits in two halves, each placed under a power of two that keeps it exact.
            let (high, low) = (a.int_shr(upper, 20), a.int_shr(upper, 8));
            let mask = a.int(0xfff);
            let low = a.int_and(low, mask);
            let high = above(a, high, 12);
            let low = above(a, low, 0);
            let sum = a.add(high, low);
            let unit = a.real(1.0 / 16_777_216.0);
            a.mul(sum, unit)
        }
        Precision::F64 => {
            let (high, low) = (above(a, upper, 21), a.int_shr(lower, 11));
            let low = above(a, low, 0);
            let sum = a.add(high, low);
            let unit = a.real(1.0 / 9_007_199_254_740_992.0);
            a.mul(sum, unit)
        }
    }
}

/// A draw from the standard normal distribution.
pub fn normal<A: Arith>(a: &mut A, key: Words<A::Int>, counter: Words<A::Int>) -> A::Real {
    let [upper, lower] = threefry(a, key, counter);
    let mask = a.int(0x7fff_ffff);
    let magnitude = a.int_and(upper, mask);
    let lower = a.int_shr(lower, 11);
    let (half, unit) = (a.real(0.5), a.real(1.0 / 9_007_199_254_740_992.0));
    let probability = match a.precision() {
        Precision::F32 => {
            let mask = a.int(0xffff);
            let (high, middle) = (a.int_shr(magnitude, 16), a.int_and(magnitude, mask));
            let (high, middle) = (above(a, high, 37), above(a, middle, 21));
            let low = above(a, lower, 0);
            let low = a.add(low, half);
            let low = a.add(middle, low);
            a.add(high, low)
        }
        Precision::F64 => {
            let (high, low) = (above(a, magnitude, 21), above(a, lower, 0));
            let low = a.add(low, half);
            a.add(high, low)
        }
    };
    let probability = a.mul(probability, unit);
    let quantile = normal_quantile(a, probability);
    // The quantile of less than ½ is negative; the upper bit turns it round.
    let sign = match a.precision() {
        Precision::F32 => upper,
        Precision::F64 => a.int_shl(upper, 32),
    };
    let sign = a.real_from_bits(sign);
    let (sign, bits) = (sign_bit(a, sign), a.bits(quantile));
    let bits = a.int_xor(bits, sign);
    a.real_from_bits(bits)
}

/// `value`·2^`places` as a float, for a value of fewer bits than the fraction has: it is put below 2^(fraction + `places`),
/// which is then taken away.
fn above<A: Arith>(a: &mut A, value: A::Int, places: i32) -> A::Real {
    let fraction = match a.precision() {
        Precision::F32 => 23,
        Precision::F64 => 52,
    };
    let base = a.real(power_of_two(fraction + places));
    let bits = a.bits(base);
    let bits = a.int_or(bits, value);
    let sum = a.real_from_bits(bits);
    a.sub(sum, base)
}

/// 2 to that power.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The lower 32 bits.
fn word<A: Arith>(a: &mut A, x: A::Int) -> A::Int {
    match a.precision() {
        Precision::F32 => x,
        Precision::F64 => {
            let mask = a.int(0xffff_ffff);
            a.int_and(x, mask)
        }
    }
}

/// x + y modulo 2³².
fn word_add<A: Arith>(a: &mut A, x: A::Int, y: A::Int) -> A::Int {
    let sum = a.int_add(x, y);
    word(a, sum)
}

/// Turned to the left within 32 bits.
fn word_rotate<A: Arith>(a: &mut A, x: A::Int, by: u32) -> A::Int {
    let (left, right) = (a.int_shl(x, by), a.int_shr(x, 32 - by));
    let both = a.int_or(left, right);
    word(a, both)
}
