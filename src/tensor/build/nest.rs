//! Loops and branches, from closed graphs or from closures that may use the values around them.

use super::{Builder, Frame, Site};
use crate::bug;
use crate::tensor::{Count, Element, Extent, Graph, Loop, Name, Op, Record, Type, Value, When, signature};
use std::collections::BTreeSet;

/// How often a loop runs, and in which direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    /// See [`Loop::trip`].
    pub trip: Extent,
    /// See [`Loop::until`].
    pub until: Option<Count>,
    /// See [`Loop::reverse`].
    pub reverse: bool,
}

/// What one round gives, in values of the body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Round {
    /// The carries as the next round sees them.
    pub carries: Vec<Value>,
    /// What is kept.
    pub records: Vec<Value>,
    /// Whether to go on, if the loop ends on a condition.
    pub go: Option<Value>,
}

/// A loop whose body is being written.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLoop {
    /// The number of the round.
    pub index: Value,
    /// The carries, as the round finds them.
    pub carries: Vec<Value>,
    rounds: Rounds,
    /// Their first values, in the graph around.
    first: Vec<Value>,
}

/// What a loop gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Looped {
    /// Where it stands, to ask for more of its values.
    pub site: Site,
    /// The last values of the carries.
    pub carries: Vec<Value>,
    /// What was kept, stacked.
    pub records: Vec<Value>,
    /// The number of rounds done, if it ends on a condition.
    pub rounds: Option<Value>,
}

/// What an open body of a loop slices.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    trip: Extent,
    slices: Vec<Slice>,
}

#[derive(Debug, Clone)]
struct Slice {
    /// In the graph around.
    array: Value,
    offset: usize,
    /// In the body.
    row: Value,
}

impl Rounds {
    /// So many rounds.
    pub fn of(trip: impl Into<Extent>) -> Rounds {
        Rounds { trip: trip.into(), until: None, reverse: false }
    }

    /// At most as many rounds as the count's bound; it then says how many there were.
    pub fn until(count: Count) -> Rounds {
        Rounds { trip: Extent::Const(count.bound), until: Some(count), reverse: false }
    }

    /// The same from the last index to 0.
    #[must_use]
    pub fn reversed(mut self) -> Rounds {
        self.reverse = true;
        self
    }
}

impl Builder {
    /// A loop of `trip` rounds. `body` is handed the index, a row of each slice and the carries, and gives the next
    /// carries and what is recorded; values from around the loop that it uses become invariants.
    pub fn loop_with(
        &mut self,
        trip: impl Into<Extent>,
        reverse: bool,
        first: &[Value],
        slices: &[Value],
        body: impl FnOnce(&mut Builder, Value, &[Value], &[Value]) -> (Vec<Value>, Vec<Value>),
    ) -> Looped {
        let rounds = Rounds { reverse, ..Rounds::of(trip) };
        self.rounds_with(rounds, first, slices, |b, index, rows, carries| {
            let (carries, records) = body(b, index, rows, carries);
            Round { carries, records, go: None }
        })
    }

    /// A loop of any kind; see [`Builder::loop_with`].
    pub fn rounds_with(
        &mut self,
        rounds: Rounds,
        first: &[Value],
        slices: &[Value],
        body: impl FnOnce(&mut Builder, Value, &[Value], &[Value]) -> Round,
    ) -> Looped {
        let open = self.begin_loop(rounds, first);
        let rows: Vec<Value> = slices.iter().map(|array| self.sliced(*array, 0)).collect();
        let round = body(self, open.index, &rows, &open.carries);
        self.end_loop(open, round)
    }

    /// Begins the body of a loop: what is written until [`Builder::end_loop`] belongs to a round. For those to whom the
    /// closure of [`Builder::rounds_with`] is too narrow.
    pub fn begin_loop(&mut self, rounds: Rounds, first: &[Value]) -> OpenLoop {
        let carried: Vec<Type> = first.iter().map(|value| self.ty(*value).clone()).collect();
        let first: Vec<Value> = first.iter().map(|value| self.import(*value)).collect();
        self.open(Some(Rows { trip: rounds.trip.clone(), slices: Vec::new() }));
        let index = self.top_mut().value(Type::scalar(Element::Class(rounds.trip.bound())), None);
        let carries: Vec<Value> = carried.into_iter().map(|ty| self.top_mut().value(ty, None)).collect();
        let carries = carries.iter().map(|local| self.handle(*local)).collect();
        OpenLoop { index: self.handle(index), carries, rounds, first }
    }

    /// Ends the body of a loop.
    pub fn end_loop(&mut self, open: OpenLoop, round: Round) -> Looped {
        let OpenLoop { index, carries, rounds, first } = open;
        let (index, carries) = (self.find(index).1, carries.iter().map(|carry| self.find(*carry).1).collect());
        self.close_loop(rounds, index, carries, first, round)
    }

    /// In the body of a loop: row `i + offset` of an array from around it, in round `i`.
    pub fn sliced(&mut self, array: Value, offset: usize) -> Value {
        let Some(outside) = self.frames.len().checked_sub(2) else { bug!("rows are sliced outside of a loop") };
        let array = self.import_to(array, outside);
        let info = &self.frames[outside].graph.values[array.0 as usize];
        let (ty, name) = (info.ty.clone(), info.name.clone());
        let frame = self.top_mut();
        let Some(rows) = &frame.rows else { bug!("rows are sliced in a branch") };
        let row = match rows.slices.iter().find(|slice| slice.array == array && slice.offset == offset) {
            Some(slice) => slice.row,
            None => {
                let ty = match signature::sliced(&ty, &rows.trip, offset) {
                    Ok(ty) => ty,
                    Err(message) => bug!("{message}"),
                };
                let row = frame.value(ty, name);
                if let Some(rows) = &mut frame.rows {
                    rows.slices.push(Slice { array, offset, row });
                }
                row
            }
        };
        self.handle(row)
    }

    /// One of two branches; values from around them that they use are handed in.
    pub fn when_with(
        &mut self,
        condition: Value,
        then: impl FnOnce(&mut Builder) -> Vec<Value>,
        otherwise: impl FnOnce(&mut Builder) -> Vec<Value>,
    ) -> Vec<Value> {
        let mut then = self.branch(then);
        let mut otherwise = self.branch(otherwise);
        let mut handed: Vec<Value> = then.imports.keys().copied().collect();
        handed.extend(otherwise.imports.keys().filter(|value| !then.imports.contains_key(*value)));
        for branch in [&mut then, &mut otherwise] {
            for outer in &handed {
                let info = self.top().graph.values[outer.0 as usize].clone();
                let param = branch.import(*outer, info);
                branch.graph.params.push(param);
            }
        }
        let inputs = std::iter::once(condition).chain(handed.iter().map(|local| self.handle(*local)));
        let inputs: Vec<Value> = inputs.collect();
        self.when(When { then: then.graph, otherwise: otherwise.graph }, &inputs)
    }

    /// A loop whose body is a closed graph: its outputs in order.
    pub fn loop_(&mut self, node: Loop, inputs: &[Value]) -> Vec<Value> {
        counts_of(&node.body, &mut self.counts);
        self.counts.extend(node.until.iter().map(|count| count.name.clone()));
        self.nested(Op::Loop(Box::new(node)), inputs)
    }

    /// One of two closed graphs; the first input is the condition.
    pub fn when(&mut self, node: When, inputs: &[Value]) -> Vec<Value> {
        counts_of(&node.then, &mut self.counts);
        counts_of(&node.otherwise, &mut self.counts);
        self.nested(Op::When(Box::new(node)), inputs)
    }

    fn nested(&mut self, op: Op, inputs: &[Value]) -> Vec<Value> {
        let types: Vec<&Type> = inputs.iter().map(|value| self.ty(*value)).collect();
        match signature::outputs(&op, &types) {
            Ok(types) => self.node(op, inputs, types, None),
            Err(message) => bug!("{message}"),
        }
    }

    pub(super) fn open(&mut self, rows: Option<Rows>) {
        let id = self.opened;
        if id >> (32 - super::NUMBER_BITS) != 0 {
            bug!("more than {id} bodies in one program");
        }
        self.opened += 1;
        self.frames.push(Frame { id, rows, ..Frame::default() });
    }

    fn close(&mut self, results: &[Value]) -> Frame {
        let results = results.iter().map(|value| self.import(*value)).collect();
        match self.frames.pop() {
            Some(mut frame) => {
                frame.graph.results = results;
                frame
            }
            None => bug!("a body ends that was not begun"),
        }
    }

    fn branch(&mut self, body: impl FnOnce(&mut Builder) -> Vec<Value>) -> Frame {
        self.open(None);
        let results = body(self);
        self.close(&results)
    }

    fn close_loop(
        &mut self,
        rounds: Rounds,
        index: Value,
        carries: Vec<Value>,
        first: Vec<Value>,
        round: Round,
    ) -> Looped {
        let results: Vec<Value> = round.carries.iter().chain(&round.records).chain(&round.go).copied().collect();
        let frame = self.close(&results);
        let slices = frame.rows.map(|rows| rows.slices).unwrap_or_default();
        let mut body = frame.graph;
        body.params = vec![index];
        body.params.extend(frame.imports.values());
        body.params.extend(slices.iter().map(|slice| slice.row));
        body.params.extend(&carries);
        let inputs = frame.imports.keys().copied().chain(slices.iter().map(|slice| slice.array)).chain(first);
        let inputs: Vec<Value> = inputs.map(|local| self.handle(local)).collect();
        let node = Loop {
            trip: rounds.trip,
            until: rounds.until,
            reverse: rounds.reverse,
            invariants: frame.imports.len(),
            slices: slices.iter().map(|slice| slice.offset).collect(),
            carries: carries.len(),
            records: vec![Record::Value; round.records.len()],
            body,
        };
        let outputs = self.loop_(node, &inputs);
        let (carries, rest) = outputs.split_at(carries.len());
        let (records, ends) = rest.split_at(round.records.len());
        let site = self.site(self.graph().nodes.len() - 1);
        Looped { site, carries: carries.to_vec(), records: records.to_vec(), rounds: ends.first().copied() }
    }

    fn import_to(&mut self, value: Value, depth: usize) -> Value {
        let inner = self.frames.split_off(depth + 1);
        let local = self.import(value);
        self.frames.extend(inner);
        local
    }
}

/// Adds the names of all counts that are bound in a graph and the bodies in it.
pub(super) fn counts_of(graph: &Graph, names: &mut BTreeSet<Name>) {
    for node in &graph.nodes {
        match &node.op {
            Op::Row(..) => {}
            Op::Bind(count) => {
                names.insert(count.name.clone());
            }
            Op::Loop(node) => {
                names.extend(node.until.iter().map(|count| count.name.clone()));
                counts_of(&node.body, names);
            }
            Op::When(node) => {
                counts_of(&node.then, names);
                counts_of(&node.otherwise, names);
            }
        }
    }
}
