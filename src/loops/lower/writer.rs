//! Writes one nest: loops that are open, and statements that go to the outermost of them in which all that they need is
//! known. So what does not vary with an inner loop is computed once around it, and nothing is computed twice.

use super::affine;
use super::block::Scope;
use super::view::View;
use super::{Lowering, Probe};
use crate::bug;
use crate::loops::{
    BufferId, Cell, Constant, FoldKind, Folding, Index, Order, Reg, RegKind, Scalar, Stmt, Term, Trip, Var, kinds,
};
use crate::math::Function;
use crate::tensor::Value;
use std::collections::HashMap;

/// A nest being written.
pub struct Writer<'a> {
    /// Where registers, variables and buffers come from.
    pub lowering: &'a mut Lowering,
    /// The graph whose values are asked for.
    pub scope: &'a Scope<'a>,
    levels: Vec<Level>,
    /// The level at which a register is known, and the `k` of the range `0..k` in which it lies if it is a whole number,
    /// be it an int or a real.
    registers: HashMap<Reg, (usize, Option<usize>)>,
    /// The level in whose block a variable is known.
    variables: HashMap<Var, usize>,
    elements: HashMap<(Value, Vec<Index>), Reg>,
    constants: Vec<(Constant, Reg)>,
    /// What is learnt if the nest is only written to look at it.
    pub probe: Probe,
}

/// A block being written.
struct Level {
    header: Option<(Var, Trip, Order)>,
    body: Vec<Stmt>,
}

/// What a fold folds.
#[derive(Debug, Clone, Copy)]
pub enum Folded {
    /// A register.
    Of(FoldKind, Reg),
    /// A sum of products.
    Dot(Reg, Reg),
}

impl<'a> Writer<'a> {
    /// An empty nest.
    pub fn new(lowering: &'a mut Lowering, scope: &'a Scope<'a>) -> Writer<'a> {
        Writer {
            lowering,
            scope,
            levels: vec![Level { header: None, body: Vec::new() }],
            registers: HashMap::new(),
            variables: HashMap::new(),
            elements: HashMap::new(),
            constants: Vec::new(),
            probe: Probe::default(),
        }
    }

    /// The statements, and what was learnt.
    pub fn finish(mut self) -> (Vec<Stmt>, Probe) {
        match (self.levels.pop(), self.levels.is_empty()) {
            (Some(level), true) => (level.body, self.probe),
            _ => bug!("a nest ends while a loop is open"),
        }
    }

    /// Opens a loop.
    pub fn open(&mut self, trip: Trip, order: Order) -> Var {
        let var = self.lowering.variable(trip.bound());
        self.levels.push(Level { header: Some((var, trip, order)), body: Vec::new() });
        self.variables.insert(var, self.levels.len() - 1);
        var
    }

    /// Closes the innermost loop.
    pub fn close(&mut self) {
        let (var, trip, order, body) = self.pop();
        self.top().push(Stmt::Loop { var, trip, order, body });
    }

    /// Closes the innermost loop as a fold.
    pub fn close_fold(&mut self, lanes: bool, folded: Folded) -> Reg {
        let (var, trip, _, body) = self.pop();
        let (folding, bound) = match folded {
            Folded::Dot(a, b) => (Folding::Dot(a, b), None),
            Folded::Of(fold @ (FoldKind::Max | FoldKind::Min), reg) if matches!(trip, Trip::Const(_)) => {
                (Folding::Of(fold, reg), self.bound(reg))
            }
            Folded::Of(fold, reg) => (Folding::Of(fold, reg), None),
        };
        let kind = match kinds::of_folding(folding, |reg| self.lowering.kind(reg)) {
            Ok(kind) => kind,
            Err(message) => bug!("{message}"),
        };
        let reg = self.define(kind, self.levels.len() - 1, bound);
        self.top().push(Stmt::Fold { reg, var, trip, lanes, body, folding });
        reg
    }

    fn pop(&mut self) -> (Var, Trip, Order, Vec<Stmt>) {
        let Some(Level { header: Some((var, trip, order)), body }) = self.levels.pop() else {
            bug!("a loop is closed that is not open")
        };
        let depth = self.levels.len();
        let registers = &self.registers;
        self.elements.retain(|_, reg| registers.get(reg).is_none_or(|(level, _)| *level < depth));
        (var, trip, order, body)
    }

    fn top(&mut self) -> &mut Vec<Stmt> {
        match self.levels.last_mut() {
            Some(level) => &mut level.body,
            None => bug!("no block is open"),
        }
    }

    /// Adds a statement to the innermost block.
    pub fn push(&mut self, stmt: Stmt) {
        self.top().push(stmt);
    }

    fn define(&mut self, kind: RegKind, level: usize, bound: Option<usize>) -> Reg {
        let reg = self.lowering.register(kind);
        self.registers.insert(reg, (level, bound));
        reg
    }

    fn level(&self, reg: Reg) -> usize {
        self.registers.get(&reg).map_or(0, |(level, _)| *level)
    }

    fn level_of(&self, index: &Index) -> usize {
        let of = |term: &Term| match term {
            Term::Var(var) => self.variables.get(var).copied().unwrap_or(0),
            Term::Reg(reg) => self.level(*reg),
        };
        index.terms.iter().map(|(term, _)| of(term)).max().unwrap_or(0)
    }

    /// The `k` of the range `0..k` in which a register is known to lie.
    pub fn bound(&self, reg: Reg) -> Option<usize> {
        self.registers.get(&reg).and_then(|(_, bound)| *bound)
    }

    /// The `k` of the range `0..k` in which a term lies.
    pub fn bound_of(&self, term: Term) -> usize {
        match term {
            Term::Var(var) => self.lowering.bound(var),
            Term::Reg(reg) => match self.bound(reg) {
                Some(bound) => bound,
                None => bug!("an index varies with r{}, of which nothing is known", reg.0),
            },
        }
    }

    /// A constant.
    pub fn constant(&mut self, value: Constant) -> Reg {
        let bits = |value: Constant| match value {
            Constant::Real(x) => (0, x.to_bits()),
            Constant::Int(n) => (1, n as u64),
            Constant::Bool(truth) => (2, u64::from(truth)),
        };
        if let Some((_, reg)) = self.constants.iter().find(|(other, _)| bits(*other) == bits(value)) {
            return *reg;
        }
        let bound = match value {
            Constant::Int(n) => usize::try_from(n).ok().map(|n| n + 1),
            _ => None,
        };
        let reg = self.define(value.kind(), 0, bound);
        self.levels[0].body.push(Stmt::Constant { reg, value });
        self.constants.push((value, reg));
        reg
    }

    /// The constant that a register is.
    pub fn constant_of(&self, reg: Reg) -> Option<Constant> {
        self.constants.iter().find(|(_, other)| *other == reg).map(|(value, _)| *value)
    }

    /// A scalar operation.
    pub fn operation(&mut self, op: Scalar, args: &[Reg], below: Option<usize>) -> Reg {
        let kinds: Vec<RegKind> = args.iter().map(|arg| self.lowering.kind(*arg)).collect();
        let kind = match kinds::of_scalar(op, &kinds, below) {
            Ok(kind) => kind,
            Err(message) => bug!("{message}"),
        };
        let level = args.iter().map(|arg| self.level(*arg)).max().unwrap_or(0);
        let reg = self.define(kind, level, self.bound_of_operation(op, args, below));
        self.levels[level].body.push(Stmt::Let { reg, op, args: args.to_vec(), below });
        reg
    }

    fn bound_of_operation(&self, op: Scalar, args: &[Reg], below: Option<usize>) -> Option<usize> {
        match op {
            Scalar::Clamp => below,
            Scalar::Real => self.bound(args[0]),
            Scalar::Select => Some(self.bound(args[1])?.max(self.bound(args[2])?)),
            Scalar::Apply(Function::Minimum) => Some(self.bound(args[0])?.min(self.bound(args[1])?)),
            Scalar::Apply(Function::Maximum) => Some(self.bound(args[0])?.max(self.bound(args[1])?)),
            _ => None,
        }
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: Reg, b: Reg, c: Reg) -> Reg {
        let level = [a, b, c].into_iter().map(|reg| self.level(reg)).max().unwrap_or(0);
        let reg = self.define(RegKind::Real, level, None);
        self.levels[level].body.push(Stmt::Fma { reg, a, b, c });
        reg
    }

    /// Reads a cell.
    pub fn load(&mut self, buffer: BufferId, index: Index) -> Reg {
        let level = self.level_of(&index);
        self.load_at(level, buffer, index)
    }

    /// Reads a cell that the innermost block changes.
    pub fn load_here(&mut self, buffer: BufferId, index: Index) -> Reg {
        self.load_at(self.levels.len() - 1, buffer, index)
    }

    fn load_at(&mut self, level: usize, buffer: BufferId, index: Index) -> Reg {
        let cell = self.lowering.cell(buffer);
        let bound = match cell {
            Cell::Int(bound) => bound,
            Cell::Byte => Some(256),
            Cell::Real | Cell::Bool => None,
        };
        let reg = self.define(cell.register(), level, bound);
        self.levels[level].body.push(Stmt::Load { reg, buffer, index });
        reg
    }

    /// Writes an element in the innermost block; gives the register as it lies in memory.
    pub fn store(&mut self, view: &View, at: &[Index], value: Reg) -> Reg {
        let value = match self.lowering.cell(view.buffer) {
            Cell::Int(Some(below)) => self.clamped(value, below),
            Cell::Byte => self.clamped(value, 256),
            _ => value,
        };
        self.top().push(Stmt::Store { buffer: view.buffer, index: view.at(at), value });
        value
    }

    /// The same int, known to lie in `0..below`, as its type promises.
    pub fn clamped(&mut self, reg: Reg, below: usize) -> Reg {
        match self.bound(reg) {
            Some(bound) if bound <= below => reg,
            _ => self.operation(Scalar::Clamp, &[reg], Some(below)),
        }
    }

    /// The register that holds an element already.
    pub fn known(&self, value: Value, at: &[Index]) -> Option<Reg> {
        self.elements.get(&(value, at.to_vec())).copied()
    }

    /// An element is in this register from here on.
    pub fn remember(&mut self, value: Value, at: &[Index], reg: Reg) {
        self.elements.insert((value, at.to_vec()), reg);
    }

    /// An index as an int register.
    pub fn int(&mut self, index: &Index) -> Reg {
        let mut sum: Option<Reg> = None;
        for (term, stride) in &index.terms {
            let factor = match term {
                Term::Reg(reg) => *reg,
                Term::Var(var) => self.index_of(*var),
            };
            let product = match stride {
                1 => factor,
                stride => {
                    let stride = self.constant(Constant::Int(*stride as i64));
                    self.operation(Scalar::Apply(Function::Multiply), &[factor, stride], None)
                }
            };
            sum = Some(match sum {
                Some(sum) => self.operation(Scalar::Apply(Function::Add), &[sum, product], None),
                None => product,
            });
        }
        match sum {
            Some(sum) if index.offset == 0 => sum,
            Some(sum) => {
                let offset = self.constant(Constant::Int(index.offset as i64));
                self.operation(Scalar::Apply(Function::Add), &[sum, offset], None)
            }
            None => self.constant(Constant::Int(index.offset as i64)),
        }
    }

    fn index_of(&mut self, var: Var) -> Reg {
        self.probe.pin(var);
        let level = self.variables.get(&var).copied().unwrap_or(0);
        let found = self.levels[level].body.iter().find_map(|stmt| match stmt {
            Stmt::Index { reg, var: other } if *other == var => Some(*reg),
            _ => None,
        });
        if let Some(reg) = found {
            return reg;
        }
        let reg = self.define(RegKind::Int, level, Some(self.lowering.bound(var)));
        self.levels[level].body.push(Stmt::Index { reg, var });
        reg
    }

    /// Quotient and remainder of an index. Where its terms do not fall apart they are computed; a loop that is split at
    /// this place spares that.
    pub fn divide(&mut self, index: &Index, by: usize) -> (Index, Index) {
        self.probe.divided(index, by);
        if let Some(parts) = affine::divide(index, by, |term| self.bound_of(term)) {
            return parts;
        }
        let largest = index.largest(|term| self.bound_of(term) - 1).unwrap_or(usize::MAX - 1);
        let whole = self.int(index);
        let divisor = self.constant(Constant::Int(by as i64));
        let quotient = self.operation(Scalar::Quotient, &[whole, divisor], None);
        let remainder = self.operation(Scalar::Remainder, &[whole, divisor], None);
        let quotient = self.clamped(quotient, largest / by + 1);
        let remainder = self.clamped(remainder, by);
        (Index::at(0).reg(quotient, 1), Index::at(0).reg(remainder, 1))
    }
}
