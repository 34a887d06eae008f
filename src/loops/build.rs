//! The builder: fresh registers, variables and buffers, and nested blocks written by closures.
//!
//! What has no meaning (a sum of bools, say) is refused at once as a fault of the caller; the rest is `verify`'s
//! matter, which [`Builder::finish`] asks.

use super::kinds;
use super::memory::ALIGNMENT;
use super::verify::{self, Violation};
use super::{
    Buffer, BufferId, Cell, Constant, Folding, Index, Matrix, Order, Origins, Place, Precision, Program, Reg, RegKind,
    Scalar, Slot, Stmt, Trip, Var,
};
use crate::bug;
use crate::diag::Span;
use crate::math::Function;
use crate::tensor::Name;

/// Makes a [`Program`]; statements go to the end of the innermost open block.
#[derive(Debug)]
pub struct Builder {
    program: Program,
    open: Vec<Vec<Stmt>>,
}

impl Builder {
    /// An empty program.
    pub fn new(name: impl Into<Name>, precision: Precision) -> Builder {
        let program = Program {
            name: name.into(),
            precision,
            slots: Vec::new(),
            buffers: Vec::new(),
            registers: Vec::new(),
            variables: 0,
            scratch: 0,
            own: 0,
            body: Vec::new(),
            origins: Origins::default(),
        };
        Builder { program, open: vec![Vec::new()] }
    }

    /// The program's float.
    pub fn precision(&self) -> Precision {
        self.program.precision
    }

    /// The kind of a register.
    pub fn kind(&self, reg: Reg) -> RegKind {
        self.program.registers[reg.0 as usize]
    }

    /// A buffer as it is known so far.
    pub fn buffer_info(&self, buffer: BufferId) -> &Buffer {
        &self.program.buffers[buffer.0 as usize]
    }

    /// Adds a slot and the buffer that is its memory.
    pub fn slot(&mut self, slot: Slot) -> BufferId {
        let (name, cell, len) = (slot.name.clone(), slot.cell(), slot.len);
        self.program.slots.push(slot);
        self.buffer(name, cell, len, Place::Slot(self.program.slots.len() - 1), None)
    }

    /// Adds a buffer.
    pub fn buffer(
        &mut self,
        name: impl Into<Name>,
        cell: Cell,
        len: usize,
        place: Place,
        span: Option<Span>,
    ) -> BufferId {
        self.program.buffers.push(Buffer { name: name.into(), cell, len, place, span });
        BufferId(self.program.buffers.len() as u32 - 1)
    }

    /// Adds a buffer in scratch memory behind all others, where nothing else lies.
    pub fn fresh(&mut self, name: impl Into<Name>, cell: Cell, len: usize) -> BufferId {
        let start = self.program.scratch.next_multiple_of(ALIGNMENT);
        let buffer = self.buffer(name, cell, len, Place::Scratch(start), None);
        self.program.scratch = start + self.buffer_info(buffer).bytes(self.program.precision);
        buffer
    }

    /// Moves a buffer: for whoever plans memory when all is written.
    pub fn place(&mut self, buffer: BufferId, place: Place) {
        self.program.buffers[buffer.0 as usize].place = place;
    }

    /// Says how many bytes of scratch memory there are.
    pub fn scratch(&mut self, bytes: usize) {
        self.program.scratch = bytes;
    }

    /// The statements of the outermost block so far: for whoever plans memory when all is written.
    pub fn body(&self) -> &[Stmt] {
        &self.open[0]
    }

    /// Adds a statement as it stands.
    pub fn push(&mut self, stmt: Stmt) {
        match self.open.last_mut() {
            Some(block) => block.push(stmt),
            None => bug!("no block is open"),
        }
    }

    /// A fresh register.
    pub fn register(&mut self, kind: RegKind) -> Reg {
        self.program.registers.push(kind);
        Reg(self.program.registers.len() as u32 - 1)
    }

    /// A fresh variable.
    pub fn variable(&mut self) -> Var {
        self.program.variables += 1;
        Var(self.program.variables - 1)
    }

    /// Writes a block apart and gives it with what the closure gives.
    pub fn block<T>(&mut self, write: impl FnOnce(&mut Builder) -> T) -> (Vec<Stmt>, T) {
        self.open.push(Vec::new());
        let result = write(self);
        match self.open.pop() {
            Some(block) => (block, result),
            None => bug!("a block was closed that was not open"),
        }
    }

    /// A constant.
    pub fn constant(&mut self, value: Constant) -> Reg {
        let reg = self.register(value.kind());
        self.push(Stmt::Constant { reg, value });
        reg
    }

    /// A real constant.
    pub fn real(&mut self, value: f64) -> Reg {
        self.constant(Constant::Real(value))
    }

    /// A whole constant.
    pub fn int(&mut self, value: i64) -> Reg {
        self.constant(Constant::Int(value))
    }

    /// A constant truth value.
    pub fn truth(&mut self, value: bool) -> Reg {
        self.constant(Constant::Bool(value))
    }

    /// A loop's index as an int.
    pub fn index(&mut self, var: Var) -> Reg {
        let reg = self.register(RegKind::Int);
        self.push(Stmt::Index { reg, var });
        reg
    }

    /// A scalar operation other than `clamp`.
    pub fn scalar(&mut self, op: Scalar, args: &[Reg]) -> Reg {
        self.operation(op, args, None)
    }

    /// A function of reals, or of ints where it has a meaning for them.
    pub fn apply(&mut self, function: Function, args: &[Reg]) -> Reg {
        self.scalar(Scalar::Apply(function), args)
    }

    /// An int limited to `0..below`.
    pub fn clamp(&mut self, reg: Reg, below: usize) -> Reg {
        self.operation(Scalar::Clamp, &[reg], Some(below))
    }

    /// A scalar operation with all that it has.
    pub fn operation(&mut self, op: Scalar, args: &[Reg], below: Option<usize>) -> Reg {
        let kinds: Vec<_> = args.iter().map(|arg| self.kind(*arg)).collect();
        match kinds::of_scalar(op, &kinds, below) {
            Ok(kind) => {
                let reg = self.register(kind);
                self.push(Stmt::Let { reg, op, args: args.to_vec(), below });
                reg
            }
            Err(message) => bug!("{message}"),
        }
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: Reg, b: Reg, c: Reg) -> Reg {
        if [a, b, c].iter().any(|reg| self.kind(*reg) != RegKind::Real) {
            bug!("a fused multiply-add takes reals");
        }
        let reg = self.register(RegKind::Real);
        self.push(Stmt::Fma { reg, a, b, c });
        reg
    }

    /// Reads a cell.
    pub fn load(&mut self, buffer: BufferId, index: Index) -> Reg {
        let reg = self.register(self.buffer_info(buffer).cell.register());
        self.push(Stmt::Load { reg, buffer, index });
        reg
    }

    /// Writes a cell.
    pub fn store(&mut self, buffer: BufferId, index: Index, value: Reg) {
        if self.buffer_info(buffer).cell.register() != self.kind(value) {
            bug!("`{}` cannot hold a {:?}", self.buffer_info(buffer).name, self.kind(value));
        }
        self.push(Stmt::Store { buffer, index, value });
    }

    /// A loop.
    pub fn repeat<T>(&mut self, trip: impl Into<Trip>, order: Order, write: impl FnOnce(&mut Builder, Var) -> T) -> T {
        let var = self.variable();
        let (body, result) = self.block(|b| write(b, var));
        self.push(Stmt::Loop { var, trip: trip.into(), order, body });
        result
    }

    /// A loop side by side.
    pub fn lanes<T>(&mut self, trip: impl Into<Trip>, write: impl FnOnce(&mut Builder, Var) -> T) -> T {
        self.repeat(trip, Order::Lanes, write)
    }

    /// A loop one after the other.
    pub fn serial<T>(&mut self, trip: impl Into<Trip>, write: impl FnOnce(&mut Builder, Var) -> T) -> T {
        self.repeat(trip, Order::Serial, write)
    }

    /// A fold; the closure computes what is folded and says how. With `lanes` it has 16 running accumulators.
    pub fn fold(
        &mut self,
        trip: impl Into<Trip>,
        lanes: bool,
        write: impl FnOnce(&mut Builder, Var) -> Folding,
    ) -> Reg {
        let var = self.variable();
        let (body, folding) = self.block(|b| write(b, var));
        match kinds::of_folding(folding, |reg| self.kind(reg)) {
            Ok(kind) => {
                let reg = self.register(kind);
                self.push(Stmt::Fold { reg, var, trip: trip.into(), lanes, body, folding });
                reg
            }
            Err(message) => bug!("{message}"),
        }
    }

    /// A matrix product.
    pub fn matrix(&mut self, matrix: Matrix) {
        self.push(Stmt::Matrix(matrix));
    }

    /// A loop that ends after the first round in which the closure's result is false.
    pub fn until(&mut self, trip: impl Into<Trip>, rounds: BufferId, write: impl FnOnce(&mut Builder, Var) -> Reg) {
        let var = self.variable();
        let (body, go) = self.block(|b| write(b, var));
        if self.kind(go) != RegKind::Bool {
            bug!("the condition of a loop is a bool");
        }
        self.push(Stmt::Until { var, trip: trip.into(), body, go, rounds });
    }

    /// One of two blocks.
    pub fn when(&mut self, cond: Reg, then: impl FnOnce(&mut Builder), otherwise: impl FnOnce(&mut Builder)) {
        if self.kind(cond) != RegKind::Bool {
            bug!("the condition of a `when` is a bool");
        }
        let (then, ()) = self.block(then);
        let (otherwise, ()) = self.block(otherwise);
        self.push(Stmt::When { cond, then, otherwise });
    }

    /// A block with a name.
    pub fn nest<T>(&mut self, name: impl Into<Name>, span: Option<Span>, write: impl FnOnce(&mut Builder) -> T) -> T {
        let (body, result) = self.block(write);
        self.push(Stmt::Nest { name: name.into(), span, split: None, body });
        result
    }

    /// The program, if it is valid.
    pub fn finish(mut self) -> Result<Program, Vec<Violation>> {
        match (self.open.pop(), self.open.is_empty()) {
            (Some(body), true) => self.program.body = body,
            _ => bug!("a program was finished while a block was open"),
        }
        match verify::verify(&self.program) {
            violations if violations.is_empty() => Ok(self.program),
            violations => Err(violations),
        }
    }
}
