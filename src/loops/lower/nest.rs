//! The loops of a nest: which there are, which inside which, and which of them become one.
//!
//! A nest is first written to look at it: which cells it uses, and how they move with each axis. From that follow the
//! loops that it is written with in earnest.

use super::block::Scope;
use super::view::View;
use super::writer::Writer;
use super::{Lowering, Probe, affine};
use crate::loops::walk::walk;
use crate::loops::{BufferId, Index, Order, Stmt, Term, Trip, Var};
use crate::tensor::Extent;

/// From so many rounds on, a loop runs in lanes.
pub const SIDE_BY_SIDE: usize = 4;
/// An array of so many bytes does not stay in a cache.
const FAR: usize = 1 << 20;

/// A loop over an axis or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The axis.
    pub axis: usize,
    /// How far along the axis a round leads.
    pub factor: usize,
    /// How many rounds.
    pub trip: Trip,
}

/// A use of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whose.
    pub buffer: BufferId,
    /// Which.
    pub index: Index,
    /// Whether it is written.
    pub stores: bool,
}

/// What is seen of a nest.
#[derive(Debug, Clone)]
pub struct Look {
    /// The loops that it was looked at with, and their variables.
    pub steps: Vec<(Step, Var)>,
    /// The cells that it uses.
    pub accesses: Vec<Access>,
    /// How many statements it has.
    pub size: usize,
    probe: Probe,
}

/// The loops over some axes. An axis of one element needs none.
fn steps(lowering: &Lowering, extents: &[Extent]) -> Vec<Step> {
    let long = extents.iter().enumerate().filter(|(_, extent)| **extent != Extent::Const(1));
    long.map(|(axis, extent)| Step { axis, factor: 1, trip: lowering.trip(extent) }).collect()
}

/// Looks at what `write` writes at each index of some axes. An axis that is asked for in parts is split.
pub fn look(
    lowering: &mut Lowering,
    scope: &Scope,
    extents: &[Extent],
    write: &mut dyn FnMut(&mut Writer, &[Index]),
) -> Look {
    let mut steps = steps(lowering, extents);
    // Each split makes loops shorter; a few are enough for all shapes that come.
    for _ in 0..8 {
        let look = look_once(lowering, scope, extents.len(), &steps, write);
        match split(&steps, &look) {
            Some(finer) => steps = finer,
            None => return look,
        }
    }
    look_once(lowering, scope, extents.len(), &steps, write)
}

fn look_once(
    lowering: &mut Lowering,
    scope: &Scope,
    rank: usize,
    steps: &[Step],
    write: &mut dyn FnMut(&mut Writer, &[Index]),
) -> Look {
    let (registers, variables) = (lowering.program.registers.len(), lowering.bounds.len());
    let mut writer = Writer::new(lowering, scope);
    let steps: Vec<(Step, Var)> = steps.iter().map(|step| (*step, writer.open(step.trip, Order::Serial))).collect();
    let at = position(rank, &steps);
    write(&mut writer, &at);
    steps.iter().for_each(|_| writer.close());
    let (stmts, probe) = writer.finish();
    lowering.forget(registers, variables);
    let (mut accesses, mut size) = (Vec::new(), 0);
    walk(&stmts, &mut |stmt| {
        size += 1;
        match stmt {
            Stmt::Load { buffer, index, .. } => {
                accesses.push(Access { buffer: *buffer, index: index.clone(), stores: false });
            }
            Stmt::Store { buffer, index, .. } => {
                accesses.push(Access { buffer: *buffer, index: index.clone(), stores: true });
            }
            _ => {}
        }
    });
    Look { steps, accesses, size, probe }
}

/// Where the loops stand.
pub fn position(rank: usize, steps: &[(Step, Var)]) -> Vec<Index> {
    let mut at = vec![Index::at(0); rank];
    for (step, var) in steps {
        at[step.axis] = affine::plus(&at[step.axis], &Index::at(0).var(*var, step.factor));
    }
    at
}

/// The loops with one of them split, if one is asked for in parts.
fn split(steps: &[Step], look: &Look) -> Option<Vec<Step>> {
    for (number, (step, var)) in look.steps.iter().enumerate() {
        let (Some(inner), Trip::Const(rounds)) = (look.probe.splits.get(var), step.trip) else { continue };
        if *inner < rounds && rounds % inner == 0 {
            let outside = Step { factor: step.factor * inner, trip: Trip::Const(rounds / inner), ..*step };
            let inside = Step { trip: Trip::Const(*inner), ..*step };
            let mut finer = steps.to_vec();
            finer.splice(number..=number, [outside, inside]);
            return Some(finer);
        }
    }
    None
}

impl Look {
    /// Whether every cell that is written is used at no other index of the same nest.
    pub fn keeps_to_itself(&self) -> bool {
        let written = self.accesses.iter().filter(|access| access.stores);
        let mut others = written.flat_map(|store| {
            self.accesses.iter().filter(move |access| access.buffer == store.buffer && access.index != store.index)
        });
        others.next().is_none()
    }

    /// The loops for an array to be written: as it lies in memory, outermost first, those merged that are as good as one.
    pub fn for_array(&self, view: &View) -> Vec<(Step, Var)> {
        let mut steps = self.steps.clone();
        steps.sort_by_key(|(step, _)| std::cmp::Reverse(view.strides[step.axis] * step.factor));
        self.merged(&steps)
    }

    /// Neighbouring loops become one where all cells lie as if they were.
    pub fn merged(&self, steps: &[(Step, Var)]) -> Vec<(Step, Var)> {
        let mut merged: Vec<(Step, Var)> = Vec::new();
        for (outer, outer_var) in steps.iter().rev() {
            if let Some((inner, inner_var)) = merged.last_mut()
                && let (Trip::Const(a), Trip::Const(b)) = (outer.trip, inner.trip)
                && ![*outer_var, *inner_var].iter().any(|var| self.probe.pinned.contains(var))
                && self.accesses.iter().all(|access| {
                    access.index.stride(Term::Var(*outer_var)) == b * access.index.stride(Term::Var(*inner_var))
                })
            {
                inner.trip = Trip::Const(a * b);
            } else {
                merged.push((*outer, *outer_var));
            }
        }
        merged.reverse();
        merged
    }

    /// How far apart the cells are, at most, that a loop leads to from round to round.
    pub fn stride(&self, var: Var) -> usize {
        self.accesses.iter().map(|access| access.index.stride(Term::Var(var))).max().unwrap_or(0)
    }

    /// Whether rows are fetched from here and there in a large array. Each waits for memory; if the loop over the rows is
    /// inside the one along them, many wait at the same time.
    pub fn fetches(&self, lowering: &Lowering, along: Var) -> bool {
        self.accesses.iter().any(|access| {
            let here_and_there = access.index.terms.iter().any(|(term, _)| matches!(term, Term::Reg(_)));
            let buffer = &lowering.program.buffers[access.buffer.0 as usize];
            let far = buffer.bytes(lowering.program.precision) >= FAR;
            !access.stores && here_and_there && far && access.index.stride(Term::Var(along)) == 1
        })
    }

    /// How many loads do not move by one cell, or stand still, along a loop.
    pub fn jumps(&self, var: Var) -> usize {
        let jumps = |access: &&Access| !access.stores && access.index.stride(Term::Var(var)) > 1;
        self.accesses.iter().filter(jumps).count()
    }
}

/// Opens loops, the innermost in lanes if it is long enough and `lanes` says so.
pub fn open(writer: &mut Writer, steps: &[(Step, Var)], lanes: bool) -> Vec<(Step, Var)> {
    let last = if lanes { steps.len().checked_sub(1) } else { None };
    open_with(writer, steps, last)
}

/// Opens loops, the one of number `lanes` in lanes if it is long enough.
pub fn open_with(writer: &mut Writer, steps: &[(Step, Var)], lanes: Option<usize>) -> Vec<(Step, Var)> {
    let mut open = Vec::new();
    for (number, (step, _)) in steps.iter().enumerate() {
        let side_by_side = lanes == Some(number) && step.trip.bound() >= SIDE_BY_SIDE;
        let order = if side_by_side { Order::Lanes } else { Order::Serial };
        open.push((*step, writer.open(step.trip, order)));
    }
    open
}
