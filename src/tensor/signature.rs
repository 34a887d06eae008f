//! What an operation gives, from what it takes: the one place that the builder and the verifier both ask.

use super::rule;
use super::{Element, Extent, Graph, Loop, Op, Record, Type, When};

/// The types of a node's outputs, given those of its inputs; or what is wrong.
pub fn outputs(op: &Op, inputs: &[&Type]) -> Result<Vec<Type>, String> {
    match op {
        Op::Row(row, attributes) => Ok(vec![(row.ty)(inputs, attributes)?]),
        Op::Bind(_) => match inputs {
            [ty] if ty.element.is_whole() && ty.shape.is_empty() => Ok(vec![Type::scalar(Element::Int)]),
            _ => Err(format!("`bind` takes a whole number without axes; found {}", rule::list(inputs))),
        },
        Op::Loop(node) => of_loop(node, inputs),
        Op::When(node) => of_when(node, inputs),
    }
}

/// The type of the row that a loop's round sees of a sliced array.
pub fn sliced(array: &Type, trip: &Extent, offset: usize) -> Result<Type, String> {
    let Some(row) = array.row() else { return Err(format!("a loop slices an array that has no axes: {array}")) };
    let first = &array.shape[0];
    let inside = match first {
        Extent::Const(length) => trip.bound().checked_add(offset).is_some_and(|end| end <= *length),
        Extent::Count(_) => first == trip && offset == 0,
    };
    match inside {
        true => Ok(row),
        false => Err(format!("a loop of {trip} rounds passes the end of a slice of {array} that begins at {offset}")),
    }
}

fn of_loop(node: &Loop, inputs: &[&Type]) -> Result<Vec<Type>, String> {
    let taken = node.invariants + node.slices.len() + node.carries;
    let (params, results) = (&node.body.params, &node.body.results);
    expect_number("loop", "inputs", taken, inputs.len())?;
    expect_number("loop's body", "parameters", taken + 1, params.len())?;
    let kept = node.records.iter().filter(|record| **record == Record::Value).count();
    let given = node.carries + kept + usize::from(node.until.is_some());
    expect_number("loop's body", "results", given, results.len())?;
    let index = Type::scalar(Element::Class(node.trip.bound()));
    if *node.body.ty(params[0]) != index {
        return Err(format!("a loop's index is {index}; found {}", node.body.ty(params[0])));
    }
    let (fixed, rest) = inputs.split_at(node.invariants);
    let (arrays, first) = rest.split_at(node.slices.len());
    let param = |i: usize| node.body.ty(params[1 + i]);
    for (i, ty) in fixed.iter().enumerate() {
        expect_fit("invariant", i, ty, param(i))?;
    }
    for (i, (array, offset)) in arrays.iter().zip(&node.slices).enumerate() {
        expect_fit("slice", i, &sliced(array, &node.trip, *offset)?, param(node.invariants + i))?;
    }
    for (i, ty) in first.iter().enumerate() {
        let carried = param(node.invariants + node.slices.len() + i);
        expect_fit("first value of carry", i, ty, carried)?;
        expect_fit("next value of carry", i, node.body.ty(results[i]), carried)?;
    }
    let ends = loop_ends(node)?;
    let mut types: Vec<Type> = params[taken + 1 - node.carries..].iter().map(|p| node.body.ty(*p).clone()).collect();
    types.extend(records(node)?);
    types.extend(ends);
    Ok(types)
}

/// The type of the number of rounds, if the loop gives it.
fn loop_ends(node: &Loop) -> Result<Option<Type>, String> {
    let Some(count) = &node.until else { return Ok(None) };
    if node.reverse {
        return Err("a loop that ends on a condition cannot run in reverse".into());
    }
    if count.bound != node.trip.bound() {
        return Err(format!("a loop of {} rounds is counted by {}<{}", node.trip, count.name, count.bound));
    }
    let go = node.body.results.last().map(|go| node.body.ty(*go));
    match go {
        Some(ty) if *ty == Type::scalar(Element::Bool) => Ok(Some(Type::scalar(Element::Int))),
        _ => {
            Err(format!("whether a loop goes on is bool[]; found {}", rule::list(&go.into_iter().collect::<Vec<_>>())))
        }
    }
}

fn records(node: &Loop) -> Result<Vec<Type>, String> {
    let axis = node.until.clone().map_or(node.trip.clone(), Extent::Count);
    let mut values = node.body.results[node.carries..].iter();
    let mut types = Vec::new();
    for record in &node.records {
        types.push(match record {
            Record::Value => match values.next() {
                Some(value) => node.body.ty(*value).stacked(axis.clone()),
                None => return Err("a loop records more values than its body gives".into()),
            },
            Record::Carry(i) if *i < node.carries => {
                let carried = node.body.params[1 + node.invariants + node.slices.len() + i];
                node.body.ty(carried).stacked(Extent::Const(node.trip.bound().saturating_add(1)))
            }
            Record::Carry(i) => return Err(format!("a loop of {} carries records carry {i}", node.carries)),
        });
    }
    Ok(types)
}

fn of_when(node: &When, inputs: &[&Type]) -> Result<Vec<Type>, String> {
    let Some((condition, rest)) = inputs.split_first() else { return Err("a `when` without a condition".into()) };
    if **condition != Type::scalar(Element::Bool) {
        return Err(format!("the condition of a `when` is bool[]; found {condition}"));
    }
    for (branch, graph) in [("then", &node.then), ("otherwise", &node.otherwise)] {
        expect_number(branch, "parameters", rest.len(), graph.params.len())?;
        for (i, ty) in rest.iter().enumerate() {
            expect_fit("parameter", i, ty, graph.ty(graph.params[i]))?;
        }
    }
    expect_number("otherwise", "results", node.then.results.len(), node.otherwise.results.len())?;
    let types = |graph: &Graph| graph.results.iter().map(|v| graph.ty(*v).clone()).collect::<Vec<_>>();
    let pairs = types(&node.then).into_iter().zip(types(&node.otherwise));
    pairs.map(|(a, b)| rule::join(&a, &b).ok_or(format!("the branches of a `when` give {a} and {b}"))).collect()
}

fn expect_number(who: &str, what: &str, wanted: usize, found: usize) -> Result<(), String> {
    match wanted == found {
        true => Ok(()),
        false => Err(format!("a {who} has {wanted} {what}; found {found}")),
    }
}

fn expect_fit(what: &str, i: usize, found: &Type, wanted: &Type) -> Result<(), String> {
    match found.fits(wanted) {
        true => Ok(()),
        false => Err(format!("{what} {i} is {wanted}; found {found}")),
    }
}
