//! Computes once, before a loop, what each of its rounds would compute anew from the same values.
//!
//! An operation whose operands are invariants (or constants, or such operations) goes before the loop if it is dear
//! enough: a sum, a product of arrays, an exponential. What is cheap goes with it if it is needed there, and stays too;
//! `dead_code` takes what is left over. Inner loops come first, so what depends on nothing goes all the way out. Nothing
//! leaves a branch of a `when`.

use crate::tensor::{Extent, Graph, Loop, Name, Node, Op, Program, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The pass.
pub static PASS: super::Pass = super::Pass {
    name: "hoist_invariants",
    about: "computes before a loop what would be the same in each of its rounds",
    run: |program| Program { graph: hoist(program.graph), ..program },
};

fn hoist(mut graph: Graph) -> Graph {
    for mut node in std::mem::take(&mut graph.nodes) {
        match &mut node.op {
            Op::Row(..) | Op::Bind(_) => {}
            Op::Loop(looped) => {
                looped.body = hoist(std::mem::take(&mut looped.body));
                move_out(looped, &mut node.inputs, &mut graph);
            }
            Op::When(when) => {
                when.then = hoist(std::mem::take(&mut when.then));
                when.otherwise = hoist(std::mem::take(&mut when.otherwise));
            }
        }
        graph.nodes.push(node);
    }
    graph
}

/// Moves what is steady and dear out of a body, to the end of the graph around it.
fn move_out(looped: &mut Loop, inputs: &mut Vec<Value>, graph: &mut Graph) {
    let steady = steady(looped);
    let is_dear = |node: &Node| matches!(&node.op, Op::Row(row, _) if !row.is_cheap());
    let mut dear: Vec<Value> = Vec::new();
    let mut needed = BTreeSet::new();
    for (number, node) in looped.body.nodes.iter().enumerate().rev() {
        if !steady.contains(&number) {
            continue;
        }
        if is_dear(node) {
            dear.push(node.outputs[0]);
        }
        if is_dear(node) || needed.contains(&node.outputs[0]) {
            needed.insert(node.outputs[0]);
            needed.extend(&node.inputs);
        }
    }
    let params = looped.body.params[1..1 + looped.invariants].iter().copied();
    let mut places: BTreeMap<Value, Value> = params.zip(inputs.iter().copied()).collect();
    let mut kept = Vec::new();
    for (number, node) in std::mem::take(&mut looped.body.nodes).into_iter().enumerate() {
        if steady.contains(&number) && needed.contains(&node.outputs[0]) {
            graph.values.push(looped.body.values[node.outputs[0].0 as usize].clone());
            let output = Value(graph.values.len() as u32 - 1);
            let operands = node.inputs.iter().map(|input| places[input]).collect();
            places.insert(node.outputs[0], output);
            graph.nodes.push(Node { inputs: operands, outputs: vec![output], ..node.clone() });
        }
        if !node.outputs.first().is_some_and(|output| dear.contains(output)) {
            kept.push(node);
        }
    }
    looped.body.nodes = kept;
    for value in dear.into_iter().rev() {
        inputs.insert(looped.invariants, places[&value]);
        looped.body.params.insert(1 + looped.invariants, value);
        looped.invariants += 1;
    }
}

/// The operations that give the same in each round, and whose types are known outside.
fn steady(looped: &Loop) -> BTreeSet<usize> {
    let body = &looped.body;
    let inner: BTreeSet<&Name> = body
        .nodes
        .iter()
        .filter_map(|node| match &node.op {
            Op::Bind(count) => Some(&count.name),
            Op::Loop(looped) => looped.until.as_ref().map(|count| &count.name),
            Op::Row(..) | Op::When(_) => None,
        })
        .collect();
    let is_inner = |extent: &Extent| matches!(extent, Extent::Count(count) if inner.contains(&count.name));
    let mut values: BTreeSet<Value> = body.params[1..1 + looped.invariants].iter().copied().collect();
    let mut nodes = BTreeSet::new();
    for (number, node) in body.nodes.iter().enumerate() {
        let is_known = node.outputs.iter().all(|output| !body.ty(*output).shape.iter().any(is_inner));
        if matches!(node.op, Op::Row(..)) && is_known && node.inputs.iter().all(|input| values.contains(input)) {
            values.extend(&node.outputs);
            nodes.insert(number);
        }
    }
    nodes
}
