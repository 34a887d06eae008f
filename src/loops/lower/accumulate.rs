//! A product whose result is only added to something adds to it right away: to another product's result, or to what
//! lies in memory and is replaced by the sum. Its elements are then one chain that goes on from what is there.

use crate::loops::walk::walk;
use crate::loops::{BufferId, Folding, Index, Matrix, Operand, Reg, Scalar, Stmt, Term, Trip, Var};
use crate::math::Function;
use std::collections::BTreeMap;

/// Lets products accumulate, in every block.
pub fn products(block: &mut Vec<Stmt>, buffers: usize) {
    let mut uses = vec![(0, 0); buffers];
    walk(block, &mut |stmt| {
        for touch in stmt.touches() {
            let (reads, writes) = &mut uses[touch.buffer.0 as usize];
            *reads += usize::from(touch.reads);
            *writes += usize::from(touch.writes);
        }
    });
    within(block, &mut uses);
}

fn within(block: &mut Vec<Stmt>, uses: &mut [(usize, usize)]) {
    for stmt in block.iter_mut() {
        if !matches!(stmt, Stmt::Nest { .. }) {
            stmt.blocks_mut().into_iter().for_each(|inner| within(inner, uses));
        }
    }
    let mut at = 0;
    while at < block.len() {
        match find(block, at, uses) {
            Some(found) => {
                // What lies there is written twice from now on: no other product may take its place.
                uses[found.out.buffer.0 as usize].1 += 1;
                found.carry_out(block);
            }
            None => at += 1,
        }
    }
    block.retain(|stmt| !matches!(stmt, Stmt::Nest { body, .. } if body.is_empty()));
}

/// The product of a nest that is nothing else.
fn product(stmt: &Stmt) -> Option<&Matrix> {
    let Stmt::Nest { body, .. } = stmt else { return None };
    match &body[..] {
        [Stmt::Matrix(matrix)] => Some(matrix),
        _ => None,
    }
}

/// A product, and the sum that it can be a part of.
struct Found {
    /// The nest of the product.
    at: usize,
    /// The nest of the sum.
    user: usize,
    /// Where the product goes instead.
    out: Operand,
    /// How many columns code may use there.
    room: usize,
    /// The load of the product's result, and the sum.
    gone: [Reg; 2],
    instead: Instead,
}

/// What becomes of the sum.
enum Instead {
    /// It is where it was stored to.
    Stored(BufferId),
    /// It is what is loaded from where the other product's result was.
    Read(Reg),
}

/// A sum of two elements.
struct Sum {
    total: Reg,
    other: Reg,
}

fn find(block: &[Stmt], at: usize, uses: &[(usize, usize)]) -> Option<Found> {
    let matrix = product(&block[at])?;
    let from = matrix.out.buffer;
    if matrix.accumulate || uses[from.0 as usize] != (1, 1) {
        return None;
    }
    let reads = |stmt: &Stmt| stmt.touches_deeply().iter().any(|touch| touch.buffer == from);
    let user = at + 1 + block[at + 1..].iter().position(reads)?;
    let Stmt::Nest { body, .. } = &block[user] else { return None };
    let nest = Nest::of(body);
    let (part, index) = nest.load_of(from)?;
    if !covers(matrix, index, &nest.loops) {
        return None;
    }
    let sum = nest.sum(part)?;
    let (buffer, place) = nest.loaded(sum.other)?;
    let base = moved(&matrix.out, index, place)?;
    let out = Operand { buffer, base, ..matrix.out.clone() };
    let untouched = |stmts: &[Stmt]| !stmts.iter().any(|stmt| touches(stmt, buffer));
    let earlier = block[..at].iter().rposition(|stmt| product(stmt).is_some_and(|other| other.out.buffer == buffer));
    let (instead, room) = match earlier {
        Some(first) if uses[buffer.0 as usize] == (1, 1) => {
            let other = product(&block[first])?;
            let alike = other.out.row == out.row && other.out.base == out.base && other.room == matrix.room;
            let same = (other.rows, other.columns) == (matrix.rows, matrix.columns);
            if !alike || !same || !untouched(&block[first + 1..user]) {
                return None;
            }
            (Instead::Read(sum.other), matrix.room)
        }
        _ => {
            let stores = nest.stores_of(buffer);
            let replaced = stores.len() == 1 && stores[0] == (place, sum.total) && nest.loads_of(buffer) == 1;
            let of_operands = [&matrix.left, &matrix.right].iter().any(|operand| operand.buffer == buffer);
            if !replaced || of_operands || nest.reads(sum.total) != 1 || !untouched(&block[at..user]) {
                return None;
            }
            (Instead::Stored(buffer), matrix.columns.bound())
        }
    };
    Some(Found { at, user, out, room, gone: [part, sum.total], instead })
}

fn touches(stmt: &Stmt, buffer: BufferId) -> bool {
    stmt.touches_deeply().iter().any(|touch| touch.buffer == buffer)
}

/// Where the product's result goes, if the element at `index` of it goes to `place`: as far from there as these are
/// from each other.
fn moved(out: &Operand, index: &Index, place: &Index) -> Option<Index> {
    let mut base = out.base.clone();
    base.offset = (base.offset + place.offset).checked_sub(index.offset)?;
    let mut terms: BTreeMap<Term, usize> = index.terms.iter().copied().collect();
    for (term, stride) in &place.terms {
        match terms.remove(term) {
            Some(other) if other == *stride => {}
            Some(_) => return None,
            None => base.terms.push((*term, *stride)),
        }
    }
    (terms.is_empty() && base.registers().next().is_none()).then_some(base)
}

/// Whether loops look at every element of a product once.
fn covers(matrix: &Matrix, index: &Index, loops: &[(Var, Trip)]) -> bool {
    let mut steps = Vec::new();
    for (var, trip) in loops {
        let stride = index.stride(Term::Var(*var));
        if stride == 0 {
            return false;
        }
        steps.push((stride, *trip));
    }
    steps.sort_by_key(|(stride, _)| std::cmp::Reverse(*stride));
    match &steps[..] {
        [(1, Trip::Const(all))] => match (matrix.rows, matrix.columns) {
            (Trip::Const(rows), Trip::Const(columns)) => matrix.out.row == columns && rows * columns == *all,
            _ => false,
        },
        [(row, rows), (1, columns)] => {
            *row == matrix.out.row && *rows == matrix.rows && *columns == matrix.columns && columns.bound() <= *row
        }
        _ => false,
    }
}

/// The statements of loops that stand one in the other.
struct Nest<'a> {
    loops: Vec<(Var, Trip)>,
    stmts: &'a [Stmt],
    /// Everything in the nest, also around the loops.
    all: Vec<&'a Stmt>,
}

impl<'a> Nest<'a> {
    fn of(body: &'a [Stmt]) -> Nest<'a> {
        let mut all = Vec::new();
        walk(body, &mut |stmt| all.push(stmt));
        let mut loops = Vec::new();
        let mut stmts = body;
        while let Some(Stmt::Loop { var, trip, body, .. }) = stmts.last() {
            loops.push((*var, *trip));
            stmts = body;
        }
        Nest { loops, stmts, all }
    }

    /// The load from a buffer, in the innermost loop.
    fn load_of(&self, from: BufferId) -> Option<(Reg, &'a Index)> {
        self.stmts.iter().find_map(|stmt| match stmt {
            Stmt::Load { reg, buffer, index } if *buffer == from => Some((*reg, index)),
            _ => None,
        })
    }

    /// Where a register was loaded from, in the innermost loop.
    fn loaded(&self, wanted: Reg) -> Option<(BufferId, &'a Index)> {
        self.stmts.iter().find_map(|stmt| match stmt {
            Stmt::Load { reg, buffer, index } if *reg == wanted => Some((*buffer, index)),
            _ => None,
        })
    }

    fn loads_of(&self, from: BufferId) -> usize {
        self.all.iter().filter(|stmt| matches!(stmt, Stmt::Load { buffer, .. } if *buffer == from)).count()
    }

    fn stores_of(&self, to: BufferId) -> Vec<(&'a Index, Reg)> {
        let of = |stmt: &&'a Stmt| match stmt {
            Stmt::Store { buffer, index, value } if *buffer == to => Some((index, *value)),
            _ => None,
        };
        self.all.iter().filter_map(of).collect()
    }

    /// How often a register is read.
    fn reads(&self, reg: Reg) -> usize {
        self.all.iter().map(|stmt| stmt.reads().into_iter().filter(|other| *other == reg).count()).sum()
    }

    /// The sum in the innermost loop that is all that this register is for.
    fn sum(&self, part: Reg) -> Option<Sum> {
        if self.reads(part) != 1 {
            return None;
        }
        self.stmts.iter().find_map(|stmt| match stmt {
            Stmt::Let { reg, op: Scalar::Apply(Function::Add), args, .. } if args.contains(&part) => {
                let other = *args.iter().find(|arg| **arg != part)?;
                (self.reads(other) == 1).then_some(Sum { total: *reg, other })
            }
            _ => None,
        })
    }
}

impl Found {
    fn carry_out(self, block: &mut [Stmt]) {
        if let Stmt::Nest { body, .. } = &mut block[self.at]
            && let [Stmt::Matrix(matrix)] = &mut body[..]
        {
            (matrix.out, matrix.room, matrix.accumulate) = (self.out.clone(), self.room, true);
        }
        let Stmt::Nest { body, .. } = &mut block[self.user] else { return };
        self.clear(body);
        drop_empty(body);
    }

    /// Takes out what is done by the product.
    fn clear(&self, body: &mut Vec<Stmt>) {
        let read = match self.instead {
            Instead::Stored(buffer) => {
                body.retain(|stmt| match stmt {
                    Stmt::Load { buffer: other, .. } | Stmt::Store { buffer: other, .. } => *other != buffer,
                    _ => true,
                });
                None
            }
            Instead::Read(reg) => Some(reg),
        };
        body.retain(|stmt| stmt.defines().is_none_or(|reg| !self.gone.contains(&reg)));
        for stmt in body.iter_mut() {
            if let Some(read) = read {
                replace(stmt, self.gone[1], read);
            }
            stmt.blocks_mut().into_iter().for_each(|inner| self.clear(inner));
        }
    }
}

/// Reads another register.
fn replace(stmt: &mut Stmt, old: Reg, new: Reg) {
    let swap = |reg: &mut Reg| {
        if *reg == old {
            *reg = new;
        }
    };
    match stmt {
        Stmt::Let { args, .. } => args.iter_mut().for_each(swap),
        Stmt::Fma { a, b, c, .. } => [a, b, c].into_iter().for_each(swap),
        Stmt::Store { value, .. } => swap(value),
        Stmt::When { cond, .. } => swap(cond),
        Stmt::Fold { folding: Folding::Of(_, reg), .. } => swap(reg),
        Stmt::Fold { folding: Folding::Dot(a, b), .. } => [a, b].into_iter().for_each(swap),
        _ => {}
    }
}

/// Takes out loops in which nothing is stored any more, and what was computed for them.
fn drop_empty(body: &mut Vec<Stmt>) {
    for stmt in body.iter_mut() {
        if let Stmt::Loop { body, .. } = stmt {
            drop_empty(body);
        }
    }
    body.retain(|stmt| !matches!(stmt, Stmt::Loop { body, .. } if body.is_empty()));
    let stores = |stmt: &Stmt| stmt.touches_deeply().iter().any(|touch| touch.writes);
    if !body.iter().any(stores) {
        body.clear();
    }
}
