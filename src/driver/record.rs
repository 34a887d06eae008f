//! What a program keeps of each round of its loops over time, for what comes after them: above all the record from which
//! credit goes back through time.

use crate::math::Precision;
use crate::tensor::origin::operation;
use crate::tensor::{Element, Extent, Graph, Loop, Node, Op, Program, Record, Type, Value};

/// An array that a loop fills, a row in each round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is: whose, and which operation gave it.
    pub what: String,
    /// How many rounds the loop has.
    pub rounds: usize,
    /// Bytes for each round and each sample of a batch.
    pub bytes: u128,
}

/// All that the loops of a program keep, in their order.
pub fn kept(program: &Program, precision: Precision) -> Vec<Kept> {
    let mut all = Vec::new();
    for node in &program.graph.nodes {
        let Op::Loop(looped) = &node.op else { continue };
        for (number, record) in looped.records.iter().enumerate() {
            let value = match record {
                Record::Carry(carry) => looped.body.results[*carry],
                Record::Value => looped.recorded(number),
            };
            let what = match record {
                Record::Carry(_) => format!("{}, as it was before", named(looped, value)),
                Record::Value => named(looped, value),
            };
            let bytes = each(looped.body.ty(value), precision);
            all.push(Kept { what, rounds: looped.trip.bound(), bytes });
        }
    }
    all
}

/// A value of a loop's body, in words.
fn named(looped: &Loop, value: Value) -> String {
    if let Some(name) = &looped.body.values[value.0 as usize].name {
        return name.to_string();
    }
    let Some(node) = definition(&looped.body, value) else { return "what the loop is given".to_string() };
    match &node.origin.whose {
        Some(whose) => format!("{} of {}", operation(&node.title()), whose.words),
        None => operation(&node.title()),
    }
}

fn definition(graph: &Graph, value: Value) -> Option<&Node> {
    graph.nodes.iter().find(|node| node.outputs.contains(&value))
}

/// Bytes of a value for one sample: axes of counted length are the batch.
fn each(ty: &Type, precision: Precision) -> u128 {
    let cell = match (ty.element, precision) {
        (Element::Real, Precision::F32) | (Element::Int | Element::Class(_), _) => 4,
        (Element::Real, Precision::F64) => 8,
        (Element::Bool | Element::Byte, _) => 1,
    };
    let cells = ty.shape.iter().filter(|extent| matches!(extent, Extent::Const(_)));
    cells.map(|extent| extent.bound() as u128).product::<u128>() * cell
}
