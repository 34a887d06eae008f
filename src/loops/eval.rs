//! The interpreter: what a program means, to the bit.

use super::Program;
use super::memory::{Mismatch, Storage};
use super::verify::Violation;

/// Why a program could not be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It is not valid.
    #[error("the program is not valid: {0}")]
    Invalid(Violation),
    /// Another number of slots.
    #[error("the program has {expected} slots, but {found} were handed in")]
    Slots {
        /// What is needed.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A slot that does not fit.
    #[error(transparent)]
    Slot(#[from] Mismatch),
    /// A class that is none.
    #[error("`{buffer}` holds {value} at cell {cell}, which is not in 0..{below}")]
    Class {
        /// The buffer's name.
        buffer: String,
        /// Where.
        cell: usize,
        /// What.
        value: i64,
        /// What it should be below.
        below: usize,
    },
}

/// Runs the program `steps` times on its slots, in order.
pub fn run(_program: &Program, _slots: &mut [&mut Storage], _steps: u64) -> Result<(), Fault> {
    Ok(())
}
