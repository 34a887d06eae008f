//! The rounds of a lanes loop are independent.
//!
//! A sufficient rule. Side by side, every store reaches another cell in each round. Whoever else uses the stored
//! buffer reaches the same cells in the same round, or stays in the same row (the cells between one round's and the
//! next's), or stays apart altogether.

use super::{Report, step};
use crate::loops::walk::walk;
use crate::loops::{BufferId, Index, Order, Program, Reg, Stmt, Term, Trip, Var};
use std::collections::{BTreeMap, BTreeSet};

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    block(&program.body, report);
}

fn block(stmts: &[Stmt], report: &mut Report) {
    for (number, stmt) in stmts.iter().enumerate() {
        report.within(step(number, stmt), |report| match stmt {
            Stmt::Loop { var, trip, order: Order::Lanes, body } => independent(*var, *trip, body, report),
            other => other.blocks().into_iter().for_each(|inner| block(inner, report)),
        });
    }
}

/// An access as seen from the loop.
#[derive(Debug, PartialEq, Eq)]
struct Access {
    buffer: BufferId,
    stores: bool,
    offset: usize,
    /// What it grows by from round to round.
    stride: usize,
    /// Terms from outside the loop, added up.
    outer: BTreeMap<Term, usize>,
    /// Strides of the variables inside with their bounds, sorted.
    inner: Vec<(usize, usize)>,
    /// A register that differs from lane to lane.
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

fn independent(var: Var, trip: Trip, body: &[Stmt], report: &mut Report) {
    let rounds = trip.bound();
    if rounds <= 1 {
        return;
    }
    let accesses = accesses(var, body);
    for (at, store) in accesses.iter().enumerate().filter(|(_, access)| access.stores) {
        let name = format!("b{}", store.buffer.0);
        if let Some(reg) = store.by_register {
            report
                .say(format!("two rounds may store to the same cell of {name}: r{} differs from lane to lane", reg.0));
        } else if !store.reaches_apart(rounds) && !row_of_its_own(store) {
            report.say(format!("two rounds may store to the same cell of {name}"));
        } else if let Some(other) = meets(&accesses, at, rounds) {
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

fn accesses(var: Var, body: &[Stmt]) -> Vec<Access> {
    let mut bounds = BTreeMap::new();
    let mut inside = BTreeSet::new();
    walk(body, &mut |stmt| {
        bounds.extend(stmt.counts().map(|(var, trip)| (var, trip.bound())));
        inside.extend(stmt.defines());
    });
    let mut accesses = Vec::new();
    walk(body, &mut |stmt| {
        let count = Index::at(0);
        for buffer in stmt.trips().into_iter().filter_map(Trip::buffer) {
            accesses.push(access(buffer, false, &count, var, &bounds, &inside));
        }
        match stmt {
            Stmt::Load { buffer, index, .. } => {
                accesses.push(access(*buffer, false, index, var, &bounds, &inside));
            }
            Stmt::Store { buffer, index, .. } => {
                accesses.push(access(*buffer, true, index, var, &bounds, &inside));
            }
            _ => {}
        }
    });
    accesses
}

fn access(
    buffer: BufferId,
    stores: bool,
    index: &Index,
    var: Var,
    bounds: &BTreeMap<Var, usize>,
    inside: &BTreeSet<Reg>,
) -> Access {
    let mut terms: BTreeMap<Term, usize> = BTreeMap::new();
    for (term, stride) in index.terms.iter().filter(|(_, stride)| *stride > 0) {
        let sum = terms.entry(*term).or_default();
        *sum = sum.saturating_add(*stride);
    }
    let stride = terms.remove(&Term::Var(var)).unwrap_or(0);
    let (mut outer, mut inner, mut by_register) = (BTreeMap::new(), Vec::new(), None);
    for (term, stride) in terms {
        match term {
            Term::Var(var) if bounds.contains_key(&var) => inner.push((stride, bounds[&var])),
            Term::Reg(reg) if inside.contains(&reg) => by_register = Some(reg),
            term => {
                outer.insert(term, stride);
            }
        }
    }
    inner.sort_unstable();
    Access { buffer, stores, offset: index.offset, stride, outer, inner, by_register }
}
