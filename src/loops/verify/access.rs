//! What the rounds of a loop do to memory, and whether they are independent.
//!
//! A sufficient rule. Every store reaches another cell in each round. Whoever else uses the stored buffer reaches the
//! same cells in the same round, or stays in the same row (the cells between one round's and the next's), or stays apart
//! altogether.

use super::Report;
use crate::loops::walk::walk;
use crate::loops::{Axis, BufferId, Index, Matrix, Reg, Stmt, Term, Trip, Var};
use std::collections::{BTreeMap, BTreeSet};

/// An access as seen from the loop.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// What is used.
    pub buffer: BufferId,
    stores: bool,
    offset: usize,
    /// What it grows by from round to round.
    stride: usize,
    /// Terms from outside the loop, added up.
    outer: BTreeMap<Term, usize>,
    /// Strides of the variables inside with their bounds, sorted.
    inner: Vec<(usize, usize)>,
    /// A register that may differ from round to round.
    by_register: Option<Reg>,
}

impl Access {
    /// The cells from the first to the last of one round; `None` if they cannot be counted.
    fn extent(&self) -> Option<usize> {
        self.inner.iter().try_fold(0_usize, |sum, (stride, bound)| {
            stride.checked_mul(bound.saturating_sub(1)).and_then(|more| sum.checked_add(more))
        })
    }

    /// Whether no two rounds of so many reach the same cell.
    fn reaches_apart(&self, rounds: usize) -> bool {
        let mut steps = self.inner.clone();
        steps.push((self.stride, rounds));
        steps.sort_unstable();
        let mut largest = 0_usize;
        steps.iter().all(|(stride, bound)| {
            let apart = *stride > largest;
            largest = largest.saturating_add(stride.saturating_mul(bound.saturating_sub(1)));
            apart
        })
    }

    /// Whether what one reaches in a round the other reaches in no other round.
    fn agrees(&self, other: &Access, rounds: usize) -> bool {
        if self.by_register.is_some() || other.by_register.is_some() || self.outer != other.outer {
            return false;
        }
        let same = self.offset == other.offset && self.stride == other.stride && self.inner == other.inner;
        same || self.same_row(other) || self.elsewhere(other, rounds)
    }

    fn same_row(&self, other: &Access) -> bool {
        let end = |access: &Access| access.extent().and_then(|extent| access.offset.checked_add(extent));
        let (Some(a), Some(b)) = (end(self), end(other)) else { return false };
        self.stride == other.stride && a.max(b) - self.offset.min(other.offset) < self.stride
    }

    fn elsewhere(&self, other: &Access, rounds: usize) -> bool {
        let end = |access: &Access| {
            let across = access.stride.checked_mul(rounds.saturating_sub(1))?;
            access.extent()?.checked_add(across)?.checked_add(access.offset)
        };
        let (Some(a), Some(b)) = (end(self), end(other)) else { return false };
        a < other.offset || b < self.offset
    }
}

/// Says of every two accesses why the rounds are not independent.
pub(super) fn independent(accesses: &[Access], rounds: usize, report: &mut Report) {
    if rounds <= 1 {
        return;
    }
    for (at, store) in accesses.iter().enumerate().filter(|(_, access)| access.stores) {
        let name = format!("b{}", store.buffer.0);
        if let Some(reg) = store.by_register {
            report.say(format!(
                "two rounds may store to the same cell of {name}: r{} differs from round to round",
                reg.0
            ));
        } else if !store.reaches_apart(rounds) && !row_of_its_own(store) {
            report.say(format!("two rounds may store to the same cell of {name}"));
        } else if let Some(other) = meets(accesses, at, rounds) {
            let does = if other.stores { "store" } else { "load" };
            report.say(format!("a round may {does} what another one stores to {name}"));
        }
    }
}

/// The first access that may reach in one round what a store reaches in another; of two stores the later one.
fn meets(accesses: &[Access], store: usize, rounds: usize) -> Option<&Access> {
    let (stored, buffer) = (&accesses[store], accesses[store].buffer);
    let others =
        accesses.iter().enumerate().filter(|(at, other)| other.buffer == buffer && (!other.stores || *at > store));
    others.map(|(_, other)| other).find(|other| !stored.agrees(other, rounds))
}

fn row_of_its_own(store: &Access) -> bool {
    store.same_row(store)
}

/// What a block does, as seen from one of its loops, or from a loop around it.
pub(super) struct Look<'b> {
    axis: Axis,
    body: &'b [Stmt],
    bounds: BTreeMap<Var, usize>,
    /// Registers that may differ from round to round.
    inside: BTreeSet<Reg>,
}

impl Look<'_> {
    /// At a block, along an axis.
    pub fn new(body: &[Stmt], axis: Axis) -> Look<'_> {
        let (mut bounds, mut inside) = (BTreeMap::new(), BTreeSet::new());
        walk(body, &mut |stmt| {
            bounds.extend(stmt.counts().map(|(var, trip)| (var, trip.bound())));
            inside.extend(stmt.defines());
        });
        Look { axis, body, bounds, inside }
    }

    /// How often a loop inside runs, at most; a loop outside may run as often as it likes.
    pub fn rounds(&self, var: Var) -> usize {
        self.bounds.get(&var).copied().unwrap_or(usize::MAX)
    }

    /// Everything that is loaded or stored.
    pub fn accesses(&self) -> Vec<Access> {
        let mut accesses = Vec::new();
        walk(self.body, &mut |stmt| {
            let count = Index::at(0);
            for buffer in stmt.trips().into_iter().filter_map(Trip::buffer) {
                accesses.push(self.access(buffer, false, &count));
            }
            match stmt {
                Stmt::Load { buffer, index, .. } => accesses.push(self.access(*buffer, false, index)),
                Stmt::Store { buffer, index, .. } => accesses.push(self.access(*buffer, true, index)),
                Stmt::Until { rounds, .. } => accesses.push(self.access(*rounds, true, &count)),
                Stmt::Matrix(matrix) => accesses.extend(self.product(matrix)),
                _ => {}
            }
        });
        accesses
    }

    /// Left, right and result; code may read and write as many columns as there is room for.
    fn product(&self, matrix: &Matrix) -> [Access; 3] {
        let (rows, depth) = (matrix.rows.bound(), matrix.depth.bound());
        let extents = [[rows, depth], [depth, matrix.room], [rows, matrix.room]];
        let along = match self.axis {
            Axis::Loop(_) => [None, None, None],
            Axis::Rows => [Some(0), None, Some(0)],
            Axis::Columns => [None, Some(1), Some(1)],
        };
        let mut number = 0;
        matrix.operands().map(|operand| {
            let mut access = self.access(operand.buffer, number == 2, &operand.base);
            for (side, (stride, extent)) in [operand.row, operand.column].into_iter().zip(extents[number]).enumerate() {
                if along[number] == Some(side) {
                    access.stride = stride;
                } else {
                    access.inner.push((stride, extent));
                }
            }
            access.inner.sort_unstable();
            number += 1;
            access
        })
    }

    fn access(&self, buffer: BufferId, stores: bool, index: &Index) -> Access {
        let mut terms: BTreeMap<Term, usize> = BTreeMap::new();
        for (term, stride) in index.terms.iter().filter(|(_, stride)| *stride > 0) {
            let sum = terms.entry(*term).or_default();
            *sum = sum.saturating_add(*stride);
        }
        let stride = match self.axis {
            Axis::Loop(var) => terms.remove(&Term::Var(var)).unwrap_or(0),
            Axis::Rows | Axis::Columns => 0,
        };
        let (mut outer, mut inner, mut by_register) = (BTreeMap::new(), Vec::new(), None);
        for (term, stride) in terms {
            match term {
                Term::Var(var) if self.bounds.contains_key(&var) => inner.push((stride, self.bounds[&var])),
                Term::Reg(reg) if self.inside.contains(&reg) => by_register = Some(reg),
                term => {
                    outer.insert(term, stride);
                }
            }
        }
        inner.sort_unstable();
        Access { buffer, stores, offset: index.offset, stride, outer, inner, by_register }
    }
}
