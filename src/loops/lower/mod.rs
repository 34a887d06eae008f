//! How a tensor program becomes loops: where each value lies, which values are computed inside the nests that ask for
//! them, and in which order each sum is made.
//!
//! # How
//! A graph is lowered as a whole (`block`): `fuse` decides what has a place in memory, `orders` and `layout` how it
//! lies, `schedule` what comes first, so that slots and carries are updated where they lie if nobody needs their old
//! values any more. Then each kind of operation writes its nests: `map`, `reduce`, `contract` and `matrix`, `pad`,
//! `scatter`, `overlap`, `repeat` (loops), `when`; `blocks` puts a product and what is done to its result into one nest.
//! `around` knows the loops in which something is the same in all rounds. At the end `accumulate` lets a product add to what
//! its result would be added to, `split` says which nests may be cut into pieces for several threads, and `plan` places
//! scratch memory.
//!
//! # The order of a sum
//! It follows from the shapes and layouts alone. A product that is a `matrix` sums in the order of its one summed axis;
//! if several are summed and cannot be merged, the longest runs inside and the others are loops around, in the order of
//! the left operand. Any other sum runs over its axes in the order of memory (largest stride outermost): the axis that
//! runs fastest in lanes, the others as chains; or, where outputs lie side by side, all as chains, a lane an output.

mod accumulate;
mod affine;
mod around;
mod block;
mod blocks;
mod contract;
mod expression;
mod fuse;
mod layout;
mod map;
mod matrix;
mod nest;
mod orders;
mod overlap;
mod pad;
mod plan;
mod ratio;
mod reduce;
mod repeat;
mod reshape;
mod scatter;
mod schedule;
mod split;
mod view;
mod when;
mod writer;

pub use layout::{Layout, Layouts};

use self::view::{Home, View};
use super::verify::verify;
use super::{
    Buffer, BufferId, Cell, Index, Mark, Origin, Origins, Place, Precision, Program, Reg, RegKind, Slot, Stmt, Term,
    Trip, Var,
};
use crate::bug;
use crate::diag::Span;
use crate::tensor::{self, Extent, Kind, Name, Node, Op, Type};
use std::collections::{BTreeMap, BTreeSet};

/// What cannot be made into loops yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotYet {
    /// What it is.
    pub message: String,
    /// The place in the spec that asked for it.
    pub span: Option<Span>,
}

/// Makes a tensor program into loops. Slots that an earlier program had lie as they did there; the others are settled
/// here.
pub fn lower(program: &tensor::Program, precision: Precision, layouts: &mut Layouts) -> Result<Program, NotYet> {
    refuse(&program.graph)?;
    settle(program, layouts)?;
    let mut lowering = Lowering::new(program, precision, layouts);
    let homes: Vec<Home> = (0..program.slots.len()).map(|slot| Home::View(lowering.slot_view(slot))).collect();
    let wanted = program.writes.iter().map(|slot| Some(lowering.slot_view(*slot))).collect();
    let body = block::lower(&mut lowering, &program.graph, homes, wanted);
    let program = lowering.finish(body);
    if cfg!(debug_assertions)
        && let Some(violation) = verify(&program).first()
    {
        bug!("lowering gives a program that is not valid: {violation}");
    }
    Ok(program)
}

/// Composite operations are written with others before anything is lowered.
fn refuse(graph: &tensor::Graph) -> Result<(), NotYet> {
    for node in &graph.nodes {
        match &node.op {
            Op::Row(row, _) if matches!(row.kind, Kind::Composite(_)) => {
                let message = format!("`{}` is composite: it is to be expanded before it becomes loops", row.name);
                return Err(NotYet { message, span: node.span });
            }
            Op::Loop(inner) => refuse(&inner.body)?,
            Op::When(when) => {
                refuse(&when.then)?;
                refuse(&when.otherwise)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Settles how the slots lie that no program had before.
fn settle(program: &tensor::Program, layouts: &mut Layouts) -> Result<(), NotYet> {
    let mut fixed = Vec::new();
    for (slot, param) in program.slots.iter().zip(&program.graph.params) {
        if let Some(ty) = layouts.ty(&slot.name).filter(|ty| **ty != slot.ty) {
            let message = format!("slot `{}` is {:?} here, but it was {ty:?} before", slot.name, slot.ty);
            return Err(NotYet { message, span: None });
        }
        if let Some((fastest, _)) = layouts.get(&slot.name).and_then(|layout| layout.room) {
            fixed.push((*param, fastest));
        }
    }
    let written = program.writes.iter().zip(&program.graph.results);
    let alike: Vec<_> = written.map(|(slot, result)| (program.graph.params[*slot], *result)).collect();
    let orders = orders::orders(&program.graph, &alike, &fixed);
    for (slot, param) in program.slots.iter().zip(&program.graph.params) {
        layouts.settle(&slot.name, &slot.ty, Layout::new(&slot.ty, orders[param.0 as usize]));
    }
    Ok(())
}

/// What is being made.
struct Lowering {
    program: Program,
    /// For each variable the number of rounds, at most.
    bounds: Vec<usize>,
    /// The buffers that hold counts.
    counts: BTreeMap<Name, BufferId>,
    /// For each slot the axis that runs fastest, with the cells of its rows.
    rooms: Vec<Option<(usize, usize)>>,
    /// Where what is being written comes from.
    origin: Mark,
    /// The origins that are known already, by node.
    known: BTreeMap<*const Node, u32>,
    /// The loops around what is being written.
    around: around::Nesting,
}

impl Lowering {
    fn new(program: &tensor::Program, precision: Precision, layouts: &Layouts) -> Lowering {
        let mut made = Program {
            name: program.name.clone(),
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
        let mut rooms = Vec::new();
        for (number, slot) in program.slots.iter().enumerate() {
            let Some(layout) = layouts.get(&slot.name) else { bug!("slot `{}` does not lie anywhere", slot.name) };
            let slot = Slot {
                name: slot.name.clone(),
                ty: slot.ty.clone(),
                role: slot.role,
                strides: layout.strides.clone(),
                len: layout.len,
            };
            let (name, cell, len) = (slot.name.clone(), slot.cell(), slot.len);
            made.buffers.push(Buffer { name, cell, len, place: Place::Slot(number), span: None });
            made.slots.push(slot);
            rooms.push(layout.room);
        }
        Lowering {
            program: made,
            bounds: Vec::new(),
            counts: BTreeMap::new(),
            rooms,
            origin: Mark::default(),
            known: BTreeMap::new(),
            around: around::Nesting::default(),
        }
    }

    /// A slot as an array.
    fn slot_view(&self, slot: usize) -> View {
        let Slot { ty, strides, .. } = &self.program.slots[slot];
        let bounds = ty.shape.iter().map(Extent::bound).collect();
        let (buffer, room) = (BufferId(slot as u32), self.rooms[slot]);
        View { buffer, base: Index::at(0), bounds, strides: strides.clone(), room }
    }

    /// Adds a scratch buffer for an array of that type.
    fn scratch(&mut self, name: Name, span: Option<Span>, ty: &Type, fastest: Option<usize>) -> View {
        let layout = Layout::new(ty, fastest);
        let buffer = self.buffer(name, span, Cell::of(ty.element), layout.len);
        let bounds = ty.shape.iter().map(Extent::bound).collect();
        View { buffer, base: Index::at(0), bounds, strides: layout.strides, room: layout.room }
    }

    fn buffer(&mut self, name: Name, span: Option<Span>, cell: Cell, len: usize) -> BufferId {
        self.program.buffers.push(Buffer { name, cell, len, place: Place::Scratch(0), span });
        BufferId(self.program.buffers.len() as u32 - 1)
    }

    fn cell(&self, buffer: BufferId) -> Cell {
        self.program.buffers[buffer.0 as usize].cell
    }

    fn register(&mut self, kind: RegKind) -> Reg {
        self.program.registers.push(kind);
        self.program.origins.registers.push(self.origin);
        Reg(self.program.registers.len() as u32 - 1)
    }

    /// What is written from here on comes from this node; gives what it was before, to go back to.
    fn coming_from(&mut self, node: &Node) -> Mark {
        let origins = &mut self.program.origins.list;
        let number = *self.known.entry(std::ptr::from_ref(node)).or_insert_with(|| {
            origins.push(Origin::of(node));
            origins.len() as u32 - 1
        });
        std::mem::replace(&mut self.origin, Mark(Some(number)))
    }

    fn kind(&self, reg: Reg) -> RegKind {
        self.program.registers[reg.0 as usize]
    }

    fn variable(&mut self, bound: usize) -> Var {
        self.bounds.push(bound);
        Var(self.bounds.len() as u32 - 1)
    }

    fn bound(&self, var: Var) -> usize {
        self.bounds[var.0 as usize]
    }

    /// How often a loop over an axis runs.
    fn trip(&self, extent: &Extent) -> Trip {
        match extent {
            Extent::Const(n) => Trip::Const(*n),
            Extent::Count(count) => match self.counts.get(&count.name) {
                Some(buffer) => Trip::Count { buffer: *buffer, bound: count.bound },
                None => bug!("count `{}` is not bound", count.name),
            },
        }
    }

    /// Forgets the registers and variables that were made since.
    fn forget(&mut self, registers: usize, variables: usize) {
        self.program.registers.truncate(registers);
        self.program.origins.registers.truncate(registers);
        self.bounds.truncate(variables);
    }

    fn finish(mut self, body: Vec<Stmt>) -> Program {
        self.program.body = body;
        accumulate::products(&mut self.program.body, self.program.buffers.len());
        self.program.variables = self.bounds.len() as u32;
        split::mark(&mut self.program);
        plan::place(&mut self.program);
        self.program
    }
}

/// What is learnt from a nest that is written only to look at it.
#[derive(Debug, Clone, Default)]
struct Probe {
    /// Loops that are asked for more than a place in memory: they are not merged with others.
    pinned: BTreeSet<Var>,
    /// Loops that had better be two, the inner one of so many rounds.
    splits: BTreeMap<Var, usize>,
}

impl Probe {
    fn pin(&mut self, var: Var) {
        self.pinned.insert(var);
    }

    /// An index was divided.
    fn divided(&mut self, index: &Index, by: usize) {
        for (term, stride) in &index.terms {
            if let Term::Var(var) = term {
                self.pin(*var);
                if by.is_multiple_of(*stride) && by > *stride {
                    self.splits.entry(*var).or_insert(by / stride);
                }
            }
        }
    }
}
