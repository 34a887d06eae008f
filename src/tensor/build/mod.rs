//! The only way to make a graph; what is ill-formed is refused at once.
//!
//! A [`Builder`] has one graph that it writes to, or, while the body of a loop or a branch is being written (`nest`),
//! a pile of them: the body's graph on top of those around it. Its values are handles that say to which graph they
//! belong, so a body may simply use a value of a graph around it: it is handed in as an invariant through every loop in
//! between. The handles of the outermost graph are the values of the finished graph.

mod nest;
mod program;
mod record;
mod reopen;
mod rows;

pub use nest::{Looped, OpenLoop, Round, Rounds};
pub use program::ProgramBuilder;
pub use record::{Recorded, Site, record};
pub(in crate::tensor) use reopen::{Part, Reopened};

use super::op::Row;
use super::{Attributes, Count, Element, Graph, Name, Node, Op, Origin, Type, Value, ValueInfo, Whose};
use crate::bug;
use crate::diag::Span;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The bits of a handle that number the value within its graph; those above say which graph.
const NUMBER_BITS: u32 = 20;

/// Writes a graph.
#[derive(Debug, Clone)]
pub struct Builder {
    /// The graphs being written, the outermost first; each is around the next.
    frames: Vec<Frame>,
    /// How many frames there have been.
    opened: u32,
    /// The names of counts that are taken.
    counts: BTreeSet<Name>,
    place: Place,
}

/// The place of the spec that nodes come from, and whose they are.
#[derive(Debug, Clone, Default)]
pub struct Place {
    span: Option<Span>,
    origin: Origin,
}

/// A graph being written.
#[derive(Debug, Clone, Default)]
struct Frame {
    id: u32,
    graph: Graph,
    /// Values of the graph around it that were asked for, and the parameters that they became.
    imports: IndexMap<Value, Value>,
    /// If it is the body of a loop: what it slices.
    rows: Option<nest::Rows>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Builder {
        Builder::from_graph(Graph::default())
    }

    /// Goes on with a graph; its values are handles as they are.
    pub fn from_graph(graph: Graph) -> Builder {
        let mut counts = BTreeSet::new();
        nest::counts_of(&graph, &mut counts);
        Builder { frames: vec![Frame { graph, ..Frame::default() }], opened: 1, counts, place: Place::default() }
    }

    /// A value that comes from outside. Only the outermost graph has parameters of its own.
    pub fn param(&mut self, ty: Type, name: Option<Name>) -> Value {
        if self.frames.len() > 1 {
            bug!("a body has no parameters of its own: it uses values from outside by name");
        }
        let local = self.top_mut().param(ty, name);
        self.handle(local)
    }

    /// The nodes from here on come from this place of the spec.
    pub fn at(&mut self, span: Option<Span>) -> &mut Builder {
        self.place.span = span;
        self
    }

    /// The nodes from here on belong to this.
    pub fn of(&mut self, whose: Whose) -> &mut Builder {
        self.place.origin = Origin { whose: Some(Arc::new(whose)), derivative: None };
        self
    }

    /// The place of the spec that nodes now come from.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// Goes back to a place.
    pub fn back_to(&mut self, place: Place) {
        self.place = place;
    }

    /// The nodes from here on come from where this one comes from.
    pub fn as_from(&mut self, node: &Node) {
        self.place = Place { span: node.span, origin: node.origin.clone() };
    }

    /// The nodes from here on are the derivative of this one.
    pub fn derivative_of(&mut self, node: &Node) {
        let derivative = node.origin.derivative.clone().or_else(|| Some(node.title()));
        self.place = Place { span: node.span, origin: Origin { whose: node.origin.whose.clone(), derivative } };
    }

    /// Calls a value what the spec calls it.
    pub fn named(&mut self, value: Value, name: impl Into<Name>) -> Value {
        let (depth, local) = self.find(value);
        self.frames[depth].graph.values[local.0 as usize].name = Some(name.into());
        value
    }

    /// The type of a value, of this graph or one around it.
    pub fn ty(&self, value: Value) -> &Type {
        let (depth, local) = self.find(value);
        self.frames[depth].graph.ty(local)
    }

    /// An operation of the table; its operands must be well-formed.
    pub fn row(&mut self, row: &'static Row, attributes: Attributes, inputs: &[Value]) -> Value {
        match self.try_row(row, attributes, inputs) {
            Ok(value) => value,
            Err(message) => bug!("{message}"),
        }
    }

    /// An operation of the table, or what is wrong with its operands.
    pub fn try_row(&mut self, row: &'static Row, attributes: Attributes, inputs: &[Value]) -> Result<Value, String> {
        let types: Vec<&Type> = inputs.iter().map(|value| self.ty(*value)).collect();
        let ty = (row.ty)(&types, &attributes)?;
        Ok(self.node(Op::Row(row, attributes), inputs, vec![ty], None)[0])
    }

    /// Takes a whole number, limits it to the count's bound and makes it the count's value.
    pub fn bind(&mut self, count: Count, value: Value) -> Value {
        let ty = self.ty(value);
        if !ty.element.is_whole() || !ty.shape.is_empty() {
            bug!("`bind` takes a whole number without axes; found {ty}");
        }
        self.counts.insert(count.name.clone());
        self.node(Op::Bind(count), &[value], vec![Type::scalar(Element::Int)], None)[0]
    }

    /// A count of a name that no other has: the one asked for, or that with a number behind it.
    pub fn fresh_count(&mut self, name: &str, bound: usize) -> Count {
        let numbered = (2..).map(|i| Name::from(format!("{name}.{i}")));
        let mut names = std::iter::once(Name::from(name)).chain(numbered);
        let Some(name) = names.find(|name| !self.counts.contains(name)) else { bug!("no name is left for a count") };
        self.counts.insert(name.clone());
        Count { name, bound }
    }

    /// The graph that is being written now (a body's, while one is open), with its own numbers of values.
    pub fn graph(&self) -> &Graph {
        &self.top().graph
    }

    /// The handle of a value of the graph that is being written now, given its number there.
    pub fn handle(&self, local: Value) -> Value {
        handle(self.top().id, local)
    }

    /// The number of a value in the graph that is being written now, if it belongs to it (not to one around it).
    pub fn number(&self, value: Value) -> Option<Value> {
        let (depth, local) = self.find(value);
        (depth + 1 == self.frames.len()).then_some(local)
    }

    /// Makes a value of a graph around this one known here (an invariant), and gives its handle here.
    pub fn here(&mut self, value: Value) -> Value {
        let local = self.import(value);
        self.handle(local)
    }

    /// The finished graph.
    pub fn finish(mut self, results: &[Value]) -> Graph {
        if self.frames.len() > 1 {
            bug!("a graph ends while a body is open");
        }
        let results = results.iter().map(|value| self.import(*value)).collect();
        let mut graph = std::mem::take(&mut self.top_mut().graph);
        graph.results = results;
        graph
    }

    fn top(&self) -> &Frame {
        match self.frames.last() {
            Some(frame) => frame,
            None => bug!("a builder without a graph"),
        }
    }

    fn top_mut(&mut self) -> &mut Frame {
        match self.frames.last_mut() {
            Some(frame) => frame,
            None => bug!("a builder without a graph"),
        }
    }

    /// The frame of a handle and the value's number in it.
    fn find(&self, value: Value) -> (usize, Value) {
        let (id, local) = (value.0 >> NUMBER_BITS, Value(value.0 & ((1 << NUMBER_BITS) - 1)));
        match self.frames.iter().position(|frame| frame.id == id) {
            Some(depth) if (local.0 as usize) < self.frames[depth].graph.values.len() => (depth, local),
            _ => bug!("value {} of graph {id} is not known here: its body has ended", local.0),
        }
    }

    /// The number of a value in the topmost graph, where it becomes a parameter if it comes from further out.
    fn import(&mut self, value: Value) -> Value {
        let (depth, mut local) = self.find(value);
        for depth in depth + 1..self.frames.len() {
            let info = self.frames[depth - 1].graph.values[local.0 as usize].clone();
            local = self.frames[depth].import(local, info);
        }
        local
    }

    /// Adds a node and gives its outputs' handles.
    fn node(&mut self, op: Op, inputs: &[Value], types: Vec<Type>, product: Option<Name>) -> Vec<Value> {
        let inputs = inputs.iter().map(|value| self.import(*value)).collect();
        let Place { span, origin } = self.place.clone();
        let frame = self.top_mut();
        let outputs: Vec<Value> = types.into_iter().map(|ty| frame.value(ty, None)).collect();
        frame.graph.nodes.push(Node { op, inputs, outputs: outputs.clone(), span, product, origin });
        outputs.into_iter().map(|local| self.handle(local)).collect()
    }
}

impl Frame {
    fn value(&mut self, ty: Type, name: Option<Name>) -> Value {
        if self.graph.values.len() >> NUMBER_BITS != 0 {
            bug!("a graph of more than {} values", 1 << NUMBER_BITS);
        }
        self.graph.values.push(ValueInfo { ty, name });
        Value(self.graph.values.len() as u32 - 1)
    }

    fn param(&mut self, ty: Type, name: Option<Name>) -> Value {
        let value = self.value(ty, name);
        self.graph.params.push(value);
        value
    }

    fn import(&mut self, outer: Value, info: ValueInfo) -> Value {
        if let Some(local) = self.imports.get(&outer) {
            return *local;
        }
        let local = self.value(info.ty, info.name);
        self.imports.insert(outer, local);
        local
    }
}

fn handle(frame: u32, local: Value) -> Value {
    Value(frame << NUMBER_BITS | local.0)
}
