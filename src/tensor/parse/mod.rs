//! Back from text; the form is shown in [`print`](super::print). What is read is not verified yet.

mod nest;
mod node;

pub use super::text::ParseError;

use super::text::{Cursor, MOST_NUMBERED, Parsed};
use super::{Graph, Program, Slot, Value, ValueInfo};
use std::collections::BTreeMap;

/// The program of a text.
pub fn parse(text: &str) -> Parsed<Program> {
    let mut parser = Parser { cursor: Cursor::new(text)?, depth: 0 };
    let program = parser.program()?;
    parser.cursor.end()?;
    Ok(program)
}

struct Parser {
    cursor: Cursor,
    /// How many bodies are open.
    depth: usize,
}

/// A graph as far as it has been read.
#[derive(Default)]
struct Draft {
    values: BTreeMap<u32, ValueInfo>,
    graph: Graph,
}

impl Parser {
    fn program(&mut self) -> Parsed<Program> {
        self.cursor.word("step")?;
        let name = self.cursor.name()?.into();
        self.cursor.sign("{")?;
        let mut draft = Draft::default();
        let (mut slots, mut writes) = (Vec::<Slot>::new(), Vec::new());
        while !self.cursor.at_sign("}") {
            if self.cursor.at_word("write") {
                let name = self.cursor.name()?;
                let Some(slot) = slots.iter().position(|slot| *slot.name == *name) else {
                    return self.cursor.error(format!("there is no slot {name:?}"));
                };
                writes.push(slot);
                draft.graph.results.push(self.value()?);
                continue;
            }
            let outputs = self.outputs(&mut draft)?;
            if self.cursor.at_word("slot") {
                let name = self.cursor.name()?.into();
                let value = self.only(&outputs)?;
                draft.graph.params.push(value);
                let ty = draft.values[&value.0].ty.clone();
                slots.push(Slot { name, ty, role: self.cursor.role()? });
            } else {
                self.node(&mut draft, outputs)?;
            }
        }
        Ok(Program { name, slots, graph: self.finish(draft)?, writes })
    }

    /// `v4 H: real[3], v5: real[6, 3] =`, or nothing.
    fn outputs(&mut self, draft: &mut Draft) -> Parsed<Vec<Value>> {
        let mut outputs = Vec::new();
        if self.cursor.at_numbered('v').is_none() {
            return Ok(outputs);
        }
        loop {
            let value = self.value()?;
            let named = !self.cursor.at_sign(":");
            let name = if named { Some(self.cursor.name()?.into()) } else { None };
            if named {
                self.cursor.sign(":")?;
            }
            let ty = self.cursor.ty()?;
            if draft.values.insert(value.0, ValueInfo { ty, name }).is_some() {
                return self.cursor.error(format!("{value} is defined twice"));
            }
            outputs.push(value);
            if !self.cursor.at_sign(",") {
                break;
            }
        }
        self.cursor.sign("=")?;
        Ok(outputs)
    }

    /// The one value that is defined where no more can be.
    fn only(&self, outputs: &[Value]) -> Parsed<Value> {
        match outputs {
            [value] => Ok(*value),
            _ => self.cursor.error(format!("one value is defined here, not {}", outputs.len())),
        }
    }

    fn value(&mut self) -> Parsed<Value> {
        Ok(Value(self.cursor.numbered('v')?))
    }

    /// The graph, if no number of a value is left out.
    fn finish(&self, draft: Draft) -> Parsed<Graph> {
        let Draft { values, mut graph } = draft;
        match (0..MOST_NUMBERED as u32).zip(values.keys()).find(|(expected, found)| expected != *found) {
            Some((expected, _)) => self.cursor.error(format!("v{expected} is never defined")),
            None => {
                graph.values = values.into_values().collect();
                Ok(graph)
            }
        }
    }
}
