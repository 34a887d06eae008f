//! The slow, obvious meaning of a program, on ndarray in `f64`: the judge in every test.
//!
//! Arrays have the length that a count says now, so that nothing past it can be read.

mod array;
mod culprit;
mod nest;
mod row;
mod windows;

pub use array::Array;
pub use culprit::{Culprit, culprit};

use super::{Extent, Graph, Name, Node, Op, Program, Value};
use indexmap::IndexMap;
use std::fmt;

/// What a program asked for that cannot be had; a verified program asks for nothing such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// The present values of counts.
type Counts = IndexMap<Name, usize>;

/// Runs one step: reads the slots, in the order of the program, and writes some.
pub fn step(program: &Program, slots: &mut [Array]) -> Result<(), Fault> {
    if slots.len() != program.slots.len() {
        return Err(Fault(format!("{} slots for {}", slots.len(), program.slots.len())));
    }
    let results = graph(&program.graph, slots)?;
    for (slot, value) in program.writes.iter().zip(results) {
        slots[*slot] = value;
    }
    Ok(())
}

/// The results of a graph for values of its parameters.
pub fn graph(graph: &Graph, inputs: &[Array]) -> Result<Vec<Array>, Fault> {
    graph_watched(graph, inputs, &mut |_, _, _| {})
}

/// The same; each operation of the table is shown with its operands and its value, which may be changed.
fn graph_watched(graph: &Graph, inputs: &[Array], watch: Watch<'_>) -> Result<Vec<Array>, Fault> {
    within(graph, inputs, &mut Counts::new(), watch)
}

/// Is shown an operation, its operands and its value.
type Watch<'w> = &'w mut dyn FnMut(&Node, &[Array], &mut Array);

/// The same in a place where some counts are known.
fn within(graph: &Graph, inputs: &[Array], counts: &mut Counts, watch: Watch<'_>) -> Result<Vec<Array>, Fault> {
    let mut values: Vec<Option<Array>> = vec![None; graph.values.len()];
    if inputs.len() != graph.params.len() {
        return Err(Fault(format!("{} values for {} parameters", inputs.len(), graph.params.len())));
    }
    for (param, value) in graph.params.iter().zip(inputs) {
        values[param.0 as usize] = Some(value.clone());
    }
    for node in &graph.nodes {
        let operands = node.inputs.iter().map(|value| get(&values, *value)).collect::<Result<Vec<Array>, Fault>>()?;
        let outputs = match &node.op {
            Op::Row(row, attributes) => {
                let types: Vec<_> = node.inputs.iter().map(|value| graph.ty(*value)).collect();
                let mut value = row::eval(row, attributes, &operands, &types, graph.ty(node.outputs[0]), counts)?;
                watch(node, &operands, &mut value);
                vec![value]
            }
            Op::Bind(count) => {
                let value = operands[0].whole()?.clamp(0, count.bound as i64);
                counts.insert(count.name.clone(), value as usize);
                vec![Array::int(value)]
            }
            Op::Loop(looped) => nest::looped(looped, &operands, counts, watch)?,
            Op::When(when) => {
                let chosen = if operands[0].truth()? { &when.then } else { &when.otherwise };
                within(chosen, &operands[1..], counts, watch)?
            }
        };
        for (output, value) in node.outputs.iter().zip(outputs) {
            values[output.0 as usize] = Some(value);
        }
    }
    graph.results.iter().map(|value| get(&values, *value)).collect()
}

fn get(values: &[Option<Array>], value: Value) -> Result<Array, Fault> {
    values[value.0 as usize].clone().ok_or_else(|| Fault(format!("v{} is read before it is computed", value.0)))
}

/// How long an axis is now.
fn length(extent: &Extent, counts: &Counts) -> Result<usize, Fault> {
    match extent {
        Extent::Const(n) => Ok(*n),
        Extent::Count(count) => {
            counts.get(&count.name).copied().ok_or_else(|| Fault(format!("the count {} is not bound", count.name)))
        }
    }
}

fn lengths(shape: &[Extent], counts: &Counts) -> Result<Vec<usize>, Fault> {
    shape.iter().map(|extent| length(extent, counts)).collect()
}
