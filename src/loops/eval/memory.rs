//! Loads, stores and counts.

use super::machine::Machine;
use super::number::{Lanes, Number, Whole};
use super::step::{Address, Place};
use super::{Fault, Storage};
use crate::bug;
use crate::loops::Trip;

/// The memory of a buffer.
#[derive(Debug)]
pub(super) enum Cells<'a, N> {
    Real(&'a mut [N]),
    Int(&'a mut [i32]),
    Byte(&'a mut [u8]),
}

impl<'a, N: Number> Cells<'a, N> {
    pub fn of(storage: &'a mut Storage) -> Cells<'a, N> {
        match storage {
            Storage::Int(cells) => Cells::Int(cells),
            Storage::Byte(cells) => Cells::Byte(cells),
            reals => match N::cells(reals) {
                Some(cells) => Cells::Real(cells),
                None => bug!("a slot holds reals of another precision"),
            },
        }
    }

    /// Fills it with what nobody should read.
    pub fn spoil(&mut self) {
        match self {
            Cells::Real(cells) => cells.fill(N::of(f64::NAN)),
            Cells::Int(cells) => cells.fill(i32::MIN),
            Cells::Byte(cells) => cells.fill(u8::MAX),
        }
    }

    pub fn reals(&self) -> &[N] {
        match self {
            Cells::Real(cells) => cells,
            _ => bug!("a buffer does not hold reals"),
        }
    }

    pub fn reals_mut(&mut self) -> &mut [N] {
        match self {
            Cells::Real(cells) => cells,
            _ => bug!("a buffer does not hold reals"),
        }
    }

    fn ints(&self) -> &[i32] {
        match self {
            Cells::Int(cells) => cells,
            _ => bug!("a buffer does not hold ints"),
        }
    }

    fn ints_mut(&mut self) -> &mut [i32] {
        match self {
            Cells::Int(cells) => cells,
            _ => bug!("a buffer does not hold ints"),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Cells::Byte(cells) => cells,
            _ => bug!("a buffer does not hold bytes"),
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Cells::Byte(cells) => cells,
            _ => bug!("a buffer does not hold bytes"),
        }
    }
}

impl<N: Number> Machine<'_, N> {
    /// The cell of the first lane, as far as all lanes share it.
    pub fn base(&self, address: &Address) -> usize {
        let vars = address.vars.iter().map(|(var, stride)| self.vars[*var] * stride);
        let ints = address.ints.iter().map(|(place, stride)| self.ints[*place][0].wide() as usize * stride);
        address.offset + vars.sum::<usize>() + ints.sum::<usize>()
    }

    /// The cell of a lane.
    #[inline(always)]
    pub fn cell(&self, address: &Address, base: usize, lane: usize) -> usize {
        let own = address.lane_ints.iter().map(|(place, stride)| self.ints[*place][lane].wide() as usize * stride);
        base + lane * address.lane + own.sum::<usize>()
    }

    /// How often something is done, now.
    pub fn trip(&self, trip: Trip) -> usize {
        match trip {
            Trip::Const(n) => n,
            Trip::Count { buffer, bound } => {
                let count = self.memory[buffer.0 as usize].ints()[0];
                usize::try_from(count).unwrap_or(0).min(bound)
            }
        }
    }

    pub fn load_real(&mut self, to: Place, from: usize, address: &Address, active: usize) {
        let base = self.base(address);
        if address.lane == 1 && address.lane_ints.is_empty() {
            self.reals[to][..active].copy_from_slice(&self.memory[from].reals()[base..base + active]);
        } else {
            for lane in 0..active {
                let cell = self.cell(address, base, lane);
                self.reals[to][lane] = self.memory[from].reals()[cell];
            }
        }
        self.trace_load(to, from, address, active);
    }

    pub fn load_int(
        &mut self,
        to: Place,
        from: usize,
        address: &Address,
        below: Option<usize>,
        active: usize,
    ) -> Result<(), Fault> {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            let value = i64::from(self.memory[from].ints()[cell]);
            if let Some(below) = below
                && !(0..below as i64).contains(&value)
            {
                let buffer = self.buffers[from].name.to_string();
                return Err(Fault::Class { buffer, cell, value, below });
            }
            self.ints[to][lane] = N::Int::of(value);
        }
        Ok(())
    }

    pub fn load_byte(&mut self, to: Place, from: usize, address: &Address, active: usize) {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            self.ints[to][lane] = N::Int::of(i64::from(self.memory[from].bytes()[cell]));
        }
    }

    pub fn load_truth(&mut self, to: Place, from: usize, address: &Address, active: usize) {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            self.truths[to][lane] = self.memory[from].bytes()[cell] != 0;
        }
    }

    pub fn store_real(&mut self, from: Place, to: usize, address: &Address, active: usize) {
        let base = self.base(address);
        let values: Lanes<N> = self.reals[from];
        if address.lane == 1 && address.lane_ints.is_empty() {
            self.memory[to].reals_mut()[base..base + active].copy_from_slice(&values[..active]);
        } else {
            for (lane, value) in values.iter().enumerate().take(active) {
                let cell = self.cell(address, base, lane);
                self.memory[to].reals_mut()[cell] = *value;
            }
        }
        self.trace_store(from, to, address, active);
    }

    pub fn store_int(&mut self, from: Place, to: usize, address: &Address, active: usize) {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            self.memory[to].ints_mut()[cell] = self.ints[from][lane].wide() as i32;
        }
    }

    pub fn store_byte(&mut self, from: Place, to: usize, address: &Address, active: usize) {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            self.memory[to].bytes_mut()[cell] = self.ints[from][lane].wide() as u8;
        }
    }

    pub fn store_truth(&mut self, from: Place, to: usize, address: &Address, active: usize) {
        let base = self.base(address);
        for lane in 0..active {
            let cell = self.cell(address, base, lane);
            self.memory[to].bytes_mut()[cell] = u8::from(self.truths[from][lane]);
        }
    }

    /// Writes the one int of a buffer.
    pub fn store_count(&mut self, to: usize, count: usize) {
        self.memory[to].ints_mut()[0] = count as i32;
    }
}
