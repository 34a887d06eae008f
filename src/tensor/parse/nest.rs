//! Loops and branches, whose bodies follow their line.

use super::{Draft, Parser};
use crate::tensor::text::{DEEPEST, Parsed};
use crate::tensor::{Graph, Loop, Node, Op, Origin, Record, Value, When};

/// The lines at the beginning of a loop's body, in their order.
const BEGINNING: [(&str, usize); 4] = [("index", 0), ("invariant", 1), ("row", 2), ("carry", 3)];

/// A loop's body as far as it has been read.
#[derive(Default)]
struct Round {
    draft: Draft,
    /// What is handed in.
    inputs: Vec<Value>,
    /// How many lines of each of [`BEGINNING`] there were.
    begun: [usize; 4],
    slices: Vec<usize>,
    next: Vec<Value>,
    kept: Vec<Value>,
    records: Vec<Record>,
    go: Option<Value>,
}

impl Parser {
    /// What follows the word `loop`.
    pub(super) fn looped(&mut self, outputs: Vec<Value>) -> Parsed<Node> {
        let trip = self.cursor.extent()?;
        let until = if self.cursor.at_word("until") { Some(self.count()?) } else { None };
        let reverse = self.cursor.at_word("reverse");
        let (product, span) = self.tail()?;
        self.open()?;
        let mut round = Round::default();
        while !self.ending(&mut round)? {
            let outputs = self.outputs(&mut round.draft)?;
            match BEGINNING.iter().find(|(word, _)| self.cursor.at_word(word)) {
                Some((_, kind)) => self.beginning(&mut round, *kind, &outputs)?,
                None => self.node(&mut round.draft, outputs)?,
            }
        }
        self.depth -= 1;
        let Round { mut draft, inputs, begun, slices, next, kept, records, go } = round;
        draft.graph.results = next.into_iter().chain(kept).chain(go).collect();
        let body = self.finish(draft)?;
        let [_, invariants, _, carries] = begun;
        let op = Op::Loop(Box::new(Loop { trip, until, reverse, invariants, slices, carries, records, body }));
        Ok(Node { op, inputs, outputs, span, product, origin: Origin::default() })
    }

    /// A parameter of a loop's body.
    fn beginning(&mut self, round: &mut Round, kind: usize, outputs: &[Value]) -> Parsed<()> {
        let late = !round.draft.graph.nodes.is_empty() || round.begun[kind + 1..].iter().any(|lines| *lines > 0);
        if late || (kind == 0) != (round.begun[0] == 0) {
            return self
                .cursor
                .error("a body begins with `index`, then come `invariant`, `row` and `carry`, then nodes");
        }
        round.begun[kind] += 1;
        round.draft.graph.params.push(self.only(outputs)?);
        if kind > 0 {
            round.inputs.push(self.value()?);
        }
        if BEGINNING[kind].0 == "row" {
            self.cursor.sign("+")?;
            round.slices.push(self.cursor.number()?);
        }
        Ok(())
    }

    /// `next`, `record` and `go`, and the closing brace; whether it was there.
    fn ending(&mut self, round: &mut Round) -> Parsed<bool> {
        let mut begun = false;
        while self.cursor.at_word("next") {
            begun = true;
            round.next.push(self.value()?);
        }
        while self.cursor.at_word("record") {
            begun = true;
            if self.cursor.at_word("carry") {
                round.records.push(Record::Carry(self.cursor.number()?));
            } else {
                round.records.push(Record::Value);
                round.kept.push(self.value()?);
            }
        }
        if self.cursor.at_word("go") {
            begun = true;
            round.go = Some(self.value()?);
        }
        if begun {
            self.cursor.sign("}")?;
            return Ok(true);
        }
        Ok(self.cursor.at_sign("}"))
    }

    /// What follows the word `when`.
    pub(super) fn when(&mut self, outputs: Vec<Value>) -> Parsed<Node> {
        let condition = self.value()?;
        let (product, span) = self.tail()?;
        let (then, given) = self.branch()?;
        self.cursor.word("otherwise")?;
        let (otherwise, again) = self.branch()?;
        if given != again {
            return self.cursor.error("the two branches are given different values");
        }
        let inputs = std::iter::once(condition).chain(given).collect();
        Ok(Node {
            op: Op::When(Box::new(When { then, otherwise })),
            inputs,
            outputs,
            span,
            product,
            origin: Origin::default(),
        })
    }

    /// A branch, and the values that it is given.
    fn branch(&mut self) -> Parsed<(Graph, Vec<Value>)> {
        self.open()?;
        let mut draft = Draft::default();
        let mut given = Vec::new();
        while !self.cursor.at_sign("}") {
            if self.cursor.at_word("give") {
                draft.graph.results.push(self.value()?);
                continue;
            }
            let outputs = self.outputs(&mut draft)?;
            if self.cursor.at_word("given") {
                draft.graph.params.push(self.only(&outputs)?);
                given.push(self.value()?);
            } else {
                self.node(&mut draft, outputs)?;
            }
        }
        self.depth -= 1;
        Ok((self.finish(draft)?, given))
    }

    fn open(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.cursor.error(format!("bodies are nested deeper than {DEEPEST}"));
        }
        self.cursor.sign("{")
    }
}
