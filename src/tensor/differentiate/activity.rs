//! Which values a derivative can move through: forwards from what it is taken by, backwards from what it is taken of.
//!
//! A value is *active* if it depends on one of the given values through operations that have a derivative. In a loop
//! the set of active carries is a fixpoint: a carry is active if its first value is, or if a round makes it so.

use crate::tensor::{Derivative, Element, Graph, Loop, Node, Op, Record, Value, When};

/// A mark for each value of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks(Vec<bool>);

impl Marks {
    /// The given values of a graph, and no other.
    pub(super) fn of(graph: &Graph, values: impl IntoIterator<Item = Value>) -> Marks {
        let mut marks = Marks(vec![false; graph.values.len()]);
        for value in values {
            marks.set(value);
        }
        marks
    }

    /// Whether a value is marked (values that came later are not).
    pub(super) fn has(&self, value: Value) -> bool {
        self.0.get(value.0 as usize).copied().unwrap_or(false)
    }

    /// Marks a value.
    pub(super) fn set(&mut self, value: Value) {
        self.0[value.0 as usize] = true;
    }

    /// Which of these are marked.
    pub(super) fn each(&self, values: &[Value]) -> Vec<bool> {
        values.iter().map(|value| self.has(*value)).collect()
    }
}

/// The values, among those of the first `nodes` nodes, that depend on the given ones (which are marked too).
pub(super) fn active(graph: &Graph, nodes: usize, sources: impl IntoIterator<Item = Value>) -> Marks {
    let mut marks = Marks::of(graph, sources);
    for node in &graph.nodes[..nodes] {
        let outputs = forwards(graph, node, &marks.each(&node.inputs));
        for (output, active) in node.outputs.iter().zip(outputs) {
            if active {
                marks.set(*output);
            }
        }
    }
    marks
}

/// The active values of which the given ones depend, these included where they are active.
pub(super) fn reached(graph: &Graph, nodes: usize, active: &Marks, sinks: impl IntoIterator<Item = Value>) -> Marks {
    let mut marks = Marks::of(graph, sinks.into_iter().filter(|sink| active.has(*sink)));
    for node in graph.nodes[..nodes].iter().rev() {
        let outputs = marks.each(&node.outputs);
        if outputs.contains(&true) {
            let inputs = backwards(node, &active.each(&node.inputs), &outputs);
            for (input, reached) in node.inputs.iter().zip(inputs) {
                if reached {
                    marks.set(*input);
                }
            }
        }
    }
    marks
}

/// Which outputs of a node depend on its active inputs.
fn forwards(graph: &Graph, node: &Node, inputs: &[bool]) -> Vec<bool> {
    let none = vec![false; node.outputs.len()];
    if !inputs.contains(&true) {
        return none;
    }
    match &node.op {
        Op::Row(row, _) => {
            let moves = match row.derivative {
                Derivative::None(_) => false,
                Derivative::Declared(operand) => inputs[operand],
                _ => true,
            };
            vec![moves && graph.ty(node.outputs[0]).element == Element::Real]
        }
        Op::Bind(_) => none,
        Op::Loop(looped) => {
            let (carries, marks) = carries(looped, inputs);
            let records = looped.records.iter().enumerate().map(|(k, record)| match record {
                Record::Value => marks.has(looped.recorded(k)),
                Record::Carry(j) => carries[*j],
            });
            let rounds = looped.until.iter().map(|_| false);
            carries.iter().copied().chain(records).chain(rounds).collect()
        }
        Op::When(when) => {
            let [then, otherwise] = branches(when, inputs);
            let active = |marks: &Marks, branch: &Graph, i: usize| marks.has(branch.results[i]);
            (0..none.len()).map(|i| active(&then, &when.then, i) || active(&otherwise, &when.otherwise, i)).collect()
        }
    }
}

/// Which active inputs of a node its marked outputs depend on.
fn backwards(node: &Node, inputs: &[bool], outputs: &[bool]) -> Vec<bool> {
    match &node.op {
        Op::Row(row, _) => match row.derivative {
            Derivative::Declared(operand) => (0..inputs.len()).map(|i| i == operand && inputs[i]).collect(),
            _ => inputs.to_vec(),
        },
        Op::Bind(_) => inputs.to_vec(),
        Op::Loop(looped) => {
            let (_, active) = carries(looped, inputs);
            let (carried, marks) = reached_carries(looped, &active, outputs);
            let params = &looped.body.params[1..];
            let first = looped.invariants + looped.slices.len();
            let reaches =
                |(i, active): (usize, &bool)| *active && (marks.has(params[i]) || (i >= first && carried[i - first]));
            inputs.iter().enumerate().map(reaches).collect()
        }
        Op::When(when) => {
            let [then, otherwise] = branches(when, inputs);
            let mut found = vec![false; inputs.len()];
            for (branch, active) in [(&when.then, then), (&when.otherwise, otherwise)] {
                let sinks = branch.results.iter().zip(outputs).filter(|(_, reached)| **reached).map(|(v, _)| *v);
                let marks = reached(branch, branch.nodes.len(), &active, sinks);
                for (found, param) in found[1..].iter_mut().zip(&branch.params) {
                    *found |= marks.has(*param);
                }
            }
            found
        }
    }
}

/// The active carries of a loop and the active values of its body, given its active inputs.
pub(super) fn carries(looped: &Loop, inputs: &[bool]) -> (Vec<bool>, Marks) {
    let body = &looped.body;
    let first = looped.invariants + looped.slices.len();
    let mut inputs = inputs.to_vec();
    loop {
        let params = body.params[1..].iter().zip(&inputs).filter(|(_, active)| **active).map(|(param, _)| *param);
        let marks = active(body, body.nodes.len(), params);
        let before = inputs.clone();
        for (input, result) in inputs[first..].iter_mut().zip(&body.results) {
            *input |= marks.has(*result);
        }
        if inputs == before {
            return (inputs.split_off(first), marks);
        }
    }
}

/// The carries of which the marked outputs of a loop depend, and the values of its body, among the active ones.
pub(super) fn reached_carries(looped: &Loop, active: &Marks, outputs: &[bool]) -> (Vec<bool>, Marks) {
    let body = &looped.body;
    let params = &body.params[1 + looped.invariants + looped.slices.len()..];
    let mut carried: Vec<bool> = (0..looped.carries).map(|j| outputs[j] && active.has(params[j])).collect();
    let records: Vec<Value> = (0..looped.records.len())
        .filter(|k| outputs[looped.carries + k])
        .map(|k| match looped.records[k] {
            Record::Value => looped.recorded(k),
            Record::Carry(j) => params[j],
        })
        .collect();
    loop {
        let results = (0..looped.carries).filter(|j| carried[*j]).map(|j| body.results[j]);
        let marks = reached(body, body.nodes.len(), active, results.chain(records.iter().copied()));
        let before = carried.clone();
        for (carried, param) in carried.iter_mut().zip(params) {
            *carried |= marks.has(*param);
        }
        if carried == before {
            return (carried, marks);
        }
    }
}

/// The active values of both branches, given the active inputs of a `when` (its condition first).
pub(super) fn branches(when: &When, inputs: &[bool]) -> [Marks; 2] {
    [&when.then, &when.otherwise].map(|branch| {
        let params = branch.params.iter().zip(&inputs[1..]).filter(|(_, active)| **active).map(|(param, _)| *param);
        active(branch, branch.nodes.len(), params)
    })
}
