//! Loops: where carries and records lie, and the rounds.
//!
//! A carry lies in one place and is updated there. A carry that is recorded lies in its record: each round reads one row
//! and writes the next.

use super::block::{self, Scope};
use super::view::{Home, View};
use super::{Lowering, map};
use crate::bug;
use crate::loops::{BufferId, Cell, Index, Order, RegKind, Stmt, Trip, Var};
use crate::tensor::{Extent, Loop, Name, Node, Record, Value};

/// Where a loop's values lie.
#[derive(Debug, Clone)]
pub struct Plan {
    carries: Vec<Carry>,
    /// For each record its place, if it is wanted.
    records: Vec<Option<View>>,
    /// The number of rounds, if the loop ends on a condition.
    rounds: Option<BufferId>,
}

#[derive(Debug, Clone)]
enum Carry {
    /// Always here.
    Here(View),
    /// In a record; the last value is copied out if no row is known to hold it.
    Recorded {
        /// The record.
        record: View,
        /// Where to.
        copy: Option<View>,
    },
}

/// Whether it is known before it runs how often the loop runs.
fn is_fixed(inner: &Loop) -> bool {
    matches!(inner.trip, Extent::Const(_)) && inner.until.is_none()
}

/// Places what a loop gives. `direct` says where a value may be computed right away, if anywhere.
pub fn settle(
    lowering: &mut Lowering,
    scope: &mut Scope,
    number: usize,
    inner: &Loop,
    mut direct: impl FnMut(&mut Lowering, &mut Scope, Value) -> Option<View>,
) {
    let node = &scope.graph.nodes[number];
    let rounds = inner.until.as_ref().map(|count| {
        let cell = Cell::Int(Some(count.bound + 1));
        let buffer = lowering.buffer(count.name.clone(), node.span, cell, 1);
        lowering.counts.insert(count.name.clone(), buffer);
        if let Some(value) = node.outputs.last() {
            scope.settle(*value, View::scalar(buffer));
        }
        buffer
    });
    let mut place = |lowering: &mut Lowering, scope: &mut Scope, value: Value| {
        let view = match direct(lowering, scope, value) {
            Some(view) => view,
            None => scope.scratch(lowering, value),
        };
        scope.settle(value, view.clone());
        view
    };
    let mut records = Vec::new();
    for value in &node.outputs[inner.carries..inner.carries + inner.records.len()] {
        let live = scope.fusion.live[value.0 as usize];
        records.push(live.then(|| place(lowering, scope, *value)));
    }
    let mut carries = Vec::new();
    for (carry, value) in node.outputs[..inner.carries].iter().enumerate() {
        let of = |record: &(&Record, &Option<View>)| *record.0 == Record::Carry(carry);
        let record = inner.records.iter().zip(&records).filter(of).find_map(|(_, view)| view.clone());
        carries.push(match record {
            None => Carry::Here(place(lowering, scope, *value)),
            Some(record) if inner.reverse || is_fixed(inner) => {
                let last = if inner.reverse { 0 } else { inner.trip.bound() };
                scope.settle(*value, record.row(&Index::at(last)));
                Carry::Recorded { record, copy: None }
            }
            Some(record) => {
                let live = scope.fusion.live[value.0 as usize];
                let copy = live.then(|| place(lowering, scope, *value));
                Carry::Recorded { record, copy }
            }
        });
    }
    scope.loops.insert(number, Plan { carries, records, rounds });
}

/// Whether a loop may compute a value where something lies that it reads: a carry that begins as what lies there, and
/// nothing else looks. `reads` says whether an input reads what lies there.
pub fn in_place(
    scope: &Scope,
    node: &Node,
    inner: &Loop,
    value: Value,
    view: &View,
    reads: impl Fn(Value) -> bool,
) -> bool {
    let carry = node.outputs[..inner.carries].iter().position(|output| *output == value);
    let first = inner.invariants + inner.slices.len();
    node.inputs.iter().enumerate().all(|(number, input)| {
        let begins = carry.is_some_and(|carry| number == first + carry);
        let lies_there = || matches!(scope.resolve(*input), Some(Home::View(home)) if home.same(view));
        !reads(*input) || (begins && lies_there())
    })
}

/// Writes a loop.
pub fn lower(lowering: &mut Lowering, scope: &Scope, number: usize, inner: &Loop) -> Vec<Stmt> {
    let node = &scope.graph.nodes[number];
    let Some(plan) = scope.loops.get(&number) else { bug!("a loop whose values have no place") };
    let mut stmts = before(lowering, scope, node, inner, plan);
    let trip = lowering.trip(&inner.trip);
    let var = lowering.variable(trip.bound());
    lowering.program.origins.rounds.push(var);
    let go = plan.rounds.map(|_| lowering.buffer("go".into(), node.span, Cell::Bool, 1));
    let homes = homes(scope, node, inner, plan, var);
    let wanted = wanted(inner, plan, var, go);
    let steady = homes[1..=inner.invariants].iter().filter_map(|home| match home {
        Home::View(view) => Some(view),
        Home::Var(_) | Home::Constant(_) => None,
    });
    lowering.around.begin(var, steady);
    let mut body = block::lower(lowering, &inner.body, homes, wanted);
    stmts.extend(lowering.around.end());
    stmts.push(match (plan.rounds, go) {
        (Some(rounds), Some(buffer)) => {
            let go = lowering.register(RegKind::Bool);
            body.push(Stmt::Load { reg: go, buffer, index: Index::at(0) });
            Stmt::Until { var, trip, body, go, rounds }
        }
        _ => {
            let order = if inner.reverse { Order::Reverse } else { Order::Serial };
            Stmt::Loop { var, trip, order, body }
        }
    });
    stmts.extend(after(lowering, scope, node, inner, plan));
    stmts
}

/// The row that a round reads of a carry's record, and the one that it writes.
fn rows(inner: &Loop, record: &View, var: Var) -> (View, View) {
    let here = record.row(&Index::at(0).var(var, 1));
    let next = record.row(&Index::at(1).var(var, 1));
    if inner.reverse { (next, here) } else { (here, next) }
}

/// Where a round finds its parameters.
fn homes(scope: &Scope, node: &Node, inner: &Loop, plan: &Plan, var: Var) -> Vec<Home> {
    let mut homes = vec![Home::Var(var)];
    let (invariants, rest) = node.inputs.split_at(inner.invariants);
    homes.extend(invariants.iter().map(|input| scope.array(*input)));
    for (array, offset) in rest.iter().zip(&inner.slices) {
        homes.push(match scope.array(*array) {
            Home::View(view) => Home::View(view.row(&Index::at(*offset).var(var, 1))),
            other => other,
        });
    }
    for carry in &plan.carries {
        homes.push(Home::View(match carry {
            Carry::Here(view) => view.clone(),
            Carry::Recorded { record, .. } => rows(inner, record, var).0,
        }));
    }
    homes
}

/// Where a round puts its results.
fn wanted(inner: &Loop, plan: &Plan, var: Var, go: Option<BufferId>) -> Vec<Option<View>> {
    let mut wanted = Vec::new();
    for carry in &plan.carries {
        wanted.push(Some(match carry {
            Carry::Here(view) => view.clone(),
            Carry::Recorded { record, .. } => rows(inner, record, var).1,
        }));
    }
    for (record, view) in inner.records.iter().zip(&plan.records) {
        if *record == Record::Value {
            wanted.push(view.as_ref().map(|view| view.row(&Index::at(0).var(var, 1))));
        }
    }
    wanted.extend(go.map(|go| Some(View::scalar(go))));
    wanted
}

/// What a carry is called.
fn name(scope: &Scope, node: &Node, inner: &Loop, carry: usize) -> Name {
    let param = inner.body.params[1 + inner.invariants + inner.slices.len() + carry];
    match &inner.body.values[param.0 as usize].name {
        Some(name) => name.clone(),
        None => scope.name(node.outputs[carry]),
    }
}

/// The first values of the carries.
fn before(lowering: &mut Lowering, scope: &Scope, node: &Node, inner: &Loop, plan: &Plan) -> Vec<Stmt> {
    let mut stmts = Vec::new();
    let first = &node.inputs[inner.invariants + inner.slices.len()..];
    for (number, (carry, value)) in plan.carries.iter().zip(first).enumerate() {
        let name = name(scope, node, inner, number);
        let title = (&name, node.span);
        let view = match carry {
            Carry::Here(view) => view.clone(),
            Carry::Recorded { record, .. } => {
                if !is_fixed(inner) {
                    let shape: Vec<Extent> = record.bounds.iter().map(|bound| Extent::Const(*bound)).collect();
                    stmts.extend(map::zeros(lowering, scope, title, &shape, record));
                }
                match lowering.trip(&inner.trip) {
                    Trip::Count { buffer, .. } if inner.reverse => {
                        stmts.extend(into_row(lowering, scope, title, *value, record, buffer));
                        continue;
                    }
                    trip => record.row(&Index::at(if inner.reverse { trip.bound() } else { 0 })),
                }
            }
        };
        let lies_there = matches!(scope.resolve(*value), Some(Home::View(home)) if home.same(&view));
        if !lies_there {
            stmts.extend(map::copy(lowering, scope, title, *value, &view));
        }
    }
    stmts
}

/// Writes a value to the row that a count says.
fn into_row(
    lowering: &mut Lowering,
    scope: &Scope,
    title: (&Name, Option<crate::diag::Span>),
    value: Value,
    record: &View,
    count: BufferId,
) -> Vec<Stmt> {
    let shape = scope.graph.ty(value).shape.clone();
    let order = record.row(&Index::at(0));
    map::fill(lowering, scope, title, &shape, &order, &mut |writer, at| {
        let count = writer.load(count, Index::at(0));
        let reg = writer.element(value, at);
        writer.store(&record.row(&Index::at(0).reg(count, 1)), at, reg);
    })
}

/// Last values that no row is known to hold, and records that are asked for twice.
fn after(lowering: &mut Lowering, scope: &Scope, node: &Node, inner: &Loop, plan: &Plan) -> Vec<Stmt> {
    let mut stmts = Vec::new();
    let count = plan.rounds.or(match lowering.trip(&inner.trip) {
        Trip::Count { buffer, .. } => Some(buffer),
        Trip::Const(_) => None,
    });
    for (number, carry) in plan.carries.iter().enumerate() {
        let Carry::Recorded { record, copy } = carry else { continue };
        let name = name(scope, node, inner, number);
        let title = (&name, node.span);
        if let (Some(to), Some(count)) = (copy, count) {
            let shape = scope.graph.ty(node.outputs[number]).shape.clone();
            stmts.extend(map::fill(lowering, scope, title, &shape, to, &mut |writer, at| {
                let count = writer.load(count, Index::at(0));
                let from = record.row(&Index::at(0).reg(count, 1));
                let reg = writer.load(from.buffer, from.at(at));
                writer.store(to, at, reg);
            }));
        }
        for (other, view) in inner.records.iter().zip(&plan.records) {
            if let (Record::Carry(of), Some(view)) = (other, view)
                && *of == number
                && !view.same(record)
            {
                let shape: Vec<Extent> = record.bounds.iter().map(|bound| Extent::Const(*bound)).collect();
                stmts.extend(map::transfer(lowering, scope, title, &shape, record, view));
            }
        }
    }
    stmts
}
