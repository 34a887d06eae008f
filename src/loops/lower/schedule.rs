//! What a graph's tasks are, where their results lie, and in which order they are done.
//!
//! The old value of a slot or a carry is read by some tasks and replaced by one: that one comes last. It may be the task
//! that computes the new value, if no other order is lost and if it reads the old value only where it writes; else the new
//! value is computed apart and copied; and if even that must not come last (two slots change places), it waits apart
//! until all is read.

use super::block::Scope;
use super::view::View;
use super::{Lowering, fuse, map, reduce, repeat};
use crate::bug;
use crate::tensor::{Extent, Graph, Kind, Name, Node, Op, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// What a node gives is computed.
    Node(usize),
    /// A result is put apart.
    Stage(usize),
    /// A result is put where it is to be.
    Write(usize),
}

/// How a result comes to where it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is there.
    There,
    /// The task of this node computes it there.
    Direct(usize),
    /// It is copied, or computed, at the end.
    Write,
    /// It is put apart first.
    Staged,
}

struct Planner {
    /// What each task reads: values that have a place, and the nodes that bind the counts of its shapes.
    reads: BTreeMap<Task, Reads>,
    modes: BTreeMap<usize, Mode>,
    /// The parameters that a result replaces.
    replaced: BTreeMap<usize, Vec<Value>>,
}

#[derive(Debug, Clone, Default)]
struct Reads {
    values: BTreeSet<Value>,
    binders: BTreeSet<usize>,
}

/// Gives every value its place and orders the tasks.
pub fn schedule(lowering: &mut Lowering, scope: &mut Scope) -> Vec<Task> {
    let mut planner = Planner::new(scope);
    for number in 0..scope.graph.nodes.len() {
        if planner.reads.contains_key(&Task::Node(number)) {
            planner.settle(lowering, scope, number);
        }
    }
    planner.settle_results(lowering, scope);
    let tasks = planner.order(scope);
    for task in &tasks {
        for value in planner.reads_of(*task).into_iter().flat_map(|reads| &reads.values) {
            scope.readers.entry(*value).or_default().push(*task);
        }
    }
    tasks
}

impl Planner {
    fn new(scope: &Scope) -> Planner {
        let graph = scope.graph;
        let mut planner = Planner { reads: BTreeMap::new(), modes: BTreeMap::new(), replaced: BTreeMap::new() };
        let binders = binders(graph);
        for (number, node) in graph.nodes.iter().enumerate() {
            let live = node.outputs.iter().any(|output| scope.fusion.live[output.0 as usize]);
            let inside = fuse::can_be_inside(graph, node) && !scope.fusion.kept[node.outputs[0].0 as usize];
            if live && !inside {
                let mut reads = reads(scope, &binders, &node.inputs);
                let extents = node.outputs.iter().flat_map(|output| &graph.ty(*output).shape);
                extents.for_each(|extent| mention_extent(extent, &binders, &mut reads.binders));
                mention(node, &binders, &mut reads.binders);
                reads.binders.remove(&number);
                planner.reads.insert(Task::Node(number), reads);
            }
        }
        for (number, wanted) in scope.wanted.iter().enumerate() {
            let Some(view) = wanted else { continue };
            let result = graph.results[number];
            let there = matches!(scope.home(result), Some(super::Home::View(home)) if home.same(view));
            planner.modes.insert(number, if there { Mode::There } else { Mode::Staged });
            planner.replaced.insert(number, scope.replaced(view));
            let reads = reads(scope, &binders, &[result]);
            planner.reads.insert(Task::Stage(number), reads.clone());
            planner.reads.insert(Task::Write(number), reads);
        }
        planner
    }

    /// Places what a node gives.
    fn settle(&mut self, lowering: &mut Lowering, scope: &mut Scope, number: usize) {
        let graph = scope.graph;
        let node = &graph.nodes[number];
        match &node.op {
            Op::Loop(inner) => repeat::settle(lowering, scope, number, inner, |lowering, scope, value| {
                self.direct(lowering, scope, number, value)
            }),
            Op::Bind(count) => {
                let cell = super::Cell::Int(Some(count.bound + 1));
                let buffer = lowering.buffer(scope.name(node.outputs[0]), node.span, cell, 1);
                lowering.counts.insert(count.name.clone(), buffer);
                scope.settle(node.outputs[0], View::scalar(buffer));
            }
            _ => {
                for output in &node.outputs {
                    if !scope.fusion.live[output.0 as usize] {
                        continue;
                    }
                    let view = match self.direct(lowering, scope, number, *output) {
                        Some(view) => view,
                        None => scope.scratch(lowering, *output),
                    };
                    scope.settle(*output, view);
                }
            }
        }
    }

    /// Whether a value may be computed where a result that it is has to be; then where.
    fn direct(&mut self, lowering: &mut Lowering, scope: &mut Scope, number: usize, value: Value) -> Option<View> {
        let results = scope.graph.results.clone();
        for (result, _) in results.iter().enumerate().filter(|(_, other)| **other == value) {
            let (Some(Mode::Staged), Some(view)) = (self.modes.get(&result), scope.wanted[result].clone()) else {
                continue;
            };
            let reads = &self.reads[&Task::Node(number)].values;
            let apart = self.replaced[&result].iter().all(|param| !reads.contains(param));
            self.modes.insert(result, Mode::Direct(number));
            if (apart || self.in_place(lowering, scope, number, value, result, &view)) && self.can_be_done(scope) {
                return Some(view);
            }
            self.modes.insert(result, Mode::Staged);
        }
        None
    }

    /// Whether a task that reads what it replaces does so only where it writes.
    fn in_place(
        &self,
        lowering: &mut Lowering,
        scope: &mut Scope,
        number: usize,
        value: Value,
        result: usize,
        view: &View,
    ) -> bool {
        let node = &scope.graph.nodes[number];
        match &node.op {
            Op::Row(row, _) => {
                scope.settle(value, view.clone());
                let exact = match row.kind {
                    Kind::Reduce(_) => reduce::in_place(lowering, scope, node),
                    _ if fuse::can_be_inside(scope.graph, node) => map::in_place(lowering, scope, Task::Node(number)),
                    _ => false,
                };
                scope.unsettle(value);
                exact
            }
            Op::Bind(_) => false,
            Op::Loop(inner) => {
                let through = |input: Value| {
                    let binders = BTreeMap::new();
                    let reads = reads(scope, &binders, &[input]);
                    self.replaced[&result].iter().any(|param| reads.values.contains(param))
                };
                repeat::in_place(scope, node, inner, value, view, through)
            }
            // The branches order their own tasks.
            Op::When(_) => true,
        }
    }

    /// Decides for the results that no task computes where they are to be.
    fn settle_results(&mut self, lowering: &mut Lowering, scope: &mut Scope) {
        let numbers: Vec<usize> = self.modes.keys().copied().collect();
        for number in numbers {
            if self.modes[&number] != Mode::Staged {
                continue;
            }
            self.modes.insert(number, Mode::Write);
            let reads = &self.reads[&Task::Write(number)].values;
            let apart = self.replaced[&number].iter().all(|param| !reads.contains(param));
            let exact = apart || map::in_place(lowering, scope, Task::Write(number));
            if !exact || !self.can_be_done(scope) {
                self.modes.insert(number, Mode::Staged);
            }
        }
        for (number, mode) in &self.modes {
            if *mode == Mode::Staged {
                let view = scope.scratch(lowering, scope.graph.results[*number]);
                scope.staged.insert(*number, view);
            }
        }
    }

    fn tasks(&self) -> Vec<Task> {
        let is_done = |task: &Task| match task {
            Task::Node(_) => true,
            Task::Stage(result) => self.modes[result] == Mode::Staged,
            Task::Write(result) => matches!(self.modes[result], Mode::Staged | Mode::Write),
        };
        self.reads.keys().filter(|task| is_done(task)).copied().collect()
    }

    fn reads_of(&self, task: Task) -> Option<&Reads> {
        match task {
            // It reads what was put apart.
            Task::Write(result) if self.modes[&result] == Mode::Staged => None,
            task => self.reads.get(&task),
        }
    }

    /// For each task those that come before it.
    fn before(&self, scope: &Scope) -> BTreeMap<Task, BTreeSet<Task>> {
        let tasks = self.tasks();
        let mut before: BTreeMap<Task, BTreeSet<Task>> = tasks.iter().map(|task| (*task, BTreeSet::new())).collect();
        let mut readers: BTreeMap<Value, Vec<Task>> = BTreeMap::new();
        for task in &tasks {
            let mut first = BTreeSet::new();
            if let Some(reads) = self.reads_of(*task) {
                first.extend(reads.binders.iter().map(|node| Task::Node(*node)));
                for value in &reads.values {
                    readers.entry(*value).or_default().push(*task);
                    first.extend(scope.fusion.producer[value.0 as usize].map(Task::Node));
                }
            } else if let Task::Write(result) = task {
                first.insert(Task::Stage(*result));
            }
            before.insert(*task, first);
        }
        for (result, mode) in &self.modes {
            let writer = match mode {
                Mode::There => continue,
                Mode::Direct(node) => Task::Node(*node),
                Mode::Write | Mode::Staged => Task::Write(*result),
            };
            let old = self.replaced[result].iter().filter_map(|param| readers.get(param)).flatten();
            if let Some(before) = before.get_mut(&writer) {
                before.extend(old.filter(|reader| **reader != writer));
            }
        }
        before
    }

    /// Whether there is an order in which each task comes after those before it.
    fn can_be_done(&self, scope: &Scope) -> bool {
        let before = self.before(scope);
        let number = before.len();
        sorted(before, |ready| ready.first().copied()).len() == number
    }

    /// The order in which the tasks are done: that of the nodes, but a map that can join the nest before it comes first.
    fn order(&self, scope: &Scope) -> Vec<Task> {
        let before = self.before(scope);
        let number = before.len();
        let spaces: BTreeMap<Task, map::Space> =
            before.keys().filter_map(|task| Some((*task, map::space(scope, *task)?))).collect();
        let mut last: Option<&map::Space> = None;
        let order = sorted(before, |ready| {
            let joins = |task: &&Task| last.is_some() && spaces.get(task) == last;
            let next = ready.iter().find(joins).or_else(|| ready.first()).copied();
            last = next.and_then(|next| spaces.get(&next));
            next
        });
        if order.len() < number {
            bug!("a graph's tasks wait for each other");
        }
        order
    }
}

/// Tasks, each after those before it, as far as that goes; `choose` says which of those that are ready is next.
fn sorted(
    mut before: BTreeMap<Task, BTreeSet<Task>>,
    mut choose: impl FnMut(&BTreeSet<Task>) -> Option<Task>,
) -> Vec<Task> {
    let mut after: BTreeMap<Task, Vec<Task>> = BTreeMap::new();
    for (task, first) in &before {
        first.iter().for_each(|other| after.entry(*other).or_default().push(*task));
    }
    let begins = before.iter().filter(|(_, first)| first.is_empty());
    let mut ready: BTreeSet<Task> = begins.map(|(task, _)| *task).collect();
    let mut order = Vec::new();
    while let Some(next) = choose(&ready) {
        ready.remove(&next);
        order.push(next);
        for task in after.get(&next).into_iter().flatten() {
            if let Some(first) = before.get_mut(task) {
                first.remove(&next);
                if first.is_empty() {
                    ready.insert(*task);
                }
            }
        }
    }
    order
}

/// The values with a place that computing these reads, and the nodes that bind the counts that shapes mention.
fn reads(scope: &Scope, binders: &BTreeMap<Name, usize>, roots: &[Value]) -> Reads {
    let mut reads = Reads::default();
    let mut seen = BTreeSet::new();
    let mut rest: Vec<Value> = roots.to_vec();
    while let Some(value) = rest.pop() {
        if !seen.insert(value) {
            continue;
        }
        let extents = scope.graph.ty(value).shape.iter();
        extents.for_each(|extent| mention_extent(extent, binders, &mut reads.binders));
        match scope.fusion.node(scope.graph, value) {
            Some(node) if !scope.fusion.kept[value.0 as usize] && fuse::can_be_inside(scope.graph, node) => {
                rest.extend(&node.inputs);
            }
            _ => {
                reads.values.insert(value);
            }
        }
    }
    reads
}

/// The node that binds each count.
fn binders(graph: &Graph) -> BTreeMap<Name, usize> {
    let mut binders = BTreeMap::new();
    for (number, node) in graph.nodes.iter().enumerate() {
        match &node.op {
            Op::Bind(count) => binders.insert(count.name.clone(), number),
            Op::Loop(inner) => inner.until.as_ref().and_then(|count| binders.insert(count.name.clone(), number)),
            _ => None,
        };
    }
    binders
}

fn bodies(op: &Op) -> Vec<&Graph> {
    match op {
        Op::Loop(inner) => vec![&inner.body],
        Op::When(inner) => vec![&inner.then, &inner.otherwise],
        _ => Vec::new(),
    }
}

fn mention_extent(extent: &Extent, binders: &BTreeMap<Name, usize>, found: &mut BTreeSet<usize>) {
    if let Extent::Count(count) = extent {
        found.extend(binders.get(&count.name));
    }
}

/// Adds the nodes that bind counts which a loop or a branch mentions.
fn mention(node: &Node, binders: &BTreeMap<Name, usize>, found: &mut BTreeSet<usize>) {
    if let Op::Loop(inner) = &node.op {
        mention_extent(&inner.trip, binders, found);
    }
    for body in bodies(&node.op) {
        let extents = body.values.iter().flat_map(|info| &info.ty.shape);
        extents.for_each(|extent| mention_extent(extent, binders, found));
        body.nodes.iter().for_each(|node| mention(node, binders, found));
    }
}
