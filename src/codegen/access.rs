//! Loads and stores: addresses, and cells as registers.
//!
//! Every access is `notrap`: `loops::verify` has proven that no index leaves its buffer, and `Code::call` looks at the
//! buffers. Of a class in scratch memory neither knows that it has been written (a count may have been 0), so it is
//! limited to its range whenever it is loaded. Rows may begin anywhere, so vectors are not assumed to be aligned.

use super::arith::{int_type, little, real_type, register_type};
use super::emit::{Emitter, Group, Held, Place};
use super::outline::stray_below;
use crate::bug;
use crate::loops::{BufferId, Cell, Index, Reg, RegKind, Term};
use crate::math::Precision;
use cranelift::prelude::*;

/// A cell, or one in each lane.
struct Address {
    place: Place,
    cell: Cell,
    /// Ints that are loaded are limited to `0..k`.
    below: Option<usize>,
    /// Of the first lane, as far as it is the same in all.
    base: Value,
    /// Bytes behind `base`.
    offset: i64,
    /// Bytes from lane to lane.
    stride: i64,
    /// Registers that differ from lane to lane, with their strides in bytes.
    own: Vec<(Reg, i64)>,
}

impl Address {
    /// The bytes of a cell.
    fn size(&self, precision: Precision) -> i64 {
        self.cell.bytes(precision) as i64
    }

    /// Whether the lanes are neighbours in memory and all in use.
    fn is_row(&self, group: Group, precision: Precision) -> bool {
        self.own.is_empty() && self.stride == self.size(precision) && group.active == super::arith::width(precision)
    }
}

impl Emitter<'_, '_> {
    fn address(&mut self, buffer: BufferId, index: &Index) -> Address {
        let cell = self.program.buffers[buffer.0 as usize].cell;
        let size = cell.bytes(self.precision()) as i64;
        let place = self.place(buffer);
        let mut address = Address {
            place,
            cell,
            below: stray_below(self.program, buffer),
            base: place.pointer,
            offset: index.offset as i64 * size,
            stride: 0,
            own: Vec::new(),
        };
        let mut of_lanes = None;
        for (term, stride) in &index.terms {
            let stride = *stride as i64 * size;
            match *term {
                Term::Var(var) => match self.group {
                    Some(group) if group.var == var => {
                        of_lanes = Some(group);
                        address.stride += stride;
                    }
                    _ => {
                        let value = self.variable(var);
                        self.advance(&mut address, value, stride);
                    }
                },
                Term::Reg(reg) if self.is_one(reg) => {
                    let value = self.one(reg);
                    let value = self.wide(value);
                    self.advance(&mut address, value, stride);
                }
                Term::Reg(reg) => address.own.push((reg, stride)),
            }
        }
        if let Some(group) = of_lanes {
            let stride = address.stride;
            self.advance(&mut address, group.base, stride);
            address.offset += group.shift as i64 * stride;
        }
        address
    }

    /// Adds `value * stride`.
    fn advance(&mut self, address: &mut Address, value: Value, stride: i64) {
        let bytes = match stride {
            0 => return,
            1 => value,
            _ if stride.count_ones() == 1 => self.builder.ins().ishl_imm_u(value, i64::from(stride.trailing_zeros())),
            _ => self.builder.ins().imul_imm_s(value, stride),
        };
        address.base = self.builder.ins().iadd(address.base, bytes);
    }

    /// An int that is known not to be negative as a number of 64 bits.
    fn wide(&mut self, value: Value) -> Value {
        match self.builder.func.dfg.value_type(value) {
            types::I64 => value,
            _ => self.builder.ins().uextend(types::I64, value),
        }
    }

    /// The address of a lane, with what still is to be added to it.
    fn lane_address(&mut self, address: &Address, vector: usize, lane: usize) -> (Value, i32) {
        let lanes = self.width();
        let mut base = address.base;
        for (reg, stride) in &address.own {
            let value = self.vector(*reg, vector);
            let value = self.carrier(lanes).lane(RegKind::Int, value, lane);
            let value = self.wide(value);
            let mut at = Address { base, own: Vec::new(), ..*address };
            self.advance(&mut at, value, *stride);
            base = at.base;
        }
        let offset = address.offset + (vector * lanes + lane) as i64 * address.stride;
        self.displaced(base, offset)
    }

    /// An instruction has room for 32 bits of displacement.
    fn displaced(&mut self, base: Value, offset: i64) -> (Value, i32) {
        match i32::try_from(offset) {
            Ok(small) => (base, small),
            Err(_) => (self.builder.ins().iadd_imm_s(base, offset), 0),
        }
    }

    fn flags(place: Place, aligned: bool) -> MemFlagsData {
        let flags = if aligned { MemFlagsData::trusted() } else { MemFlagsData::new().with_notrap() };
        if place.fixed { flags.with_readonly().with_can_move() } else { flags }
    }

    /// A cell as it is loaded: a real, an int, or an int that is not 0 if it stands for true.
    fn load_cell(&mut self, address: &Address, base: Value, offset: i32) -> Value {
        let flags = Self::flags(address.place, true);
        let (precision, int) = (self.precision(), int_type(self.precision()));
        match address.cell {
            Cell::Real => self.builder.ins().load(real_type(precision), flags, base, offset),
            Cell::Int(_) => {
                let value = self.builder.ins().load(types::I32, flags, base, offset);
                let value = self.limited(value, address.below);
                if int == types::I32 { value } else { self.builder.ins().sextend(int, value) }
            }
            Cell::Bool | Cell::Byte => {
                let value = self.builder.ins().load(types::I8, flags, base, offset);
                self.builder.ins().uextend(int, value)
            }
        }
    }

    /// One or four ints of 32 bits, limited to `0..k`.
    fn limited(&mut self, value: Value, below: Option<usize>) -> Value {
        let Some(below) = below else { return value };
        let last = self.builder.ins().iconst(types::I32, below as i64 - 1);
        let last = match self.builder.func.dfg.value_type(value) {
            types::I32 => last,
            vector => self.builder.ins().splat(vector, last),
        };
        self.builder.ins().umin(value, last)
    }

    /// Loads a register.
    pub fn load(&mut self, reg: Reg, buffer: BufferId, index: &Index) {
        let address = self.address(buffer, index);
        let cell = address.cell;
        if address.stride == 0 && address.own.is_empty() {
            let (base, offset) = self.displaced(address.base, address.offset);
            let mut value = self.load_cell(&address, base, offset);
            self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
            if cell == Cell::Bool {
                value = self.builder.ins().icmp_imm_u(IntCC::NotEqual, value, 0);
            }
            return self.set(reg, value);
        }
        let Some(group) = self.group else { bug!("an index differs from lane to lane outside a lanes loop") };
        if cell == Cell::Byte
            && self.precision() == Precision::F32
            && group.vectors == 4
            && address.is_row(group, self.precision())
        {
            let each = self.load_bytes(&address);
            self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
            return self.hold(reg, Held::Each(each));
        }
        let each = (0..group.vectors).map(|vector| self.load_vector(&address, group, vector, buffer)).collect();
        self.hold(reg, Held::Each(each));
    }

    fn load_vector(&mut self, address: &Address, group: Group, vector: usize, buffer: BufferId) -> Value {
        let lanes = self.width();
        let value = if address.is_row(group, self.precision()) {
            self.load_row(address, vector)
        } else {
            let cells: Vec<_> = (0..group.active)
                .map(|lane| {
                    let (base, offset) = self.lane_address(address, vector, lane);
                    self.load_cell(address, base, offset)
                })
                .collect();
            let mut carrier = self.carrier(lanes);
            let ty = if address.cell == Cell::Real { carrier.real_type() } else { carrier.int_type() };
            carrier.gathered(ty, &cells)
        };
        self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
        if address.cell != Cell::Bool {
            return value;
        }
        let zero = self.carrier(lanes).int_vector(std::iter::repeat_n(0, lanes));
        self.builder.ins().icmp(IntCC::NotEqual, value, zero)
    }

    /// A vector of neighbours, bools as ints.
    fn load_row(&mut self, address: &Address, vector: usize) -> Value {
        let (base, offset) = self.lane_address(address, vector, 0);
        let flags = Self::flags(address.place, false);
        let ty = register_type(address.cell.register(), self.precision(), self.width() as u32);
        match (address.cell, self.precision()) {
            (Cell::Real, _) => self.builder.ins().load(ty, flags, base, offset),
            (Cell::Int(_), Precision::F32) => {
                let value = self.builder.ins().load(ty, flags, base, offset);
                self.limited(value, address.below)
            }
            (Cell::Int(_), Precision::F64) => {
                let pair = self.builder.ins().load(types::I64, flags, base, offset);
                let pair = self.builder.ins().scalar_to_vector(types::I64X2, pair);
                let pair = self.builder.ins().bitcast(types::I32X4, little(), pair);
                let pair = self.limited(pair, address.below);
                self.builder.ins().swiden_low(pair)
            }
            (Cell::Bool | Cell::Byte, Precision::F32) => {
                let bytes = self.builder.ins().load(types::I32, flags, base, offset);
                self.widened(bytes)
            }
            (Cell::Bool | Cell::Byte, Precision::F64) => {
                let bytes = self.builder.ins().load(types::I16, flags, base, offset);
                let bytes = self.builder.ins().uextend(types::I32, bytes);
                let ints = self.widened(bytes);
                self.builder.ins().swiden_low(ints)
            }
        }
    }

    /// Sixteen bytes that are neighbours, as four vectors of ints.
    fn load_bytes(&mut self, address: &Address) -> Vec<Value> {
        let (base, offset) = self.lane_address(address, 0, 0);
        let bytes = self.builder.ins().load(types::I8X16, Self::flags(address.place, false), base, offset);
        let low = self.builder.ins().uwiden_low(bytes);
        let high = self.builder.ins().uwiden_high(bytes);
        let halves = [low, high].into_iter();
        halves.flat_map(|half| [self.builder.ins().uwiden_low(half), self.builder.ins().uwiden_high(half)]).collect()
    }

    /// The bytes of an int, each as an int.
    fn widened(&mut self, bytes: Value) -> Value {
        let vector = self.builder.ins().scalar_to_vector(types::I32X4, bytes);
        let vector = self.builder.ins().bitcast(types::I8X16, little(), vector);
        let vector = self.builder.ins().uwiden_low(vector);
        self.builder.ins().uwiden_low(vector)
    }

    /// Stores a register.
    pub fn store(&mut self, buffer: BufferId, index: &Index, reg: Reg) {
        let address = self.address(buffer, index);
        let group = match self.group {
            Some(group) if address.stride != 0 || !address.own.is_empty() || !self.is_one(reg) => group,
            _ => {
                let value = self.one(reg);
                let (base, offset) = self.displaced(address.base, address.offset);
                self.store_cell(&address, value, base, offset);
                return self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
            }
        };
        for vector in 0..group.vectors {
            self.store_vector(&address, group, vector, reg);
            self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
        }
    }

    fn store_vector(&mut self, address: &Address, group: Group, vector: usize, reg: Reg) {
        let (lanes, kind) = (self.width(), self.kind(reg));
        let whole = matches!((address.cell, self.precision()), (Cell::Real, _) | (_, Precision::F32));
        if whole && address.is_row(group, self.precision()) {
            let value = self.vector(reg, vector);
            let (base, offset) = self.lane_address(address, vector, 0);
            let value = match address.cell {
                Cell::Real | Cell::Int(_) => value,
                Cell::Bool | Cell::Byte => self.narrowed(value, address.cell),
            };
            self.builder.ins().store(Self::flags(address.place, false), value, base, offset);
            return;
        }
        for lane in 0..group.active {
            let value = if self.is_one(reg) {
                self.one(reg)
            } else {
                let value = self.vector(reg, vector);
                self.carrier(lanes).lane(kind, value, lane)
            };
            let (base, offset) = self.lane_address(address, vector, lane);
            self.store_cell(address, value, base, offset);
        }
    }

    /// The low bytes of four ints; of truth values their low bits.
    fn narrowed(&mut self, vector: Value, cell: Cell) -> Value {
        let mask = if cell == Cell::Bool { 1 } else { 0xff };
        let mask = self.carrier(4).int_vector([mask; 4]);
        let vector = self.builder.ins().band(vector, mask);
        let vector = self.builder.ins().snarrow(vector, vector);
        let vector = self.builder.ins().unarrow(vector, vector);
        let vector = self.builder.ins().bitcast(types::I32X4, little(), vector);
        self.builder.ins().extractlane(vector, 0)
    }

    fn store_cell(&mut self, address: &Address, value: Value, base: Value, offset: i32) {
        let ty = match address.cell {
            Cell::Real => real_type(self.precision()),
            Cell::Int(_) => types::I32,
            Cell::Bool | Cell::Byte => types::I8,
        };
        let found = self.builder.func.dfg.value_type(value);
        let value = if found == ty { value } else { self.builder.ins().ireduce(ty, value) };
        self.builder.ins().store(Self::flags(address.place, true), value, base, offset);
    }

    /// The address of a cell that is the same in all lanes.
    pub fn cell_address(&mut self, buffer: BufferId, index: &Index) -> Value {
        let address = self.address(buffer, index);
        match address.offset {
            0 => address.base,
            offset => self.builder.ins().iadd_imm_s(address.base, offset),
        }
    }
}
