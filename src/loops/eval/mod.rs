//! The interpreter: what a program means, to the bit. Machine code is judged by it.
//!
//! A program is checked and made ready once ([`Interpreter::new`]): registers are sorted by kind, indices split into
//! what is common to all lanes and what each adds. A lanes loop does sixteen rounds a statement, all else one.
//! At the beginning of each step scratch memory is filled with NaN and with ints that are no class, so that a
//! program that reads what it has not written shows.

mod compute;
mod fold;
mod machine;
mod memory;
mod number;
mod prepare;
mod step;
mod trace;

pub use self::trace::{Cause, Deed, Traced};

use self::machine::Machine;
use self::number::Number;
use self::prepare::{Prepared, prepare};
use super::memory::{Mismatch, Storage};
use super::verify::{self, Violation};
use super::{Buffer, Place, Precision, Program};

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
    #[error("`{buffer}` holds {value} in cell {cell}, which is not in 0..{below}")]
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

/// A program that is ready to be run.
#[derive(Debug, Clone)]
pub struct Interpreter {
    program: Program,
    prepared: Prepared,
}

/// Runs the program `steps` times on its slots, in order.
pub fn run(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), Fault> {
    Interpreter::new(program)?.run(slots, steps)
}

impl Interpreter {
    /// Checks the program and makes it ready.
    pub fn new(program: &Program) -> Result<Interpreter, Fault> {
        match verify::verify(program).into_iter().next() {
            Some(violation) => Err(Fault::Invalid(violation)),
            None => Ok(Interpreter { program: program.clone(), prepared: prepare(program) }),
        }
    }

    /// Runs the program `steps` times on its slots, in order.
    pub fn run(&self, slots: &mut [&mut Storage], steps: u64) -> Result<(), Fault> {
        self.look(slots)?;
        match self.program.precision {
            Precision::F32 => self.carry_out::<f32, _>(slots, |mut machine| machine.steps(&self.prepared.steps, steps)),
            Precision::F64 => self.carry_out::<f64, _>(slots, |mut machine| machine.steps(&self.prepared.steps, steps)),
        }
    }

    /// Runs the program once, and tells where what is not finite in its slots comes from.
    pub fn trace(&self, slots: &mut [&mut Storage]) -> Result<Traced, Fault> {
        self.look(slots)?;
        match self.program.precision {
            Precision::F32 => self.carry_out::<f32, _>(slots, |machine| machine.traced(&self.program, &self.prepared)),
            Precision::F64 => self.carry_out::<f64, _>(slots, |machine| machine.traced(&self.program, &self.prepared)),
        }
    }

    /// Looks whether the slots fit.
    fn look(&self, slots: &[&mut Storage]) -> Result<(), Fault> {
        let (expected, found) = (self.program.slots.len(), slots.len());
        if expected != found {
            return Err(Fault::Slots { expected, found });
        }
        for (slot, storage) in self.program.slots.iter().zip(slots) {
            storage.fits(slot, self.program.precision)?;
        }
        Ok(())
    }

    fn carry_out<N: Number, T>(
        &self,
        slots: &mut [&mut Storage],
        run: impl FnOnce(Machine<'_, N>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let own = |buffer: &Buffer| match buffer.place {
            Place::Slot(_) => None,
            Place::Scratch(_) | Place::Own(_) => Some(Storage::zeros(buffer.cell, self.program.precision, buffer.len)),
        };
        let mut scratch: Vec<_> = self.program.buffers.iter().map(own).collect();
        run(Machine::<N>::new(&self.program, &self.prepared, slots, &mut scratch))
    }
}
