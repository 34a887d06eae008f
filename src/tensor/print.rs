//! To text, a node a line; `parse` reads it back, and print ∘ parse is the identity.
//!
//! ```text
//! step learn {
//!   v0: real[5, 3] = slot world.trial input
//!   v1: real[3, 3] = slot "H -> H.weight" parameter
//!   v2: real[] = constant 0.0
//!   v3: real[3] = expand to [3] axes [] v2
//!   v4 H: real[3], v5: real[6, 3], v6: int[] = loop 5 until n<5 @0:120..133 {
//!     v0: class<5>[] = index
//!     v1: real[3, 3] = invariant v1
//!     v2: real[3] = row v0 + 0
//!     v3: real[3] = carry v3
//!     v4: real[3] = contract "i,oi->o" v3, v1 product "H -> H"
//!     v5 H: real[3] = add v4, v2
//!     …
//!     next v5
//!     record carry 0
//!     go v9
//!   }
//!   v7: real[] = when v8 {
//!     v0: real[3] = given v4
//!     …
//!     give v1
//!   } otherwise {
//!     v0: real[3] = given v4
//!     …
//!     give v3
//!   }
//!   write state v4
//! }
//! ```

use super::text::{At, Real, Word, role};
use super::{
    Attributes, Contraction, Count, Element, Extent, Graph, Loop, Node, Op, Program, Record, Type, Value, When, Windows,
};
use std::fmt::{self, Display, Write};

impl Display for Element {
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

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}<{}", Word(&self.name), self.bound)
    }
}

impl Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Const(n) => write!(f, "{n}"),
            Extent::Count(count) => write!(f, "{count}"),
        }
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.element, list(&self.shape))
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for Contraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |part: &[u8]| part.iter().map(|index| Contraction::letter(*index)).collect::<String>();
        write!(f, "{},{}->{}", word(&self.left), word(&self.right), word(&self.out))
    }
}

impl Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Attributes::None => Ok(()),
            Attributes::Number(value) => write!(f, "{}", Real(*value)),
            Attributes::Integer(value) => write!(f, "{value}"),
            Attributes::Truth(value) => write!(f, "{value}"),
            Attributes::Axes(axes) => write!(f, "axes [{}]", list(axes)),
            Attributes::Expand { shape, axes } => write!(f, "to [{}] axes [{}]", list(shape), list(axes)),
            Attributes::Shape(shape) => write!(f, "to [{}]", list(shape)),
            Attributes::Part { axis, start, length } => write!(f, "axis {axis} start {start} length {length}"),
            Attributes::Below(k) => write!(f, "below {k}"),
            Attributes::Windows(Windows { lengths, sizes, strides }) => {
                write!(f, "over [{}] size [{}] stride [{}]", list(lengths), list(sizes), list(strides))
            }
            Attributes::Contract(indices) => write!(f, "\"{indices}\""),
        }
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "step {} {{", Word(&self.name))?;
        let mut writer = Writer { out: f, depth: 1 };
        for (slot, param) in self.slots.iter().zip(&self.graph.params) {
            let what = format!("slot {} {}", Word(&slot.name), role(slot.role));
            writer.definition(&self.graph, &[*param], &what)?;
        }
        writer.nodes(&self.graph)?;
        for (slot, result) in self.writes.iter().zip(&self.graph.results) {
            let name = self.slots.get(*slot).map_or("", |slot| &slot.name);
            writer.line(&format!("write {} {result}", Word(name)))?;
        }
        f.write_str("}\n")
    }
}

/// The text of a program.
pub fn print(program: &Program) -> String {
    program.to_string()
}

fn list<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

struct Writer<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    depth: usize,
}

impl Writer<'_, '_> {
    fn line(&mut self, text: &str) -> fmt::Result {
        self.start(text)?;
        self.out.write_char('\n')
    }

    /// A line that is not ended yet.
    fn start(&mut self, text: &str) -> fmt::Result {
        write!(self.out, "{}{text}", "  ".repeat(self.depth))
    }

    /// `v4 H: real[3], v5: real[6, 3] = `, or nothing if no value is defined.
    fn values(&mut self, graph: &Graph, values: &[Value]) -> fmt::Result {
        let value = |value: &Value| match graph.values.get(value.0 as usize) {
            Some(info) => match &info.name {
                Some(name) => format!("{value} {}: {}", Word(name), info.ty),
                None => format!("{value}: {}", info.ty),
            },
            None => format!("{value}: nothing"),
        };
        let values: Vec<String> = values.iter().map(value).collect();
        self.start(&values.join(", "))?;
        self.out.write_str(if values.is_empty() { "" } else { " = " })
    }

    fn definition(&mut self, graph: &Graph, values: &[Value], what: &str) -> fmt::Result {
        self.values(graph, values)?;
        writeln!(self.out, "{what}")
    }

    fn nodes(&mut self, graph: &Graph) -> fmt::Result {
        graph.nodes.iter().try_for_each(|node| self.node(graph, node))
    }

    fn node(&mut self, graph: &Graph, node: &Node) -> fmt::Result {
        self.values(graph, &node.outputs)?;
        match &node.op {
            Op::Row(row, attributes) => {
                let parts = [row.name.to_string(), attributes.to_string(), list(&node.inputs)];
                let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                self.out.write_str(&parts.join(" "))?;
            }
            Op::Bind(count) => write!(self.out, "bind {count} {}", list(&node.inputs))?,
            Op::Loop(inner) => {
                write!(self.out, "loop {}", inner.trip)?;
                if let Some(count) = &inner.until {
                    write!(self.out, " until {count}")?;
                }
                self.out.write_str(if inner.reverse { " reverse" } else { "" })?;
            }
            Op::When(_) => write!(self.out, "when {}", list(&node.inputs[..node.inputs.len().min(1)]))?,
        }
        if let Some(product) = &node.product {
            write!(self.out, " product {}", Word(product))?;
        }
        write!(self.out, "{}", At(node.span))?;
        match &node.op {
            Op::Loop(inner) => self.round(inner, &node.inputs),
            Op::When(when) => self.branches(when, node.inputs.get(1..).unwrap_or_default()),
            Op::Row(..) | Op::Bind(_) => self.out.write_char('\n'),
        }
    }

    fn round(&mut self, inner: &Loop, inputs: &[Value]) -> fmt::Result {
        self.out.write_str(" {\n")?;
        self.depth += 1;
        let body = &inner.body;
        let mut params = body.params.iter();
        if let Some(index) = params.next() {
            self.definition(body, &[*index], "index")?;
        }
        for (number, (param, input)) in params.zip(inputs).enumerate() {
            let what = match number.checked_sub(inner.invariants) {
                None => format!("invariant {input}"),
                Some(slice) => match inner.slices.get(slice) {
                    Some(offset) => format!("row {input} + {offset}"),
                    None => format!("carry {input}"),
                },
            };
            self.definition(body, &[*param], &what)?;
        }
        self.nodes(body)?;
        let (next, rest) = body.results.split_at(inner.carries.min(body.results.len()));
        next.iter().try_for_each(|value| self.line(&format!("next {value}")))?;
        let mut rest = rest.iter();
        for record in &inner.records {
            match record {
                Record::Value => match rest.next() {
                    Some(value) => self.line(&format!("record {value}"))?,
                    None => self.line("record nothing")?,
                },
                Record::Carry(carry) => self.line(&format!("record carry {carry}"))?,
            }
        }
        rest.try_for_each(|value| self.line(&format!("go {value}")))?;
        self.depth -= 1;
        self.line("}")
    }

    fn branches(&mut self, when: &When, inputs: &[Value]) -> fmt::Result {
        self.branch(&when.then, inputs)?;
        self.start("} otherwise")?;
        self.branch(&when.otherwise, inputs)?;
        self.line("}")
    }

    fn branch(&mut self, graph: &Graph, inputs: &[Value]) -> fmt::Result {
        self.out.write_str(" {\n")?;
        self.depth += 1;
        for (param, input) in graph.params.iter().zip(inputs) {
            self.definition(graph, &[*param], &format!("given {input}"))?;
        }
        self.nodes(graph)?;
        graph.results.iter().try_for_each(|value| self.line(&format!("give {value}")))?;
        self.depth -= 1;
        Ok(())
    }
}
