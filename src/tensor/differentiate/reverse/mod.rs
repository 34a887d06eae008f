//! Reverse mode: from the cotangents of some values to those of the values on which they depend.

mod loops;

use super::transport::{Product, Transport};
use super::{Sums, activity, branches, equals, local, reduced, unreduced};
use crate::tensor::{Attributes, Builder, Derivative, Node, Op, Row, Type, Value, When};

/// Appends the cotangents of `wrt`, given those of the seeds, to the graph that the builder is writing.
///
/// Loops and branches of that graph may be asked to give more values; no value that is there changes its number. The
/// transport is asked at each product that lies between, also in loops. Where nothing arrives, zeros are given.
pub fn reverse(
    builder: &mut Builder,
    seeds: &[(Value, Value)],
    wrt: &[Value],
    transport: &mut dyn Transport,
) -> Vec<Value> {
    let place = builder.place();
    let seeds: Vec<(Value, Value)> = seeds.iter().map(|(value, seed)| (local(builder, *value), *seed)).collect();
    let sources: Vec<Value> = wrt.iter().map(|value| local(builder, *value)).collect();
    let nodes = builder.graph().nodes.len();
    let found = Sweep { transport }.run(builder, nodes, &seeds, &sources);
    builder.back_to(place);
    let given = wrt.iter().zip(found).map(|(value, cotangent)| match cotangent {
        Some(cotangent) => cotangent,
        None => {
            let ty = builder.ty(*value).clone();
            builder.zeros(&ty)
        }
    });
    given.collect()
}

/// One walk back, with the same transport in all bodies.
struct Sweep<'t> {
    transport: &'t mut dyn Transport,
}

impl Sweep<'_> {
    /// The cotangents (handles) of values of the graph that is being written, through its first `nodes` nodes. Values
    /// are numbers.
    fn run(&mut self, b: &mut Builder, nodes: usize, seeds: &[(Value, Value)], wrt: &[Value]) -> Vec<Option<Value>> {
        let active = activity::active(b.graph(), nodes, wrt.iter().copied());
        let mut sums = Sums::new(b.graph().values.len());
        for (value, seed) in seeds {
            if active.has(*value) {
                sums.add(b, *value, *seed);
            }
        }
        for number in (0..nodes).rev() {
            let outputs = sums.each(&b.graph().nodes[number].outputs);
            if outputs.iter().all(Option::is_none) {
                continue;
            }
            let node = b.graph().nodes[number].clone();
            let inputs = active.each(&node.inputs);
            if !inputs.contains(&true) {
                continue;
            }
            b.derivative_of(&node);
            let parts = match &node.op {
                Op::Row(row, attributes) => self.row(b, &node, (row, attributes), outputs[0], &inputs),
                Op::Bind(_) => Vec::new(),
                Op::Loop(looped) => self.looped(b, (number, &node, looped), &outputs, &inputs),
                Op::When(when) => self.when(b, (number, &node, when), &outputs, &inputs),
            };
            for (input, part) in parts {
                sums.add(b, input, part);
            }
        }
        sums.each(wrt)
    }

    /// The parts that an operation of the table gives to its operands.
    fn row(
        &mut self,
        b: &mut Builder,
        node: &Node,
        (row, attributes): (&Row, &Attributes),
        cotangent: Option<Value>,
        active: &[bool],
    ) -> Vec<(Value, Value)> {
        let Some(cotangent) = cotangent else { return Vec::new() };
        let xs: Vec<Value> = node.inputs.iter().map(|input| b.handle(*input)).collect();
        let y = b.handle(node.outputs[0]);
        let mut parts = Vec::new();
        for i in (0..xs.len()).filter(|i| active[*i]) {
            let part = match row.derivative {
                Derivative::None(_) => None,
                Derivative::Declared(operand) => (i == operand).then_some(cotangent),
                Derivative::Partial(partial) => Some(match reduced(row, attributes) {
                    Some(axes) => {
                        let cotangent = unreduced(b, cotangent, xs[i], axes);
                        let y = unreduced(b, y, xs[i], axes);
                        partial(b, i, cotangent, &xs, y)
                    }
                    None => partial(b, i, cotangent, &xs, y),
                }),
                Derivative::Shared => reduced(row, attributes).map(|axes| {
                    let (equal, count) = equals(b, xs[i], y, axes);
                    let share = b.divide(cotangent, count);
                    let share = unreduced(b, share, xs[i], axes);
                    let zero = b.zeros_like(share);
                    b.select(equal, share, zero)
                }),
                Derivative::Transpose(transpose) => {
                    match Product::of(&node.op, node.product.as_ref(), &xs, y, cotangent) {
                        Some(product) if i == 0 => self.transport.activity(b, &product),
                        _ => Some(transpose(b, cotangent, i, &xs, attributes)),
                    }
                }
            };
            parts.extend(part.map(|part| (node.inputs[i], part)));
        }
        parts
    }

    /// The parts that a `when` gives to its operands.
    fn when(
        &mut self,
        b: &mut Builder,
        (number, node, when): (usize, &Node, &When),
        outputs: &[Option<Value>],
        active: &[bool],
    ) -> Vec<(Value, Value)> {
        let (results, given): (Vec<usize>, Vec<Value>) =
            outputs.iter().enumerate().filter_map(|(i, cotangent)| Some((i, (*cotangent)?))).unzip();
        let operands: Vec<usize> = (1..active.len()).filter(|i| active[*i]).collect();
        let types = operands.iter().map(|i| b.graph().ty(node.inputs[*i]).clone()).collect::<Vec<Type>>();
        let parts = branches::when(b, (number, node, when), &given, &types, |b, graph, places| {
            let seeds = results.iter().zip(places).map(|(i, place)| (graph.results[*i], *place));
            let wrt: Vec<Value> = operands.iter().map(|i| graph.params[i - 1]).collect();
            self.run(b, graph.nodes.len(), &seeds.collect::<Vec<_>>(), &wrt)
        });
        let parts = operands.into_iter().zip(parts);
        parts.filter_map(|(i, part)| Some((node.inputs[i], part?))).collect()
    }
}
