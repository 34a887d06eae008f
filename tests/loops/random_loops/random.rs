//! Numbers out of a seed.

/// Numbers out of a seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Of ordinary size; in so many of a hundred cases one of those with which things go wrong.
    pub fn real(&mut self, special_percent: usize) -> f64 {
        let special = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            1e-40,
            -1e-310,
            3e38,
            1e300,
            0.5,
            1.5,
            2.5,
            1e-20,
            88.8,
        ];
        if self.chance(special_percent) {
            return self.pick(&special);
        }
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 * 4.0 - 4.0
    }
}
