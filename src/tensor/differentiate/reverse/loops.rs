//! Reverse mode through a loop.

use super::super::activity::{carries, reached_carries};
use super::super::cut::{AtHand, Cut};
use super::super::{length, local, supply};
use super::Sweep;
use crate::tensor::build::{Part, Round, Rounds};
use crate::tensor::{Builder, Extent, Loop, Node, Record, Type, Value};
use std::collections::BTreeMap;

/// What is asked of the derivative of a loop; numbers of carries, records, invariants and slices.
struct Asked {
    /// The carries that have a cotangent in some round.
    carries: Vec<usize>,
    /// The records that have one, and it.
    records: Vec<(usize, Value)>,
    /// The inputs (invariants, then slices) that may receive one.
    inputs: Vec<usize>,
}

/// The derivative of a round, behind the end of the body.
struct Written {
    /// For each carry asked for: the place for its cotangent after the round, and its cotangent before the round.
    carries: Vec<(Value, Value)>,
    /// For each record asked for: the place for its row's cotangent.
    records: Vec<Value>,
    /// For each invariant reached: its number, the place for its sum so far, and the sum.
    invariants: Vec<(usize, Value, Value)>,
    /// For each slice reached: its number (among the inputs), and its row's cotangent.
    slices: Vec<(usize, Value)>,
}

impl Sweep<'_> {
    /// The parts that a loop gives to its inputs.
    pub(super) fn looped(
        &mut self,
        b: &mut Builder,
        (number, node, looped): (usize, &Node, &Loop),
        outputs: &[Option<Value>],
        active: &[bool],
    ) -> Vec<(Value, Value)> {
        let asked = ask(looped, outputs, active);
        if asked.carries.is_empty() && asked.records.is_empty() {
            return Vec::new();
        }
        let (nodes, values) = (looped.body.nodes.len(), looped.body.values.len());
        b.reopen(number, Part::Body);
        let written = self.round(b, looped, &asked);
        let opened = b.reclose();
        let fixed = &looped.body.params[..1 + looped.invariants + looped.slices.len()];
        let at_hand = AtHand {
            free: fixed,
            steady: &fixed[1..1 + looped.invariants],
            supplied: &looped.body.results[..looped.carries],
        };
        let cut = Cut::new(opened, (nodes, values), &written.wanted(), &at_hand);
        let trip = looped.until.clone().map_or(looped.trip.clone(), Extent::Count);
        let supplies = supply::by_records(b, number, &cut, &trip);
        let mut first: Vec<Value> = asked.carries.iter().map(|j| last(b, node, looped, outputs, *j)).collect();
        for (i, ..) in &written.invariants {
            let ty = looped.body.ty(looped.body.params[1 + i]).clone();
            first.push(b.zeros(&ty));
        }
        let arrays: Vec<(Value, usize)> = asked
            .records
            .iter()
            .map(|(k, cotangent)| {
                let offset = usize::from(looped.reverse && looped.records[*k] != Record::Value);
                (supply::sliceable(b, *cotangent, &trip), offset)
            })
            .collect();
        let rounds = Rounds { trip, until: None, reverse: !looped.reverse };
        let derivative = b.rounds_with(rounds, &first, &[], |b, index, _, carried| {
            let mut known = BTreeMap::new();
            known.extend(written.places().zip(carried.iter().copied()));
            for (place, (array, offset)) in written.records.iter().zip(&arrays) {
                known.insert(*place, b.sliced(*array, *offset));
            }
            supply::in_round(b, index, &cut, &supplies, &mut known);
            cut.write(b, &mut known);
            let carries = written.sums().map(|value| known[&value]).collect();
            Round { carries, records: written.slices.iter().map(|(_, row)| known[row]).collect(), go: None }
        });
        written.parts(b, node, looped, &asked, (&derivative.carries, &derivative.records))
    }

    /// Writes the derivative of one round.
    fn round(&mut self, b: &mut Builder, looped: &Loop, asked: &Asked) -> Written {
        let body = &looped.body;
        let first = 1 + looped.invariants + looped.slices.len();
        let mut seeds = Vec::new();
        let mut places = Vec::new();
        for j in &asked.carries {
            let place = b.placeholder(body.ty(body.params[first + j]).clone());
            seeds.push((body.results[*j], place));
            places.push(place);
        }
        let mut records = Vec::new();
        for (k, cotangent) in &asked.records {
            let row = Type { shape: b.ty(*cotangent).shape[1..].to_vec(), ..b.ty(*cotangent).clone() };
            let place = b.placeholder(row);
            let value = match looped.records[*k] {
                Record::Value => looped.recorded(*k),
                Record::Carry(j) => body.params[first + j],
            };
            seeds.push((value, place));
            records.push(place);
        }
        let carried = asked.carries.iter().map(|j| body.params[first + j]);
        let wrt: Vec<Value> = carried.chain(asked.inputs.iter().map(|i| body.params[1 + i])).collect();
        let found = self.run(b, body.nodes.len(), &seeds, &wrt);
        let (before, inputs) = found.split_at(asked.carries.len());
        let mut written = Written { carries: Vec::new(), records, invariants: Vec::new(), slices: Vec::new() };
        for (place, before) in places.iter().zip(before) {
            let before = match before {
                Some(before) => {
                    let index = b.handle(body.params[0]);
                    self.transport.carry(b, index, *before)
                }
                None => {
                    let ty = b.ty(*place).clone();
                    b.zeros(&ty)
                }
            };
            written.carries.push((*place, before));
        }
        for (i, cotangent) in asked.inputs.iter().zip(inputs) {
            let Some(cotangent) = *cotangent else { continue };
            if *i < looped.invariants {
                let place = b.placeholder(body.ty(body.params[1 + i]).clone());
                let sum = b.add(place, cotangent);
                written.invariants.push((*i, place, sum));
            } else {
                written.slices.push((*i, cotangent));
            }
        }
        written.numbered(b)
    }
}

impl Written {
    /// The same with numbers of the body in the place of handles.
    fn numbered(self, b: &mut Builder) -> Written {
        Written {
            carries: self.carries.into_iter().map(|(place, before)| (local(b, place), local(b, before))).collect(),
            records: self.records.into_iter().map(|place| local(b, place)).collect(),
            invariants: self
                .invariants
                .into_iter()
                .map(|(i, place, sum)| (i, local(b, place), local(b, sum)))
                .collect(),
            slices: self.slices.into_iter().map(|(i, row)| (i, local(b, row))).collect(),
        }
    }

    /// The places of what the derivative carries.
    fn places(&self) -> impl Iterator<Item = Value> {
        self.carries.iter().map(|(place, _)| *place).chain(self.invariants.iter().map(|(_, place, _)| *place))
    }

    /// What the derivative carries on.
    fn sums(&self) -> impl Iterator<Item = Value> {
        self.carries.iter().map(|(_, before)| *before).chain(self.invariants.iter().map(|(_, _, sum)| *sum))
    }

    fn wanted(&self) -> Vec<Value> {
        self.sums().chain(self.slices.iter().map(|(_, row)| *row)).collect()
    }

    /// The parts for the loop's inputs, in their order, of what the derivative gives.
    fn parts(
        &self,
        b: &mut Builder,
        node: &Node,
        looped: &Loop,
        asked: &Asked,
        (carries, records): (&[Value], &[Value]),
    ) -> Vec<(Value, Value)> {
        let (before, sums) = carries.split_at(self.carries.len());
        let mut parts = Vec::new();
        for ((i, ..), sum) in self.invariants.iter().zip(sums) {
            parts.push((node.inputs[*i], *sum));
        }
        for ((i, _), rows) in self.slices.iter().zip(records) {
            let array = b.handle(node.inputs[*i]);
            let part = placed(b, *rows, array, looped.slices[i - looped.invariants]);
            parts.push((node.inputs[*i], part));
        }
        let first = looped.invariants + looped.slices.len();
        for (j, before) in asked.carries.iter().zip(before) {
            parts.push((node.inputs[first + j], *before));
        }
        parts
    }
}

/// Which carries, records and inputs take part.
fn ask(looped: &Loop, outputs: &[Option<Value>], active: &[bool]) -> Asked {
    let (_, marks) = carries(looped, active);
    let given: Vec<bool> = outputs.iter().map(Option::is_some).collect();
    let (carried, reached) = reached_carries(looped, &marks, &given);
    let params = &looped.body.params[1..];
    let first = looped.invariants + looped.slices.len();
    let record = |k: &usize| {
        let value = match looped.records[*k] {
            Record::Value => looped.recorded(*k),
            Record::Carry(j) => params[first + j],
        };
        marks.has(value)
    };
    let records = (0..looped.records.len()).filter(record);
    Asked {
        carries: (0..looped.carries).filter(|j| carried[*j]).collect(),
        records: records.filter_map(|k| Some((k, outputs[looped.carries + k]?))).collect(),
        inputs: (0..first).filter(|i| active[*i] && reached.has(params[*i])).collect(),
    }
}

/// The cotangent of a carry after the last round: that of the loop's result and that of the last row of its record.
fn last(b: &mut Builder, node: &Node, looped: &Loop, outputs: &[Option<Value>], carry: usize) -> Value {
    let mut sum = outputs[carry];
    for (k, record) in looped.records.iter().enumerate() {
        let Some(rows) = outputs[looped.carries + k] else { continue };
        if *record != Record::Carry(carry) {
            continue;
        }
        let bound = looped.trip.bound() + 1;
        let place = match (looped.reverse, &looped.until, node.outputs.last()) {
            (true, ..) => b.int(0),
            (false, Some(_), Some(rounds)) => b.handle(*rounds),
            (false, ..) => length(b, &looped.trip),
        };
        let index = b.clamp(place, bound);
        let row = b.gather(rows, index);
        sum = Some(match sum {
            Some(sum) => b.add(sum, row),
            None => row,
        });
    }
    match sum {
        Some(sum) => sum,
        None => {
            let ty = b.ty(b.handle(node.outputs[carry])).clone();
            b.zeros(&ty)
        }
    }
}

/// Rows at their places in an array of the given one's length, zeros elsewhere.
fn placed(b: &mut Builder, rows: Value, array: Value, offset: usize) -> Value {
    let (found, wanted) = (b.ty(rows).shape[0].clone(), b.ty(array).shape[0].clone());
    if found == wanted && offset == 0 {
        return rows;
    }
    let padded = b.pad(rows, 0, offset, wanted.bound());
    match wanted {
        Extent::Const(_) => padded,
        Extent::Count(_) => b.first(padded, 0, wanted),
    }
}
