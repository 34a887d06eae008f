//! A compiled program: what is looked at before its code is entered.

use super::Unsupported;
use super::emit::own_memory;
use super::jit::Machine;
use super::team::Team;
use crate::kernels::Vectors;
use crate::loops::memory::{Mismatch, Storage};
use crate::loops::walk::is_split;
use crate::loops::{Cell, Precision, Program, Slot};
use std::borrow::{Borrow, BorrowMut};
use std::sync::atomic::AtomicPtr;
use std::sync::{Arc, Mutex};

/// A program as machine code.
pub struct Code {
    machine: Arc<Machine>,
    /// Its number among the programs that were compiled together.
    number: usize,
    precision: Precision,
    slots: Vec<Slot>,
    /// Bytes of scratch memory.
    scratch: usize,
    /// Bytes of the memory that whoever carries out pieces has for itself.
    own: usize,
    /// Whether any nest is cut into pieces.
    split: bool,
    /// What no call uses now.
    free: Mutex<Vec<Room>>,
}

/// What a call needs beside its slots. It is kept for the next one: only the first call of several allocates.
struct Room {
    scratch: Storage,
    /// Where the slots lie, while the call is under way.
    table: Vec<AtomicPtr<u8>>,
}

/// Why a call was refused; nothing was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The number of slots is another.
    #[error("{found} slots were handed in, and the program has {expected}")]
    Slots {
        /// How many the program has.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// A slot's memory is not made for it.
    #[error("{0}")]
    Mismatch(#[from] Mismatch),
    /// A slot of classes holds something else.
    #[error("slot `{slot}` holds {value}, and its classes lie below {below}")]
    Class {
        /// The slot.
        slot: String,
        /// What it holds.
        value: i32,
        /// The number of classes.
        below: usize,
    },
}

impl Code {
    /// Compiles a program. A machine without fused multiply-add is refused before anything is built.
    pub fn compile(program: &Program) -> Result<Code, Unsupported> {
        Code::compile_all(&[program]).map(|mut all| all.swap_remove(0))
    }

    /// Compiles programs that are used together, for the widest vectors of the machine; what they have in common is compiled
    /// once.
    pub fn compile_all(programs: &[&Program]) -> Result<Vec<Code>, Unsupported> {
        Code::compile_for(programs, Vectors::best())
    }

    /// The same for vectors that the machine has, be they the widest or not: the bits are the same.
    pub fn compile_for(programs: &[&Program], vectors: Vectors) -> Result<Vec<Code>, Unsupported> {
        if !vectors.here() {
            return Err(Unsupported { message: format!("this machine has no vectors like {vectors:?}"), span: None });
        }
        if !fused() {
            let message = "this machine has no fused multiply-add, which compiled code needs; `--backend interpreter` runs without it";
            return Err(Unsupported { message: message.to_string(), span: None });
        }
        if let Some(violation) = programs.iter().flat_map(|program| crate::loops::verify::verify(program)).next() {
            return Err(Unsupported { message: format!("a program that is not valid: {violation}"), span: None });
        }
        let machine = Arc::new(Machine::new(programs, vectors)?);
        let code = |(number, program): (usize, &&Program)| {
            let (machine, slots, free) = (machine.clone(), program.slots.clone(), Mutex::new(Vec::new()));
            let (precision, scratch, own, split) =
                (program.precision, own_memory(program), program.own, is_split(program));
            Code { machine, number, precision, slots, scratch, own, split, free }
        };
        Ok(programs.iter().enumerate().map(code).collect())
    }

    /// Runs so many steps on these slots, in the order of the program.
    pub fn call<S: BorrowMut<Storage>>(&self, slots: &mut [S], steps: u64) -> Result<(), CallError> {
        self.run(None, slots, steps)
    }

    /// The same together with the threads of a team: the bits are the same. Alone, if another call uses them now.
    pub fn call_with<S: BorrowMut<Storage>>(&self, team: &Team, slots: &mut [S], steps: u64) -> Result<(), CallError> {
        self.run(Some(team).filter(|_| self.split), slots, steps)
    }

    fn run<S: BorrowMut<Storage>>(&self, team: Option<&Team>, slots: &mut [S], steps: u64) -> Result<(), CallError> {
        self.look(slots)?;
        let turn = team.and_then(Team::enter);
        let threads = turn.as_ref().and(team).map_or(1, Team::threads);
        let bytes = self.scratch.saturating_add(self.own.saturating_mul(threads)).max(64);
        let kept = self.free.lock().ok().and_then(|mut free| free.pop()).filter(|room| room.scratch.len() >= bytes);
        let mut room = kept.unwrap_or_else(|| Room {
            scratch: Storage::zeros(Cell::Byte, self.precision, bytes),
            table: Vec::with_capacity(slots.len()),
        });
        room.table.clear();
        room.table.extend(slots.iter_mut().map(|storage| AtomicPtr::new(storage.borrow_mut().as_mut_ptr())));
        self.machine.enter(self.number, &room.table, &mut room.scratch, steps, turn.as_ref());
        drop(turn);
        if let Ok(mut free) = self.free.lock() {
            free.push(room);
        }
        Ok(())
    }

    /// Number, kind, length and alignment of all buffers, and that classes are classes.
    fn look<S: Borrow<Storage>>(&self, slots: &[S]) -> Result<(), CallError> {
        if slots.len() != self.slots.len() {
            return Err(CallError::Slots { expected: self.slots.len(), found: slots.len() });
        }
        for (slot, storage) in self.slots.iter().zip(slots.iter().map(Borrow::borrow)) {
            storage.fits(slot, self.precision)?;
            if let (Cell::Int(Some(below)), Storage::Int(cells)) = (slot.cell(), storage)
                && let Some(value) =
                    cells.iter().find(|value| usize::try_from(**value).map_or(true, |value| value >= below))
            {
                return Err(CallError::Class { slot: slot.name.to_string(), value: *value, below });
            }
        }
        Ok(())
    }
}

/// Whether the machine has fused multiply-add.
fn fused() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("fma") && std::arch::is_x86_feature_detected!("avx")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        cfg!(target_arch = "aarch64")
    }
}
