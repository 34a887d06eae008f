//! Which axis of each array runs fastest.
//!
//! Arrays that meet element by element lie alike: a weight, its gradient, its momentum. A product votes for the axis of
//! its operand that becomes the columns of its result, by the number of its multiplications; of equal votes the first
//! counts, which is the forward product's. What nobody votes on lies row-major.

use super::layout::WORTH_LANES;
use crate::tensor::{Attributes, Contraction, Extent, Graph, Kind, Op, Value};
use std::collections::BTreeMap;

/// Values that lie alike, by the number of their representative.
struct Alike {
    parents: Vec<usize>,
}

impl Alike {
    fn find(&self, value: Value) -> usize {
        let mut at = value.0 as usize;
        while self.parents[at] != at {
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, a: Value, b: Value) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b)] = a.min(b);
    }
}

/// A vote for the axis of a value that should run fastest.
#[derive(Debug, Clone, Copy)]
struct Vote {
    value: Value,
    axis: usize,
    weight: usize,
}

/// For each value the axis that runs fastest, if not the last one. Both of a pair of `pairs` lie alike; `fixed` are values
/// that lie already.
pub fn orders(graph: &Graph, pairs: &[(Value, Value)], fixed: &[(Value, usize)]) -> Vec<Option<usize>> {
    let (mut alike, votes) = ballot(graph);
    pairs.iter().for_each(|(a, b)| alike.join(*a, *b));
    let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
    for (value, axis) in fixed.iter().filter(|(value, _)| graph.ty(*value).shape.len() > 1) {
        chosen.entry(alike.find(*value)).or_insert(*axis);
    }
    for (class, axis) in counted(&alike, &votes) {
        chosen.entry(class).or_insert(axis);
    }
    let of = |value: u32| chosen.get(&alike.find(Value(value))).copied();
    (0..graph.values.len() as u32).map(of).collect()
}

/// The axis with the most votes for each class.
fn counted(alike: &Alike, votes: &[Vote]) -> Vec<(usize, usize)> {
    let mut sums: Vec<(usize, usize, usize)> = Vec::new();
    for vote in votes {
        let class = alike.find(vote.value);
        match sums.iter_mut().find(|(other, axis, _)| (*other, *axis) == (class, vote.axis)) {
            Some((_, _, sum)) => *sum = sum.saturating_add(vote.weight),
            None => sums.push((class, vote.axis, vote.weight)),
        }
    }
    let mut best: Vec<(usize, usize, usize)> = Vec::new();
    for (class, axis, sum) in sums {
        match best.iter_mut().find(|(other, ..)| *other == class) {
            Some(found) if sum > found.2 => *found = (class, axis, sum),
            Some(_) => {}
            None => best.push((class, axis, sum)),
        }
    }
    best.into_iter().map(|(class, axis, _)| (class, axis)).collect()
}

fn ballot(graph: &Graph) -> (Alike, Vec<Vote>) {
    let mut alike = Alike { parents: (0..graph.values.len()).collect() };
    let mut votes = Vec::new();
    for node in &graph.nodes {
        match &node.op {
            Op::Row(row, attributes) => match (row.kind, attributes) {
                (Kind::Map(_), _) if graph.ty(node.outputs[0]).shape.len() > 1 => {
                    node.inputs.iter().for_each(|input| alike.join(*input, node.outputs[0]));
                }
                (Kind::Contract, Attributes::Contract(indices)) => {
                    votes.extend(of_product(graph, indices, node.inputs[0], node.inputs[1]));
                }
                _ => {}
            },
            Op::Bind(_) => {}
            Op::Loop(inner) => {
                let arrays = inner.invariants..inner.invariants + inner.slices.len();
                let trip = inner.trip.bound();
                let first = arrays.end;
                for carry in 0..inner.carries {
                    alike.join(node.inputs[first + carry], node.outputs[carry]);
                }
                let outside = |param: usize| {
                    let input = node.inputs[param.checked_sub(1)?];
                    Some((input, usize::from(arrays.contains(&(param - 1)))))
                };
                let carried: Vec<(Value, Value)> = (0..inner.carries)
                    .map(|carry| (inner.body.params[1 + first + carry], inner.body.results[carry]))
                    .collect();
                votes.extend(of_body(&inner.body, &carried, trip, outside));
            }
            Op::When(when) => {
                for branch in [&when.then, &when.otherwise] {
                    votes.extend(of_body(branch, &[], 1, |param| Some((node.inputs[param + 1], 0))));
                }
            }
        }
    }
    (alike, votes)
}

/// The votes of a body for what it is handed. `outside` says which value a parameter is, and how many axes more it has.
fn of_body(
    body: &Graph,
    carried: &[(Value, Value)],
    trip: usize,
    outside: impl Fn(usize) -> Option<(Value, usize)>,
) -> Vec<Vote> {
    let (mut alike, votes) = ballot(body);
    carried.iter().for_each(|(param, result)| alike.join(*param, *result));
    let params: Vec<usize> = body.params.iter().map(|param| alike.find(*param)).collect();
    let mut all = Vec::new();
    for vote in votes {
        let class = alike.find(vote.value);
        for param in (0..params.len()).filter(|param| params[*param] == class) {
            if let Some((value, axes)) = outside(param) {
                all.push(Vote { value, axis: vote.axis + axes, weight: vote.weight.saturating_mul(trip) });
            }
        }
    }
    all
}

/// The operand that has the last axis of the result for its own should have it running fastest.
fn of_product(graph: &Graph, indices: &Contraction, left: Value, right: Value) -> Option<Vote> {
    let Contraction { left: a, right: b, out } = indices;
    let last = out.last()?;
    let (value, letters, other) = match (a.contains(last), b.contains(last)) {
        (true, false) => (left, a, b),
        (false, true) => (right, b, a),
        _ => return None,
    };
    if !other.iter().any(|letter| !out.contains(letter)) {
        return None;
    }
    let axis = letters.iter().position(|letter| letter == last)?;
    let shape = &graph.ty(value).shape;
    let extents = |ty: Value| graph.ty(ty).shape.iter().map(Extent::bound);
    let (of_left, of_right) = (a.iter().zip(extents(left)), b.iter().zip(extents(right)));
    let sizes: BTreeMap<u8, usize> = of_left.chain(of_right).map(|(letter, bound)| (*letter, bound)).collect();
    let weight = sizes.values().fold(1, |product: usize, bound| product.saturating_mul(*bound));
    (shape[axis].bound() >= WORTH_LANES).then_some(Vote { value, axis, weight })
}
