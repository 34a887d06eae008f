//! The pieces of a split nest may be carried out in any order, or at the same time.

use super::access::{Look, independent};
use super::{Report, step};
use crate::loops::memory::ALIGNMENT;
use crate::loops::walk::walk;
use crate::loops::{Axis, BufferId, Index, LANES, Matrix, Order, Place, Program, Split, Stmt, Term, Trip};

/// Checks a whole program.
pub(super) fn check(program: &Program, report: &mut Report) {
    if !program.own.is_multiple_of(ALIGNMENT) {
        report.say(format!("{} bytes for each piece are no multiple of {ALIGNMENT}", program.own));
    }
    let mut own = vec![0; program.buffers.len()];
    block(program, &program.body, &mut own, report);
    walk(&program.body, &mut |stmt| {
        for touch in stmt.touches() {
            own[touch.buffer.0 as usize] -= 1;
        }
    });
    for (number, buffer) in program.buffers.iter().enumerate() {
        if matches!(buffer.place, Place::Own(_)) && own[number] != 0 {
            report.within(format!("buffer b{number} {:?}", buffer.name), |report| {
                report.say("it belongs to the pieces of a split nest, and is used outside");
            });
        }
    }
}

/// Counts for each buffer its uses in split nests.
fn block(program: &Program, stmts: &[Stmt], uses: &mut [i64], report: &mut Report) {
    for (number, stmt) in stmts.iter().enumerate() {
        report.within(step(number, stmt), |report| match stmt {
            Stmt::Nest { split: Some(split), body, .. } => {
                nest(program, body, *split, report);
                walk(body, &mut |stmt| {
                    for touch in stmt.touches() {
                        uses[touch.buffer.0 as usize] += 1;
                    }
                });
            }
            other => other.blocks().into_iter().for_each(|inner| block(program, inner, uses, report)),
        });
    }
}

fn nest(program: &Program, body: &[Stmt], split: Split, report: &mut Report) {
    if let Some(message) = holds_others(body) {
        return report.say(message);
    }
    let rounds = match along(body, split.axis) {
        Ok(found) => found.bound(body),
        Err(message) => return report.say(message),
    };
    let unit = unit(body, split.axis);
    if split.grain == 0 || !split.grain.is_multiple_of(unit) {
        report.say(format!("pieces of {} rounds: it is a multiple of {unit}", split.grain));
    }
    let own: Vec<BufferId> = used(body).filter(|buffer| is_own(program, *buffer)).collect();
    for (at, buffer) in own.iter().enumerate() {
        if let Some(message) = keeps_to_rounds(body, split.axis, *buffer) {
            report.say(message);
        }
        if let Some(other) = own[at + 1..].iter().find(|other| overlap(program, *buffer, **other)) {
            report.say(format!("b{} overlaps b{} in the memory of a piece", buffer.0, other.0));
        }
    }
    let mut accesses = Look::new(body, split.axis).accesses();
    accesses.retain(|access| !own.contains(&access.buffer));
    independent(&accesses, rounds, report);
}

/// Why a nest cannot be split along an axis, if `own` is what each piece has for itself.
pub(in crate::loops) fn refusal(body: &[Stmt], axis: Axis, own: &[BufferId]) -> Option<String> {
    let rounds = match along(body, axis) {
        Ok(found) => found.bound(body),
        Err(message) => return Some(message),
    };
    let mut report = Report::default();
    let mut accesses = Look::new(body, axis).accesses();
    accesses.retain(|access| !own.contains(&access.buffer));
    independent(&accesses, rounds, &mut report);
    holds_others(body).or_else(|| report.violations.pop().map(|violation| violation.message))
}

/// Pieces begin at multiples of this.
pub(crate) fn unit(body: &[Stmt], axis: Axis) -> usize {
    match along(body, axis) {
        Ok(Along::Columns) => LANES,
        Ok(Along::Loop { lanes: true, .. }) => LANES,
        _ => 1,
    }
}

/// An axis that was found.
#[derive(Debug, Clone, Copy)]
enum Along {
    Loop { trip: Trip, lanes: bool },
    Rows,
    Columns,
}

impl Along {
    /// How many rounds there are at most; of columns as many as there is room for.
    fn bound(self, body: &[Stmt]) -> usize {
        match self {
            Along::Loop { trip, .. } => trip.bound(),
            Along::Rows => products(body).first().map_or(0, |matrix| matrix.rows.bound()),
            Along::Columns => products(body).first().map_or(0, |matrix| matrix.room),
        }
    }
}

/// Looks for the axis; of loops in lanes only the outermost is one.
fn along(body: &[Stmt], axis: Axis) -> Result<Along, String> {
    let Axis::Loop(wanted) = axis else {
        return match (products(body).len(), axis) {
            (1, Axis::Rows) => Ok(Along::Rows),
            (1, _) => Ok(Along::Columns),
            (found, _) => Err(format!("it is split along a matrix product, and holds {found}")),
        };
    };
    loops(body)
        .into_iter()
        .find_map(|stmt| match stmt {
            Stmt::Loop { var, trip, order, .. } if *var == wanted => Some((*trip, *order)),
            _ => None,
        })
        .map_or_else(
            || Err(format!("it is split along i{}, which is none of its loops outside lanes", wanted.0)),
            |(trip, order)| match order {
                Order::Serial => Ok(Along::Loop { trip, lanes: false }),
                Order::Lanes => Ok(Along::Loop { trip, lanes: true }),
                Order::Reverse => Err(format!("it is split along i{}, whose rounds go backwards", wanted.0)),
            },
        )
}

/// The loops of a nest that do not stand in lanes loops, outer ones first.
pub(in crate::loops) fn loops(body: &[Stmt]) -> Vec<&Stmt> {
    let mut found = Vec::new();
    for stmt in body {
        if let Stmt::Loop { order, body, .. } = stmt {
            found.push(stmt);
            if *order != Order::Lanes {
                found.extend(loops(body));
            }
        }
    }
    found
}

/// The matrix products of a nest.
pub(in crate::loops) fn products(body: &[Stmt]) -> Vec<&Matrix> {
    let mut found = Vec::new();
    walk(body, &mut |stmt| {
        if let Stmt::Matrix(matrix) = stmt {
            found.push(matrix);
        }
    });
    found
}

fn holds_others(body: &[Stmt]) -> Option<String> {
    let mut other = false;
    walk(body, &mut |stmt| {
        other |= matches!(stmt, Stmt::Nest { .. } | Stmt::When { .. } | Stmt::Until { .. });
    });
    other.then(|| "a split nest holds loops, matrix products and scalar statements, nothing else".to_string())
}

fn is_own(program: &Program, buffer: BufferId) -> bool {
    matches!(program.buffers[buffer.0 as usize].place, Place::Own(_))
}

/// The buffers of a block, each once.
pub(in crate::loops) fn used(body: &[Stmt]) -> impl Iterator<Item = BufferId> {
    let mut all = std::collections::BTreeSet::new();
    walk(body, &mut |stmt| all.extend(stmt.touches().iter().map(|touch| touch.buffer)));
    all.into_iter()
}

fn overlap(program: &Program, a: BufferId, b: BufferId) -> bool {
    let range = |buffer: BufferId| {
        let info = &program.buffers[buffer.0 as usize];
        match info.place {
            Place::Own(start) => (start, start.saturating_add(info.bytes(program.precision))),
            _ => (0, 0),
        }
    };
    let (a, b) = (range(a), range(b));
    a.0 < b.1 && b.0 < a.1
}

/// Why a buffer cannot be a piece's own: it holds nothing but a matrix product, made at the beginning of every round of
/// the split loop, and nothing else of it is loaded.
pub(in crate::loops) fn keeps_to_rounds(body: &[Stmt], axis: Axis, buffer: BufferId) -> Option<String> {
    let inside = loops(body).into_iter().find_map(|stmt| match stmt {
        Stmt::Loop { var, body, .. } if axis == Axis::Loop(*var) => Some(body),
        _ => None,
    });
    let refused = |why: &str| Some(format!("b{} cannot belong to a piece: {why}", buffer.0));
    let Some(inside) = inside else { return refused("the nest is not split along a loop") };
    let uses = |block: &[Stmt]| {
        let mut count = 0;
        walk(block, &mut |stmt| count += stmt.touches().iter().filter(|touch| touch.buffer == buffer).count());
        count
    };
    if uses(inside) != uses(body) {
        return refused("it is used outside the rounds");
    }
    let made = inside.iter().position(|stmt| uses(std::slice::from_ref(stmt)) > 0);
    let Some((Stmt::Matrix(matrix), rest)) = made.and_then(|at| inside[at..].split_first()) else {
        return refused("it does not begin as a matrix product");
    };
    let counted = [matrix.rows, matrix.columns].iter().any(|trip| trip.buffer().is_some());
    let apart = matrix.left.buffer != buffer && matrix.right.buffer != buffer && matrix.out.base.terms.is_empty();
    if matrix.accumulate || counted || !apart {
        return refused("it does not begin as a matrix product of its own");
    }
    let bounds = Look::new(body, axis);
    let mut within = true;
    walk(rest, &mut |stmt| {
        within &= stmt.touches().iter().all(|touch| touch.buffer != buffer)
            || matches!(stmt, Stmt::Load { index, .. } if is_inside(index, matrix, &bounds));
    });
    if within { None } else { refused("something else than what the product has made is used") }
}

/// Whether an index stays among the elements of a product's result.
fn is_inside(index: &Index, matrix: &Matrix, look: &Look) -> bool {
    let sides = [(matrix.out.row, matrix.rows.bound()), (1, matrix.columns.bound())];
    let mut free = sides.to_vec();
    index.offset == matrix.out.base.offset
        && index.terms.iter().all(|(term, stride)| {
            let Term::Var(var) = term else { return false };
            let side = free.iter().position(|(row, extent)| row == stride && look.rounds(*var) <= *extent);
            side.map(|side| free.remove(side)).is_some()
        })
}
