//! What a statement contains, defines, reads and touches: for whoever goes through a program.

use super::{BufferId, Folding, Index, Matrix, Program, Reg, Stmt, Term, Trip, Var};

/// One use of a buffer by a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// Which.
    pub buffer: BufferId,
    /// Its old contents matter.
    pub reads: bool,
    /// Its contents change.
    pub writes: bool,
}

impl Stmt {
    /// The blocks inside.
    pub fn blocks(&self) -> Vec<&[Stmt]> {
        match self {
            Stmt::Loop { body, .. } | Stmt::Fold { body, .. } | Stmt::Until { body, .. } | Stmt::Nest { body, .. } => {
                vec![body]
            }
            Stmt::When { then, otherwise, .. } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }

    /// The blocks inside, to be changed.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<Stmt>> {
        match self {
            Stmt::Loop { body, .. } | Stmt::Fold { body, .. } | Stmt::Until { body, .. } | Stmt::Nest { body, .. } => {
                vec![body]
            }
            Stmt::When { then, otherwise, .. } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }

    /// The register that it writes in its own block.
    pub fn defines(&self) -> Option<Reg> {
        match self {
            Stmt::Constant { reg, .. }
            | Stmt::Index { reg, .. }
            | Stmt::Let { reg, .. }
            | Stmt::Fma { reg, .. }
            | Stmt::Load { reg, .. }
            | Stmt::Fold { reg, .. } => Some(*reg),
            _ => None,
        }
    }

    /// The registers that it reads itself: not those that its blocks read, but what a fold folds and what an `until`
    /// looks at, which its block defines or sees.
    pub fn reads(&self) -> Vec<Reg> {
        let of_index = |index: &Index| index.registers().collect::<Vec<_>>();
        match self {
            Stmt::Let { args, .. } => args.clone(),
            Stmt::Fma { a, b, c, .. } => vec![*a, *b, *c],
            Stmt::Load { index, .. } => of_index(index),
            Stmt::Store { index, value, .. } => {
                let mut all = of_index(index);
                all.push(*value);
                all
            }
            Stmt::Fold { folding: Folding::Of(_, reg), .. } => vec![*reg],
            Stmt::Fold { folding: Folding::Dot(a, b), .. } => vec![*a, *b],
            Stmt::Matrix(matrix) => matrix.operands().iter().flat_map(|operand| of_index(&operand.base)).collect(),
            Stmt::Until { go, .. } => vec![*go],
            Stmt::When { cond, .. } => vec![*cond],
            _ => Vec::new(),
        }
    }

    /// The variable of a loop, a fold or an `until`, with how often it runs.
    pub fn counts(&self) -> Option<(Var, Trip)> {
        match self {
            Stmt::Loop { var, trip, .. } | Stmt::Fold { var, trip, .. } | Stmt::Until { var, trip, .. } => {
                Some((*var, *trip))
            }
            _ => None,
        }
    }

    /// How often things are done, as far as this statement says so.
    pub fn trips(&self) -> Vec<Trip> {
        match self {
            Stmt::Matrix(matrix) => vec![matrix.rows, matrix.columns, matrix.depth],
            other => other.counts().into_iter().map(|(_, trip)| trip).collect(),
        }
    }

    /// The buffers that it uses itself, not those of its blocks.
    pub fn touches(&self) -> Vec<Touch> {
        let read = |buffer| Touch { buffer, reads: true, writes: false };
        let write = |buffer| Touch { buffer, reads: false, writes: true };
        let mut touches: Vec<_> = self.trips().into_iter().filter_map(Trip::buffer).map(read).collect();
        match self {
            Stmt::Load { buffer, .. } => touches.push(read(*buffer)),
            Stmt::Store { buffer, .. } => touches.push(write(*buffer)),
            Stmt::Until { rounds, .. } => touches.push(write(*rounds)),
            Stmt::Matrix(matrix) => {
                touches.extend([read(matrix.left.buffer), read(matrix.right.buffer)]);
                touches.push(Touch { buffer: matrix.out.buffer, reads: matrix.accumulate, writes: true });
            }
            _ => {}
        }
        touches
    }

    /// The buffers that it and its blocks use.
    pub fn touches_deeply(&self) -> Vec<Touch> {
        let mut touches = Vec::new();
        walk(std::slice::from_ref(self), &mut |stmt| touches.extend(stmt.touches()));
        touches
    }
}

/// Whether any nest of a program is cut into pieces.
pub fn is_split(program: &Program) -> bool {
    let mut found = false;
    walk(&program.body, &mut |stmt| found |= matches!(stmt, Stmt::Nest { split: Some(_), .. }));
    found
}

/// Looks at every statement, a statement before its blocks.
pub fn walk<'a>(block: &'a [Stmt], look: &mut impl FnMut(&'a Stmt)) {
    for stmt in block {
        look(stmt);
        for inner in stmt.blocks() {
            walk(inner, look);
        }
    }
}

impl Matrix {
    /// Left, right and result.
    pub fn operands(&self) -> [&super::Operand; 3] {
        [&self.left, &self.right, &self.out]
    }
}

impl Trip {
    /// At most so often.
    pub const fn bound(self) -> usize {
        match self {
            Trip::Const(n) => n,
            Trip::Count { bound, .. } => bound,
        }
    }

    /// Where the count is read from.
    pub const fn buffer(self) -> Option<BufferId> {
        match self {
            Trip::Const(_) => None,
            Trip::Count { buffer, .. } => Some(buffer),
        }
    }
}

impl From<usize> for Trip {
    fn from(n: usize) -> Trip {
        Trip::Const(n)
    }
}

impl Index {
    /// Always this cell.
    pub fn at(offset: usize) -> Index {
        Index { offset, terms: Vec::new() }
    }

    /// Adds `stride * var`.
    #[must_use]
    pub fn var(mut self, var: Var, stride: usize) -> Index {
        self.terms.push((Term::Var(var), stride));
        self
    }

    /// Adds `stride * reg`.
    #[must_use]
    pub fn reg(mut self, reg: Reg, stride: usize) -> Index {
        self.terms.push((Term::Reg(reg), stride));
        self
    }

    /// Its registers.
    pub fn registers(&self) -> impl Iterator<Item = Reg> {
        self.terms.iter().filter_map(|(term, _)| match term {
            Term::Reg(reg) => Some(*reg),
            Term::Var(_) => None,
        })
    }

    /// By how much it grows when `term` grows by 1.
    pub fn stride(&self, term: Term) -> usize {
        self.terms.iter().filter(|(t, _)| *t == term).map(|(_, stride)| stride).sum()
    }

    /// The largest cell, if each term is at most what `largest` says; `None` if that is more than can be counted.
    pub fn largest(&self, largest: impl Fn(Term) -> usize) -> Option<usize> {
        self.terms.iter().try_fold(self.offset, |sum, (term, stride)| {
            largest(*term).checked_mul(*stride).and_then(|step| sum.checked_add(step))
        })
    }
}
