//! What only `differentiate` and `pass` may do: open bodies again that are there already, to write behind their end, and
//! take nodes over as they stand.

use super::{Builder, Frame, handle};
use crate::bug;
use crate::tensor::{Graph, Name, Node, Op, Type, Value, ValueInfo, rule};

/// Which body of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tensor) enum Part {
    /// The body of a loop.
    Body,
    /// What a `when` does if its condition is true.
    Then,
    /// What a `when` does if its condition is false.
    Otherwise,
}

/// A body that was opened again, with what was written since.
#[derive(Debug, Clone)]
pub(in crate::tensor) struct Reopened {
    /// The body; values that stand for others (`placeholder`, imports) are defined by no node of it.
    pub graph: Graph,
    /// Values from outside that were used since: the handle outside, the number in the body.
    pub imports: Vec<(Value, Value)>,
}

impl Builder {
    /// Takes a body out of the node of that number in the graph that is being written, and goes on writing to it.
    pub(in crate::tensor) fn reopen(&mut self, node: usize, part: Part) {
        let graph = std::mem::take(self.part_mut(node, part));
        self.open(None);
        self.top_mut().graph = graph;
    }

    /// A value of the reopened body that is only a place for another.
    pub(in crate::tensor) fn placeholder(&mut self, ty: Type) -> Value {
        let local = self.top_mut().value(ty, None);
        self.handle(local)
    }

    /// Ends the writing to a reopened body; a body is to be put back with `restore`.
    pub(in crate::tensor) fn reclose(&mut self) -> Reopened {
        let Some(Frame { graph, imports, .. }) = self.frames.pop() else { bug!("a body ends that was not begun") };
        let imports = imports.into_iter().map(|(outside, local)| (self.handle(outside), local)).collect();
        Reopened { graph, imports }
    }

    /// Puts a body into its place.
    pub(in crate::tensor) fn restore(&mut self, node: usize, part: Part, body: Graph) {
        *self.part_mut(node, part) = body;
    }

    /// Lets a `when` give one value more: one of each branch.
    pub(in crate::tensor) fn give(&mut self, node: usize, then: Value, otherwise: Value) -> Value {
        let id = self.top().id;
        let graph = &mut self.top_mut().graph;
        let Op::When(when) = &mut graph.nodes[node].op else { bug!("node {node} is no `when`") };
        let Some(ty) = rule::join(when.then.ty(then), when.otherwise.ty(otherwise)) else {
            bug!("the branches give {} and {}", when.then.ty(then), when.otherwise.ty(otherwise))
        };
        when.then.results.push(then);
        when.otherwise.results.push(otherwise);
        graph.values.push(ValueInfo { ty, name: None });
        let output = Value(graph.values.len() as u32 - 1);
        graph.nodes[node].outputs.push(output);
        handle(id, output)
    }

    /// A node that is known to be well-formed, as it stands, its operands and outputs' types among those of the graph that
    /// is being written; gives its outputs.
    pub(in crate::tensor) fn append(&mut self, node: Node, infos: Vec<ValueInfo>) -> Vec<Value> {
        let (types, names): (Vec<Type>, Vec<Option<Name>>) = infos.into_iter().map(|info| (info.ty, info.name)).unzip();
        self.as_from(&node);
        let outputs = self.node(node.op, &node.inputs, types, node.product);
        for (output, name) in outputs.iter().zip(names) {
            if let Some(name) = name {
                self.named(*output, name);
            }
        }
        outputs
    }

    fn part_mut(&mut self, node: usize, part: Part) -> &mut Graph {
        match (self.top_mut().graph.nodes.get_mut(node).map(|node| &mut node.op), part) {
            (Some(Op::Loop(inner)), Part::Body) => &mut inner.body,
            (Some(Op::When(inner)), Part::Then) => &mut inner.then,
            (Some(Op::When(inner)), Part::Otherwise) => &mut inner.otherwise,
            _ => bug!("node {node} has no such body"),
        }
    }
}
