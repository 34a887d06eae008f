//! More of a loop's values, asked for after it has been built.

use super::{Builder, nest};
use crate::bug;
use crate::tensor::{Extent, Graph, Loop, Op, Record, Type, Value, ValueInfo};
use std::collections::BTreeSet;

/// Where a loop stands: in a graph that is being written, or in the body of a loop there, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    frame: u32,
    /// The number of a node in the graph, then of one in its body, and so on.
    path: Vec<usize>,
}

impl Site {
    /// The loop of that node number in this loop's body.
    #[must_use]
    pub fn inside(&self, node: usize) -> Site {
        let path = self.path.iter().copied().chain([node]).collect();
        Site { frame: self.frame, path }
    }
}

/// Where a value of a loop's body can be had for each round, in values of the graph around the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// It is the round's index.
    Index,
    /// It is the same in each round.
    Invariant(Value),
    /// It is row `i + offset` of this array in round `i`.
    Rows {
        /// A record, or an array that the loop slices.
        array: Value,
        /// As in [`Loop::slices`].
        offset: usize,
    },
}

impl Builder {
    /// The loop of that node number in the graph that is being written now.
    pub fn site(&self, node: usize) -> Site {
        Site { frame: self.top().id, path: vec![node] }
    }

    /// The loop at a site.
    pub fn loop_at(&self, site: &Site) -> &Loop {
        let mut graph = &self.frames[self.frame_of(site)].graph;
        let mut found = None;
        for node in &site.path {
            match graph.nodes.get(*node).map(|node| &node.op) {
                Some(Op::Loop(inner)) => {
                    found = Some(&**inner);
                    graph = &inner.body;
                }
                _ => bug!("no loop is at {site:?}"),
            }
        }
        match found {
            Some(found) => found,
            None => bug!("no loop is at {site:?}"),
        }
    }

    /// Where a value of a loop's body can be had for each round; a record is added to the loop if need be.
    ///
    /// The answer is in handles if the loop stands in a graph that is being written, else in values of the body that
    /// it stands in: ask for those of the loop around in turn.
    pub fn record(&mut self, site: &Site, value: Value) -> Result<Recorded, String> {
        let depth = self.frame_of(site);
        let frame = &mut self.frames[depth];
        let Some((node, around)) = site.path.split_last() else { bug!("no loop is at {site:?}") };
        let mut graph = &mut frame.graph;
        for node in around {
            match graph.nodes.get_mut(*node).map(|node| &mut node.op) {
                Some(Op::Loop(outer)) => graph = &mut outer.body,
                _ => bug!("no loop is at {site:?}"),
            }
        }
        let recorded = record(graph, *node, value)?;
        let id = frame.id;
        Ok(match recorded {
            _ if !around.is_empty() => recorded,
            Recorded::Index => recorded,
            Recorded::Invariant(value) => Recorded::Invariant(super::handle(id, value)),
            Recorded::Rows { array, offset } => Recorded::Rows { array: super::handle(id, array), offset },
        })
    }

    fn frame_of(&self, site: &Site) -> usize {
        match self.frames.iter().position(|frame| frame.id == site.frame) {
            Some(depth) => depth,
            None => bug!("the body has ended in which {site:?} was"),
        }
    }
}

/// Where a value of the body of the loop at `node` can be had for each round, in values of `graph`; a record is added to
/// the loop if need be. A carry, old or new, is recorded as one.
pub fn record(graph: &mut Graph, node: usize, value: Value) -> Result<Recorded, String> {
    let Some(Op::Loop(inner)) = graph.nodes.get(node).map(|node| &node.op) else { bug!("node {node} is no loop") };
    let before = |n: usize| graph.nodes[node].inputs[n];
    let fixed = inner.invariants;
    let sliced = fixed + inner.slices.len();
    let reverse = inner.reverse;
    let param = inner.body.params.iter().position(|param| *param == value);
    let next = inner.body.results[..inner.carries].iter().position(|result| *result == value);
    let (wanted, offset) = match (param, next) {
        (Some(0), _) => return Ok(Recorded::Index),
        (Some(i), _) if i <= fixed => return Ok(Recorded::Invariant(before(i - 1))),
        (Some(i), _) if i <= sliced => {
            return Ok(Recorded::Rows { array: before(i - 1), offset: inner.slices[i - 1 - fixed] });
        }
        (Some(i), _) => (Record::Carry(i - 1 - sliced), usize::from(reverse)),
        (None, Some(carry)) => (Record::Carry(carry), usize::from(!reverse)),
        (None, None) => (Record::Value, 0),
    };
    let place = match find(inner, wanted, value) {
        Some(place) => place,
        None => add(graph, node, wanted, value)?,
    };
    let Op::Loop(inner) = &graph.nodes[node].op else { bug!("node {node} is no loop") };
    Ok(Recorded::Rows { array: graph.nodes[node].outputs[inner.carries + place], offset })
}

/// The number of a record that is there already.
fn find(inner: &Loop, wanted: Record, value: Value) -> Option<usize> {
    let mut values = inner.body.results[inner.carries..].iter();
    inner.records.iter().position(|record| match record {
        Record::Value => values.next() == Some(&value) && wanted == Record::Value,
        Record::Carry(_) => *record == wanted,
    })
}

fn add(graph: &mut Graph, node: usize, wanted: Record, value: Value) -> Result<usize, String> {
    let Op::Loop(inner) = &mut graph.nodes[node].op else { bug!("node {node} is no loop") };
    let info = inner.body.values[value.0 as usize].clone();
    let extent = match wanted {
        Record::Value => inner.until.clone().map_or(inner.trip.clone(), Extent::Count),
        Record::Carry(_) => Extent::Const(inner.trip.bound() + 1),
    };
    let ty = match wanted {
        Record::Value => info.ty,
        Record::Carry(i) => inner.body.ty(inner.body.params[1 + inner.invariants + inner.slices.len() + i]).clone(),
    };
    refuse_inner_counts(&inner.body, &ty)?;
    if wanted == Record::Value {
        let values = inner.records.iter().filter(|record| **record == Record::Value).count();
        inner.body.results.insert(inner.carries + values, value);
    }
    inner.records.push(wanted);
    let (place, carries) = (inner.records.len() - 1, inner.carries);
    graph.values.push(ValueInfo { ty: ty.stacked(extent), name: info.name });
    let output = Value(graph.values.len() as u32 - 1);
    graph.nodes[node].outputs.insert(carries + place, output);
    Ok(place)
}

/// A count that is bound in the body is unknown outside, so no record can have it as an extent (`pad` it first).
fn refuse_inner_counts(body: &Graph, ty: &Type) -> Result<(), String> {
    let mut names = BTreeSet::new();
    nest::counts_of(body, &mut names);
    match ty.shape.iter().find(|extent| matches!(extent, Extent::Count(count) if names.contains(&count.name))) {
        Some(extent) => Err(format!("{ty} cannot be recorded: {extent} is known in the loop alone")),
        None => Ok(()),
    }
}
