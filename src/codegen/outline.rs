//! What a nest sees of what is around it, and what it does regardless of names: nests that do the same share code.

use crate::loops::walk::walk;
use crate::loops::{
    Axis, BufferId, Cell, Constant, Folding, Index, Matrix, Operand, Place, Program, Reg, Split, Stmt, Term, Trip, Var,
};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// A nest as a function.
pub(super) struct Outline {
    /// The buffers that it uses, each with whether nothing in the nest changes its memory.
    pub buffers: Vec<(BufferId, bool)>,
    /// Variables of loops around it.
    pub variables: Vec<Var>,
    /// Registers from around it.
    pub registers: Vec<Reg>,
    /// The nest, but for the names of all these: equal keys, equal code.
    pub key: Vec<u8>,
}

impl Outline {
    /// Of a nest's body.
    pub fn of(program: &Program, body: &[Stmt], split: Option<Split>) -> Outline {
        let mut writer = Writer { program, ..Writer::new(program) };
        writer.block(body);
        if let Some(Split { axis, grain }) = split {
            writer.put(grain);
            match axis {
                Axis::Loop(var) => {
                    let number = writer.variables.of(var);
                    writer.put((2_u8, number));
                }
                Axis::Rows => writer.put(0_u8),
                Axis::Columns => writer.put(1_u8),
            }
        }
        let fixed = fixed(program, body);
        let buffers: Vec<_> = writer.buffers.iter().map(|buffer| (*buffer, fixed[buffer.0 as usize])).collect();
        for (buffer, fixed) in &buffers {
            let cell = program.buffers[buffer.0 as usize].cell;
            (std::mem::discriminant(&cell), fixed, stray_below(program, *buffer)).hash(&mut writer.key);
            writer.put(matches!(program.buffers[buffer.0 as usize].place, Place::Own(_)));
        }
        for reg in &writer.registers.free {
            program.registers[reg.0 as usize].hash(&mut writer.key);
        }
        Outline { buffers, variables: writer.variables.free, registers: writer.registers.free, key: writer.key.0 }
    }
}

/// For each buffer whether no statement of the block changes the memory in which it lies.
pub(super) fn fixed(program: &Program, body: &[Stmt]) -> Vec<bool> {
    let mut written = vec![false; program.buffers.len()];
    walk(body, &mut |stmt| {
        for touch in stmt.touches() {
            written[touch.buffer.0 as usize] |= touch.writes;
        }
    });
    let range = |buffer: usize| {
        let info = &program.buffers[buffer];
        match info.place {
            Place::Scratch(start) => Some(start..start + info.bytes(program.precision)),
            Place::Slot(_) | Place::Own(_) => None,
        }
    };
    let dirty: Vec<_> = (0..written.len()).filter(|buffer| written[*buffer]).filter_map(range).collect();
    let overlaps = |buffer| {
        range(buffer).is_some_and(|own| dirty.iter().any(|other| own.start < other.end && other.start < own.end))
    };
    (0..written.len()).map(|buffer| !written[buffer] && !overlaps(buffer)).collect()
}

/// The range of ints in a buffer that may hold others too: in scratch memory there is what was there before, where a
/// count said that nothing was to be written. Slots have been looked at when they were handed in.
pub(super) fn stray_below(program: &Program, buffer: BufferId) -> Option<usize> {
    let info = &program.buffers[buffer.0 as usize];
    match (info.place, info.cell) {
        (Place::Scratch(_), Cell::Int(below)) => below,
        _ => None,
    }
}

/// Keeps what is written to it.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Numbers in the order of appearance.
struct Numbers<T> {
    known: HashMap<T, usize>,
    /// Those that were used before they were defined.
    free: Vec<T>,
}

impl<T: Copy + Eq + Hash> Numbers<T> {
    fn new() -> Self {
        Numbers { known: HashMap::new(), free: Vec::new() }
    }

    fn define(&mut self, name: T) -> usize {
        let next = self.known.len();
        self.known.insert(name, next);
        next
    }

    fn of(&mut self, name: T) -> usize {
        match self.known.get(&name) {
            Some(number) => *number,
            None => {
                self.free.push(name);
                self.define(name)
            }
        }
    }
}

struct Writer<'a> {
    program: &'a Program,
    key: Bytes,
    buffers: Vec<BufferId>,
    buffer_numbers: HashMap<BufferId, usize>,
    variables: Numbers<Var>,
    registers: Numbers<Reg>,
}

impl<'a> Writer<'a> {
    fn new(program: &'a Program) -> Self {
        Writer {
            program,
            key: Bytes::default(),
            buffers: Vec::new(),
            buffer_numbers: HashMap::new(),
            variables: Numbers::new(),
            registers: Numbers::new(),
        }
    }

    fn put(&mut self, what: impl Hash) {
        what.hash(&mut self.key);
    }

    fn buffer(&mut self, buffer: BufferId) {
        let next = self.buffers.len();
        let number = *self.buffer_numbers.entry(buffer).or_insert(next);
        if number == next {
            self.buffers.push(buffer);
        }
        self.put(number);
    }

    fn reg(&mut self, reg: Reg) {
        let number = self.registers.of(reg);
        self.put(number);
    }

    fn define(&mut self, reg: Reg) {
        let number = self.registers.define(reg);
        self.put((number, self.program.registers[reg.0 as usize]));
    }

    fn index(&mut self, index: &Index) {
        self.put((index.offset, index.terms.len()));
        for (term, stride) in &index.terms {
            let number = match term {
                Term::Var(var) => (0, self.variables.of(*var)),
                Term::Reg(reg) => (1, self.registers.of(*reg)),
            };
            self.put((number, stride));
        }
    }

    fn trip(&mut self, trip: Trip) {
        match trip {
            Trip::Const(n) => self.put((0_u8, n)),
            Trip::Count { buffer, bound } => {
                self.put((1_u8, bound));
                self.buffer(buffer);
            }
        }
    }

    fn block(&mut self, body: &[Stmt]) {
        self.put(body.len());
        for stmt in body {
            self.put(std::mem::discriminant(stmt));
            self.stmt(stmt);
        }
    }

    fn looping(&mut self, var: Var, trip: Trip, body: &[Stmt]) {
        self.trip(trip);
        self.variables.define(var);
        self.block(body);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Constant { reg, value } => {
                match value {
                    Constant::Real(real) => self.put(real.to_bits()),
                    Constant::Int(int) => self.put(int),
                    Constant::Bool(truth) => self.put(truth),
                }
                self.define(*reg);
            }
            Stmt::Index { reg, var } => {
                let number = self.variables.of(*var);
                self.put(number);
                self.define(*reg);
            }
            Stmt::Let { reg, op, args, below } => {
                self.put((op, below));
                args.iter().for_each(|arg| self.reg(*arg));
                self.define(*reg);
            }
            Stmt::Fma { reg, a, b, c } => {
                [a, b, c].into_iter().for_each(|arg| self.reg(*arg));
                self.define(*reg);
            }
            Stmt::Load { reg, buffer, index } => {
                self.buffer(*buffer);
                self.index(index);
                self.define(*reg);
            }
            Stmt::Store { buffer, index, value } => {
                self.buffer(*buffer);
                self.index(index);
                self.reg(*value);
            }
            Stmt::Matrix(matrix) => self.matrix(matrix),
            other => self.holding(other),
        }
    }

    fn holding(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Loop { var, trip, order, body } => {
                self.put(order);
                self.looping(*var, *trip, body);
            }
            Stmt::Fold { reg, var, trip, lanes, body, folding } => {
                self.put(lanes);
                self.looping(*var, *trip, body);
                match folding {
                    Folding::Of(kind, reg) => {
                        self.put(kind);
                        self.reg(*reg);
                    }
                    Folding::Dot(a, b) => {
                        self.put(u8::MAX);
                        self.reg(*a);
                        self.reg(*b);
                    }
                }
                self.define(*reg);
            }
            Stmt::Until { var, trip, body, go, rounds } => {
                self.looping(*var, *trip, body);
                self.reg(*go);
                self.buffer(*rounds);
            }
            Stmt::When { cond, then, otherwise } => {
                self.reg(*cond);
                self.block(then);
                self.block(otherwise);
            }
            Stmt::Nest { body, .. } => self.block(body),
            other => crate::bug!("{other:?} holds no statements"),
        }
    }

    fn matrix(&mut self, matrix: &Matrix) {
        [matrix.rows, matrix.columns, matrix.depth].into_iter().for_each(|trip| self.trip(trip));
        for Operand { buffer, base, row, column } in matrix.operands() {
            self.buffer(*buffer);
            self.index(base);
            self.put((row, column));
        }
        self.put((matrix.accumulate, matrix.room));
    }
}
