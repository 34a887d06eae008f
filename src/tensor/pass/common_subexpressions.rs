//! Computes what is the same once: in each graph, an operation of the same operands as an earlier one gives way to it.
//!
//! Bodies are looked at each alone. Of a loop, two invariants that are one value outside become one, and so do two
//! slices of the same rows, two records of the same value, and two operands of a `when`. Projections' products stay
//! apart if they are of two projections. A `bind` stays, since each has a count of its own.

use crate::tensor::{Graph, Loop, Name, Op, Program, Record, Value, When};
use std::collections::BTreeMap;

/// The pass.
pub static PASS: super::Pass = super::Pass {
    name: "common_subexpressions",
    about: "computes what is the same once",
    run: |program| Program { graph: merge(program.graph), ..program },
};

/// What makes two operations the same.
type Key = (&'static str, String, Vec<Value>, Option<Name>);

fn merge(mut graph: Graph) -> Graph {
    let mut places: Vec<Value> = (0..graph.values.len() as u32).map(Value).collect();
    merge_into(&mut graph, &mut places);
    graph
}

/// Merges, given what stands for each value (parameters of which two are one).
fn merge_into(graph: &mut Graph, places: &mut [Value]) {
    let mut known: BTreeMap<Key, Value> = BTreeMap::new();
    for node in &mut graph.nodes {
        for input in &mut node.inputs {
            *input = places[input.0 as usize];
        }
        match &mut node.op {
            Op::Row(row, attributes) => {
                let key = (row.name, format!("{attributes:?}"), node.inputs.clone(), node.product.clone());
                let output = node.outputs[0];
                let first = *known.entry(key).or_insert(output);
                if graph.values[first.0 as usize].ty == graph.values[output.0 as usize].ty {
                    let name = graph.values[output.0 as usize].name.clone();
                    let kept = &mut graph.values[first.0 as usize].name;
                    if kept.is_none() {
                        *kept = name;
                    }
                    places[output.0 as usize] = first;
                }
            }
            Op::Bind(_) => {}
            Op::Loop(looped) => {
                let looped = &mut **looped;
                merge_loop(looped, &node.inputs);
                for (record, first) in same_records(looped) {
                    let (record, first) = (looped.carries + record, looped.carries + first);
                    places[node.outputs[record].0 as usize] = node.outputs[first];
                }
            }
            Op::When(when) => {
                let When { then, otherwise } = &mut **when;
                for branch in [then, otherwise] {
                    let params = branch.params.clone();
                    merge_params(branch, &params, |i| Some(node.inputs[1 + i]));
                }
            }
        }
    }
    for result in &mut graph.results {
        *result = places[result.0 as usize];
    }
}

fn merge_loop(looped: &mut Loop, inputs: &[Value]) {
    let params = looped.body.params.clone();
    let fixed = looped.invariants;
    let slices = looped.slices.clone();
    merge_params(&mut looped.body, &params[1..], |i| match i.checked_sub(fixed) {
        None => Some((inputs[i], None)),
        Some(slice) if slice < slices.len() => Some((inputs[i], Some(slices[slice]))),
        Some(_) => None,
    });
}

/// Merges a body in which parameters of the same origin are one.
fn merge_params<T: PartialEq>(body: &mut Graph, params: &[Value], origin: impl Fn(usize) -> Option<T>) {
    let mut places: Vec<Value> = (0..body.values.len() as u32).map(Value).collect();
    for (i, param) in params.iter().enumerate() {
        let same = |j: &usize| origin(i).is_some() && origin(i) == origin(*j) && body.ty(params[*j]) == body.ty(*param);
        if let Some(first) = (0..i).find(same) {
            places[param.0 as usize] = params[first];
        }
    }
    merge_into(body, &mut places);
}

/// The records that keep the same as an earlier one, with it.
fn same_records(looped: &Loop) -> Vec<(usize, usize)> {
    let kept = |k: usize| match looped.records[k] {
        Record::Value => (Record::Value, Some(looped.recorded(k))),
        carry => (carry, None),
    };
    let earlier = |k: usize| (0..k).find(|first| kept(*first) == kept(k)).map(|first| (k, first));
    (0..looped.records.len()).filter_map(earlier).collect()
}
