//! How the axes of a parameter lie in what an operation was given, if it is known how they lie in what came of it.

use super::Along;
use crate::tensor::{Attributes, Extent, Graph, Kind, Node, Row};

/// How an operand is seen where the result is seen so.
pub(super) fn operand(
    graph: &Graph,
    row: &Row,
    attributes: &Attributes,
    node: &Node,
    place: usize,
    along: &Along,
) -> Along {
    let shape = &graph.ty(node.inputs[place]).shape;
    let mixed = || vec![None; shape.len()];
    match (row.kind, attributes) {
        (Kind::Contract, Attributes::Contract(indices)) => {
            let axes = if place == 0 { &indices.left } else { &indices.right };
            let of = |index: &u8| indices.out.iter().position(|other| other == index).and_then(|axis| along[axis]);
            axes.iter().map(of).collect()
        }
        (Kind::Permute, Attributes::Axes(axes)) => {
            let mut found = mixed();
            axes.iter().enumerate().for_each(|(axis, from)| found[*from] = along[axis]);
            found
        }
        (_, Attributes::Expand { axes, .. }) => axes.iter().map(|axis| along[*axis]).collect(),
        (Kind::Reduce(_) | Kind::Composite(_), Attributes::Axes(removed))
            if along.len() + removed.len() == shape.len() =>
        {
            let mut rest = along.iter();
            (0..shape.len())
                .map(|axis| if removed.contains(&axis) { None } else { rest.next().copied().flatten() })
                .collect()
        }
        (Kind::Reshape, _) => reshaped(graph, node, shape, along),
        (Kind::Slice | Kind::Pad, _) if along.len() == shape.len() => along.clone(),
        (Kind::Map(_) | Kind::Composite(_), _) if along.len() == shape.len() => along.clone(),
        _ => mixed(),
    }
}

/// Through a reshape: axes that stay whole keep what they are, those that are put together are as what they become.
fn reshaped(graph: &Graph, node: &Node, shape: &[Extent], along: &Along) -> Along {
    let to = &graph.ty(node.outputs[0]).shape;
    let (mut found, mut from, mut into) = (vec![None; shape.len()], 0, 0);
    while from < shape.len() && into < to.len() {
        let (first, other) = (from, into);
        let (mut left, mut right) = (shape[from].bound(), to[into].bound());
        (from, into) = (from + 1, into + 1);
        while left != right {
            if left < right && from < shape.len() {
                left *= shape[from].bound();
                from += 1;
            } else if right < left && into < to.len() {
                right *= to[into].bound();
                into += 1;
            } else {
                return found;
            }
        }
        let same = along[other..into].iter().all(|axis| *axis == along[other]);
        let kept =
            if same || into - other == 1 { along[other] } else { along[other..into].iter().copied().flatten().next() };
        found[first..from].iter_mut().for_each(|axis| *axis = kept);
    }
    found
}
