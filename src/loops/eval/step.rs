//! Programs made ready to be carried out: registers sorted by kind, indices split into what is common to all lanes
//! and what each lane adds.

use crate::loops::{FoldKind, Mark, Trip};
use crate::math::Function;

/// A register's place in the file of its kind.
pub(super) type Place = usize;

/// A cell: `offset + Σ stride * var + Σ stride * int`, and in lane `l` besides `lane * l + Σ stride * int of the lane`.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub offset: usize,
    pub vars: Box<[(usize, usize)]>,
    pub ints: Box<[(Place, usize)]>,
    pub lane: usize,
    pub lane_ints: Box<[(Place, usize)]>,
}

/// A place in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Real(Place),
    Int(Place),
    Truth(Place),
}

/// What a comparison asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Less,
    LessEqual,
    Equal,
}

/// What is done to two ints.
#[derive(Debug, Clone, Copy)]
pub(super) enum IntOp {
    Add,
    Subtract,
    Multiply,
    Minimum,
    Maximum,
    Quotient,
    Remainder,
}

/// What a fold gathers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gather {
    Dot { to: Place, a: Place, b: Place },
    Real { to: Place, fold: FoldKind, from: Place },
    Int { to: Place, fold: FoldKind, from: Place },
    Truth { to: Place, all: bool, from: Place },
}

/// One step. The first place is where the result goes.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Real(Place, f64),
    Int(Place, i64),
    Truth(Place, bool),
    /// The flag says that it is the lanes' own variable.
    Index(Place, usize, bool),
    Unary(Place, Function, Place),
    Binary(Place, Function, Place, Place),
    IntBinary(Place, IntOp, Place, Place),
    CompareReals(Place, Comparison, Place, Place),
    CompareInts(Place, Comparison, Place, Place),
    And(Place, Place, Place),
    Or(Place, Place, Place),
    Not(Place, Place),
    SelectReal(Place, Place, Place, Place),
    SelectInt(Place, Place, Place, Place),
    SelectTruth(Place, Place, Place, Place),
    RealOfTruth(Place, Place),
    RealOfInt(Place, Place),
    /// Into `0..=` the last number.
    Clamp(Place, Place, i64),
    Uniform(Place, [Place; 4]),
    Fma(Place, Place, Place, Place),
    LoadReal(Place, usize, Address),
    /// With the bound of a class.
    LoadInt(Place, usize, Address, Option<usize>),
    LoadByte(Place, usize, Address),
    LoadTruth(Place, usize, Address),
    StoreReal(Place, usize, Address),
    StoreInt(Place, usize, Address),
    StoreByte(Place, usize, Address),
    StoreTruth(Place, usize, Address),
    Loop {
        var: usize,
        trip: Trip,
        reverse: bool,
        body: Vec<Step>,
    },
    /// Sixteen rounds at a time; first some registers are given to all lanes.
    Lanes {
        var: usize,
        trip: Trip,
        given: Vec<Slot>,
        body: Vec<Step>,
    },
    Chain {
        var: usize,
        trip: Trip,
        gather: Gather,
        body: Vec<Step>,
    },
    Accumulators {
        var: usize,
        trip: Trip,
        gather: Gather,
        given: Vec<Slot>,
        body: Vec<Step>,
    },
    Matrix(Box<Matrix>),
    Until {
        var: usize,
        trip: Trip,
        go: Place,
        rounds: usize,
        body: Vec<Step>,
    },
    When {
        cond: Place,
        then: Vec<Step>,
        otherwise: Vec<Step>,
    },
    Nest {
        body: Vec<Step>,
    },
}

/// A matrix product.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub rows: Trip,
    pub columns: Trip,
    pub depth: Trip,
    pub left: Operand,
    pub right: Operand,
    pub out: Operand,
    pub accumulate: bool,
    pub origin: Mark,
}

/// Where a matrix lies.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub buffer: usize,
    pub base: Address,
    pub row: usize,
    pub column: usize,
}
