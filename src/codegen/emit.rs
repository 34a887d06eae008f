//! Where statements become instructions: what registers, variables and buffers are while a function is written.

use super::Unsupported;
use super::arith::{Carrier, width};
use super::units::{ARGUMENT, Units};
use crate::bug;
use crate::loops::memory::ALIGNMENT;
use crate::loops::{self, Axis, BufferId, Constant, Program, Reg, RegKind, Stmt, Trip, Var};
use crate::math::{Arith, Precision};
use cranelift::codegen::ir::{BlockArg, Inst, StackSlot};
use cranelift::prelude::*;
use std::collections::BTreeMap;

/// Where a buffer begins.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its first cell.
    pub pointer: Value,
    /// Nothing in this function changes its memory, so loads may be moved and shared.
    pub fixed: bool,
}

/// What a register is.
#[derive(Clone)]
pub(super) enum Held {
    /// The same in all lanes.
    One(Value),
    /// A vector for each of the group's vectors.
    Each(Vec<Value>),
    /// The same in all lanes, and known.
    Constant(Constant),
}

/// Rounds of a lanes loop that are carried out side by side.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// The loop's variable.
    pub var: Var,
    /// The first round is `base + shift`.
    pub base: Value,
    /// See `base`.
    pub shift: usize,
    /// How many vectors.
    pub vectors: usize,
    /// How many lanes of a vector are rounds; all of them, or there is only one vector.
    pub active: usize,
}

/// How many rounds a loop has.
#[derive(Clone, Copy)]
pub(super) enum Rounds {
    /// Always so many.
    Const(usize),
    /// So many.
    Value(Value),
}

/// Writes one function.
pub(super) struct Emitter<'e, 'f> {
    /// Cranelift's builder.
    pub builder: FunctionBuilder<'f>,
    /// What is compiled.
    pub program: &'e Program,
    /// All functions.
    pub units: &'e mut Units,
    /// Nests become functions of their own.
    pub split: bool,
    /// Of each buffer, as far as it is known in this function.
    pub places: Vec<Option<Place>>,
    /// Of each loop's variable.
    pub variables: Vec<Option<Value>>,
    /// Which registers differ from lane to lane.
    pub varies: Vec<bool>,
    /// The lanes that are being written, if any.
    pub group: Option<Group>,
    registers: Vec<Option<Held>>,
    comments: BTreeMap<Inst, String>,
    /// Loads from scratch memory or slots of the function that runs the steps.
    memory: Option<Outside>,
    /// In a piece: along what it is cut, its first round, and the one behind its last.
    pub piece: Option<(Axis, Value, Value)>,
}

/// What the function that runs the steps is handed.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    /// The table of slots.
    pub slots: Value,
    /// Scratch memory, and behind it that of the pieces.
    pub scratch: Value,
    /// Who carries out pieces.
    pub team: Value,
    /// The function that hands it some.
    pub share: Value,
    /// Where the arguments of a split nest lie.
    pub arguments: StackSlot,
}

impl<'e, 'f> Emitter<'e, 'f> {
    /// An emitter at the builder's place that knows nothing yet.
    pub fn new(builder: FunctionBuilder<'f>, program: &'e Program, units: &'e mut Units) -> Self {
        Emitter {
            builder,
            program,
            units,
            split: false,
            places: vec![None; program.buffers.len()],
            variables: vec![None; program.variables as usize],
            varies: vec![false; program.registers.len()],
            group: None,
            registers: vec![None; program.registers.len()],
            comments: BTreeMap::new(),
            memory: None,
            piece: None,
        }
    }

    /// In the function that runs the steps buffers are found by the table of slots and the place of scratch memory.
    pub fn begin_steps(&mut self, params: &[Value]) {
        let [slots, scratch, _, team, share] = *params else { bug!("steps with {} parameters", params.len()) };
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 0, 3);
        let arguments = self.builder.create_sized_stack_slot(data);
        self.memory = Some(Outside { slots, scratch, team, share, arguments });
    }

    /// In the function of pieces: what it sees lies in memory, as values of these types.
    pub fn begin_piece(&mut self, axis: Axis, params: &[Value], seen: &[Type]) -> Vec<Value> {
        let [arguments, _, first, end] = *params else { bug!("a piece with {} parameters", params.len()) };
        self.piece = Some((axis, first, end));
        let flags = MemFlagsData::trusted().with_readonly().with_can_move();
        let load = |(number, ty): (usize, &Type)| {
            self.builder.ins().load(*ty, flags, arguments, number as i32 * ARGUMENT as i32)
        };
        seen.iter().enumerate().map(load).collect()
    }

    /// What the function that runs the steps was handed.
    pub fn outside(&self) -> Outside {
        match self.memory {
            Some(outside) => outside,
            None => bug!("only the function that runs the steps knows what is outside"),
        }
    }

    /// Ends the function and gives its comments.
    pub fn end(self) -> BTreeMap<Inst, String> {
        self.units.end(self.builder);
        self.comments
    }

    /// The program's float.
    pub fn precision(&self) -> Precision {
        self.program.precision
    }

    /// How many lanes a vector has.
    pub fn width(&self) -> usize {
        width(self.precision())
    }

    /// Arithmetic on scalars (1) or on vectors of so many lanes.
    pub fn carrier(&mut self, lanes: usize) -> Carrier<'_, 'f> {
        Carrier { precision: self.program.precision, builder: &mut self.builder, lanes: lanes as u32 }
    }

    /// The kind of a register.
    pub fn kind(&self, reg: Reg) -> RegKind {
        self.program.registers[reg.0 as usize]
    }

    /// Says in the text what the last instruction is about.
    pub fn comment(&mut self, text: impl FnOnce() -> String) {
        let Some(block) = self.builder.current_block() else { return };
        if let Some(inst) = self.builder.func.layout.last_inst(block) {
            self.comments.insert(inst, text());
        }
    }

    /// Where a buffer begins.
    pub fn place(&mut self, buffer: BufferId) -> Place {
        if let Some(place) = self.places[buffer.0 as usize] {
            return place;
        }
        let Some(Outside { slots, scratch, .. }) = self.memory else {
            bug!("a nest was not handed the buffer b{}", buffer.0)
        };
        let info = &self.program.buffers[buffer.0 as usize];
        let pointer = match info.place {
            loops::Place::Scratch(start) => self.builder.ins().iadd_imm_s(scratch, start as i64),
            loops::Place::Own(start) => {
                let start = own_memory(self.program) + start;
                self.builder.ins().iadd_imm_s(scratch, start as i64)
            }
            loops::Place::Slot(slot) => {
                let flags = MemFlagsData::trusted().with_readonly().with_can_move();
                self.builder.ins().load(types::I64, flags, slots, 8 * slot as i32)
            }
        };
        self.comment(|| info.name.to_string());
        // Not remembered: the place where it was computed need not lie on every way to the next use.
        Place { pointer, fixed: false }
    }

    /// Says what a register is.
    pub fn hold(&mut self, reg: Reg, held: Held) {
        self.registers[reg.0 as usize] = Some(held);
    }

    /// Says that a register is the same in all lanes.
    pub fn set(&mut self, reg: Reg, value: Value) {
        self.hold(reg, Held::One(value));
    }

    /// What a register is.
    pub fn held(&self, reg: Reg) -> &Held {
        match &self.registers[reg.0 as usize] {
            Some(held) => held,
            None => bug!("r{} is read before it is written", reg.0),
        }
    }

    /// Whether a register is the same in all lanes.
    pub fn is_one(&self, reg: Reg) -> bool {
        !matches!(self.held(reg), Held::Each(_))
    }

    /// A register that is the same in all lanes.
    pub fn one(&mut self, reg: Reg) -> Value {
        match *self.held(reg) {
            Held::One(value) => value,
            Held::Constant(constant) => self.constant(constant, 1),
            Held::Each(_) => bug!("r{} differs from lane to lane", reg.0),
        }
    }

    /// A register as one of the group's vectors.
    pub fn vector(&mut self, reg: Reg, vector: usize) -> Value {
        let (kind, lanes) = (self.kind(reg), self.width());
        match self.held(reg) {
            Held::Each(vectors) => vectors[vector],
            Held::One(value) => {
                let value = *value;
                self.carrier(lanes).splat(kind, value)
            }
            Held::Constant(constant) => {
                let constant = *constant;
                self.constant(constant, lanes)
            }
        }
    }

    fn constant(&mut self, constant: Constant, lanes: usize) -> Value {
        let mut carrier = self.carrier(lanes);
        match constant {
            Constant::Real(value) => carrier.real(value),
            Constant::Int(value) => carrier.int(value),
            Constant::Bool(value) => carrier.mask(value),
        }
    }

    /// Computes a register out of others: once if they are the same in all lanes, else for each vector.
    pub fn compute(&mut self, reg: Reg, args: &[Reg], mut write: impl FnMut(&mut Carrier, &[Value]) -> Value) {
        let held = if args.iter().all(|arg| self.is_one(*arg)) {
            let args: Vec<_> = args.iter().map(|arg| self.one(*arg)).collect();
            Held::One(write(&mut self.carrier(1), &args))
        } else {
            let lanes = self.width();
            let each = (0..self.vectors()).map(|vector| {
                let args: Vec<_> = args.iter().map(|arg| self.vector(*arg, vector)).collect();
                write(&mut self.carrier(lanes), &args)
            });
            Held::Each(each.collect())
        };
        self.hold(reg, held);
    }

    /// How many vectors the group has.
    pub fn vectors(&self) -> usize {
        match self.group {
            Some(group) => group.vectors,
            None => bug!("vectors outside a lanes loop"),
        }
    }

    /// A loop variable that is the same in all lanes.
    pub fn variable(&self, var: Var) -> Value {
        match self.variables[var.0 as usize] {
            Some(value) => value,
            None => bug!("i{} is used outside its loop", var.0),
        }
    }

    /// How often a loop runs, looked up now.
    pub fn trip(&mut self, trip: Trip) -> Rounds {
        let (buffer, bound) = match trip {
            Trip::Const(rounds) => return Rounds::Const(rounds),
            Trip::Count { buffer, bound } => (buffer, bound),
        };
        let place = self.place(buffer);
        let mut flags = MemFlagsData::trusted();
        if place.fixed {
            flags = flags.with_readonly().with_can_move();
        }
        let count = self.builder.ins().load(types::I32, flags, place.pointer, 0);
        self.comment(|| self.program.buffers[buffer.0 as usize].name.to_string());
        let count = self.builder.ins().sextend(types::I64, count);
        let zero = self.builder.ins().iconst(types::I64, 0);
        let bound = self.builder.ins().iconst(types::I64, bound as i64);
        let negative = self.builder.ins().icmp(IntCC::SignedLessThan, count, zero);
        let count = self.builder.ins().select(negative, zero, count);
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, bound, count);
        Rounds::Value(self.builder.ins().select(more, bound, count))
    }

    /// A number of rounds as a value.
    pub fn count(&mut self, rounds: Rounds) -> Value {
        match rounds {
            Rounds::Const(rounds) => self.builder.ins().iconst(types::I64, rounds as i64),
            Rounds::Value(value) => value,
        }
    }

    /// A loop from `first` in steps while below `end`, which carries values from round to round and gives the last.
    pub fn counted(
        &mut self,
        first: Rounds,
        end: Rounds,
        step: usize,
        carried: Vec<Value>,
        write: impl FnOnce(&mut Self, Value, &[Value]) -> Result<Vec<Value>, Unsupported>,
    ) -> Result<Vec<Value>, Unsupported> {
        if let (Rounds::Const(from), Rounds::Const(to)) = (first, end)
            && to <= from + step
        {
            if to <= from {
                return Ok(carried);
            }
            let index = self.count(first);
            return write(self, index, &carried);
        }
        let (body, exit) = (self.builder.create_block(), self.builder.create_block());
        self.builder.append_block_param(body, types::I64);
        for value in &carried {
            let ty = self.builder.func.dfg.value_type(*value);
            self.builder.append_block_param(body, ty);
            self.builder.append_block_param(exit, ty);
        }
        let (begin, limit) = (self.count(first), self.count(end));
        let enter = arguments(Some(begin), &carried);
        match (first, end) {
            (Rounds::Const(_), Rounds::Const(_)) => {
                self.builder.ins().jump(body, &enter);
            }
            _ => {
                let any = self.builder.ins().icmp(IntCC::SignedLessThan, begin, limit);
                self.builder.ins().brif(any, body, &enter, exit, &arguments(None, &carried));
            }
        }
        self.builder.switch_to_block(body);
        let params = self.builder.block_params(body).to_vec();
        let carried = write(self, params[0], &params[1..])?;
        let next = self.builder.ins().iadd_imm_s(params[0], step as i64);
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, next, limit);
        self.builder.ins().brif(more, body, &arguments(Some(next), &carried), exit, &arguments(None, &carried));
        self.builder.switch_to_block(exit);
        Ok(self.builder.block_params(exit).to_vec())
    }

    /// Does something so many times.
    pub fn rounds(
        &mut self,
        count: Value,
        write: impl FnOnce(&mut Self) -> Result<(), Unsupported>,
    ) -> Result<(), Unsupported> {
        self.counted(Rounds::Const(0), Rounds::Value(count), 1, Vec::new(), |emitter, _, _| {
            write(emitter)?;
            Ok(Vec::new())
        })?;
        Ok(())
    }

    /// Writes statements.
    pub fn block(&mut self, block: &[Stmt]) -> Result<(), Unsupported> {
        block.iter().try_for_each(|stmt| self.stmt(stmt))
    }
}

/// Where in scratch memory that of the pieces begins: each who carries out pieces has `own` bytes.
pub(super) fn own_memory(program: &Program) -> usize {
    program.scratch.next_multiple_of(ALIGNMENT)
}

/// What is handed to a block.
pub(super) fn arguments(first: Option<Value>, values: &[Value]) -> Vec<BlockArg> {
    first.iter().chain(values).map(|value| BlockArg::from(*value)).collect()
}
