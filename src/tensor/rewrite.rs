//! Graphs written anew, node by node, by rules that put something else in an operation's place.

use super::{Attributes, Builder, Graph, Kind, Loop, Node, Op, Program, Row, Value, When, op};

/// What may be put in the place of an operation, or nothing if the rule does not apply. It must be of the same type, or
/// it is not taken.
pub type Rule = fn(&mut Rewriter, &Found) -> Option<Value>;

/// An operation of the table, its operands in the new graph.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its row.
    pub row: &'static Row,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its operands.
    pub inputs: Vec<Value>,
}

/// A graph being written anew.
pub struct Rewriter {
    /// Writes it; no body is open.
    pub builder: Builder,
    rules: &'static [Rule],
    /// The node that defines a value, as far as it has been looked at.
    definitions: Vec<Option<usize>>,
    seen: usize,
}

/// The program with every operation, also in bodies, put through the rules, operands first.
pub fn rewrite(program: Program, rules: &'static [Rule]) -> Program {
    Program { graph: rewrite_graph(&program.graph, rules), ..program }
}

fn rewrite_graph(graph: &Graph, rules: &'static [Rule]) -> Graph {
    let mut rewriter = Rewriter { builder: Builder::new(), rules, definitions: Vec::new(), seen: 0 };
    let mut places = vec![None; graph.values.len()];
    for param in &graph.params {
        let info = graph.values[param.0 as usize].clone();
        places[param.0 as usize] = Some(rewriter.builder.param(info.ty, info.name));
    }
    let place = |places: &[Option<Value>], value: &Value| match places[value.0 as usize] {
        Some(place) => place,
        None => crate::bug!("a value is used before it is defined"),
    };
    for node in &graph.nodes {
        let inputs: Vec<Value> = node.inputs.iter().map(|input| place(&places, input)).collect();
        let outputs = rewriter.node(graph, node, inputs);
        for (output, new) in node.outputs.iter().zip(outputs) {
            places[output.0 as usize] = Some(new);
        }
    }
    let results: Vec<Value> = graph.results.iter().map(|result| place(&places, result)).collect();
    rewriter.builder.finish(&results)
}

impl Rewriter {
    /// An operation, or what the rules put in its place.
    pub fn make(&mut self, row: &'static Row, attributes: Attributes, inputs: &[Value]) -> Value {
        let found = Found { row, attributes, inputs: inputs.to_vec() };
        match self.simpler(&found) {
            Some(value) => value,
            None => self.builder.row(row, found.attributes, inputs),
        }
    }

    /// The operation that gives a value, if one of the table does.
    pub fn definition(&mut self, value: Value) -> Option<Found> {
        let graph = self.builder.graph();
        self.definitions.resize(graph.values.len(), None);
        for (number, node) in graph.nodes.iter().enumerate().skip(self.seen) {
            for output in &node.outputs {
                self.definitions[output.0 as usize] = Some(number);
            }
        }
        self.seen = graph.nodes.len();
        let node = &graph.nodes[self.definitions[value.0 as usize]?];
        match &node.op {
            Op::Row(row, attributes) => {
                Some(Found { row, attributes: attributes.clone(), inputs: node.inputs.clone() })
            }
            _ => None,
        }
    }

    /// The operation that gives a value, if it is of that row.
    pub fn definition_of(&mut self, value: Value, row: &'static Row) -> Option<Found> {
        self.definition(value).filter(|found| *found.row == *row)
    }

    /// The constant that a value is, if it is one or one repeated.
    pub fn constant(&mut self, value: Value) -> Option<Attributes> {
        let found = self.definition(value)?;
        match found.row.kind {
            Kind::Constant => Some(found.attributes),
            Kind::Expand => self.constant(found.inputs[0]),
            _ => None,
        }
    }

    /// Whether a value is this number everywhere (zero of either sign is zero).
    pub fn is_number(&mut self, value: Value, number: f64) -> bool {
        match self.constant(value) {
            Some(Attributes::Number(found)) => found == number,
            Some(Attributes::Integer(found)) => found as f64 == number,
            _ => false,
        }
    }

    /// The scalar that a value repeats over its whole shape, if it does.
    pub fn repeated(&mut self, value: Value) -> Option<Value> {
        let found = self.definition_of(value, &op::expand::ROW)?;
        self.builder.ty(found.inputs[0]).shape.is_empty().then_some(found.inputs[0])
    }

    fn simpler(&mut self, found: &Found) -> Option<Value> {
        let types: Vec<_> = found.inputs.iter().map(|input| self.builder.ty(*input)).collect();
        let ty = match (found.row.ty)(&types, &found.attributes) {
            Ok(ty) => ty,
            Err(message) => crate::bug!("{message}"),
        };
        let rules = self.rules;
        rules.iter().find_map(|rule| rule(self, found).filter(|value| *self.builder.ty(*value) == ty))
    }

    /// Writes a node of the old graph; gives what stands for its outputs.
    fn node(&mut self, graph: &Graph, node: &Node, inputs: Vec<Value>) -> Vec<Value> {
        self.builder.as_from(node);
        if let Op::Row(row, attributes) = &node.op {
            let found = Found { row, attributes: attributes.clone(), inputs: inputs.clone() };
            if let Some(value) = self.simpler(&found) {
                let old = &graph.values[node.outputs[0].0 as usize].name;
                if let (Some(name), None) = (old, &self.builder.graph().values[value.0 as usize].name) {
                    self.builder.named(value, name.clone());
                }
                return vec![value];
            }
        }
        let rules = self.rules;
        let op = match &node.op {
            Op::Loop(looped) => {
                let body = rewrite_graph(&looped.body, rules);
                Op::Loop(Box::new(Loop { body, ..(**looped).clone() }))
            }
            Op::When(when) => {
                let (then, otherwise) = (rewrite_graph(&when.then, rules), rewrite_graph(&when.otherwise, rules));
                Op::When(Box::new(When { then, otherwise }))
            }
            op => op.clone(),
        };
        let infos = node.outputs.iter().map(|output| graph.values[output.0 as usize].clone()).collect();
        self.builder.append(Node { op, inputs, ..node.clone() }, infos)
    }
}
