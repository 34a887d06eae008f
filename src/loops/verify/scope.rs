//! Registers and variables are known where they are used, are of the right kind, and stay in their ranges; each
//! statement stands where it may.

use super::values::Bounds;
use super::{MOST, Report, matrix, step};
use crate::loops::{BufferId, Cell, Constant, Order, Program, Reg, RegKind, Stmt, Trip, kinds};

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    let mut scope = Scope {
        program,
        report,
        bounds: Bounds::new(program),
        known: vec![false; program.registers.len()],
        written: vec![false; program.registers.len()],
        opened: vec![false; program.variables as usize],
        lanes: 0,
        folds: 0,
    };
    scope.block(&program.body, |_| ());
}

struct Scope<'a> {
    program: &'a Program,
    report: &'a mut Report,
    bounds: Bounds,
    /// Registers that can be read here.
    known: Vec<bool>,
    /// Registers that were written anywhere above.
    written: Vec<bool>,
    /// Variables that any loop above has opened.
    opened: Vec<bool>,
    /// How many lanes loops and folds in lanes are around.
    lanes: usize,
    /// How many folds are around.
    folds: usize,
}

impl Scope<'_> {
    /// A block; `end` looks at what its statements have made known.
    fn block(&mut self, stmts: &[Stmt], end: impl FnOnce(&mut Self)) {
        for (number, stmt) in stmts.iter().enumerate() {
            self.report.path.push(step(number, stmt));
            self.stmt(stmt);
            self.report.path.pop();
        }
        end(self);
        for reg in stmts.iter().filter_map(Stmt::defines) {
            self.known[reg.0 as usize] = false;
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        self.allowed(stmt);
        self.trips(stmt);
        match stmt {
            Stmt::Fold { .. } | Stmt::Until { .. } => self.counted(stmt),
            _ => {
                self.reads(stmt);
                self.counted(stmt);
            }
        }
        self.memory(stmt);
        self.kind(stmt);
        if let Some(reg) = stmt.defines() {
            self.define(reg, stmt);
        }
    }

    /// The blocks of a statement, in which its variable is known.
    fn counted(&mut self, stmt: &Stmt) {
        let in_lanes = matches!(stmt, Stmt::Loop { order: Order::Lanes, .. } | Stmt::Fold { lanes: true, .. });
        let in_fold = matches!(stmt, Stmt::Fold { .. });
        let counts = stmt.counts();
        if let Some((var, trip)) = counts {
            if std::mem::replace(&mut self.opened[var.0 as usize], true) {
                self.report.say(format!("i{} is the variable of two loops", var.0));
            }
            // Where there are no rounds nothing is asked for.
            self.bounds.variables[var.0 as usize] = Some(trip.bound().max(1));
        }
        self.lanes += usize::from(in_lanes);
        self.folds += usize::from(in_fold);
        for block in stmt.blocks() {
            self.block(block, |scope| {
                if matches!(stmt, Stmt::Fold { .. } | Stmt::Until { .. }) {
                    scope.reads(stmt);
                }
            });
        }
        self.lanes -= usize::from(in_lanes);
        self.folds -= usize::from(in_fold);
        if let Some((var, _)) = counts {
            self.bounds.variables[var.0 as usize] = None;
        }
    }

    /// Where a statement may stand.
    fn allowed(&mut self, stmt: &Stmt) {
        let scalar = !matches!(
            stmt,
            Stmt::Store { .. }
                | Stmt::Loop { .. }
                | Stmt::Matrix(_)
                | Stmt::Until { .. }
                | Stmt::When { .. }
                | Stmt::Nest { .. }
        );
        let side_by_side = matches!(stmt, Stmt::Loop { order: Order::Lanes, .. } | Stmt::Fold { lanes: true, .. });
        let serial = matches!(stmt, Stmt::Loop { .. } | Stmt::Store { .. });
        if self.folds > 0 && !scalar {
            self.report.say("a fold holds scalar statements and folds, nothing else");
        } else if self.lanes > 0 && (side_by_side || !(scalar || serial)) {
            self.report.say("side by side there are scalar statements, serial loops and chains, nothing else");
        }
    }

    fn reads(&mut self, stmt: &Stmt) {
        for reg in stmt.reads() {
            if !self.known[reg.0 as usize] {
                self.report.say(format!("r{} is not known here", reg.0));
            }
        }
    }

    fn define(&mut self, reg: Reg, stmt: &Stmt) {
        if std::mem::replace(&mut self.written[reg.0 as usize], true) {
            self.report.say(format!("r{} is written twice", reg.0));
        }
        self.known[reg.0 as usize] = true;
        self.bounds.registers[reg.0 as usize] = self.bounds.result(self.program, stmt);
    }

    /// The kinds of what goes in and comes out.
    fn kind(&mut self, stmt: &Stmt) {
        let kind = |reg: Reg| self.program.registers[reg.0 as usize];
        let expect = |reg: &Reg, expected: RegKind| match kind(*reg) {
            found if found == expected => Ok(expected),
            found => {
                let (found, expected) = (kinds::kind_name(found), kinds::kind_name(expected));
                Err(format!("r{} is of kind {found}, not {expected}", reg.0))
            }
        };
        let result = match stmt {
            Stmt::Constant { value, .. } => constant(*value),
            Stmt::Index { .. } => Ok(RegKind::Int),
            Stmt::Let { op, args, below, .. } => {
                let below = below.filter(|below| *below <= MOST);
                kinds::of_scalar(*op, &args.iter().map(|arg| kind(*arg)).collect::<Vec<_>>(), below)
            }
            Stmt::Fma { a, b, c, .. } => {
                [a, b, c].into_iter().try_fold(RegKind::Real, |_, reg| expect(reg, RegKind::Real))
            }
            Stmt::Load { buffer, .. } => Ok(self.cell(*buffer).register()),
            Stmt::Store { buffer, value, .. } => expect(value, self.cell(*buffer).register()),
            Stmt::Fold { folding, .. } => kinds::of_folding(*folding, kind),
            Stmt::Until { go: cond, .. } | Stmt::When { cond, .. } => expect(cond, RegKind::Bool),
            _ => return,
        };
        let result = match (result, stmt.defines()) {
            (Ok(kind), Some(reg)) => expect(&reg, kind),
            (result, _) => result,
        };
        if let Err(message) = result {
            self.report.say(message);
        }
    }

    fn cell(&self, buffer: BufferId) -> Cell {
        self.program.buffers[buffer.0 as usize].cell
    }

    /// Every access stays in its buffer, and leaves there what the buffer promises; variables are known.
    fn memory(&mut self, stmt: &Stmt) {
        let message = match stmt {
            Stmt::Load { buffer, index, .. } => self.bounds.index(self.program, *buffer, index, Some(0)),
            Stmt::Store { buffer, index, value } => self
                .bounds
                .index(self.program, *buffer, index, Some(0))
                .or_else(|| self.bounds.stored(self.cell(*buffer), *value)),
            Stmt::Matrix(product) => {
                matrix::check(self.program, &self.bounds, product, self.report);
                None
            }
            Stmt::Until { trip, rounds, .. } => self.holds_count(*rounds, trip.bound()),
            Stmt::Index { var, .. } if self.bounds.variables[var.0 as usize].is_none() => {
                Some(format!("i{} is not known here", var.0))
            }
            _ => None,
        };
        if let Some(message) = message {
            self.report.say(message);
        }
    }

    /// Counts are ints in memory.
    fn trips(&mut self, stmt: &Stmt) {
        for trip in stmt.trips() {
            if trip.bound() > MOST {
                self.report.say(format!("{} rounds are more than can be counted", trip.bound()));
            }
            if let Trip::Count { buffer, .. } = trip
                && let Some(message) = self.holds_count(buffer, 0)
            {
                self.report.say(message);
            }
        }
    }

    /// Why a buffer cannot hold a count up to `most`.
    fn holds_count(&self, buffer: BufferId, most: usize) -> Option<String> {
        let info = &self.program.buffers[buffer.0 as usize];
        match info.cell {
            _ if info.len == 0 => Some(format!("b{} {:?} has no cell for a count", buffer.0, info.name)),
            Cell::Int(None) => None,
            Cell::Int(Some(below)) if most < below => None,
            Cell::Int(Some(below)) => {
                Some(format!("b{} {:?} holds ints in 0..{below}, but {most} may come", buffer.0, info.name))
            }
            _ => Some(format!("b{} {:?} does not hold a count", buffer.0, info.name)),
        }
    }
}

fn constant(value: Constant) -> Result<RegKind, String> {
    match value {
        Constant::Int(n) if i32::try_from(n).is_err() => Err(format!("{n} does not fit in 32 bits")),
        other => Ok(other.kind()),
    }
}
