//! How the derivative of a body comes by the values of the body that it reads.

use super::cut::Cut;
use crate::bug;
use crate::tensor::build::{Part, Recorded};
use crate::tensor::{Builder, Element, Extent, Node, Op, Value};
use std::collections::BTreeMap;

/// Puts a body back without what was written behind its end; gives the new numbers of what the bodies in it record
/// since.
pub(super) fn put_back(b: &mut Builder, number: usize, part: Part, cut: &Cut) -> BTreeMap<Value, Value> {
    let (body, moved) = cut.body();
    b.restore(number, part, body);
    moved
}

/// Asks the loop of that node number for each leaf of its body.
pub(super) fn by_records(b: &mut Builder, number: usize, cut: &Cut, trip: &Extent) -> Vec<(Value, Recorded)> {
    let moved = put_back(b, number, Part::Body, cut);
    let site = b.site(number);
    let mut supplies = Vec::new();
    for leaf in cut.leaves() {
        let value = lengthened(b, (number, Part::Body), cut, leaf, &moved);
        let recorded = match b.record(&site, value) {
            Ok(Recorded::Rows { array, offset }) => Recorded::Rows { array: sliceable(b, array, trip), offset },
            Ok(recorded) => recorded,
            Err(message) => bug!("{message}"),
        };
        supplies.push((leaf, recorded));
    }
    supplies
}

/// In a round of a loop of its own: what stands for each leaf.
pub(super) fn in_round(
    b: &mut Builder,
    index: Value,
    cut: &Cut,
    supplies: &[(Value, Recorded)],
    known: &mut BTreeMap<Value, Value>,
) {
    for (leaf, recorded) in supplies {
        let value = match recorded {
            Recorded::Index => index,
            Recorded::Invariant(value) => *value,
            Recorded::Rows { array, offset } => b.sliced(*array, *offset),
        };
        let value = fitting(b, value, cut.ty(*leaf).element);
        known.insert(*leaf, value);
    }
}

/// Lets the `when` of that node number give each leaf of one of its branches, and zeros from the other.
pub(super) fn by_gifts(
    b: &mut Builder,
    (number, node): (usize, &Node),
    part: Part,
    cut: &Cut,
    moved: &BTreeMap<Value, Value>,
) -> Vec<(Value, Value)> {
    let mut supplies = Vec::new();
    for leaf in cut.leaves() {
        let value = lengthened(b, (number, part), cut, leaf, moved);
        let Op::When(when) = &b.graph().nodes[number].op else { bug!("node {number} is no `when`") };
        let branch = if part == Part::Then { &when.then } else { &when.otherwise };
        let param = branch.params.iter().position(|param| *param == value);
        let result = branch.results.iter().position(|result| *result == value);
        let supplied = match (param, result) {
            (Some(i), _) => b.handle(node.inputs[1 + i]),
            (None, Some(i)) => b.handle(b.graph().nodes[number].outputs[i]),
            (None, None) => {
                let ty = branch.ty(value).clone();
                let other = if part == Part::Then { Part::Otherwise } else { Part::Then };
                let zeros = written(b, (number, other), |b| b.zeros(&ty));
                match part {
                    Part::Then => b.give(number, value, zeros),
                    _ => b.give(number, zeros, value),
                }
            }
        };
        supplies.push((leaf, fitting(b, supplied, cut.ty(leaf).element)));
    }
    supplies
}

/// The number in its body of a leaf, made as long as its counts' bounds where they are known in the body alone.
fn lengthened(b: &mut Builder, place: (usize, Part), cut: &Cut, leaf: Value, moved: &BTreeMap<Value, Value>) -> Value {
    let value = moved.get(&leaf).copied().unwrap_or(leaf);
    let extents = cut.inner_extents(leaf);
    if extents.is_empty() {
        return value;
    }
    written(b, place, |b| {
        let short = b.handle(value);
        extents.iter().fold(short, |value, (axis, bound)| b.pad(value, *axis, 0, *bound))
    })
}

/// Writes behind the end of a body and gives the number of the value there.
fn written(b: &mut Builder, (number, part): (usize, Part), write: impl FnOnce(&mut Builder) -> Value) -> Value {
    b.reopen(number, part);
    let value = write(b);
    let value = super::local(b, value);
    let body = b.reclose();
    b.restore(number, part, body.graph);
    value
}

/// The same value as a class, where one is asked for and an int is at hand.
fn fitting(b: &mut Builder, value: Value, wanted: Element) -> Value {
    match wanted {
        Element::Class(k) if !b.ty(value).element.fits(wanted) => b.clamp(value, k),
        _ => value,
    }
}

/// An array that a loop of `trip` rounds can slice: as it is, or, if it is as long as another count, at its bound.
pub(super) fn sliceable(b: &mut Builder, array: Value, trip: &Extent) -> Value {
    match b.ty(array).shape.first().cloned() {
        Some(extent @ Extent::Count(_)) if extent != *trip => b.pad(array, 0, 0, extent.bound()),
        _ => array,
    }
}
