//! Digests of a state.
//!
//! `weights_digest` is the SHA-256 of, for each parameter in the order of names (as bytes), its name in UTF-8 followed
//! by its values: little-endian, row-major, without padding. `state_digest` is the same over all that a checkpoint holds:
//! parameters and states, and then the position in development, as the text that the checkpoint holds.

use super::best;
use super::store::Store;
use crate::loops::Slot;
use crate::loops::memory::Storage;
use crate::tensor::Role;
use sha2::{Digest, Sha256};

/// The SHA-256 of named arrays of bytes, in the order of names.
pub fn digest<'a>(parts: impl Iterator<Item = (&'a str, Vec<u8>)>) -> String {
    let mut parts: Vec<(&str, Vec<u8>)> = parts.collect();
    parts.sort_by(|a, b| a.0.cmp(b.0));
    let mut hash = Sha256::new();
    for (name, bytes) in parts {
        hash.update(name.as_bytes());
        hash.update(&bytes);
    }
    hexadecimal(hash)
}

/// A finished SHA-256 as 64 digits.
pub(super) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named<'s>((slot, storage): (&'s Slot, &'s Storage)) -> (&'s str, Vec<u8>) {
    (&*slot.name, storage.logical_bytes(slot))
}

pub(super) fn weights(store: &Store) -> String {
    digest(store.iter().filter(|(slot, _)| slot.role == Role::Parameter).map(named))
}

pub(super) fn state(store: &Store, best: Option<&Store>, position: &str) -> String {
    let best: Vec<(String, Vec<u8>)> = (best.into_iter().flat_map(Store::iter).map(named))
        .map(|(name, bytes)| (format!("{}{name}", best::PREFIX), bytes))
        .collect();
    let best = best.iter().map(|(name, bytes)| (name.as_str(), bytes.clone()));
    let all = digest(store.kept().map(named).chain(best));
    digest([("position", position.as_bytes().to_vec()), ("slots", all.into_bytes())].into_iter())
}
