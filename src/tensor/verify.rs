//! Whether a program is valid: every invariant of the room, all violations, each at its node.

use super::{Extent, Graph, Name, Op, Program, Type, Value, signature};
use std::collections::BTreeSet;
use std::fmt;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The way to it: numbers of nodes, outermost first.
    pub path: Vec<usize>,
    /// What does not hold.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<String> = self.path.iter().map(usize::to_string).collect();
        write!(f, "node {}: {}", path.join("/"), self.what)
    }
}

/// All that does not hold in a program.
pub fn verify(program: &Program) -> Vec<Violation> {
    let mut check = Check::default();
    check.slots(program);
    check.graph(&program.graph, &mut BTreeSet::new());
    check.writes(program);
    check.found
}

#[derive(Default)]
struct Check {
    path: Vec<usize>,
    found: Vec<Violation>,
    /// Counts that some node binds, anywhere.
    bound: BTreeSet<Name>,
}

impl Check {
    fn say(&mut self, what: String) {
        self.found.push(Violation { path: self.path.clone(), what });
    }

    fn slots(&mut self, program: &Program) {
        if program.slots.len() != program.graph.params.len() {
            self.say(format!("{} slots for {} parameters", program.slots.len(), program.graph.params.len()));
        }
        let mut names = BTreeSet::new();
        for (slot, param) in program.slots.iter().zip(&program.graph.params) {
            if !names.insert(&slot.name) {
                self.say(format!("two slots are called {}", slot.name));
            }
            if slot.ty.shape.iter().any(|extent| matches!(extent, Extent::Count(_))) {
                self.say(format!("slot {} has an extent that is not constant", slot.name));
            }
            match program.graph.values.get(param.0 as usize) {
                Some(info) if info.ty == slot.ty => {}
                _ => self.say(format!("slot {} and its parameter are of different types", slot.name)),
            }
        }
    }

    fn writes(&mut self, program: &Program) {
        if program.writes.len() != program.graph.results.len() {
            self.say(format!("{} results for {} writes", program.graph.results.len(), program.writes.len()));
        }
        let mut written = BTreeSet::new();
        for (slot, result) in program.writes.iter().zip(&program.graph.results) {
            if !written.insert(slot) {
                self.say(format!("slot {slot} is written twice"));
            }
            match (program.slots.get(*slot), program.graph.values.get(result.0 as usize)) {
                (Some(slot), Some(info)) if info.ty.fits(&slot.ty) => {}
                _ => self.say(format!("slot {slot} is written with a value of another type")),
            }
        }
    }

    /// One graph; `known` are the counts that are bound around it, and then those of its own too.
    fn graph(&mut self, graph: &Graph, known: &mut BTreeSet<Name>) {
        let mut defined = vec![false; graph.values.len()];
        for param in &graph.params {
            self.define(&mut defined, *param);
            self.counts(graph, *param, known);
        }
        for (number, node) in graph.nodes.iter().enumerate() {
            self.path.push(number);
            for input in &node.inputs {
                self.defined(&defined, *input);
            }
            self.inner(&node.op, known);
            let types: Vec<&Type> = node
                .inputs
                .iter()
                .filter_map(|value| graph.values.get(value.0 as usize))
                .map(|info| &info.ty)
                .collect();
            if types.len() == node.inputs.len() {
                self.types(graph, &node.op, &types, &node.outputs);
            }
            if node.product.is_some() && !matches!(&node.op, Op::Row(row, _) if row.name == "contract") {
                self.say("the product of a projection is no contraction".to_string());
            }
            for output in &node.outputs {
                self.define(&mut defined, *output);
                self.counts(graph, *output, known);
            }
            self.path.pop();
        }
        for result in &graph.results {
            self.defined(&defined, *result);
        }
    }

    /// Bodies, and the counts that a node binds.
    fn inner(&mut self, op: &Op, known: &mut BTreeSet<Name>) {
        match op {
            Op::Row(..) => {}
            Op::Bind(count) => self.bind(&count.name, known),
            Op::Loop(inner) => {
                if let Extent::Count(count) = &inner.trip
                    && !known.contains(&count.name)
                {
                    self.say(format!("the count {} is not bound", count.name));
                }
                self.graph(&inner.body, &mut known.clone());
                if let Some(count) = &inner.until {
                    self.bind(&count.name, known);
                }
            }
            Op::When(when) => {
                self.graph(&when.then, &mut known.clone());
                self.graph(&when.otherwise, &mut known.clone());
            }
        }
    }

    fn bind(&mut self, name: &Name, known: &mut BTreeSet<Name>) {
        known.insert(name.clone());
        if !self.bound.insert(name.clone()) {
            self.say(format!("the count {name} is bound twice"));
        }
    }

    fn types(&mut self, graph: &Graph, op: &Op, inputs: &[&Type], outputs: &[Value]) {
        match signature::outputs(op, inputs) {
            Err(what) => self.say(what),
            Ok(types) => {
                let found: Vec<Option<&Type>> =
                    outputs.iter().map(|value| graph.values.get(value.0 as usize).map(|info| &info.ty)).collect();
                if found.len() != types.len() || found.iter().zip(&types).any(|(found, wanted)| *found != Some(wanted))
                {
                    self.say("its outputs are not of the types that it gives".to_string());
                }
            }
        }
    }

    fn counts(&mut self, graph: &Graph, value: Value, known: &BTreeSet<Name>) {
        let Some(info) = graph.values.get(value.0 as usize) else { return };
        for extent in &info.ty.shape {
            if let Extent::Count(count) = extent
                && !known.contains(&count.name)
            {
                self.say(format!("v{} has an axis of the count {}, which is not bound", value.0, count.name));
            }
        }
    }

    fn define(&mut self, defined: &mut [bool], value: Value) {
        match defined.get_mut(value.0 as usize) {
            Some(true) => self.say(format!("v{} is defined twice", value.0)),
            Some(defined) => *defined = true,
            None => self.say(format!("v{} does not exist", value.0)),
        }
    }

    fn defined(&mut self, defined: &[bool], value: Value) {
        if defined.get(value.0 as usize) != Some(&true) {
            self.say(format!("v{} is used before it is defined", value.0));
        }
    }
}
