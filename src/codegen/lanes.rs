//! Lanes loops: rounds side by side in vectors.
//!
//! The rounds are cut into groups of vectors, then the vectors that are left, then the rounds that do not fill a vector:
//! these are computed in one vector whose other lanes touch no memory.

use super::Unsupported;
use super::emit::{Emitter, Group, Rounds};
use crate::loops::walk::walk;
use crate::loops::{Folding, Index, Scalar, Stmt, Term, Trip, Var};
use crate::math::Function;
use cranelift::prelude::*;

/// How many vectors are written side by side if the body loops: as many hide the latency of a chain.
const SIDE_BY_SIDE: usize = 4;
/// About how many instructions it takes to use cells that do not lie side by side.
const LANE_BY_LANE: usize = 12;

impl Emitter<'_, '_> {
    /// A lanes loop.
    pub fn lanes(&mut self, var: Var, trip: Trip, body: &[Stmt]) -> Result<(), Unsupported> {
        self.mark_varying(var, body);
        match self.range(var, trip) {
            (_, Rounds::Const(rounds)) => self.lanes_const(var, rounds, body),
            (first, Rounds::Value(end)) => self.lanes_counted(var, first, end, body),
        }
    }

    /// A number of rounds that is known: what is left over is written once.
    fn lanes_const(&mut self, var: Var, rounds: usize, body: &[Stmt]) -> Result<(), Unsupported> {
        let width = self.width();
        let vectors = rounds / width;
        let together = self.together(body, vectors);
        let grouped = (vectors - vectors % together) * width;
        self.groups(var, Rounds::Const(0), Rounds::Const(grouped), together, body)?;
        let left = vectors % together;
        if left > 0 {
            let first = self.count(Rounds::Const(0));
            if loops(body) {
                self.group(Group { var, base: first, shift: grouped, vectors: left, active: width }, body)?;
            } else {
                self.groups(var, Rounds::Const(grouped), Rounds::Const(vectors * width), 1, body)?;
            }
        }
        if !rounds.is_multiple_of(width) {
            let base = self.count(Rounds::Const(0));
            self.group(Group { var, base, shift: vectors * width, vectors: 1, active: rounds % width }, body)?;
        }
        Ok(())
    }

    /// A number of rounds that is read: what is left over is done round by round, each in a vector of its own. The first
    /// is a multiple of 16.
    fn lanes_counted(&mut self, var: Var, first: Rounds, rounds: Value, body: &[Stmt]) -> Result<(), Unsupported> {
        let width = self.width();
        let together = self.together(body, SIDE_BY_SIDE);
        let mut done = first;
        let steps = [together * width, width];
        for step in &steps[usize::from(together == 1)..] {
            let end = self.builder.ins().band_imm_s(rounds, !(*step as i64 - 1));
            self.groups(var, done, Rounds::Value(end), step / width, body)?;
            done = Rounds::Value(end);
        }
        self.counted(done, Rounds::Value(rounds), 1, Vec::new(), |emitter, base, _| {
            emitter.group(Group { var, base, shift: 0, vectors: 1, active: 1 }, body)?;
            Ok(Vec::new())
        })?;
        Ok(())
    }

    /// A loop over groups of full vectors.
    fn groups(
        &mut self,
        var: Var,
        first: Rounds,
        end: Rounds,
        vectors: usize,
        body: &[Stmt],
    ) -> Result<(), Unsupported> {
        let active = self.width();
        self.counted(first, end, vectors * active, Vec::new(), |emitter, base, _| {
            if loops(body) {
                emitter.group(Group { var, base, shift: 0, vectors, active }, body)?;
            } else {
                // One vector after the other keeps few registers alive; the machine overlaps them by itself.
                for vector in 0..vectors {
                    emitter.group(Group { var, base, shift: vector * active, vectors: 1, active }, body)?;
                }
            }
            Ok(Vec::new())
        })?;
        Ok(())
    }

    /// The body for one group.
    pub fn group(&mut self, group: Group, body: &[Stmt]) -> Result<(), Unsupported> {
        self.group = Some(group);
        let result = self.block(body);
        self.group = None;
        result
    }

    /// How many vectors a group has: few if the body is long, since the machine looks far enough ahead by itself.
    fn together(&self, body: &[Stmt], vectors: usize) -> usize {
        let most = match self.weight(body) {
            _ if loops(body) => SIDE_BY_SIDE,
            0..=8 => 4,
            9..=20 => 2,
            _ => 1,
        };
        most.min(vectors).max(1)
    }

    /// About how many instructions a body takes.
    fn weight(&self, body: &[Stmt]) -> usize {
        let apart = |index: &Index| index.registers().any(|reg| self.varies[reg.0 as usize]);
        let mut sum = 0;
        walk(body, &mut |stmt| {
            sum += match stmt {
                Stmt::Constant { .. } => 0,
                Stmt::Load { index, .. } | Stmt::Store { index, .. } if apart(index) => LANE_BY_LANE,
                Stmt::Let { op: Scalar::Apply(function), .. } => of_function(*function),
                Stmt::Let { op: Scalar::Uniform, .. } => 100,
                _ => 1,
            };
        });
        sum
    }

    /// Finds the registers of a lanes loop's body that differ from lane to lane.
    pub fn mark_varying(&mut self, var: Var, body: &[Stmt]) {
        let varies = &mut self.varies;
        for stmt in body {
            mark(stmt, var, varies);
        }
    }
}

fn mark(stmt: &Stmt, lane: Var, varies: &mut [bool]) {
    for block in stmt.blocks() {
        block.iter().for_each(|inner| mark(inner, lane, varies));
    }
    let of_index = |index: &Index, varies: &[bool]| {
        index.terms.iter().any(|(term, stride)| match term {
            Term::Var(var) => *var == lane && *stride > 0,
            Term::Reg(reg) => varies[reg.0 as usize],
        })
    };
    let Some(reg) = stmt.defines() else { return };
    varies[reg.0 as usize] = match stmt {
        Stmt::Index { var, .. } => *var == lane,
        Stmt::Load { index, .. } => of_index(index, varies),
        Stmt::Let { args, .. } => args.iter().any(|arg| varies[arg.0 as usize]),
        Stmt::Fma { a, b, c, .. } => [a, b, c].into_iter().any(|arg| varies[arg.0 as usize]),
        Stmt::Fold { folding: Folding::Of(_, arg), .. } => varies[arg.0 as usize],
        Stmt::Fold { folding: Folding::Dot(a, b), .. } => varies[a.0 as usize] || varies[b.0 as usize],
        _ => false,
    };
}

/// Whether there are loops or folds in it.
fn loops(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| stmt.counts().is_some())
}

const fn of_function(function: Function) -> usize {
    use Function::{Abs, Add, Divide, Maximum, Minimum, Multiply, Negate, Sign, Sqrt, Subtract};
    match function {
        Add | Subtract | Multiply | Divide | Negate | Abs | Sqrt => 1,
        Maximum | Minimum | Sign => 4,
        _ => 20,
    }
}
