//! The derivative of a `when`, in both modes: a `when` on the same condition, of the derivatives of its branches.

use super::cut::{AtHand, Cut};
use super::{local, supply};
use crate::tensor::build::Part;
use crate::tensor::{Builder, Graph, Node, Type, Value, When};
use std::collections::BTreeMap;

/// The derivative of one branch, cut off.
struct Branch {
    cut: Cut,
    /// For each value that comes in: its place.
    places: Vec<Value>,
    /// For each value that is asked for: what was found.
    found: Vec<Option<Value>>,
    /// What stands for the leaves.
    supplies: Vec<(Value, Value)>,
}

/// Writes the derivative of the `when` of that node number. `given` comes in (handles); `sweep` writes the derivative of
/// a branch behind its end, with places for them, and gives one value, or nothing for zero, for each of `types`.
pub(super) fn when(
    b: &mut Builder,
    (number, node, when): (usize, &Node, &When),
    given: &[Value],
    types: &[Type],
    mut sweep: impl FnMut(&mut Builder, &Graph, &[Value]) -> Vec<Option<Value>>,
) -> Vec<Option<Value>> {
    let sides = [(Part::Then, &when.then), (Part::Otherwise, &when.otherwise)];
    let opened = sides.map(|(part, graph)| {
        let branch = open(b, (number, part, graph), given, &mut sweep);
        let moved = supply::put_back(b, number, part, &branch.cut);
        (part, branch, moved)
    });
    let branches = opened.map(|(part, mut branch, moved)| {
        branch.supplies = supply::by_gifts(b, (number, node), part, &branch.cut, &moved);
        branch
    });
    let reached = |i: &usize| branches.iter().any(|branch| branch.found[*i].is_some());
    let reached: Vec<usize> = (0..types.len()).filter(reached).collect();
    let mut found = vec![None; types.len()];
    if reached.is_empty() {
        return found;
    }
    let condition = b.handle(node.inputs[0]);
    let [then, otherwise] = &branches;
    let wanted: Vec<(usize, &Type)> = reached.iter().map(|i| (*i, &types[*i])).collect();
    let parts = b.when_with(condition, |b| then.write(b, given, &wanted), |b| otherwise.write(b, given, &wanted));
    for (i, part) in reached.into_iter().zip(parts) {
        found[i] = Some(part);
    }
    found
}

fn open(
    b: &mut Builder,
    (number, part, graph): (usize, Part, &Graph),
    given: &[Value],
    sweep: &mut impl FnMut(&mut Builder, &Graph, &[Value]) -> Vec<Option<Value>>,
) -> Branch {
    let types: Vec<Type> = given.iter().map(|value| b.ty(*value).clone()).collect();
    b.reopen(number, part);
    let places: Vec<Value> = types.into_iter().map(|ty| b.placeholder(ty)).collect();
    let found = sweep(b, graph, &places);
    let places = places.into_iter().map(|place| local(b, place)).collect();
    let found: Vec<Option<Value>> = found.into_iter().map(|value| value.map(|value| local(b, value))).collect();
    let wanted: Vec<Value> = found.iter().flatten().copied().collect();
    let at_hand = AtHand { free: &graph.params, steady: &[], supplied: &[] };
    let cut = Cut::new(b.reclose(), (graph.nodes.len(), graph.values.len()), &wanted, &at_hand);
    Branch { cut, places, found, supplies: Vec::new() }
}

impl Branch {
    /// Writes the branch of the derivative.
    fn write(&self, b: &mut Builder, given: &[Value], wanted: &[(usize, &Type)]) -> Vec<Value> {
        let mut known: BTreeMap<Value, Value> = self.supplies.iter().copied().collect();
        known.extend(self.places.iter().copied().zip(given.iter().copied()));
        self.cut.write(b, &mut known);
        let results = wanted.iter().map(|(i, ty)| match self.found[*i] {
            Some(found) => known[&found],
            None => b.zeros(ty),
        });
        results.collect()
    }
}
