//! Folds, each in its order: a chain, or sixteen running accumulators and a tree.

use super::Fault;
use super::machine::Machine;
use super::number::{Lanes, Number, Whole};
use super::step::{Gather, Step};
use crate::loops::{FoldKind, LANES};
use crate::math::Function;

/// What a fold has gathered so far, one in each lane.
enum Gathered<N: Number> {
    Real(Lanes<N>),
    Int(Lanes<N::Int>),
    Truth(Lanes<bool>),
}

/// What an empty fold of reals gives.
fn nothing_real<N: Number>(fold: FoldKind) -> N {
    N::of(match fold {
        FoldKind::Max => f64::NEG_INFINITY,
        FoldKind::Min => f64::INFINITY,
        FoldKind::Sum | FoldKind::All | FoldKind::Any => 0.0,
    })
}

/// What an empty fold of ints gives.
fn nothing_int<N: Number>(fold: FoldKind) -> N::Int {
    N::Int::of(match fold {
        FoldKind::Max => i64::from(i32::MIN),
        FoldKind::Min => i64::from(i32::MAX),
        FoldKind::Sum | FoldKind::All | FoldKind::Any => 0,
    })
}

/// What has been gathered, with one more.
fn with_real<N: Number>(fold: FoldKind, gathered: N, more: N) -> N {
    let one = &mut N::One::default();
    match fold {
        FoldKind::Max => Function::Maximum.apply(one, &[gathered, more]),
        FoldKind::Min => Function::Minimum.apply(one, &[gathered, more]),
        FoldKind::Sum | FoldKind::All | FoldKind::Any => gathered.plus(more),
    }
}

fn with_int<I: Whole>(fold: FoldKind, gathered: I, more: I) -> I {
    match fold {
        FoldKind::Max => gathered.max(more),
        FoldKind::Min => gathered.min(more),
        FoldKind::Sum | FoldKind::All | FoldKind::Any => gathered.plus(more),
    }
}

fn with_truth(all: bool, gathered: bool, more: bool) -> bool {
    if all { gathered & more } else { gathered | more }
}

/// Lane `i` with lane `i + 8`, then `+ 4`, `+ 2`, `+ 1`.
fn tree<T: Copy>(mut lanes: Lanes<T>, with: impl Fn(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = with(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

impl<N: Number> Machine<'_, N> {
    /// One accumulator in each lane.
    pub fn chain<const W: usize>(
        &mut self,
        var: usize,
        rounds: usize,
        gather: Gather,
        body: &[Step],
        active: usize,
    ) -> Result<(), Fault> {
        let (mut gathered, mut labels) = (nothing(gather), [0; LANES]);
        for round in 0..rounds {
            self.vars[var] = round;
            self.block::<W>(body, active)?;
            self.one_more(gather, &mut gathered, &mut labels, active);
        }
        match (gather, gathered) {
            (Gather::Dot { to, .. } | Gather::Real { to, .. }, Gathered::Real(lanes)) => self.reals[to] = lanes,
            (Gather::Int { to, .. }, Gathered::Int(lanes)) => self.ints[to] = lanes,
            (Gather::Truth { to, .. }, Gathered::Truth(lanes)) => self.truths[to] = lanes,
            _ => crate::bug!("a fold gathers another kind than it gives"),
        }
        self.trace_folded(gather, labels, false, active);
        Ok(())
    }

    /// Element `i` in lane `i mod 16`, then the tree.
    pub fn accumulators(&mut self, var: usize, rounds: usize, gather: Gather, body: &[Step]) -> Result<(), Fault> {
        let (mut gathered, mut labels) = (nothing(gather), [0; LANES]);
        for first in (0..rounds).step_by(LANES) {
            let active = LANES.min(rounds - first);
            self.vars[var] = first;
            self.block::<LANES>(body, active)?;
            self.one_more(gather, &mut gathered, &mut labels, active);
        }
        match (gather, gathered) {
            (Gather::Dot { to, .. }, Gathered::Real(lanes)) => self.reals[to][0] = tree(lanes, N::plus),
            (Gather::Real { to, fold, .. }, Gathered::Real(lanes)) => {
                self.reals[to][0] = tree(lanes, |a, b| with_real(fold, a, b));
            }
            (Gather::Int { to, fold, .. }, Gathered::Int(lanes)) => {
                self.ints[to][0] = tree(lanes, |a, b| with_int(fold, a, b));
            }
            (Gather::Truth { to, all, .. }, Gathered::Truth(lanes)) => {
                self.truths[to][0] = tree(lanes, |a, b| with_truth(all, a, b));
            }
            _ => crate::bug!("a fold gathers another kind than it gives"),
        }
        self.trace_folded(gather, labels, true, 1);
        Ok(())
    }

    /// The same, with the causes of what is not finite if they are asked for.
    fn one_more(&mut self, gather: Gather, gathered: &mut Gathered<N>, labels: &mut Lanes<u32>, active: usize) {
        let before = match (&self.trace, &*gathered) {
            (Some(_), Gathered::Real(lanes)) => Some(*lanes),
            _ => None,
        };
        self.add(gather, gathered, active);
        if let (Some(before), Gathered::Real(after)) = (before, &*gathered) {
            self.trace_added(gather, [&before, after], labels, active);
        }
    }

    /// One more element in each lane that is in use.
    fn add(&self, gather: Gather, gathered: &mut Gathered<N>, active: usize) {
        match (gather, gathered) {
            (Gather::Dot { a, b, .. }, Gathered::Real(lanes)) => {
                let (a, b) = (&self.reals[a], &self.reals[b]);
                for lane in 0..active {
                    lanes[lane] = a[lane].fma(b[lane], lanes[lane]);
                }
            }
            (Gather::Real { fold, from, .. }, Gathered::Real(lanes)) => {
                for (sum, more) in lanes.iter_mut().zip(&self.reals[from]).take(active) {
                    *sum = with_real(fold, *sum, *more);
                }
            }
            (Gather::Int { fold, from, .. }, Gathered::Int(lanes)) => {
                for (sum, more) in lanes.iter_mut().zip(&self.ints[from]).take(active) {
                    *sum = with_int(fold, *sum, *more);
                }
            }
            (Gather::Truth { all, from, .. }, Gathered::Truth(lanes)) => {
                for (sum, more) in lanes.iter_mut().zip(&self.truths[from]).take(active) {
                    *sum = with_truth(all, *sum, *more);
                }
            }
            _ => crate::bug!("a fold gathers another kind than it gives"),
        }
    }
}

fn nothing<N: Number>(gather: Gather) -> Gathered<N> {
    match gather {
        Gather::Dot { .. } => Gathered::Real([N::default(); LANES]),
        Gather::Real { fold, .. } => Gathered::Real([nothing_real(fold); LANES]),
        Gather::Int { fold, .. } => Gathered::Int([nothing_int::<N>(fold); LANES]),
        Gather::Truth { all, .. } => Gathered::Truth([all; LANES]),
    }
}
