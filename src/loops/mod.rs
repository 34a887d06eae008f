//! The loop IR: buffers, loop nests and scalar code; and how tensors become loops (`lower`).
//!
//! A [`Program`] is one step, run `steps` times in a row by whoever calls it. Nothing is left open: it fixes where each
//! value lies, the order of every sum and every fused multiply-add, so that its interpreter (`eval`) and machine
//! code agree to the bit.
//!
//! # Invariants (`verify` checks each)
//! - A register is written once in the text, before it is read, in the same block or one around it; its kind is that
//!   of what writes it. A variable is known in its loop alone.
//! - Each slot is the place of exactly one buffer, which holds what the slot holds.
//! - No index leaves its buffer: the largest value that an [`Index`] can take, from the bounds of its variables and of
//!   its registers, is inside. A register may stand in an index only if it is known to lie in `0..k` (a `clamp`, a load
//!   from a buffer of such ints, a byte, a loop's index, a constant; what is chosen or computed from such without a difference). Only
//!   such a register is stored to a buffer of ints in `0..k`, or to bytes.
//! - In a lanes loop the rounds are independent: nothing that one round stores is loaded or stored by another. It holds
//!   scalar statements, serial loops and folds that are chains; no lanes loop, matrix product, `until`, `when` or nest.
//!   The body of a fold in lanes likewise.
//! - A fold's body stores nothing: it holds scalar statements and folds.
//! - A matrix product's result overlaps neither operand; its rows have room for `room` columns.
//! - Where a nest is split, the rounds of its axis are independent like those of a lanes loop, but for memory that each
//!   piece has for itself: that is written, as a whole, in every round before it is read.
//! - Buffers in scratch memory that are in use at the same time do not overlap, and none is read before it is written.
//!
//! # Numbers
//! Ints wrap at the width of the program's real; stored to memory they keep their low 32 bits. A bool in memory is true
//! unless it is 0. Comparisons are false on NaN. An empty fold of ints is 0 for a sum, `i32::MIN` for a maximum and
//! `i32::MAX` for a minimum, and every fold begins from what an empty one gives: each step is
//! `op(what there is, the next element)`.
//!
//! # Orders of sums
//! A *chain* has one accumulator, in the order of the index. *Lanes* are 16 running accumulators, element `i` in lane
//! `i mod 16`, which are then folded as a tree: lane `i` with lane `i + 8`, then `+ 4`, `+ 2`, `+ 1`.

pub mod build;
pub mod eval;
pub mod kinds;
pub mod live;
pub mod lower;
pub mod memory;
pub mod origin;
pub mod parse;
pub mod pass;
pub mod print;
pub mod verify;
pub mod walk;

pub use self::origin::{Mark, Origin, Origins};
use crate::diag::Span;
pub use crate::math::Precision;
pub use crate::tensor::op::{Fold as FoldKind, Scalar};
use crate::tensor::{Name, Role, Type};

/// The number of running accumulators of a fold in lanes, and the unit in elements to which rows are padded.
pub const LANES: usize = 16;

/// A buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

/// A loop's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub u32);

/// A scalar (or, in a lanes loop, one scalar a lane).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u32);

/// What a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegKind {
    /// A float of the program's precision.
    Real,
    /// A whole number: 32 bits in an `F32` program, 64 in an `F64` program (values fit in 32 in both).
    Int,
    /// A truth value.
    Bool,
}

/// What a buffer holds, each with its size in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// 4 or 8 bytes.
    Real,
    /// 4 bytes, an `i32`; if there is a bound `k`, every value lies in `0..k`.
    Int(Option<usize>),
    /// 1 byte, 0 or 1.
    Bool,
    /// 1 byte; loaded as an int.
    Byte,
}

/// Where a buffer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// It is the slot of this number.
    Slot(usize),
    /// In scratch memory, at this byte (a multiple of 64).
    Scratch(usize),
    /// In memory that each piece of a split nest has for itself, at this byte (a multiple of 64).
    Own(usize),
}

/// A piece of memory, 64-byte aligned.
#[derive(Debug, Clone, PartialEq)]
pub struct Buffer {
    /// From the spec where it has a name there.
    pub name: Name,
    /// What it holds.
    pub cell: Cell,
    /// In cells, padding included.
    pub len: usize,
    /// Where it is.
    pub place: Place,
    /// The place in the spec that asked for it.
    pub span: Option<Span>,
}

/// A slot of the tensor program with its layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Unique.
    pub name: Name,
    /// Element and logical shape.
    pub ty: Type,
    /// Who keeps it.
    pub role: Role,
    /// For each axis the distance in cells between neighbours. Padding is what no index reaches.
    pub strides: Vec<usize>,
    /// In cells, padding included.
    pub len: usize,
}

/// How often a loop runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trip {
    /// Always so often.
    Const(usize),
    /// As often as the one int in this buffer says when the loop begins, limited to `0..=bound`.
    Count {
        /// The buffer, of one cell.
        buffer: BufferId,
        /// At most so often.
        bound: usize,
    },
}

/// A cell of a buffer: `offset + Σ stride * term`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Index {
    /// In cells.
    pub offset: usize,
    /// With their strides in cells.
    pub terms: Vec<(Term, usize)>,
}

/// What an index may vary with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// A loop's index.
    Var(Var),
    /// An int register known to lie in `0..k`.
    Reg(Reg),
}

/// A constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constant {
    /// Rounded to the program's precision.
    Real(f64),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

/// In which order a loop's rounds are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// One after the other, from 0.
    Serial,
    /// One after the other, from the last to 0.
    Reverse,
    /// Side by side: the rounds are independent.
    Lanes,
}

/// What a fold does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Folding {
    /// The fold of one register.
    Of(FoldKind, Reg),
    /// The sum of products of two real registers, each a fused multiply-add onto the accumulator.
    Dot(Reg, Reg),
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Stmt {
    /// A constant.
    Constant {
        /// Where to.
        reg: Reg,
        /// What.
        value: Constant,
    },
    /// A loop's index as an int.
    Index {
        /// Where to.
        reg: Reg,
        /// Which.
        var: Var,
    },
    /// A scalar operation; the operands' kinds choose between reals and ints.
    Let {
        /// Where to.
        reg: Reg,
        /// What.
        op: Scalar,
        /// Of what.
        args: Vec<Reg>,
        /// The `k` of a `clamp` into `0..k`.
        below: Option<usize>,
    },
    /// `a * b + c`, rounded once.
    Fma {
        /// Where to.
        reg: Reg,
        /// Factor.
        a: Reg,
        /// Factor.
        b: Reg,
        /// Summand.
        c: Reg,
    },
    /// Reads a cell. A byte becomes an int below 256.
    Load {
        /// Where to.
        reg: Reg,
        /// From.
        buffer: BufferId,
        /// Which cell.
        index: Index,
    },
    /// Writes a cell.
    Store {
        /// Into.
        buffer: BufferId,
        /// Which cell.
        index: Index,
        /// What.
        value: Reg,
    },
    /// A loop.
    Loop {
        /// Its index.
        var: Var,
        /// How often.
        trip: Trip,
        /// In which order.
        order: Order,
        /// What.
        body: Vec<Stmt>,
    },
    /// A fold over a loop; its body computes what is folded.
    Fold {
        /// Where the result goes.
        reg: Reg,
        /// The index.
        var: Var,
        /// How often.
        trip: Trip,
        /// 16 running accumulators instead of one.
        lanes: bool,
        /// Loads, scalar operations and folds.
        body: Vec<Stmt>,
        /// How.
        folding: Folding,
    },
    /// A matrix product.
    Matrix(Matrix),
    /// A loop that ends after the first round whose `go` is false, or after `bound` rounds; the number of rounds done
    /// is stored to `rounds`.
    Until {
        /// Its index.
        var: Var,
        /// At most so often.
        trip: Trip,
        /// What.
        body: Vec<Stmt>,
        /// A bool of the body.
        go: Reg,
        /// A buffer of one int.
        rounds: BufferId,
    },
    /// One of two blocks.
    When {
        /// A bool.
        cond: Reg,
        /// If true.
        then: Vec<Stmt>,
        /// If false.
        otherwise: Vec<Stmt>,
    },
    /// A block with a name (the operation that it carries out), so that text, errors and functions of machine code can
    /// say what it is. Registers inside are not seen outside.
    Nest {
        /// Such as `Hidden.drive`.
        name: Name,
        /// The place in the spec.
        span: Option<Span>,
        /// Whether it may be carried out in pieces.
        split: Option<Split>,
        /// What.
        body: Vec<Stmt>,
    },
}

/// How a nest may be cut into pieces: each is the whole nest with fewer rounds along one axis, and they may be carried
/// out in any order, or at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Split {
    /// Along what.
    pub axis: Axis,
    /// A piece has at least so many rounds; in lanes and columns a multiple of 16.
    pub grain: usize,
}

/// Along what a nest is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// A loop of the nest, serial or in lanes.
    Loop(Var),
    /// The rows of its one matrix product.
    Rows,
    /// The columns of its one matrix product.
    Columns,
}

/// `out[r, c] = (out[r, c] if accumulate, else 0) + Σ_k left[r, k] * right[k, c]`, each element one chain of fused
/// multiply-adds in the order of `k`; the columns of `right` and `out` are neighbours in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows of the result.
    pub rows: Trip,
    /// Columns of the result.
    pub columns: Trip,
    /// The index that is summed.
    pub depth: Trip,
    /// Strides by row and by depth.
    pub left: Operand,
    /// Stride by depth in `row`; `column` is 1.
    pub right: Operand,
    /// Stride by row in `row`; `column` is 1.
    pub out: Operand,
    /// Adds to what is there.
    pub accumulate: bool,
    /// Code may read and write this many columns (a multiple of 16 if more than `columns`): the rows have room. What
    /// it leaves past `columns` is not part of any value.
    pub room: usize,
    /// The product of the spec that it is.
    pub origin: Mark,
}

/// Where a matrix lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// The buffer.
    pub buffer: BufferId,
    /// The first cell.
    pub base: Index,
    /// From row to row.
    pub row: usize,
    /// From column to column.
    pub column: usize,
}

/// One step as loops.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// That of the tensor program.
    pub name: Name,
    /// What a real is.
    pub precision: Precision,
    /// What the caller hands in, in order.
    pub slots: Vec<Slot>,
    /// Indexed by [`BufferId`].
    pub buffers: Vec<Buffer>,
    /// Indexed by [`Reg`].
    pub registers: Vec<RegKind>,
    /// How many variables there are.
    pub variables: u32,
    /// Bytes of scratch memory; its contents are lost from step to step.
    pub scratch: usize,
    /// Bytes of the memory that each piece of a split nest has for itself.
    pub own: usize,
    /// One step.
    pub body: Vec<Stmt>,
    /// Where all that comes from.
    pub origins: Origins,
}
