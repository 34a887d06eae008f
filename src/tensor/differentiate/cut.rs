//! Parts what was written behind the end of a body from the body, so that it can stand in a loop or branch of its own.
//!
//! What was written reads values of the body. Those that cost nothing are computed again: what depends only on the
//! index, on invariants and on slices and is cheap, what depends on invariants alone, every expansion, permutation or
//! reshaping of what is at hand, and what is cheap and follows from values that must be supplied anyway. The others are
//! *leaves*: whoever cuts must supply them, by a record or otherwise.
//!
//! A count that is bound in the body is unknown outside. A leaf that mentions it is supplied at the bound's length and
//! shortened again, and what was written binds a count of its own to the same number.

use super::activity::Marks;
use crate::tensor::build::Reopened;
use crate::tensor::{Attributes, Builder, Count, Extent, Graph, Kind, Name, Node, Op, Type, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A body and what was written behind its end.
pub(super) struct Cut {
    graph: Graph,
    /// How many nodes and values the body had.
    nodes: usize,
    values: usize,
    /// What was used from outside: the number in the body, the handle outside.
    outside: BTreeMap<Value, Value>,
    /// The node that defines a value.
    definitions: BTreeMap<Value, usize>,
    /// The counts that the body binds, and the nodes that do.
    binders: BTreeMap<Name, usize>,
    /// The nodes that are written anew: those of the body that are computed again, and those behind its end that live.
    copied: BTreeSet<usize>,
    /// The nodes whose counts are bound anew, to a number that is a leaf.
    rebound: BTreeSet<usize>,
    /// Values of the body that must be supplied.
    leaves: BTreeSet<Value>,
    /// The counts that have been looked at.
    counts: BTreeSet<Name>,
    /// Values that can be computed again, and those that are the same in each round.
    free: Marks,
    steady: Marks,
}

/// What is at hand wherever the written part will stand.
pub(super) struct AtHand<'a> {
    /// Parameters that are there as they are, and cost nothing.
    pub free: &'a [Value],
    /// Those of them that are the same in each round.
    pub steady: &'a [Value],
    /// Values that had better be supplied than computed again (the next values of carries).
    pub supplied: &'a [Value],
}

impl Cut {
    /// Cuts behind the first `nodes` nodes and `values` values; the written part is there for `wanted`.
    pub(super) fn new(opened: Reopened, (nodes, values): (usize, usize), wanted: &[Value], at_hand: &AtHand) -> Cut {
        let graph = opened.graph;
        let mut definitions = BTreeMap::new();
        let mut binders = BTreeMap::new();
        for (number, node) in graph.nodes.iter().enumerate() {
            definitions.extend(node.outputs.iter().map(|output| (*output, number)));
            if number < nodes
                && let Some(count) = bound(&node.op)
            {
                binders.insert(count.name.clone(), number);
            }
        }
        let (free, steady) = free(&graph, nodes, at_hand);
        let mut cut = Cut {
            nodes,
            values,
            outside: opened.imports.into_iter().map(|(outside, local)| (local, outside)).collect(),
            definitions,
            binders,
            copied: BTreeSet::new(),
            rebound: BTreeSet::new(),
            leaves: BTreeSet::new(),
            counts: BTreeSet::new(),
            free,
            steady,
            graph,
        };
        cut.find(wanted, at_hand.supplied);
        cut.derive(at_hand.supplied);
        cut
    }

    /// The values of the body that must be supplied, by their numbers in `body`.
    pub(super) fn leaves(&self) -> impl Iterator<Item = Value> {
        self.leaves.iter().copied()
    }

    /// The type of a value of the body.
    pub(super) fn ty(&self, value: Value) -> &Type {
        self.graph.ty(value)
    }

    /// The extents of a leaf that are known in the body alone, with their axes.
    pub(super) fn inner_extents(&self, leaf: Value) -> Vec<(usize, usize)> {
        let shape = self.graph.ty(leaf).shape.iter().enumerate();
        shape.filter(|(_, extent)| self.is_inner(extent)).map(|(axis, extent)| (axis, extent.bound())).collect()
    }

    /// The body without what was written: its values keep their numbers, but for those that came since, which move up
    /// (they are given with their new numbers).
    pub(super) fn body(&self) -> (Graph, BTreeMap<Value, Value>) {
        let mut values = self.graph.values[..self.values].to_vec();
        let mut nodes = self.graph.nodes[..self.nodes].to_vec();
        let mut moved = BTreeMap::new();
        for output in nodes.iter_mut().flat_map(|node| &mut node.outputs) {
            if output.0 as usize >= self.values {
                let number = Value(values.len() as u32);
                values.push(self.graph.values[output.0 as usize].clone());
                moved.insert(*output, number);
                *output = number;
            }
        }
        let (params, results) = (self.graph.params.clone(), self.graph.results.clone());
        (Graph { values, params, nodes, results }, moved)
    }

    /// Writes the written part again, into the graph that `b` is writing. `known` holds what stands for the leaves and
    /// placeholders, and receives the rest.
    pub(super) fn write(&self, b: &mut Builder, known: &mut BTreeMap<Value, Value>) {
        known.extend(&self.outside);
        let mut names = BTreeMap::new();
        for (number, node) in self.graph.nodes.iter().enumerate() {
            if let Some(count) = bound(&node.op)
                && number < self.nodes
                && (self.copied.contains(&number) || self.rebound.contains(&number))
            {
                names.insert(count.name.clone(), b.fresh_count(&count.name, count.bound));
            }
            if self.copied.contains(&number) {
                copy(b, node, &self.graph, &names, known);
                continue;
            }
            if self.rebound.contains(&number)
                && let (Some(count), Some(output)) = (bound(&node.op), node.outputs.last())
            {
                let rounds = known[output];
                known.insert(*output, b.bind(names[&count.name].clone(), rounds));
            }
            for leaf in node.outputs.iter().filter(|output| self.leaves.contains(output)) {
                let shortened = self.shorten(b, known[leaf], *leaf, &names);
                known.insert(*leaf, shortened);
            }
        }
    }

    fn shorten(&self, b: &mut Builder, supplied: Value, leaf: Value, names: &BTreeMap<Name, Count>) -> Value {
        let mut value = supplied;
        for (axis, extent) in self.graph.ty(leaf).shape.iter().enumerate() {
            if self.is_inner(extent) {
                value = b.first(value, axis, renamed(extent, names));
            }
        }
        value
    }

    fn is_inner(&self, extent: &Extent) -> bool {
        matches!(extent, Extent::Count(count) if self.binders.contains_key(&count.name))
    }

    /// Finds the nodes that are written anew and the leaves.
    fn find(&mut self, wanted: &[Value], supplied: &[Value]) {
        let mut needed: Vec<Value> = wanted.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(value) = needed.pop() {
            if !seen.insert(value) || self.outside.contains_key(&value) {
                continue;
            }
            let mut mentioned =
                self.graph.ty(value).shape.iter().filter_map(count_of).cloned().collect::<BTreeSet<_>>();
            match self.definitions.get(&value) {
                Some(number) if *number >= self.nodes || self.is_copied(*number, supplied) => {
                    let node = &self.graph.nodes[*number];
                    self.copied.insert(*number);
                    needed.extend(&node.inputs);
                    mention(&node.op, &mut mentioned);
                }
                None if value.0 as usize >= self.values => {}
                Some(_) | None => {
                    self.leaves.insert(value);
                }
            }
            for name in mentioned {
                needed.extend(self.count(name));
            }
        }
    }

    /// What is cheap and follows from other leaves is no leaf itself: it is computed again from them.
    fn derive(&mut self, supplied: &[Value]) {
        let leaves: Vec<Value> = self.leaves.iter().copied().collect();
        for leaf in leaves.into_iter().filter(|leaf| !supplied.contains(leaf)) {
            let Some(number) = self.definitions.get(&leaf).copied() else { continue };
            let node = &self.graph.nodes[number];
            let cheap = matches!(&node.op, Op::Row(row, _) if row.is_cheap());
            let known = |value: &Value| {
                let copied = self.definitions.get(value).is_some_and(|number| self.copied.contains(number));
                copied || self.leaves.contains(value) || self.free.has(*value)
            };
            let outer = |value: &Value| self.inner_extents(*value).is_empty();
            if cheap && node.inputs.iter().all(|input| known(input) && outer(input)) && outer(&leaf) {
                let inputs = node.inputs.clone();
                self.leaves.remove(&leaf);
                self.copied.insert(number);
                self.find(&inputs.into_iter().filter(|input| self.free.has(*input)).collect::<Vec<_>>(), supplied);
            }
        }
    }

    /// Whether a node of the body is computed again, though it could be supplied. A `bind` is, if it can be.
    fn is_copied(&self, number: usize, supplied: &[Value]) -> bool {
        let node = &self.graph.nodes[number];
        let is_supplied = node.outputs.iter().any(|output| supplied.contains(output));
        self.again(number) && (!is_supplied || matches!(node.op, Op::Bind(_)))
    }

    /// Whether a node of the body can be computed again.
    fn again(&self, number: usize) -> bool {
        let node = &self.graph.nodes[number];
        let view =
            matches!(&node.op, Op::Row(row, _) if matches!(row.kind, Kind::Expand | Kind::Permute | Kind::Reshape));
        view || node.outputs.iter().all(|output| self.free.has(*output) || self.steady.has(*output))
    }

    /// What is needed besides, if a count is mentioned.
    fn count(&mut self, name: Name) -> Option<Value> {
        let number = *self.binders.get(&name)?;
        if !self.counts.insert(name) {
            return None;
        }
        if !self.again(number) {
            self.rebound.insert(number);
        }
        self.graph.nodes[number].outputs.last().copied()
    }
}

/// The count that a node binds.
fn bound(op: &Op) -> Option<&Count> {
    match op {
        Op::Bind(count) => Some(count),
        Op::Loop(looped) => looped.until.as_ref(),
        Op::Row(..) | Op::When(_) => None,
    }
}

fn count_of(extent: &Extent) -> Option<&Name> {
    match extent {
        Extent::Count(count) => Some(&count.name),
        Extent::Const(_) => None,
    }
}

/// The values that can be computed again wherever `at_hand` is, and those that are the same in each round.
fn free(graph: &Graph, nodes: usize, at_hand: &AtHand) -> (Marks, Marks) {
    let mut free = Marks::of(graph, at_hand.free.iter().copied());
    let mut steady = Marks::of(graph, at_hand.steady.iter().copied());
    for node in &graph.nodes[..nodes] {
        let all = |marks: &Marks| node.inputs.iter().all(|input| marks.has(*input));
        let (is_free, is_steady) = match &node.op {
            Op::Row(row, _) => (row.is_cheap() && all(&free), all(&steady) && !at_hand.steady.is_empty()),
            Op::Bind(_) => (all(&free), false),
            Op::Loop(_) | Op::When(_) => (false, false),
        };
        for output in &node.outputs {
            if is_free || is_steady {
                free.set(*output);
            }
            if is_steady {
                steady.set(*output);
            }
        }
    }
    (free, steady)
}

/// The counts that an operation mentions, but for those of its operands and results.
fn mention(op: &Op, names: &mut BTreeSet<Name>) {
    match op {
        Op::Row(_, attributes) => match attributes {
            Attributes::Expand { shape, .. } | Attributes::Shape(shape) => {
                names.extend(shape.iter().filter_map(count_of).cloned());
            }
            _ => {}
        },
        Op::Bind(_) => {}
        Op::Loop(looped) => {
            names.extend(count_of(&looped.trip).cloned());
            mention_in(&looped.body, names);
        }
        Op::When(when) => {
            mention_in(&when.then, names);
            mention_in(&when.otherwise, names);
        }
    }
}

fn mention_in(graph: &Graph, names: &mut BTreeSet<Name>) {
    for info in &graph.values {
        names.extend(info.ty.shape.iter().filter_map(count_of).cloned());
    }
    for node in &graph.nodes {
        mention(&node.op, names);
    }
}

/// Writes a node with other operands and counts. Projections are named in the body alone.
fn copy(
    b: &mut Builder,
    node: &Node,
    graph: &Graph,
    names: &BTreeMap<Name, Count>,
    known: &mut BTreeMap<Value, Value>,
) {
    let inputs: Vec<Value> = node.inputs.iter().map(|input| known[input]).collect();
    b.as_from(node);
    let outputs = match &node.op {
        Op::Row(row, attributes) => vec![b.row(row, rename_attributes(attributes, names), &inputs)],
        Op::Bind(count) => vec![b.bind(names.get(&count.name).unwrap_or(count).clone(), inputs[0])],
        Op::Loop(looped) => {
            let mut looped = (**looped).clone();
            looped.trip = renamed(&looped.trip, names);
            rename(&mut looped.body, names);
            b.loop_(looped, &inputs)
        }
        Op::When(when) => {
            let mut when = (**when).clone();
            rename(&mut when.then, names);
            rename(&mut when.otherwise, names);
            b.when(when, &inputs)
        }
    };
    for (old, new) in node.outputs.iter().zip(outputs) {
        if let Some(name) = &graph.values[old.0 as usize].name {
            b.named(new, name.clone());
        }
        known.insert(*old, new);
    }
}

fn renamed(extent: &Extent, names: &BTreeMap<Name, Count>) -> Extent {
    match extent {
        Extent::Count(count) => Extent::Count(names.get(&count.name).unwrap_or(count).clone()),
        Extent::Const(n) => Extent::Const(*n),
    }
}

fn rename_attributes(attributes: &Attributes, names: &BTreeMap<Name, Count>) -> Attributes {
    let all = |shape: &[Extent]| shape.iter().map(|extent| renamed(extent, names)).collect();
    match attributes {
        Attributes::Expand { shape, axes } => Attributes::Expand { shape: all(shape), axes: axes.clone() },
        Attributes::Shape(shape) => Attributes::Shape(all(shape)),
        other => other.clone(),
    }
}

fn rename(graph: &mut Graph, names: &BTreeMap<Name, Count>) {
    if names.is_empty() {
        return;
    }
    let rename_type = |ty: &mut Type| ty.shape.iter_mut().for_each(|extent| *extent = renamed(extent, names));
    graph.values.iter_mut().for_each(|info| rename_type(&mut info.ty));
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Row(_, attributes) => *attributes = rename_attributes(attributes, names),
            Op::Bind(_) => {}
            Op::Loop(looped) => {
                looped.trip = renamed(&looped.trip, names);
                rename(&mut looped.body, names);
            }
            Op::When(when) => {
                rename(&mut when.then, names);
                rename(&mut when.otherwise, names);
            }
        }
    }
}
