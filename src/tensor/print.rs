//! To text, a node a line; `parse` reads it back.

use super::{Attributes, Contraction, Element, Extent, Graph, Op, Program, Record, Role, Type, Value};
use std::fmt::{self, Write};

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Element::Real => f.write_str("real"),
            Element::Int => f.write_str("int"),
            Element::Class(k) => write!(f, "class<{k}>"),
            Element::Bool => f.write_str("bool"),
            Element::Byte => f.write_str("byte"),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Const(n) => write!(f, "{n}"),
            Extent::Count(count) => write!(f, "{}<{}", count.name, count.bound),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.element)?;
        for (i, extent) in self.shape.iter().enumerate() {
            write!(f, "{}{extent}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Contraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |part: &[u8]| part.iter().map(|index| Contraction::letter(*index)).collect::<String>();
        write!(f, "{},{}->{}", word(&self.left), word(&self.right), word(&self.out))
    }
}

/// A name as it is written: alone if it is a plain word, else in quotes.
pub fn name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(plain);
    if word { text.to_string() } else { format!("{text:?}") }
}

/// A program as text.
pub fn print(program: &Program) -> String {
    let mut writer = Writer { out: String::new(), depth: 1 };
    let _ = writeln!(writer.out, "step {} {{", name(&program.name));
    for (slot, param) in program.slots.iter().zip(&program.graph.params) {
        let role = match slot.role {
            Role::Parameter => "parameter",
            Role::State => "state",
            Role::Input => "input",
        };
        writer.line(&format!("v{} = slot {}: {} {role}", param.0, name(&slot.name), slot.ty));
    }
    writer.nodes(&program.graph);
    for (slot, result) in program.writes.iter().zip(&program.graph.results) {
        writer.line(&format!("write {} v{}", name(&program.slots[*slot].name), result.0));
    }
    writer.out += "}\n";
    writer.out
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(self.depth));
    }

    fn nodes(&mut self, graph: &Graph) {
        for node in &graph.nodes {
            let outputs: Vec<String> =
                node.outputs.iter().map(|value| format!("v{}: {}", value.0, graph.ty(*value))).collect();
            let inputs: Vec<String> = node.inputs.iter().map(|value| format!("v{}", value.0)).collect();
            let mut text = format!("{} = {}", outputs.join(", "), head(&node.op, &inputs.join(", ")));
            if let Some(product) = &node.product {
                let _ = write!(text, " product {}", name(product));
            }
            let mut names = Vec::new();
            for output in &node.outputs {
                names.push(graph.values[output.0 as usize].name.as_ref().map_or("_".to_string(), |text| name(text)));
            }
            if names.iter().any(|name| name != "_") {
                let _ = write!(text, " # {}", names.join(", "));
            }
            if let Some(span) = node.span {
                let _ = write!(text, " @{}:{}..{}", span.file.0, span.start, span.end);
            }
            self.line(&text);
            match &node.op {
                Op::Loop(inner) => self.body("round", &inner.body),
                Op::When(when) => {
                    self.body("then", &when.then);
                    self.body("otherwise", &when.otherwise);
                }
                _ => {}
            }
        }
    }

    fn body(&mut self, word: &str, graph: &Graph) {
        let param = |value: &Value| {
            let info = &graph.values[value.0 as usize];
            let called = info.name.as_ref().map_or(String::new(), |text| format!(" # {}", name(text)));
            format!("v{}: {}{called}", value.0, info.ty)
        };
        let params: Vec<String> = graph.params.iter().map(param).collect();
        self.line(&format!("{word} ({}) {{", params.join("; ")));
        self.depth += 1;
        self.nodes(graph);
        let results: Vec<String> = graph.results.iter().map(|value| format!("v{}", value.0)).collect();
        self.line(&format!("give {}", results.join(", ")));
        self.depth -= 1;
        self.line("}");
    }
}

/// What a node does, to what.
fn head(op: &Op, inputs: &str) -> String {
    match op {
        Op::Row(row, attributes) => {
            let attributes = attribute(attributes);
            match (attributes.is_empty(), inputs.is_empty()) {
                (true, _) => format!("{} {inputs}", row.name),
                (false, true) => format!("{} {attributes}", row.name),
                (false, false) => format!("{} {attributes} {inputs}", row.name),
            }
        }
        Op::Bind(count) => format!("bind {}<{} {inputs}", name(&count.name), count.bound),
        Op::Loop(inner) => {
            let until = inner
                .until
                .as_ref()
                .map_or(String::new(), |count| format!(" until {}<{}", name(&count.name), count.bound));
            let reverse = if inner.reverse { " reverse" } else { "" };
            let records: Vec<String> = inner
                .records
                .iter()
                .map(|record| match record {
                    Record::Value => "value".to_string(),
                    Record::Carry(carry) => format!("carry {carry}"),
                })
                .collect();
            format!(
                "loop {}{until}{reverse} invariants {} slices {:?} carries {} records [{}] {inputs}",
                inner.trip,
                inner.invariants,
                inner.slices,
                inner.carries,
                records.join(", ")
            )
        }
        Op::When(_) => format!("when {inputs}"),
    }
}

fn attribute(attributes: &Attributes) -> String {
    let shape = |shape: &[Extent]| {
        let extents: Vec<String> = shape.iter().map(Extent::to_string).collect();
        format!("[{}]", extents.join(", "))
    };
    match attributes {
        Attributes::None => String::new(),
        Attributes::Number(value) => format!("real {value:?}"),
        Attributes::Integer(value) => format!("int {value}"),
        Attributes::Truth(value) => format!("bool {value}"),
        Attributes::Axes(axes) => format!("axes {axes:?}"),
        Attributes::Expand { shape: wide, axes } => format!("to {} axes {axes:?}", shape(wide)),
        Attributes::Shape(wide) => format!("to {}", shape(wide)),
        Attributes::Part { axis, start, length } => format!("axis {axis} start {start} length {length}"),
        Attributes::Below(k) => format!("below {k}"),
        Attributes::Contract(indices) => format!("\"{indices}\""),
    }
}
