//! The registers, the variables and the memory, and the statements that hold others.

use super::memory::Cells;
use super::number::{Lanes, Number};
use super::prepare::Prepared;
use super::step::{Matrix, Slot, Step};
use super::trace::{Trace, Traced};
use super::{Fault, Storage};
use crate::bug;
use crate::loops::{Buffer, LANES, Place, Program};

/// What a program works on. Outside lanes loops a register's value is in the first lane.
pub(super) struct Machine<'a, N: Number> {
    pub reals: Vec<Lanes<N>>,
    pub ints: Vec<Lanes<N::Int>>,
    pub truths: Vec<Lanes<bool>>,
    pub vars: Vec<usize>,
    /// Of each buffer.
    pub memory: Vec<Cells<'a, N>>,
    pub buffers: &'a [Buffer],
    pub trace: Option<Box<Trace>>,
    /// A row of a matrix product's result.
    row: Vec<N>,
}

impl<'a, N: Number> Machine<'a, N> {
    /// `scratch` has the memory of each buffer that is no slot.
    pub fn new(
        program: &'a Program,
        prepared: &Prepared,
        slots: &'a mut [&mut Storage],
        scratch: &'a mut [Option<Storage>],
    ) -> Machine<'a, N> {
        let mut slots: Vec<Option<&mut Storage>> = slots.iter_mut().map(|slot| Some(&mut **slot)).collect();
        let memory = program.buffers.iter().zip(scratch).map(|(buffer, own)| {
            let storage = match buffer.place {
                Place::Slot(slot) => slots[slot].take(),
                Place::Scratch(_) | Place::Own(_) => own.as_mut(),
            };
            match storage {
                Some(storage) => Cells::of(storage),
                None => bug!("the buffer `{}` has no memory", buffer.name),
            }
        });
        Machine {
            memory: memory.collect(),
            reals: vec![[N::default(); LANES]; prepared.reals],
            ints: vec![[N::Int::default(); LANES]; prepared.ints],
            truths: vec![[false; LANES]; prepared.truths],
            vars: vec![0; program.variables as usize],
            buffers: &program.buffers,
            trace: None,
            row: Vec::new(),
        }
    }

    /// Runs the whole program so many times.
    pub fn steps(&mut self, steps: &[Step], count: u64) -> Result<(), Fault> {
        for _ in 0..count {
            for (buffer, cells) in self.buffers.iter().zip(&mut self.memory) {
                if !matches!(buffer.place, Place::Slot(_)) {
                    cells.spoil();
                }
            }
            self.block::<1>(steps, 1)?;
        }
        Ok(())
    }

    /// Runs the whole program once, with the causes of what is not finite.
    pub fn traced(mut self, program: &Program, prepared: &Prepared) -> Result<Traced, Fault> {
        self.trace = Some(Box::new(Trace::new(program, prepared)));
        self.steps(&prepared.steps, 1)?;
        match self.trace {
            Some(trace) => Ok(trace.end(program)),
            None => bug!("a trace was lost"),
        }
    }

    /// Runs a block; `W` lanes are computed, of which `active` are in use.
    pub fn block<const W: usize>(&mut self, steps: &[Step], active: usize) -> Result<(), Fault> {
        for step in steps {
            self.carry_out::<W>(step, active)?;
        }
        Ok(())
    }

    fn carry_out<const W: usize>(&mut self, step: &Step, active: usize) -> Result<(), Fault> {
        match step {
            Step::LoadReal(to, from, address) => self.load_real(*to, *from, address, active),
            Step::LoadInt(to, from, address, below) => self.load_int(*to, *from, address, *below, active)?,
            Step::LoadByte(to, from, address) => self.load_byte(*to, *from, address, active),
            Step::LoadTruth(to, from, address) => self.load_truth(*to, *from, address, active),
            Step::StoreReal(from, to, address) => self.store_real(*from, *to, address, active),
            Step::StoreInt(from, to, address) => self.store_int(*from, *to, address, active),
            Step::StoreByte(from, to, address) => self.store_byte(*from, *to, address, active),
            Step::StoreTruth(from, to, address) => self.store_truth(*from, *to, address, active),
            Step::Loop { var, trip, reverse, body } => {
                let rounds = self.trip(*trip);
                self.enter(*var);
                for round in 0..rounds {
                    self.vars[*var] = if *reverse { rounds - 1 - round } else { round };
                    self.block::<W>(body, active)?;
                }
                self.leave(*var);
            }
            Step::Chain { var, trip, gather, body } => {
                let rounds = self.trip(*trip);
                self.chain::<W>(*var, rounds, *gather, body, active)?;
            }
            Step::Lanes { .. }
            | Step::Accumulators { .. }
            | Step::Matrix(_)
            | Step::Until { .. }
            | Step::When { .. }
            | Step::Nest { .. } => self.alone(step)?,
            other => {
                self.compute::<W>(other);
                self.trace_computed(other, active);
            }
        }
        Ok(())
    }

    fn enter(&mut self, var: usize) {
        if let Some(trace) = &mut self.trace {
            trace.enter(var);
        }
    }

    fn leave(&mut self, var: usize) {
        if let Some(trace) = &mut self.trace {
            trace.leave(var);
        }
    }

    /// What stands outside lanes loops only.
    fn alone(&mut self, step: &Step) -> Result<(), Fault> {
        match step {
            Step::Lanes { var, trip, given, body } => {
                let rounds = self.trip(*trip);
                self.give(given);
                for first in (0..rounds).step_by(LANES) {
                    self.vars[*var] = first;
                    self.block::<LANES>(body, LANES.min(rounds - first))?;
                }
            }
            Step::Accumulators { var, trip, gather, given, body } => {
                let rounds = self.trip(*trip);
                self.give(given);
                self.accumulators(*var, rounds, *gather, body)?;
            }
            Step::Matrix(matrix) => self.matrix(matrix),
            Step::Until { var, trip, go, rounds, body } => {
                let most = self.trip(*trip);
                let mut done = 0;
                self.enter(*var);
                while done < most {
                    self.vars[*var] = done;
                    self.block::<1>(body, 1)?;
                    done += 1;
                    if !self.truths[*go][0] {
                        break;
                    }
                }
                self.leave(*var);
                self.store_count(*rounds, done);
            }
            Step::When { cond, then, otherwise } => {
                let chosen = if self.truths[*cond][0] { then } else { otherwise };
                self.block::<1>(chosen, 1)?;
            }
            Step::Nest { body } => self.block::<1>(body, 1)?,
            other => bug!("{other:?} holds no statements"),
        }
        Ok(())
    }

    /// Gives the first lane's value to all lanes.
    fn give(&mut self, given: &[Slot]) {
        for slot in given {
            match slot {
                Slot::Real(place) => {
                    self.reals[*place] = [self.reals[*place][0]; LANES];
                    if let Some(trace) = &mut self.trace {
                        trace.give(*place);
                    }
                }
                Slot::Int(place) => self.ints[*place] = [self.ints[*place][0]; LANES],
                Slot::Truth(place) => self.truths[*place] = [self.truths[*place][0]; LANES],
            }
        }
    }

    /// A row of the result at a time; each element is one chain in the order of the depth.
    fn matrix(&mut self, matrix: &Matrix) {
        let (rows, columns, depth) = (self.trip(matrix.rows), self.trip(matrix.columns), self.trip(matrix.depth));
        let left_base = self.base(&matrix.left.base);
        let right_base = self.base(&matrix.right.base);
        let out_base = self.base(&matrix.out.base);
        let mut row = std::mem::take(&mut self.row);
        for r in 0..rows {
            let start = out_base + r * matrix.out.row;
            row.clear();
            if matrix.accumulate {
                row.extend_from_slice(&self.memory[matrix.out.buffer].reals()[start..start + columns]);
            } else {
                row.resize(columns, N::default());
            }
            let left = self.memory[matrix.left.buffer].reals();
            let right = self.memory[matrix.right.buffer].reals();
            for k in 0..depth {
                let factor = left[left_base + r * matrix.left.row + k * matrix.left.column];
                let begin = right_base + k * matrix.right.row;
                for (sum, other) in row.iter_mut().zip(&right[begin..begin + columns]) {
                    *sum = factor.fma(*other, *sum);
                }
            }
            self.trace_row(matrix, &row, depth, [left_base + r * matrix.left.row, right_base, start]);
            self.memory[matrix.out.buffer].reals_mut()[start..start + columns].copy_from_slice(&row);
        }
        self.row = row;
    }
}
