//! Loops.

use super::{Array, Counts, Fault, Watch, length, within};
use crate::tensor::{Element, Loop, Record};

/// The outputs of a loop.
pub(super) fn looped(
    looped: &Loop,
    operands: &[Array],
    counts: &mut Counts,
    watch: Watch<'_>,
) -> Result<Vec<Array>, Fault> {
    let trip = length(&looped.trip, counts)?;
    let (invariants, rest) = operands.split_at(looped.invariants);
    let (sliced, first) = rest.split_at(looped.slices.len());
    let mut carries = first.to_vec();
    let mut rounds: Vec<(usize, Vec<Array>, Vec<Array>)> = Vec::new();
    for round in 0..trip {
        let index = if looped.reverse { trip - 1 - round } else { round };
        let mut inputs = vec![Array::int(index as i64)];
        inputs.extend_from_slice(invariants);
        inputs.extend(looped.slices.iter().zip(sliced).map(|(offset, array)| array.row(index + offset)));
        inputs.extend_from_slice(&carries);
        let mut results = within(&looped.body, &inputs, counts, watch)?;
        let go = match looped.until {
            Some(_) => results.pop().map_or(Ok(true), |go| go.truth())?,
            None => true,
        };
        let values = results.split_off(looped.carries);
        rounds.push((index, std::mem::replace(&mut carries, results), values));
        if !go {
            break;
        }
    }
    let done = rounds.len();
    let stacked = match &looped.until {
        Some(count) => {
            counts.insert(count.name.clone(), done);
            done
        }
        None => trip,
    };
    let mut outputs = carries.clone();
    let mut value = 0;
    for record in &looped.records {
        outputs.push(match record {
            Record::Value => {
                value += 1;
                values(looped, &rounds, value - 1, stacked, counts)?
            }
            Record::Carry(carry) => carry_rows(looped, &rounds, *carry, &carries)?,
        });
    }
    if looped.until.is_some() {
        outputs.push(Array::int(done as i64));
    }
    Ok(outputs)
}

type Rounds = [(usize, Vec<Array>, Vec<Array>)];

fn values(looped: &Loop, rounds: &Rounds, value: usize, stacked: usize, counts: &Counts) -> Result<Array, Fault> {
    let result = looped.body.results[looped.carries + value];
    let ty = looped.body.ty(result);
    let mut shape = vec![stacked];
    match rounds.first() {
        Some((_, _, values)) => shape.extend_from_slice(values[value].shape()),
        None => shape.extend(super::lengths(&ty.shape, counts)?),
    }
    let mut rows = Array::zeros(ty.element, &shape);
    for (index, _, values) in rounds {
        rows.set_row(*index, &values[value])?;
    }
    Ok(rows)
}

/// One row more than rounds: what each round saw, and what the loop gives.
fn carry_rows(looped: &Loop, rounds: &Rounds, carry: usize, last: &[Array]) -> Result<Array, Fault> {
    let mut shape = vec![looped.trip.bound() + 1];
    shape.extend_from_slice(last[carry].shape());
    let element = match &last[carry] {
        Array::Real(_) => Element::Real,
        Array::Int(_) => Element::Int,
        Array::Bool(_) => Element::Bool,
    };
    let mut rows = Array::zeros(element, &shape);
    for (index, seen, _) in rounds {
        let row = if looped.reverse { index + 1 } else { *index };
        rows.set_row(row, &seen[carry])?;
    }
    let end = if looped.reverse { 0 } else { rounds.len() };
    rows.set_row(end, &last[carry])?;
    Ok(rows)
}
