//! The registers, the variables and the memory, and the statements that hold others.

use super::memory::Cells;
use super::number::{Lanes, Number};
use super::prepare::Prepared;
use super::step::{Matrix, Slot, Step};
use super::{Fault, NonFinite, Storage, Watch};
use crate::bug;
use crate::diag::Span;
use crate::loops::{Buffer, BufferId, LANES, Place, Program};
use crate::tensor::Name;

/// What a program works on. Outside lanes loops a register's value is in the first lane.
pub(super) struct Machine<'a, 'w, N: Number> {
    pub reals: Vec<Lanes<N>>,
    pub ints: Vec<Lanes<N::Int>>,
    pub truths: Vec<Lanes<bool>>,
    pub vars: Vec<usize>,
    /// Of each buffer.
    pub memory: Vec<Cells<'a, N>>,
    pub buffers: &'a [Buffer],
    pub watch: Option<Watch<'w>>,
    /// The first value that was not finite in the innermost nest: buffer, cell and value.
    pub bad: Option<(usize, usize, f64)>,
    name: Name,
    step: u64,
    /// A row of a matrix product's result.
    row: Vec<N>,
}

impl<'a, 'w, N: Number> Machine<'a, 'w, N> {
    /// `scratch` has the memory of each buffer that is no slot.
    pub fn new(
        program: &'a Program,
        prepared: &Prepared,
        slots: &'a mut [&mut Storage],
        scratch: &'a mut [Option<Storage>],
        watch: Option<Watch<'w>>,
    ) -> Machine<'a, 'w, N> {
        let mut slots: Vec<Option<&mut Storage>> = slots.iter_mut().map(|slot| Some(&mut **slot)).collect();
        let memory = program.buffers.iter().zip(scratch).map(|(buffer, own)| {
            let storage = match buffer.place {
                Place::Slot(slot) => slots[slot].take(),
                Place::Scratch(_) => own.as_mut(),
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
            watch,
            bad: None,
            name: program.name.clone(),
            step: 0,
            row: Vec::new(),
        }
    }

    /// Runs the whole program so many times.
    pub fn steps(&mut self, steps: &[Step], count: u64) -> Result<(), Fault> {
        for step in 0..count {
            self.step = step;
            for (buffer, cells) in self.buffers.iter().zip(&mut self.memory) {
                if matches!(buffer.place, Place::Scratch(_)) {
                    cells.spoil();
                }
            }
            self.nest(&self.name.clone(), None, steps)?;
        }
        Ok(())
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
                for round in 0..rounds {
                    self.vars[*var] = if *reverse { rounds - 1 - round } else { round };
                    self.block::<W>(body, active)?;
                }
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
            other => self.compute::<W>(other),
        }
        Ok(())
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
                while done < most {
                    self.vars[*var] = done;
                    self.block::<1>(body, 1)?;
                    done += 1;
                    if !self.truths[*go][0] {
                        break;
                    }
                }
                self.store_count(*rounds, done);
            }
            Step::When { cond, then, otherwise } => {
                let chosen = if self.truths[*cond][0] { then } else { otherwise };
                self.block::<1>(chosen, 1)?;
            }
            Step::Nest { name, span, body } => self.nest(name, *span, body)?,
            other => bug!("{other:?} holds no statements"),
        }
        Ok(())
    }

    fn nest(&mut self, name: &Name, span: Option<Span>, body: &[Step]) -> Result<(), Fault> {
        let outer = self.bad.take();
        self.block::<1>(body, 1)?;
        let bad = std::mem::replace(&mut self.bad, outer);
        if let (Some(watch), Some((buffer, cell, value))) = (&mut self.watch, bad) {
            let (buffer, step) = (BufferId(buffer as u32), self.step);
            watch(&NonFinite { nest: name.clone(), span, buffer, cell, value, step });
        }
        Ok(())
    }

    /// Gives the first lane's value to all lanes.
    fn give(&mut self, given: &[Slot]) {
        for slot in given {
            match slot {
                Slot::Real(place) => self.reals[*place] = [self.reals[*place][0]; LANES],
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
            self.memory[matrix.out.buffer].reals_mut()[start..start + columns].copy_from_slice(&row);
            if self.watch.is_some() {
                for (column, value) in row.iter().enumerate() {
                    self.look_at(matrix.out.buffer, start + column, *value);
                }
            }
        }
        self.row = row;
    }
}
