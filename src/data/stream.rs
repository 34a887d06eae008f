//! Draws until `math::random` has them.

use sha2::{Digest, Sha256};

pub(super) struct Stream([u8; 32]);

impl Stream {
    pub(super) fn new(seed: u64, purpose: &str) -> Stream {
        Stream(Sha256::new().chain_update(seed.to_le_bytes()).chain_update(purpose).finalize().into())
    }
    pub(super) fn permutation(&self, n: usize) -> Vec<u32> {
        let mut all: Vec<u32> = (0..n as u32).collect();
        all.sort_by_cached_key(|i| {
            <[u8; 32]>::from(Sha256::new().chain_update(self.0).chain_update(i.to_le_bytes()).finalize())
        });
        all
    }
}
