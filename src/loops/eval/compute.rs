//! Straight-line statements, in one lane or in sixteen.

use super::machine::Machine;
use super::number::{Lanes, Number, Whole};
use super::step::{Comparison, IntOp, Place, Step};
use crate::bug;
use crate::loops::LANES;
use crate::math::{self, Function};

/// The first `W` lanes.
#[inline(always)]
fn first<const W: usize, T: Copy>(lanes: &Lanes<T>) -> [T; W] {
    let mut out = [lanes[0]; W];
    out.copy_from_slice(&lanes[..W]);
    out
}

/// Writes the first `W` lanes.
#[inline(always)]
fn put<const W: usize, T>(to: &mut Lanes<T>, value: impl Fn(usize) -> T) {
    for (lane, to) in to.iter_mut().enumerate().take(W) {
        *to = value(lane);
    }
}

fn holds<T: PartialOrd>(comparison: Comparison, a: T, b: T) -> bool {
    match comparison {
        Comparison::Less => a < b,
        Comparison::LessEqual => a <= b,
        Comparison::Equal => a == b,
    }
}

fn of_ints<I: Whole>(op: IntOp, a: I, b: I) -> I {
    match op {
        IntOp::Add => a.plus(b),
        IntOp::Subtract => a.minus(b),
        IntOp::Multiply => a.times(b),
        IntOp::Minimum => a.min(b),
        IntOp::Maximum => a.max(b),
        IntOp::Quotient => a.quotient(b),
        IntOp::Remainder => a.remainder(b),
    }
}

impl<N: Number> Machine<'_, N> {
    /// Carries out a statement that neither holds others nor touches memory.
    pub fn compute<const W: usize>(&mut self, step: &Step) {
        match *step {
            Step::Real(to, value) => put::<W, _>(&mut self.reals[to], |_| N::of(value)),
            Step::Unary(to, function, a) => self.unary::<W>(to, function, a),
            Step::Binary(to, function, a, b) => self.binary::<W>(to, function, a, b),
            Step::Fma(to, a, b, c) => {
                let (a, b) = (first::<W, _>(&self.reals[a]), first::<W, _>(&self.reals[b]));
                let c = first::<W, _>(&self.reals[c]);
                put::<W, _>(&mut self.reals[to], |lane| a[lane].fma(b[lane], c[lane]));
            }
            Step::SelectReal(to, cond, a, b) => {
                let (a, b) = (first::<W, _>(&self.reals[a]), first::<W, _>(&self.reals[b]));
                let cond = &self.truths[cond];
                put::<W, _>(&mut self.reals[to], |lane| if cond[lane] { a[lane] } else { b[lane] });
            }
            Step::RealOfTruth(to, a) => {
                let truth = &self.truths[a];
                put::<W, _>(&mut self.reals[to], |lane| N::of(f64::from(u8::from(truth[lane]))));
            }
            Step::RealOfInt(to, a) => {
                let int = &self.ints[a];
                put::<W, _>(&mut self.reals[to], |lane| N::of_int(int[lane]));
            }
            Step::Uniform(to, args) => self.uniform::<W>(to, args),
            ref other => self.compute_whole::<W>(other),
        }
    }

    /// The same for ints and truth values.
    fn compute_whole<const W: usize>(&mut self, step: &Step) {
        match *step {
            Step::Int(to, value) => put::<W, _>(&mut self.ints[to], |_| N::Int::of(value)),
            Step::Truth(to, value) => put::<W, _>(&mut self.truths[to], |_| value),
            Step::Index(to, var, lanes) => {
                let base = self.vars[var];
                let each = usize::from(lanes);
                put::<W, _>(&mut self.ints[to], |lane| N::Int::of((base + each * lane) as i64));
            }
            Step::IntBinary(to, op, a, b) => {
                let (a, b) = (first::<W, _>(&self.ints[a]), first::<W, _>(&self.ints[b]));
                put::<W, _>(&mut self.ints[to], |lane| of_ints(op, a[lane], b[lane]));
            }
            Step::Clamp(to, a, most) => {
                let (a, least, most) = (first::<W, _>(&self.ints[a]), N::Int::of(0), N::Int::of(most));
                put::<W, _>(&mut self.ints[to], |lane| a[lane].max(least).min(most));
            }
            Step::SelectInt(to, cond, a, b) => {
                let (a, b) = (first::<W, _>(&self.ints[a]), first::<W, _>(&self.ints[b]));
                let cond = &self.truths[cond];
                put::<W, _>(&mut self.ints[to], |lane| if cond[lane] { a[lane] } else { b[lane] });
            }
            Step::CompareReals(to, comparison, a, b) => {
                let (a, b) = (&self.reals[a], &self.reals[b]);
                put::<W, _>(&mut self.truths[to], |lane| holds(comparison, a[lane], b[lane]));
            }
            Step::CompareInts(to, comparison, a, b) => {
                let (a, b) = (&self.ints[a], &self.ints[b]);
                put::<W, _>(&mut self.truths[to], |lane| holds(comparison, a[lane], b[lane]));
            }
            Step::And(to, a, b) => {
                let (a, b) = (first::<W, _>(&self.truths[a]), first::<W, _>(&self.truths[b]));
                put::<W, _>(&mut self.truths[to], |lane| a[lane] & b[lane]);
            }
            Step::Or(to, a, b) => {
                let (a, b) = (first::<W, _>(&self.truths[a]), first::<W, _>(&self.truths[b]));
                put::<W, _>(&mut self.truths[to], |lane| a[lane] | b[lane]);
            }
            Step::Not(to, a) => {
                let a = first::<W, _>(&self.truths[a]);
                put::<W, _>(&mut self.truths[to], |lane| !a[lane]);
            }
            Step::SelectTruth(to, cond, a, b) => {
                let (a, b) = (first::<W, _>(&self.truths[a]), first::<W, _>(&self.truths[b]));
                let cond = first::<W, _>(&self.truths[cond]);
                put::<W, _>(&mut self.truths[to], |lane| if cond[lane] { a[lane] } else { b[lane] });
            }
            ref other => bug!("{other:?} is not a straight-line statement"),
        }
    }

    fn unary<const W: usize>(&mut self, to: Place, function: Function, a: Place) {
        if W == LANES {
            self.reals[to] = function.apply(&mut N::Many::default(), &[self.reals[a]]);
        } else {
            self.reals[to][0] = function.apply(&mut N::One::default(), &[self.reals[a][0]]);
        }
    }

    fn binary<const W: usize>(&mut self, to: Place, function: Function, a: Place, b: Place) {
        if W == LANES {
            self.reals[to] = function.apply(&mut N::Many::default(), &[self.reals[a], self.reals[b]]);
        } else {
            self.reals[to][0] = function.apply(&mut N::One::default(), &[self.reals[a][0], self.reals[b][0]]);
        }
    }

    fn uniform<const W: usize>(&mut self, to: Place, args: [Place; 4]) {
        if W == LANES {
            let [a, b, c, d] = args.map(|arg| self.ints[arg]);
            self.reals[to] = math::uniform(&mut N::Many::default(), [a, b], [c, d]);
        } else {
            let [a, b, c, d] = args.map(|arg| self.ints[arg][0]);
            self.reals[to][0] = math::uniform(&mut N::One::default(), [a, b], [c, d]);
        }
    }
}
