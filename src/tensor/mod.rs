//! The tensor IR: whole arrays, state slots, bounded loops that nest, and `when`.
//!
//! A [`Program`] is one step: it reads its slots, computes a [`Graph`] and writes some slots. It is closed,
//! static and free of callbacks, and it does not know in which precision it will run ([`Element::Real`]).
//!
//! # Invariants (`verify` checks each)
//! - Every value is defined once, before it is used, in its own graph; bodies of loops and branches are closed
//!   graphs: what they need from outside is handed in.
//! - Every axis is an [`Extent`]: a constant, or a named count under a constant bound. Two extents agree only if
//!   they are the same constant or the same count. A count is bound (by a `bind` node or by the loop that it
//!   counts) before a type mentions it, once, and is known in all bodies below that place.
//! - Every bound, of an extent and of a `class<k>`, is at least 1, and the bytes of every value can be counted.
//! - The type of every value is the one that its operation's row gives. What is handed into a loop or a branch, or from
//!   one round to the next, fits ([`Type::fits`]) the parameter that it becomes.
//! - A gather's index has the element `class<k>`, k at most the extent that it selects from, which is a constant.
//! - A loop slices an axis that is as long as its trip, or a constant that the last round does not pass.
//! - A contraction has no index that stands in one of (left, right, out) alone. Only a contraction is a product.
//! - A slot's name is its own, and its shape is constant. A program's results fit the slots that they are written to; a slot is written at most once.
//!
//! # What is deliberately elsewhere
//! Regions, costs and samples (`model`); which order a sum has and where a value lies (`loops`).

pub mod build;
pub mod differentiate;
pub mod eval;
pub mod op;
pub mod origin;
pub mod parse;
pub mod pass;
pub mod print;
pub mod rewrite;
pub mod rule;
pub mod signature;
pub mod text;
pub mod verify;

pub use build::{Builder, ProgramBuilder};
pub use op::{Derivative, Kind, Row};
pub use origin::{Origin, Part, Whose};

use crate::diag::Span;
use std::sync::Arc;

/// A name from the spec, or made from such names (`Retina -> Hidden.weight`).
pub type Name = Arc<str>;

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// A number in the program's precision.
    Real,
    /// A whole number (32 bits in memory).
    Int,
    /// A whole number known to lie in `0..k`; may stand wherever [`Element::Int`] is asked for.
    Class(usize),
    /// True or false.
    Bool,
    /// A byte as it stands in a data file; only `real` and `gather` read it.
    Byte,
}

/// A number, read from memory or computed, that says how much of an axis is in use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Count {
    /// Unique in the program.
    pub name: Name,
    /// It never exceeds this; arrays are laid out at the bound.
    pub bound: usize,
}

/// The length of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Always this long.
    Const(usize),
    /// As long as a count says.
    Count(Count),
}

impl Extent {
    /// The most that it can be.
    pub fn bound(&self) -> usize {
        match self {
            Extent::Const(n) => *n,
            Extent::Count(count) => count.bound,
        }
    }
}

impl From<usize> for Extent {
    fn from(n: usize) -> Self {
        Extent::Const(n)
    }
}

/// Element and shape of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// What it holds.
    pub element: Element,
    /// The axes, outermost first; none for a scalar.
    pub shape: Vec<Extent>,
}

impl Element {
    /// Whether it is a whole number, `class<k>` included.
    pub fn is_whole(self) -> bool {
        matches!(self, Element::Int | Element::Class(_))
    }

    /// Whether a value of it may stand where `wanted` is asked for: the same, or a `class<k>` for an int or for a
    /// class of at least as many.
    pub fn fits(self, wanted: Element) -> bool {
        match (self, wanted) {
            (Element::Class(_), Element::Int) => true,
            (Element::Class(found), Element::Class(k)) => found <= k,
            _ => self == wanted,
        }
    }
}

impl Type {
    /// The type of that element and shape.
    pub fn new(element: Element, shape: impl Into<Vec<Extent>>) -> Type {
        Type { element, shape: shape.into() }
    }

    /// Reals of a constant shape.
    pub fn real(shape: &[usize]) -> Type {
        Type::new(Element::Real, shape.iter().map(|n| Extent::Const(*n)).collect::<Vec<_>>())
    }

    /// One of that element, without axes.
    pub fn scalar(element: Element) -> Type {
        Type::new(element, Vec::new())
    }

    /// The same shape of another element.
    #[must_use]
    pub fn of(&self, element: Element) -> Type {
        Type::new(element, self.shape.clone())
    }

    /// Whether a value of it may stand where `wanted` is asked for.
    pub fn fits(&self, wanted: &Type) -> bool {
        self.element.fits(wanted.element) && self.shape == wanted.shape
    }

    /// The type of what one index of the first axis selects.
    pub fn row(&self) -> Option<Type> {
        self.shape.split_first().map(|(_, rest)| Type::new(self.element, rest))
    }

    /// The type of `extent` of them, stacked along a new first axis.
    #[must_use]
    pub fn stacked(&self, extent: Extent) -> Type {
        Type::new(self.element, std::iter::once(extent).chain(self.shape.iter().cloned()).collect::<Vec<_>>())
    }
}

/// A value of one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueInfo {
    /// Its type.
    pub ty: Type,
    /// What the spec calls it, if it does.
    pub name: Option<Name>,
}

/// Values and the nodes that define them, in an order in which they can be computed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    /// Indexed by [`Value`].
    pub values: Vec<ValueInfo>,
    /// Values that come from outside.
    pub params: Vec<Value>,
    /// In order.
    pub nodes: Vec<Node>,
    /// What the graph gives.
    pub results: Vec<Value>,
}

impl Graph {
    /// The type of a value.
    pub fn ty(&self, value: Value) -> &Type {
        &self.values[value.0 as usize].ty
    }
}

/// One operation with its operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To what.
    pub inputs: Vec<Value>,
    /// What it defines (one value, but for loops and branches).
    pub outputs: Vec<Value>,
    /// The place in the spec that asked for it.
    pub span: Option<Span>,
    /// The projection whose product this is (`Retina -> Hidden`), for credit rules that carry something else
    /// across it; only on contractions, whose left operand is then the activity and whose right is the weight.
    pub product: Option<Name>,
    /// Whose it is.
    pub origin: Origin,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// An operation of the table.
    Row(&'static Row, Attributes),
    /// Takes a whole number, clamps it to `0..=bound` and makes it the value of the count; gives it back as an int.
    Bind(Count),
    /// A bounded loop.
    Loop(Box<Loop>),
    /// One of two graphs.
    When(Box<When>),
}

impl Op {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Row(row, _) => row.name,
            Op::Bind(_) => "bind",
            Op::Loop(_) => "loop",
            Op::When(_) => "when",
        }
    }
}

/// What a row of the table needs to know beside its operands.
#[derive(Debug, Clone, PartialEq)]
pub enum Attributes {
    /// Nothing.
    None,
    /// A constant.
    Number(f64),
    /// A constant whole number.
    Integer(i64),
    /// A constant truth value.
    Truth(bool),
    /// Axes: those that a reduction removes (sorted), or the order of a permutation (`out[i] = in[axes[i]]`).
    Axes(Vec<usize>),
    /// The wider shape of an `expand`, and where in it each axis of the operand goes.
    Expand {
        /// The result's shape.
        shape: Vec<Extent>,
        /// Increasing; `axes[i]` is the place of the operand's axis `i`.
        axes: Vec<usize>,
    },
    /// The new shape of a `reshape` (same number of elements, row-major), the length of an `iota`, or the first axis of
    /// a `scatter`'s result.
    Shape(Vec<Extent>),
    /// A part of one axis.
    Part {
        /// Which axis.
        axis: usize,
        /// The first index.
        start: usize,
        /// How many (for `slice`), or how long the axis becomes (for `pad`).
        length: usize,
    },
    /// The bound of a `clamp` into `0..k`.
    Below(usize),
    /// Windows on the last axes.
    Windows(Windows),
    /// A contraction's indices.
    Contract(Contraction),
}

/// Windows on the last axes of an array: how long each of those axes is, and for each the size of a window and how far
/// it is from one to the next. A window lies inside; what is left at the end is in none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Windows {
    /// Of the axes.
    pub lengths: Vec<usize>,
    /// Of a window.
    pub sizes: Vec<usize>,
    /// From window to window.
    pub strides: Vec<usize>,
}

impl Windows {
    /// How many windows there are along each axis.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let axes = self.lengths.iter().zip(&self.sizes).zip(&self.strides);
        axes.map(|((length, size), stride)| (length - size) / stride + 1)
    }

    /// Whether there is a window along each axis.
    pub fn is_sound(&self) -> bool {
        let same = self.lengths.len() == self.sizes.len() && self.sizes.len() == self.strides.len();
        let fits = self.lengths.iter().zip(&self.sizes).all(|(length, size)| (1..=*length).contains(size));
        same && fits && !self.lengths.is_empty() && self.strides.iter().all(|stride| *stride > 0)
    }
}

/// A product of two arrays, summed over the indices that are not in the result: `bi,oi->bo`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Contraction {
    /// An index for each axis of the left operand (0 is printed `a`).
    pub left: Vec<u8>,
    /// Of the right operand.
    pub right: Vec<u8>,
    /// Of the result.
    pub out: Vec<u8>,
}

impl Contraction {
    /// The letter that an index is printed as.
    pub fn letter(index: u8) -> char {
        match index {
            0..26 => (b'a' + index) as char,
            _ => '?',
        }
    }

    /// What `bi,oi->bo` says; `a` is index 0.
    pub fn read(text: &str) -> Result<Contraction, String> {
        let word = |part: &str| -> Option<Vec<u8>> {
            part.bytes().map(|letter| letter.is_ascii_lowercase().then(|| letter - b'a')).collect()
        };
        let read = || {
            let (operands, out) = text.split_once("->")?;
            let (left, right) = operands.split_once(',')?;
            Some(Contraction { left: word(left)?, right: word(right)?, out: word(out)? })
        };
        read().ok_or_else(|| format!("the indices of a contraction are written as `bi,oi->bo`; found `{text}`"))
    }
}

/// A loop of at most `trip` rounds.
///
/// The node's inputs are the invariants, then the sliced arrays, then the first values of the carries; its outputs
/// are the last values of the carries, then the records, then, if it ends on a condition, the number of rounds
/// done (an int).
///
/// The body's parameters are the round's index (`class<trip>`), the invariants, one row of each sliced array, and
/// the carries; its results are the new carries, one value for each [`Record::Value`], and, if the loop ends on a
/// condition, whether to go on (a bool). A round is done before its condition is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// The number of rounds, or the bound if it ends on a condition. A count stands for as many rounds as it says.
    pub trip: Extent,
    /// The loop ends after the first round whose last result is false; the count is then the number of rounds.
    pub until: Option<Count>,
    /// Runs the index from the last to 0.
    pub reverse: bool,
    /// How many of the inputs are the same in each round.
    pub invariants: usize,
    /// The sliced arrays: in round `i` the body sees row `i + offset` (a record of a carry has one row more).
    pub slices: Vec<usize>,
    /// How many values are carried from round to round.
    pub carries: usize,
    /// What is kept of each round.
    pub records: Vec<Record>,
    /// One round.
    pub body: Graph,
}

impl Loop {
    /// The value of the body that a record keeps, given the number of a record that is not of a carry.
    pub fn recorded(&self, record: usize) -> Value {
        let before = self.records[..record].iter().filter(|record| **record == Record::Value).count();
        self.body.results[self.carries + before]
    }
}

/// What a loop keeps of each round, stacked along a new first axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// A result of the body, row `i` from round `i`; the axis is `until`'s count, else `trip`.
    Value,
    /// A carry: row `i` is what round `i` saw, and the row after the last is what the loop gives (for a reverse loop
    /// row `i + 1` is what round `i` saw, row 0 what the loop gives). The axis is the constant bound + 1; rows past
    /// the rounds done are 0.
    Carry(usize),
}

/// One of two graphs of the same parameters and result types. The node's first input is a bool scalar, the others
/// are handed to the graph that is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// If true.
    pub then: Graph,
    /// If false.
    pub otherwise: Graph,
}

/// What a slot is to those who keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Weights and biases: in checkpoints and in the weights' digest.
    Parameter,
    /// What lives on besides (optimisers, traces, clocks, running sums): in checkpoints.
    State,
    /// What comes from outside and can be had again (data, orders, keys of random numbers, settings).
    Input,
}

/// A named place in memory that outlives a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Unique in the program.
    pub name: Name,
    /// All extents are constants.
    pub ty: Type,
    /// Who keeps it.
    pub role: Role,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Such as `learn.school` or `measure.test`.
    pub name: Name,
    /// `graph.params[i]` is the value of slot `i` when the step begins.
    pub slots: Vec<Slot>,
    /// The step.
    pub graph: Graph,
    /// `graph.results[j]` becomes the value of slot `writes[j]` when the step ends.
    pub writes: Vec<usize>,
}
