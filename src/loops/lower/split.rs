//! Which nests are cut into pieces for several threads, along what, and how small a piece may be.
//!
//! Shapes alone decide, never the number of threads. A nest is cut along the outermost axis whose rounds are independent
//! and that gives enough pieces; small ones are not, since to hand a piece over and to wait for it takes time too.

use crate::loops::memory::ALIGNMENT;
use crate::loops::verify::split::{keeps_to_rounds, loops, products, refusal, unit, used};
use crate::loops::walk::walk;
use crate::loops::{Axis, BufferId, Index, Matrix, Order, Place, Program, Scalar, Split, Stmt, Term, Var};
use crate::math::Function;

/// Picoseconds: about so long a nest takes that is worth being cut, and so long a piece at least.
const WORTH: usize = 4_000_000;
const PIECE: usize = 1_500_000;
/// An axis that gives so many pieces is not passed over for one further inside.
const ENOUGH: usize = 4;
/// Rows of a matrix product that are computed together, most of the time.
const ROWS: usize = 4;

/// Cuts nests.
pub fn mark(program: &mut Program) {
    let mut homes = Homes { of: vec![Home::Nowhere; program.buffers.len()], nests: 0 };
    homes.block(&program.body, None);
    let mut body = std::mem::take(&mut program.body);
    let mut number = 0;
    nests(&mut body, &mut |stmt| {
        number += 1;
        let Stmt::Nest { split, body, .. } = stmt else { return };
        let candidates: Vec<BufferId> =
            used(body).filter(|buffer| homes.of[buffer.0 as usize] == Home::Nest(number)).collect();
        let Some((found, own)) = choose(body, &candidates) else { return };
        *split = Some(found);
        let mut start = 0;
        for buffer in own {
            let info = &mut program.buffers[buffer.0 as usize];
            info.place = Place::Own(start);
            start += info.bytes(program.precision).next_multiple_of(ALIGNMENT);
        }
        program.own = program.own.max(start);
    });
    program.body = body;
}

/// Visits the nests that hold no others.
fn nests(block: &mut [Stmt], visit: &mut impl FnMut(&mut Stmt)) {
    for stmt in block {
        if is_innermost(stmt) {
            visit(stmt);
        } else {
            stmt.blocks_mut().into_iter().for_each(|inner| nests(inner, visit));
        }
    }
}

fn is_innermost(stmt: &Stmt) -> bool {
    let Stmt::Nest { body, .. } = stmt else { return false };
    let mut found = false;
    walk(body, &mut |stmt| found |= matches!(stmt, Stmt::Nest { .. }));
    !found
}

/// Where a buffer of scratch memory is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Nowhere,
    /// In this nest alone, in the order in which `nests` visits them, from 1.
    Nest(usize),
    Everywhere,
}

struct Homes {
    of: Vec<Home>,
    nests: usize,
}

impl Homes {
    fn block(&mut self, block: &[Stmt], nest: Option<usize>) {
        for stmt in block {
            let mut nest = nest;
            if nest.is_none() && is_innermost(stmt) {
                self.nests += 1;
                nest = Some(self.nests);
            }
            for touch in stmt.touches() {
                let home = &mut self.of[touch.buffer.0 as usize];
                let here = nest.map_or(Home::Everywhere, Home::Nest);
                *home = if *home == Home::Nowhere || *home == here { here } else { Home::Everywhere };
            }
            stmt.blocks().into_iter().for_each(|inner| self.block(inner, nest));
        }
    }
}

/// The best axis of a nest that is worth it, with the buffers that each piece has for itself.
fn choose(body: &[Stmt], candidates: &[BufferId]) -> Option<(Split, Vec<BufferId>)> {
    let cost = cost(body, None);
    if cost < WORTH {
        return None;
    }
    let mut best: Option<(usize, Split, Vec<BufferId>)> = None;
    for (axis, rounds, several) in axes(body) {
        let round = (cost / rounds.max(1)).max(1);
        let step = several.max(unit(body, axis));
        let grain = PIECE.div_ceil(round).next_multiple_of(step);
        let pieces = rounds.div_ceil(grain);
        if pieces < 2 || best.as_ref().is_some_and(|(most, ..)| pieces <= *most) {
            continue;
        }
        let own: Vec<BufferId> =
            candidates.iter().copied().filter(|buffer| keeps_to_rounds(body, axis, *buffer).is_none()).collect();
        if refusal(body, axis, &own).is_none() {
            best = Some((pieces, Split { axis, grain }, own));
        }
        if best.as_ref().is_some_and(|(pieces, ..)| *pieces >= ENOUGH) {
            break;
        }
    }
    best.map(|(_, split, own)| (split, own))
}

/// The axes of a nest, outer ones first: each with its rounds and how many of them had better stay together.
fn axes(body: &[Stmt]) -> Vec<(Axis, usize, usize)> {
    let of_loop = |stmt: &&Stmt| match stmt {
        Stmt::Loop { order: Order::Reverse, .. } => None,
        Stmt::Loop { var, trip, .. } => Some((Axis::Loop(*var), trip.bound(), 1)),
        _ => None,
    };
    let mut axes: Vec<_> = loops(body).iter().filter_map(of_loop).collect();
    if let [matrix] = products(body)[..] {
        axes.push((Axis::Rows, matrix.rows.bound(), ROWS));
        axes.push((Axis::Columns, matrix.columns.bound(), 1));
    }
    axes
}

/// About how many picoseconds a block takes, in a lanes loop over `lane` or in none.
fn cost(block: &[Stmt], lane: Option<Var>) -> usize {
    block.iter().fold(0, |sum: usize, stmt| sum.saturating_add(cost_of(stmt, lane)))
}

fn cost_of(stmt: &Stmt, lane: Option<Var>) -> usize {
    let simple = if lane.is_some() { 30 } else { 150 };
    match stmt {
        Stmt::Constant { .. } | Stmt::Index { .. } => 0,
        Stmt::Load { index, .. } | Stmt::Store { index, .. } => access(index, lane),
        Stmt::Let { op, .. } => simple * weight(*op),
        Stmt::Fma { .. } => simple,
        Stmt::Loop { var, trip, order, body, .. } => {
            let lane = lane.or((*order == Order::Lanes).then_some(*var));
            cost(body, lane).saturating_mul(trip.bound())
        }
        Stmt::Fold { var, trip, lanes, body, .. } => {
            let lane = lane.or(lanes.then_some(*var));
            // A chain waits for each of its steps, unless there are several of them side by side.
            let step = if lane.is_some() { 30 } else { 1000 };
            cost(body, lane).saturating_add(step).saturating_mul(trip.bound())
        }
        Stmt::Matrix(matrix) => product(matrix),
        _ => 0,
    }
}

/// Cells that do not lie side by side are fetched one by one.
fn access(index: &Index, lane: Option<Var>) -> usize {
    match lane {
        None => 200,
        Some(lane) if index.registers().next().is_some() || index.stride(Term::Var(lane)) > 1 => 800,
        Some(_) => 60,
    }
}

fn product(matrix: &Matrix) -> usize {
    let Matrix { rows, depth, room, .. } = matrix;
    rows.bound().saturating_mul(depth.bound()).saturating_mul(*room).saturating_mul(20)
}

/// How many additions an operation is worth.
fn weight(op: Scalar) -> usize {
    match op {
        Scalar::Uniform => 100,
        Scalar::Apply(Function::Divide | Function::Sqrt) => 6,
        Scalar::Apply(
            Function::Add
            | Function::Subtract
            | Function::Multiply
            | Function::Negate
            | Function::Abs
            | Function::Maximum
            | Function::Minimum
            | Function::Sign,
        ) => 1,
        Scalar::Apply(_) => 25,
        _ => 1,
    }
}
