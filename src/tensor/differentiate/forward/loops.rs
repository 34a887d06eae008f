//! Forward mode through a loop.

use super::super::activity::{carries, reached_carries};
use super::super::cut::{AtHand, Cut};
use super::super::{local, supply};
use crate::bug;
use crate::tensor::build::{Looped, Part, Recorded, Round, Rounds};
use crate::tensor::{Builder, Extent, Loop, Record, Value};
use std::collections::BTreeMap;

/// The tangents of one round, behind the end of the body.
struct Written {
    /// For each input that has a tangent and is asked for: its number, and the place for its tangent in a round.
    inputs: Vec<(usize, Value)>,
    /// For each carry that has one: its number, the place for it, and what the round makes of it.
    carries: Vec<(usize, Value, Value)>,
    /// For each recorded value that has one: the record's number, and the tangent.
    records: Vec<(usize, Value)>,
}

/// The tangents of what a loop gives.
pub(super) fn run(
    b: &mut Builder,
    (number, looped): (usize, &Loop),
    wanted: &[bool],
    tangents: &[Option<Value>],
) -> Vec<Option<Value>> {
    let body = &looped.body;
    b.reopen(number, Part::Body);
    let written = round(b, looped, wanted, tangents);
    let fixed = &body.params[..1 + looped.invariants + looped.slices.len()];
    let at_hand =
        AtHand { free: fixed, steady: &fixed[1..1 + looped.invariants], supplied: &body.results[..looped.carries] };
    let carried = written.carries.iter().map(|(.., next)| *next);
    let results: Vec<Value> = carried.chain(written.records.iter().map(|(_, value)| *value)).collect();
    let cut = Cut::new(b.reclose(), (body.nodes.len(), body.values.len()), &results, &at_hand);
    let trip = looped.until.clone().map_or(looped.trip.clone(), Extent::Count);
    let supplies = supply::by_records(b, number, &cut, &trip);
    let first = looped.invariants + looped.slices.len();
    let mut firsts = Vec::new();
    for (j, ..) in &written.carries {
        let zeros = body.ty(body.params[1 + first + j]).clone();
        firsts.push(tangents[first + j].unwrap_or_else(|| b.zeros(&zeros)));
    }
    let mut arrays = BTreeMap::new();
    for (i, _) in written.inputs.iter().filter(|(i, _)| *i >= looped.invariants) {
        let Some(array) = tangents[*i] else { bug!("input {i} has no tangent") };
        arrays.insert(*i, supply::sliceable(b, array, &trip));
    }
    let rounds = Rounds { trip, until: None, reverse: looped.reverse };
    let given = b.rounds_with(rounds, &firsts, &[], |b, index, _, carried| {
        let mut known = BTreeMap::new();
        for (i, place) in &written.inputs {
            let tangent = match (arrays.get(i), tangents[*i]) {
                (Some(array), _) => b.sliced(*array, looped.slices[i - looped.invariants]),
                (None, Some(tangent)) => tangent,
                (None, None) => bug!("input {i} has no tangent"),
            };
            known.insert(*place, tangent);
        }
        known.extend(written.carries.iter().map(|(_, place, _)| *place).zip(carried.iter().copied()));
        supply::in_round(b, index, &cut, &supplies, &mut known);
        cut.write(b, &mut known);
        let carries = written.carries.iter().map(|(.., next)| known[next]).collect();
        Round { carries, records: written.records.iter().map(|(_, value)| known[value]).collect(), go: None }
    });
    outputs(b, looped, wanted, &written, &given)
}

/// Writes the tangents of one round.
fn round(b: &mut Builder, looped: &Loop, wanted: &[bool], tangents: &[Option<Value>]) -> Written {
    let body = &looped.body;
    let params = &body.params[1..];
    let first = looped.invariants + looped.slices.len();
    let given: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    let (active, marks) = carries(looped, &given);
    let (carried, reached) = reached_carries(looped, &marks, wanted);
    let place = |b: &mut Builder, i: usize| b.placeholder(body.ty(params[i]).clone());
    let inputs: Vec<usize> = (0..first).filter(|i| given[*i] && reached.has(params[*i])).collect();
    let inputs: Vec<(usize, Value)> = inputs.into_iter().map(|i| (i, place(b, i))).collect();
    let moving: Vec<usize> = (0..looped.carries).filter(|j| active[*j] && carried[*j]).collect();
    let places: Vec<Value> = moving.iter().map(|j| place(b, first + j)).collect();
    let carried = moving.iter().zip(&places).map(|(j, place)| (params[first + j], *place));
    let seeds: Vec<(Value, Value)> = inputs.iter().map(|(i, place)| (params[*i], *place)).chain(carried).collect();
    let recorded: Vec<usize> = (0..looped.records.len())
        .filter(|k| wanted[looped.carries + k] && looped.records[*k] == Record::Value)
        .collect();
    let results = moving.iter().map(|j| body.results[*j]);
    let results: Vec<Value> = results.chain(recorded.iter().map(|k| looped.recorded(*k))).collect();
    let found = super::run(b, body.nodes.len(), &seeds, &results);
    let (next, rows) = found.split_at(moving.len());
    let mut written = Written { inputs: Vec::new(), carries: Vec::new(), records: Vec::new() };
    for ((j, place), next) in moving.iter().zip(&places).zip(next) {
        let zeros = body.ty(params[first + j]).clone();
        let next = next.unwrap_or_else(|| b.zeros(&zeros));
        written.carries.push((*j, local(b, *place), local(b, next)));
    }
    written.inputs = inputs.into_iter().map(|(i, place)| (i, local(b, place))).collect();
    let rows = recorded.iter().zip(rows).filter_map(|(k, row)| Some((*k, (*row)?)));
    written.records = rows.map(|(k, row)| (k, local(b, row))).collect();
    written
}

/// The tangents of the loop's outputs, out of what the loop of tangents gives.
fn outputs(b: &mut Builder, looped: &Loop, wanted: &[bool], written: &Written, given: &Looped) -> Vec<Option<Value>> {
    let mut found = vec![None; wanted.len()];
    for ((j, ..), last) in written.carries.iter().zip(&given.carries) {
        found[*j] = Some(*last);
    }
    for ((k, _), rows) in written.records.iter().zip(&given.records) {
        found[looped.carries + k] = Some(*rows);
    }
    for (k, record) in looped.records.iter().enumerate().filter(|(k, _)| wanted[looped.carries + k]) {
        let Record::Carry(j) = record else { continue };
        let Some(place) = written.carries.iter().position(|(carry, ..)| carry == j) else { continue };
        let inner = b.loop_at(&given.site);
        let carry = inner.body.params[1 + inner.invariants + inner.slices.len() + place];
        found[looped.carries + k] = match b.record(&given.site, carry) {
            Ok(Recorded::Rows { array, .. }) => Some(array),
            other => bug!("a carry is recorded as {other:?}"),
        };
    }
    found
}
