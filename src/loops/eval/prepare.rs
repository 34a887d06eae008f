//! From a valid program to steps.

use super::step::{Address, Comparison, Gather, IntOp, Matrix, Operand, Place, Slot, Step};
use crate::bug;
use crate::loops::walk::walk;
use crate::loops::{
    self, Cell, Constant, FoldKind, Folding, Index, Mark, Order, Program, Reg, RegKind, Scalar, Stmt, Term, Var,
};
use crate::math::Function;
use std::collections::BTreeSet;

/// A program's steps, and how many registers of each kind they use.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub steps: Vec<Step>,
    pub reals: usize,
    pub ints: usize,
    pub truths: usize,
    /// Where each register of reals comes from.
    pub origins: Vec<Mark>,
}

/// Makes a valid program ready.
pub(super) fn prepare(program: &Program) -> Prepared {
    let mut count = [0; 3];
    let places = program.registers.iter().map(|kind| {
        let file = match kind {
            RegKind::Real => 0,
            RegKind::Int => 1,
            RegKind::Bool => 2,
        };
        count[file] += 1;
        count[file] - 1
    });
    let places = places.collect();
    let preparation = Preparation { program, places };
    let steps = preparation.block(&program.body, None);
    let reals = (0..program.registers.len() as u32).map(Reg).filter(|reg| preparation.kind(*reg) == RegKind::Real);
    let origins = reals.map(|reg| program.origins.of_register(reg)).collect();
    Prepared { steps, reals: count[0], ints: count[1], truths: count[2], origins }
}

/// A region in which sixteen rounds are done at once.
struct Region {
    var: Var,
    /// The registers that differ between lanes.
    inside: BTreeSet<Reg>,
}

impl Region {
    fn new(var: Var, body: &[Stmt]) -> Region {
        let mut inside = BTreeSet::new();
        walk(body, &mut |stmt| inside.extend(stmt.defines()));
        Region { var, inside }
    }
}

struct Preparation<'a> {
    program: &'a Program,
    places: Vec<Place>,
}

impl Preparation<'_> {
    fn place(&self, reg: Reg) -> Place {
        self.places[reg.0 as usize]
    }

    fn kind(&self, reg: Reg) -> RegKind {
        self.program.registers[reg.0 as usize]
    }

    fn slot(&self, reg: Reg) -> Slot {
        let place = self.place(reg);
        match self.kind(reg) {
            RegKind::Real => Slot::Real(place),
            RegKind::Int => Slot::Int(place),
            RegKind::Bool => Slot::Truth(place),
        }
    }

    fn block(&self, block: &[Stmt], region: Option<&Region>) -> Vec<Step> {
        block.iter().map(|stmt| self.stmt(stmt, region)).collect()
    }

    fn stmt(&self, stmt: &Stmt, region: Option<&Region>) -> Step {
        let at = |reg: &Reg| self.place(*reg);
        match stmt {
            Stmt::Constant { reg, value } => match value {
                Constant::Real(value) => Step::Real(at(reg), *value),
                Constant::Int(value) => Step::Int(at(reg), *value),
                Constant::Bool(value) => Step::Truth(at(reg), *value),
            },
            Stmt::Index { reg, var } => {
                Step::Index(at(reg), var.0 as usize, region.is_some_and(|region| region.var == *var))
            }
            Stmt::Let { reg, op, args, below } => self.scalar(*reg, *op, args, *below),
            Stmt::Fma { reg, a, b, c } => Step::Fma(at(reg), at(a), at(b), at(c)),
            Stmt::Load { reg, buffer, index } => {
                let (to, from, address) = (at(reg), buffer.0 as usize, self.address(index, region));
                match self.program.buffers[from].cell {
                    Cell::Real => Step::LoadReal(to, from, address),
                    Cell::Int(below) => Step::LoadInt(to, from, address, below),
                    Cell::Byte => Step::LoadByte(to, from, address),
                    Cell::Bool => Step::LoadTruth(to, from, address),
                }
            }
            Stmt::Store { buffer, index, value } => {
                let (from, to, address) = (at(value), buffer.0 as usize, self.address(index, region));
                match self.program.buffers[to].cell {
                    Cell::Real => Step::StoreReal(from, to, address),
                    Cell::Int(_) => Step::StoreInt(from, to, address),
                    Cell::Byte => Step::StoreByte(from, to, address),
                    Cell::Bool => Step::StoreTruth(from, to, address),
                }
            }
            Stmt::Matrix(matrix) => Step::Matrix(Box::new(self.matrix(matrix, region))),
            nested => self.nested(nested, region),
        }
    }

    fn nested(&self, stmt: &Stmt, region: Option<&Region>) -> Step {
        match stmt {
            Stmt::Loop { var, trip, order: Order::Lanes, body } => {
                let region = Region::new(*var, body);
                let given = self.given(body, None, &region);
                Step::Lanes { var: var.0 as usize, trip: *trip, given, body: self.block(body, Some(&region)) }
            }
            Stmt::Loop { var, trip, order, body } => Step::Loop {
                var: var.0 as usize,
                trip: *trip,
                reverse: *order == Order::Reverse,
                body: self.block(body, region),
            },
            Stmt::Fold { reg, var, trip, lanes: false, body, folding } => Step::Chain {
                var: var.0 as usize,
                trip: *trip,
                gather: self.gather(*reg, *folding),
                body: self.block(body, region),
            },
            Stmt::Fold { reg, var, trip, lanes: true, body, folding } => {
                let region = Region::new(*var, body);
                Step::Accumulators {
                    var: var.0 as usize,
                    trip: *trip,
                    gather: self.gather(*reg, *folding),
                    given: self.given(body, Some(stmt), &region),
                    body: self.block(body, Some(&region)),
                }
            }
            Stmt::Until { var, trip, body, go, rounds } => Step::Until {
                var: var.0 as usize,
                trip: *trip,
                go: self.place(*go),
                rounds: rounds.0 as usize,
                body: self.block(body, region),
            },
            Stmt::When { cond, then, otherwise } => Step::When {
                cond: self.place(*cond),
                then: self.block(then, region),
                otherwise: self.block(otherwise, region),
            },
            Stmt::Nest { body, .. } => Step::Nest { body: self.block(body, region) },
            other => bug!("{other:?} has no blocks"),
        }
    }

    /// The registers from outside that a region reads.
    fn given(&self, body: &[Stmt], fold: Option<&Stmt>, region: &Region) -> Vec<Slot> {
        let mut read: BTreeSet<Reg> = fold.map(Stmt::reads).unwrap_or_default().into_iter().collect();
        walk(body, &mut |stmt| read.extend(stmt.reads()));
        read.difference(&region.inside).map(|reg| self.slot(*reg)).collect()
    }

    fn gather(&self, to: Reg, folding: Folding) -> Gather {
        let to = self.place(to);
        match folding {
            Folding::Dot(a, b) => Gather::Dot { to, a: self.place(a), b: self.place(b) },
            Folding::Of(fold, reg) => {
                let from = self.place(reg);
                match self.kind(reg) {
                    RegKind::Real => Gather::Real { to, fold, from },
                    RegKind::Int => Gather::Int { to, fold, from },
                    RegKind::Bool => Gather::Truth { to, all: fold == FoldKind::All, from },
                }
            }
        }
    }

    fn address(&self, index: &Index, region: Option<&Region>) -> Address {
        let (mut vars, mut ints, mut lane, mut lane_ints) = (Vec::new(), Vec::new(), 0, Vec::new());
        for (term, stride) in &index.terms {
            match term {
                Term::Var(var) => {
                    vars.push((var.0 as usize, *stride));
                    if region.is_some_and(|region| region.var == *var) {
                        lane += stride;
                    }
                }
                Term::Reg(reg) if region.is_some_and(|region| region.inside.contains(reg)) => {
                    lane_ints.push((self.place(*reg), *stride));
                }
                Term::Reg(reg) => ints.push((self.place(*reg), *stride)),
            }
        }
        Address { offset: index.offset, vars: vars.into(), ints: ints.into(), lane, lane_ints: lane_ints.into() }
    }

    fn matrix(&self, matrix: &loops::Matrix, region: Option<&Region>) -> Matrix {
        let operand = |operand: &loops::Operand| Operand {
            buffer: operand.buffer.0 as usize,
            base: self.address(&operand.base, region),
            row: operand.row,
            column: operand.column,
        };
        Matrix {
            rows: matrix.rows,
            columns: matrix.columns,
            depth: matrix.depth,
            left: operand(&matrix.left),
            right: operand(&matrix.right),
            out: operand(&matrix.out),
            accumulate: matrix.accumulate,
            origin: matrix.origin,
        }
    }

    fn scalar(&self, to: Reg, op: Scalar, args: &[Reg], below: Option<usize>) -> Step {
        let places: Vec<_> = args.iter().map(|arg| self.place(*arg)).collect();
        let kind = self.kind(args[args.len() - 1]);
        let to = self.place(to);
        match (op, &places[..], kind) {
            (Scalar::Apply(function), [a], RegKind::Real) => Step::Unary(to, function, *a),
            (Scalar::Apply(function), [a, b], RegKind::Real) => Step::Binary(to, function, *a, *b),
            (Scalar::Apply(function), [a, b], RegKind::Int) => Step::IntBinary(to, int_function(function), *a, *b),
            (Scalar::Quotient, [a, b], _) => Step::IntBinary(to, IntOp::Quotient, *a, *b),
            (Scalar::Remainder, [a, b], _) => Step::IntBinary(to, IntOp::Remainder, *a, *b),
            (Scalar::Less, [a, b], kind) => compare(to, Comparison::Less, *a, *b, kind),
            (Scalar::LessEqual, [a, b], kind) => compare(to, Comparison::LessEqual, *a, *b, kind),
            (Scalar::Equal, [a, b], kind) => compare(to, Comparison::Equal, *a, *b, kind),
            (Scalar::And, [a, b], _) => Step::And(to, *a, *b),
            (Scalar::Or, [a, b], _) => Step::Or(to, *a, *b),
            (Scalar::Not, [a], _) => Step::Not(to, *a),
            (Scalar::Select, [cond, a, b], RegKind::Real) => Step::SelectReal(to, *cond, *a, *b),
            (Scalar::Select, [cond, a, b], RegKind::Int) => Step::SelectInt(to, *cond, *a, *b),
            (Scalar::Select, [cond, a, b], RegKind::Bool) => Step::SelectTruth(to, *cond, *a, *b),
            (Scalar::Real, [a], RegKind::Bool) => Step::RealOfTruth(to, *a),
            (Scalar::Real, [a], RegKind::Int) => Step::RealOfInt(to, *a),
            (Scalar::Clamp, [a], _) => Step::Clamp(to, *a, below.map_or(0, |k| k as i64 - 1)),
            (Scalar::Uniform, [a, b, c, d], _) => Step::Uniform(to, [*a, *b, *c, *d]),
            _ => bug!("{op:?} does not take {args:?}"),
        }
    }
}

fn compare(to: Place, comparison: Comparison, a: Place, b: Place, kind: RegKind) -> Step {
    match kind {
        RegKind::Real => Step::CompareReals(to, comparison, a, b),
        _ => Step::CompareInts(to, comparison, a, b),
    }
}

fn int_function(function: Function) -> IntOp {
    match function {
        Function::Add => IntOp::Add,
        Function::Subtract => IntOp::Subtract,
        Function::Multiply => IntOp::Multiply,
        Function::Minimum => IntOp::Minimum,
        Function::Maximum => IntOp::Maximum,
        other => bug!("`{}` has no meaning on ints", other.name()),
    }
}
