//! Whether a program is valid: every invariant of the room, all violations, each at its node.

use super::{Count, Element, Extent, Graph, Name, Node, Op, Program, Type, Value, signature};
use crate::diag::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The way to it: numbers of nodes, outermost first; nothing if it is the program's.
    pub path: Vec<usize>,
    /// What the node does.
    pub operation: &'static str,
    /// The place in the spec that asked for it.
    pub span: Option<Span>,
    /// What does not hold.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return write!(f, "the program: {}", self.what);
        }
        let path: Vec<String> = self.path.iter().map(usize::to_string).collect();
        write!(f, "node {} (`{}`): {}", path.join("/"), self.operation, self.what)
    }
}

/// All that does not hold in a program.
pub fn verify(program: &Program) -> Vec<Violation> {
    let mut check = Check::default();
    check.slots(program);
    check.graph(&program.graph, &mut Known::new());
    check.writes(program);
    check.found
}

/// The counts that are known at a place, with their bounds.
type Known = BTreeMap<Name, usize>;

#[derive(Default)]
struct Check<'a> {
    /// The nodes around, with their numbers.
    path: Vec<(usize, &'a Node)>,
    found: Vec<Violation>,
    /// Counts that some node binds, anywhere.
    bound: BTreeSet<Name>,
}

impl<'a> Check<'a> {
    fn say(&mut self, what: String) {
        let node = self.path.last().map(|(_, node)| node);
        self.found.push(Violation {
            path: self.path.iter().map(|(number, _)| *number).collect(),
            operation: node.map_or("", |node| node.op.name()),
            span: node.and_then(|node| node.span),
            what,
        });
    }

    /// A program has a slot for each parameter of its graph, of its type; each has a name of its own and a constant shape.
    fn slots(&mut self, program: &Program) {
        if program.slots.len() != program.graph.params.len() {
            self.say(format!("{} slots for {} parameters", program.slots.len(), program.graph.params.len()));
        }
        let mut names = BTreeSet::new();
        for (slot, param) in program.slots.iter().zip(&program.graph.params) {
            if !names.insert(&slot.name) {
                self.say(format!("two slots are called {:?}", slot.name));
            }
            if slot.ty.shape.iter().any(|extent| matches!(extent, Extent::Count(_))) {
                self.say(format!("slot {:?} has an extent that is not constant: {}", slot.name, slot.ty));
            }
            match program.graph.values.get(param.0 as usize) {
                Some(info) if info.ty != slot.ty => {
                    self.say(format!("slot {:?} is {}, but its parameter is {}", slot.name, slot.ty, info.ty));
                }
                _ => {}
            }
        }
    }

    /// Each result is written to a slot that it fits, each slot at most once.
    fn writes(&mut self, program: &Program) {
        if program.writes.len() != program.graph.results.len() {
            self.say(format!("{} results for {} writes", program.graph.results.len(), program.writes.len()));
        }
        let mut written = BTreeSet::new();
        for (number, result) in program.writes.iter().zip(&program.graph.results) {
            let Some(slot) = program.slots.get(*number) else {
                self.say(format!("there is no slot {number} to write {result} to"));
                continue;
            };
            if !written.insert(number) {
                self.say(format!("slot {:?} is written twice", slot.name));
            }
            match program.graph.values.get(result.0 as usize) {
                Some(info) if !info.ty.fits(&slot.ty) => {
                    self.say(format!("slot {:?} is {}; {result} is {}", slot.name, slot.ty, info.ty));
                }
                _ => {}
            }
        }
    }

    /// One graph; `known` are the counts that are bound around it, and then those of its own too.
    fn graph(&mut self, graph: &'a Graph, known: &mut Known) {
        let mut defined = vec![false; graph.values.len()];
        for param in &graph.params {
            self.definition(graph, &mut defined, *param, known);
        }
        for (number, node) in graph.nodes.iter().enumerate() {
            self.path.push((number, node));
            self.uses(&defined, &node.inputs);
            self.bodies(&node.op, known);
            self.signature(graph, node);
            self.product(node);
            for output in &node.outputs {
                self.definition(graph, &mut defined, *output, known);
            }
            self.path.pop();
        }
        self.uses(&defined, &graph.results);
        for value in (0..defined.len()).filter(|value| !defined[*value]) {
            self.say(format!("v{value} is never defined"));
        }
    }

    /// A value is defined once, and its type is sound.
    fn definition(&mut self, graph: &Graph, defined: &mut [bool], value: Value, known: &Known) {
        match defined.get_mut(value.0 as usize) {
            Some(true) => self.say(format!("{value} is defined twice")),
            Some(defined) => *defined = true,
            None => self.say(format!("there is no {value}")),
        }
        if let Some(info) = graph.values.get(value.0 as usize) {
            self.bounds(value, &info.ty);
            info.ty.shape.iter().for_each(|extent| self.known(extent, known));
        }
    }

    /// What is used is defined before.
    fn uses(&mut self, defined: &[bool], values: &[Value]) {
        for value in values {
            if defined.get(value.0 as usize) != Some(&true) {
                self.say(format!("{value} is not defined here"));
            }
        }
    }

    /// Every bound is at least 1, and the bytes of a value can be counted.
    fn bounds(&mut self, value: Value, ty: &Type) {
        if ty.element == Element::Class(0) || ty.shape.iter().any(|extent| extent.bound() == 0) {
            self.say(format!("{value} is {ty}, in which a bound is 0"));
        }
        let bytes = ty.shape.iter().try_fold(8_usize, |bytes, extent| bytes.checked_mul(extent.bound()));
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            self.say(format!("{value} is {ty}, which is larger than any memory"));
        }
    }

    /// A count is bound before it is mentioned, with the bound that it has there.
    fn known(&mut self, extent: &Extent, known: &Known) {
        if let Extent::Count(count) = extent {
            match known.get(&count.name) {
                None => self.say(format!("the count {count} is not known here")),
                Some(bound) if *bound != count.bound => {
                    self.say(format!("the count {count} was bound below {bound}"));
                }
                Some(_) => {}
            }
        }
    }

    /// A count is bound once in a program.
    fn bind(&mut self, count: &Count, known: &mut Known) {
        if !self.bound.insert(count.name.clone()) {
            self.say(format!("the count {count} is bound twice"));
        }
        if count.bound == 0 {
            self.say(format!("the count {count} has the bound 0"));
        }
        known.insert(count.name.clone(), count.bound);
    }

    /// Bodies are graphs by themselves, in which the counts from around are known; what they bind is forgotten.
    fn bodies(&mut self, op: &'a Op, known: &mut Known) {
        match op {
            Op::Row(..) => {}
            Op::Bind(count) => self.bind(count, known),
            Op::Loop(inner) => {
                self.known(&inner.trip, known);
                self.graph(&inner.body, &mut known.clone());
                inner.until.iter().for_each(|count| self.bind(count, known));
            }
            Op::When(when) => {
                self.graph(&when.then, &mut known.clone());
                self.graph(&when.otherwise, &mut known.clone());
            }
        }
    }

    /// A node's outputs have the types that it gives for its inputs.
    fn signature(&mut self, graph: &Graph, node: &Node) {
        let types = |graph: &'_ Graph, values: &[Value]| {
            values.iter().map(|value| graph.values.get(value.0 as usize).map(|info| info.ty.clone())).collect()
        };
        let inputs: Option<Vec<Type>> = types(graph, &node.inputs);
        let outputs: Option<Vec<Type>> = types(graph, &node.outputs);
        let (Some(inputs), Some(outputs), true) = (inputs, outputs, complete(&node.op)) else { return };
        match signature::outputs(&node.op, &inputs.iter().collect::<Vec<_>>()) {
            Err(what) => self.say(what),
            Ok(given) if given != outputs => {
                let list = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
                self.say(format!("it gives {}; its outputs are {}", list(&given), list(&outputs)));
            }
            Ok(_) => {}
        }
    }

    /// Only a contraction is the product of a projection.
    fn product(&mut self, node: &Node) {
        let contraction = matches!(&node.op, Op::Row(row, _) if row.name == "contract");
        if let (Some(product), false) = (&node.product, contraction) {
            self.say(format!("the product of {product:?} is no contraction"));
        }
    }
}

/// Whether all parameters and results of the bodies are values of theirs (else that has been said).
fn complete(op: &Op) -> bool {
    let graph = |graph: &Graph| {
        let mut values = graph.params.iter().chain(&graph.results);
        values.all(|value| (value.0 as usize) < graph.values.len())
    };
    match op {
        Op::Row(..) | Op::Bind(_) => true,
        Op::Loop(inner) => graph(&inner.body),
        Op::When(when) => graph(&when.then) && graph(&when.otherwise),
    }
}
