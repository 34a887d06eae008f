//! Forward mode: from the tangents of some values to those of the values that depend on them.

mod loops;

use super::{Sums, activity, branches, equals, local, reduced, unreduced};
use crate::tensor::{Attributes, Builder, Derivative, Node, Op, Row, Type, Value, When};

/// Appends the tangents of `outputs`, given those of some values, to the graph that the builder is writing; nothing
/// stands for zero.
///
/// Loops and branches of that graph may be asked to give more values; no value that is there changes its number.
pub fn forward(builder: &mut Builder, tangents: &[(Value, Value)], outputs: &[Value]) -> Vec<Option<Value>> {
    let place = builder.place();
    let seeds: Vec<(Value, Value)> = tangents.iter().map(|(value, seed)| (local(builder, *value), *seed)).collect();
    let outputs: Vec<Value> = outputs.iter().map(|value| local(builder, *value)).collect();
    let nodes = builder.graph().nodes.len();
    let found = run(builder, nodes, &seeds, &outputs);
    builder.back_to(place);
    found
}

/// The tangents (handles) of values of the graph that is being written, through its first `nodes` nodes. Values are
/// numbers.
fn run(b: &mut Builder, nodes: usize, seeds: &[(Value, Value)], outputs: &[Value]) -> Vec<Option<Value>> {
    let active = activity::active(b.graph(), nodes, seeds.iter().map(|(value, _)| *value));
    let reached = activity::reached(b.graph(), nodes, &active, outputs.iter().copied());
    let mut sums = Sums::new(b.graph().values.len());
    for (value, seed) in seeds {
        sums.add(b, *value, *seed);
    }
    for number in 0..nodes {
        let wanted = reached.each(&b.graph().nodes[number].outputs);
        let tangents = sums.each(&b.graph().nodes[number].inputs);
        if !wanted.contains(&true) || tangents.iter().all(Option::is_none) {
            continue;
        }
        let node = b.graph().nodes[number].clone();
        b.derivative_of(&node);
        let found = match &node.op {
            Op::Row(row, attributes) => {
                let xs: Vec<Value> = node.inputs.iter().map(|input| b.handle(*input)).collect();
                let y = b.handle(node.outputs[0]);
                vec![of_row(b, (row, attributes), &xs, y, &tangents)]
            }
            Op::Bind(_) => vec![None],
            Op::Loop(looped) => loops::run(b, (number, looped), &wanted, &tangents),
            Op::When(when) => of_when(b, (number, &node, when), &wanted, &tangents),
        };
        for (output, tangent) in node.outputs.iter().zip(found) {
            if let Some(tangent) = tangent {
                sums.add(b, *output, tangent);
            }
        }
    }
    sums.each(outputs)
}

/// The tangent of what an operation of the table gives.
fn of_row(
    b: &mut Builder,
    (row, attributes): (&'static Row, &Attributes),
    xs: &[Value],
    y: Value,
    tangents: &[Option<Value>],
) -> Option<Value> {
    let mut sum = None;
    for (i, tangent) in tangents.iter().enumerate() {
        let Some(tangent) = *tangent else { continue };
        let part = match row.derivative {
            Derivative::None(_) => return None,
            Derivative::Declared(operand) if i == operand => tangent,
            Derivative::Declared(_) => continue,
            Derivative::Partial(partial) => match reduced(row, attributes) {
                Some(axes) => {
                    let y = unreduced(b, y, xs[i], axes);
                    let part = partial(b, i, tangent, xs, y);
                    b.sum(part, axes)
                }
                None => partial(b, i, tangent, xs, y),
            },
            Derivative::Shared => {
                let axes = reduced(row, attributes)?;
                let (equal, count) = equals(b, xs[i], y, axes);
                let zero = b.zeros_like(tangent);
                let chosen = b.select(equal, tangent, zero);
                let sum = b.sum(chosen, axes);
                b.divide(sum, count)
            }
            Derivative::Transpose(_) => {
                let mut operands = xs.to_vec();
                operands[i] = tangent;
                b.row(row, attributes.clone(), &operands)
            }
        };
        sum = Some(match sum {
            Some(sum) => b.add(sum, part),
            None => part,
        });
    }
    sum
}

/// The tangents of what a `when` gives.
fn of_when(
    b: &mut Builder,
    (number, node, when): (usize, &Node, &When),
    wanted: &[bool],
    tangents: &[Option<Value>],
) -> Vec<Option<Value>> {
    let (moving, given): (Vec<usize>, Vec<Value>) =
        tangents.iter().enumerate().filter_map(|(i, tangent)| Some((i, (*tangent)?))).unzip();
    let results: Vec<usize> = (0..wanted.len()).filter(|i| wanted[*i]).collect();
    let types = results.iter().map(|i| b.graph().ty(node.outputs[*i]).clone()).collect::<Vec<Type>>();
    let parts = branches::when(b, (number, node, when), &given, &types, |b, graph, places| {
        let seeds = moving.iter().zip(places).map(|(i, place)| (graph.params[i - 1], *place));
        let wanted: Vec<Value> = results.iter().map(|i| graph.results[*i]).collect();
        run(b, graph.nodes.len(), &seeds.collect::<Vec<_>>(), &wanted)
    });
    let mut found = vec![None; wanted.len()];
    for (i, part) in results.into_iter().zip(parts) {
        found[i] = part;
    }
    found
}
