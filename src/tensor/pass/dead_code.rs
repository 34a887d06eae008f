//! Leaves out what nobody reads: nodes, and of loops and branches also records, carries, slices, invariants, operands
//! and results. What is left is numbered in the order of definition.
//!
//! A `bind`, or a loop that ends on a condition, also lives if a living type mentions its count. A carry lives if its
//! last value is read, if it is recorded, or if a living value of a round depends on it.

use crate::tensor::{Attributes, Extent, Graph, Loop, Name, Node, Op, Program, Record, Value, When};
use std::collections::BTreeSet;

/// The pass.
pub static PASS: super::Pass =
    super::Pass { name: "dead_code", about: "leaves out what nobody reads, in loops and branches too", run };

fn run(program: Program) -> Program {
    Program { graph: clean(program.graph), ..program }
}

/// Leaves out the slots that nobody reads and nobody writes.
pub fn without_unread_slots(program: Program) -> Program {
    let inputs = program.graph.nodes.iter().flat_map(|node| &node.inputs);
    let read: BTreeSet<Value> = inputs.chain(&program.graph.results).copied().collect();
    let kept: Vec<bool> = (program.graph.params.iter().enumerate())
        .map(|(slot, param)| read.contains(param) || program.writes.contains(&slot))
        .collect();
    let number = |slot: &usize| kept[..*slot].iter().filter(|kept| **kept).count();
    let params = only(&program.graph.params, &kept);
    Program {
        name: program.name,
        slots: only(&program.slots, &kept),
        writes: program.writes.iter().map(number).collect(),
        graph: clean(Graph { params, ..program.graph }),
    }
}

/// The values of a graph and the counts that are read.
struct Living {
    values: Vec<bool>,
    counts: BTreeSet<Name>,
}

impl Living {
    fn has(&self, value: Value) -> bool {
        self.values[value.0 as usize]
    }

    fn each(&self, values: &[Value]) -> Vec<bool> {
        values.iter().map(|value| self.has(*value)).collect()
    }

    fn set(&mut self, value: Value, graph: &Graph) {
        self.values[value.0 as usize] = true;
        self.mention(&graph.ty(value).shape);
    }

    fn mention<'a>(&mut self, extents: impl IntoIterator<Item = &'a Extent>) {
        for extent in extents {
            if let Extent::Count(count) = extent
                && !self.counts.contains(&count.name)
            {
                self.counts.insert(count.name.clone());
            }
        }
    }

    /// Whether a node lives, given that all after it have been looked at.
    fn keeps(&self, node: &Node) -> bool {
        let bound = match &node.op {
            Op::Bind(count) => Some(count),
            Op::Loop(looped) => looped.until.as_ref(),
            Op::Row(..) | Op::When(_) => None,
        };
        bound.is_some_and(|count| self.counts.contains(&count.name)) || node.outputs.iter().any(|v| self.has(*v))
    }
}

/// What lives in a graph if these of its values do.
fn living(graph: &Graph, roots: impl IntoIterator<Item = Value>) -> Living {
    let mut found = Living { values: vec![false; graph.values.len()], counts: BTreeSet::new() };
    for root in roots {
        found.set(root, graph);
    }
    for node in graph.nodes.iter().rev() {
        if !found.keeps(node) {
            continue;
        }
        let (inputs, counts) = reads(node, &found.each(&node.outputs));
        for (input, _) in node.inputs.iter().zip(inputs).filter(|(_, read)| *read) {
            found.set(*input, graph);
        }
        found.counts.extend(counts);
    }
    found
}

/// Which inputs a living node reads, and which counts it mentions, if these of its outputs live.
fn reads(node: &Node, outputs: &[bool]) -> (Vec<bool>, BTreeSet<Name>) {
    let mut found = Living { values: Vec::new(), counts: BTreeSet::new() };
    match &node.op {
        Op::Row(_, Attributes::Expand { shape, .. } | Attributes::Shape(shape)) => found.mention(shape),
        Op::Row(..) | Op::Bind(_) => {}
        Op::Loop(looped) => {
            let (carried, mut body) = living_carries(looped, outputs);
            body.mention([&looped.trip]);
            let first = looped.invariants + looped.slices.len();
            let reads = |i: usize| if i < first { body.has(looped.body.params[1 + i]) } else { carried[i - first] };
            return ((0..node.inputs.len()).map(reads).collect(), body.counts);
        }
        Op::When(when) => {
            let [then, otherwise] = living_branches(when, outputs);
            let either = |i: usize| then.has(when.then.params[i]) || otherwise.has(when.otherwise.params[i]);
            let reads = std::iter::once(true).chain((0..when.then.params.len()).map(either)).collect();
            return (reads, then.counts.into_iter().chain(otherwise.counts).collect());
        }
    }
    (vec![true; node.inputs.len()], found.counts)
}

/// The living carries of a loop and what lives in its body.
fn living_carries(looped: &Loop, outputs: &[bool]) -> (Vec<bool>, Living) {
    let body = &looped.body;
    let params = &body.params[1 + looped.invariants + looped.slices.len()..];
    let mut carried = outputs[..looped.carries].to_vec();
    let mut roots: Vec<Value> = body.results[body.results.len() - usize::from(looped.until.is_some())..].to_vec();
    for (k, record) in looped.records.iter().enumerate().filter(|(k, _)| outputs[looped.carries + k]) {
        match record {
            Record::Value => roots.push(looped.recorded(k)),
            Record::Carry(j) => carried[*j] = true,
        }
    }
    loop {
        let results = (0..looped.carries).filter(|j| carried[*j]).map(|j| body.results[j]);
        let inside = living(body, roots.iter().copied().chain(results));
        let before = carried.clone();
        for (carried, param) in carried.iter_mut().zip(params) {
            *carried |= inside.has(*param);
        }
        if carried == before {
            return (carried, inside);
        }
    }
}

/// What lives in each branch.
fn living_branches(when: &When, outputs: &[bool]) -> [Living; 2] {
    [&when.then, &when.otherwise].map(|branch| living(branch, only(&branch.results, outputs)))
}

/// The graph without what is dead. Its parameters stay.
fn clean(graph: Graph) -> Graph {
    let living = living(&graph, graph.results.iter().copied());
    let mut clean = Graph::default();
    let mut numbers = vec![None; graph.values.len()];
    let mut define = |clean: &mut Graph, value: Value| {
        let number = Value(clean.values.len() as u32);
        clean.values.push(graph.values[value.0 as usize].clone());
        numbers[value.0 as usize] = Some(number);
        number
    };
    for param in &graph.params {
        let param = define(&mut clean, *param);
        clean.params.push(param);
    }
    for node in &graph.nodes {
        if living.keeps(node) {
            let mut node = trim(node, &living.each(&node.outputs));
            node.outputs = node.outputs.iter().map(|value| define(&mut clean, *value)).collect();
            clean.nodes.push(node);
        }
    }
    let number = |value: &Value| match numbers[value.0 as usize] {
        Some(number) => number,
        None => crate::bug!("a living value is not defined"),
    };
    for node in &mut clean.nodes {
        node.inputs = node.inputs.iter().map(number).collect();
    }
    clean.results = graph.results.iter().map(number).collect();
    clean
}

/// A node without those of its parts that are dead, if these of its outputs live.
fn trim(node: &Node, outputs: &[bool]) -> Node {
    match &node.op {
        Op::Row(..) | Op::Bind(_) => node.clone(),
        Op::Loop(looped) => trim_loop(node, looped, outputs),
        Op::When(when) => {
            let (inputs, _) = reads(node, outputs);
            let branch = |branch: &Graph| {
                let params = only(&branch.params, &inputs[1..]);
                clean(Graph { params, results: only(&branch.results, outputs), ..branch.clone() })
            };
            Node {
                op: Op::When(Box::new(When { then: branch(&when.then), otherwise: branch(&when.otherwise) })),
                inputs: only(&node.inputs, &inputs),
                outputs: only(&node.outputs, outputs),
                ..node.clone()
            }
        }
    }
}

fn trim_loop(node: &Node, looped: &Loop, outputs: &[bool]) -> Node {
    let (inputs, _) = reads(node, outputs);
    let first = looped.invariants + looped.slices.len();
    let carried = &inputs[first..];
    let records = &outputs[looped.carries..looped.carries + looped.records.len()];
    let place = |j: usize| carried[..j].iter().filter(|carried| **carried).count();
    let kept = |record: Record| match record {
        Record::Value => Record::Value,
        Record::Carry(j) => Record::Carry(place(j)),
    };
    let values = looped.records.iter().zip(records).filter(|(record, _)| **record == Record::Value);
    let rest = usize::from(looped.until.is_some());
    let results = carried.iter().copied().chain(values.map(|(_, kept)| *kept)).chain(std::iter::repeat_n(true, rest));
    let params = std::iter::once(true).chain(inputs.iter().copied());
    let body = Graph {
        params: only(&looped.body.params, &params.collect::<Vec<_>>()),
        results: only(&looped.body.results, &results.collect::<Vec<_>>()),
        ..looped.body.clone()
    };
    let trimmed = Loop {
        trip: looped.trip.clone(),
        until: looped.until.clone(),
        reverse: looped.reverse,
        invariants: inputs[..looped.invariants].iter().filter(|read| **read).count(),
        slices: only(&looped.slices, &inputs[looped.invariants..first]),
        carries: carried.iter().filter(|carried| **carried).count(),
        records: only(&looped.records, records).into_iter().map(kept).collect(),
        body: clean(body),
    };
    let given = carried.iter().chain(records).copied().chain(std::iter::repeat_n(true, rest));
    Node {
        op: Op::Loop(Box::new(trimmed)),
        inputs: only(&node.inputs, &inputs),
        outputs: only(&node.outputs, &given.collect::<Vec<_>>()),
        ..node.clone()
    }
}

/// Those that are marked.
fn only<T: Clone>(all: &[T], marks: &[bool]) -> Vec<T> {
    all.iter().zip(marks).filter(|(_, marked)| **marked).map(|(one, _)| one.clone()).collect()
}
