//! What is known of ints and variables, and that no index leaves its buffer.

use super::MOST;
use crate::loops::{BufferId, Cell, Constant, FoldKind, Folding, Index, Program, Reg, Scalar, Stmt, Term, Trip};
use crate::math::Function;

/// For each register and variable the `k` of the range `0..k` in which it is known to lie.
#[derive(Debug)]
pub(super) struct Bounds {
    pub registers: Vec<Option<usize>>,
    /// Of the loops that are open.
    pub variables: Vec<Option<usize>>,
}

impl Bounds {
    pub fn new(program: &Program) -> Bounds {
        Bounds { registers: vec![None; program.registers.len()], variables: vec![None; program.variables as usize] }
    }

    fn of(&self, reg: Reg) -> Option<usize> {
        self.registers[reg.0 as usize]
    }

    /// What is known of the register that a statement writes.
    pub fn result(&self, program: &Program, stmt: &Stmt) -> Option<usize> {
        let bound = match stmt {
            Stmt::Constant { value: Constant::Int(n), .. } => usize::try_from(*n).ok()?.checked_add(1),
            Stmt::Index { var, .. } => self.variables[var.0 as usize],
            Stmt::Load { buffer, .. } => match program.buffers[buffer.0 as usize].cell {
                Cell::Int(below) => below,
                Cell::Byte => Some(256),
                Cell::Real | Cell::Bool => None,
            },
            Stmt::Let { op: Scalar::Clamp, below, .. } => *below,
            Stmt::Let { op, args, .. } => self.operation(*op, args),
            Stmt::Fold { trip: Trip::Const(1..), folding: Folding::Of(FoldKind::Max | FoldKind::Min, reg), .. } => {
                self.of(*reg)
            }
            _ => None,
        };
        bound.filter(|bound| (1..=MOST).contains(bound))
    }

    fn operation(&self, op: Scalar, args: &[Reg]) -> Option<usize> {
        let known = |at: usize| args.get(at).and_then(|reg| self.of(*reg));
        let both = |with: fn(usize, usize) -> Option<usize>| with(known(0)?, known(1)?);
        match op {
            Scalar::Select => Some(known(1)?.max(known(2)?)),
            Scalar::Apply(Function::Minimum) => both(|a, b| Some(a.min(b))),
            Scalar::Apply(Function::Maximum) => both(|a, b| Some(a.max(b))),
            Scalar::Apply(Function::Add) => both(|a, b| (a - 1).checked_add(b)),
            Scalar::Apply(Function::Multiply) => both(|a, b| (a - 1).checked_mul(b - 1)?.checked_add(1)),
            Scalar::Quotient => both(|a, _| Some(a)),
            Scalar::Remainder => known(1).map(|divisor| (divisor - 1).max(1)),
            _ => None,
        }
    }

    /// Why an index may not stand for so many neighbouring cells of a buffer.
    pub fn index(&self, program: &Program, buffer: BufferId, index: &Index, reach: Option<usize>) -> Option<String> {
        for (term, _) in &index.terms {
            match term {
                Term::Var(var) if self.variables[var.0 as usize].is_none() => {
                    return Some(format!("i{} is not known here", var.0));
                }
                Term::Reg(reg) if self.of(*reg).is_none() => {
                    return Some(format!("nothing keeps r{} inside the array", reg.0));
                }
                _ => {}
            }
        }
        let bound = |term| match term {
            Term::Var(var) => self.variables[var.0 as usize],
            Term::Reg(reg) => self.of(reg),
        };
        let largest = index.largest(|term| bound(term).unwrap_or(1).saturating_sub(1));
        let largest = largest.and_then(|largest| largest.checked_add(reach?));
        let buffer_info = &program.buffers[buffer.0 as usize];
        match largest {
            Some(largest) if largest < buffer_info.len => None,
            Some(largest) => Some(format!(
                "cell {largest} may be asked for, but b{} {:?} has {}",
                buffer.0, buffer_info.name, buffer_info.len
            )),
            None => Some("the index is larger than what can be counted".to_string()),
        }
    }

    /// Why a register may not be stored to such cells.
    pub fn stored(&self, cell: Cell, value: Reg) -> Option<String> {
        let below = match cell {
            Cell::Int(below) => below?,
            Cell::Byte => 256,
            Cell::Real | Cell::Bool => return None,
        };
        match self.of(value) {
            Some(bound) if bound <= below => None,
            _ => Some(format!("r{} is not known to lie in 0..{below}", value.0)),
        }
    }
}
