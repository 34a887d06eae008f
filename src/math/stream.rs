//! Random numbers for the host: initial weights, splits, the order of data.

use super::random::{normal, subkey, threefry, uniform};
use super::{F32, F64};
use crate::bug;

/// A source of random numbers: a seed, a purpose, and perhaps the number of a step. It has no state; each draw has an index
/// and can be made in any order, and in compiled code too (see [`uniform`], [`normal`]), from the stream's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stream {
    key: [u32; 2],
}

impl Stream {
    /// The source for a purpose (such as `split` or `"Retina -> Hidden.weight"`) under a seed.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Stream { key: low_high(seed) }.block_of(low_high(name_hash(purpose)))
    }

    /// The part of this source that belongs to a step (or an epoch, or a sample).
    #[must_use]
    pub fn at(self, step: u64) -> Self {
        if step >> 63 != 0 {
            bug!("step {step} is past the counters of the generator");
        }
        let [low, high] = low_high(step);
        let key = self.key.map(|word| word as i32);
        Stream { key: subkey(&mut F32, key, [low as i32, high as i32]).map(|word| word as u32) }
    }

    /// What compiled code draws with.
    pub fn key(self) -> [u32; 2] {
        self.key
    }

    /// 32 random bits.
    pub fn word(self, index: u64) -> u32 {
        self.block(index)[0]
    }

    /// A uniform number in [0, 1) of 53 bits.
    pub fn uniform(self, index: u64) -> f64 {
        uniform(&mut F64, self.key.map(i64::from), low_high(index).map(i64::from))
    }

    /// The same number rounded down to 24 bits.
    pub fn uniform_f32(self, index: u64) -> f32 {
        uniform(&mut F32, self.key.map(|word| word as i32), low_high(index).map(|word| word as i32))
    }

    /// A number from the standard normal distribution.
    pub fn normal(self, index: u64) -> f64 {
        normal(&mut F64, self.key.map(i64::from), low_high(index).map(i64::from))
    }

    /// The same number as an f32 program draws it.
    pub fn normal_f32(self, index: u64) -> f32 {
        normal(&mut F32, self.key.map(|word| word as i32), low_high(index).map(|word| word as i32))
    }

    /// A whole number below `count`, each equally likely; 0 if `count` is 0.
    pub fn below(self, count: u64, index: u64) -> u64 {
        if count == 0 {
            return 0;
        }
        // The upper half of a product; the lower half says whether the draw fell into the uneven rest.
        let rest = count.wrapping_neg() % count;
        let mut block = self.block(index);
        let mut attempt = 0;
        loop {
            let product = u128::from(u64::from(block[1]) << 32 | u64::from(block[0])) * u128::from(count);
            if product as u64 >= rest {
                return (product >> 64) as u64;
            }
            block = self.at(index).block(attempt);
            attempt += 1;
        }
    }

    /// The numbers below `count` in random order, each order equally likely.
    pub fn permutation(self, count: usize) -> Vec<u32> {
        let Ok(end) = u32::try_from(count) else { bug!("a permutation of {count} numbers does not fit in 32 bits") };
        let mut order: Vec<u32> = (0..end).collect();
        for last in (1..count).rev() {
            let other = self.below(last as u64 + 1, last as u64) as usize;
            order.swap(last, other);
        }
        order
    }

    fn block(self, index: u64) -> [u32; 2] {
        self.block_of(low_high(index)).key
    }

    fn block_of(self, counter: [u32; 2]) -> Self {
        let (key, counter) = (self.key.map(|word| word as i32), counter.map(|word| word as i32));
        Stream { key: threefry(&mut F32, key, counter).map(|word| word as u32) }
    }
}

/// The two words of a number, the low one first.
fn low_high(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

/// A hash of a name that never changes (FNV-1a, 64 bits).
fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
