//! Formulas that are computed outside of a step: selections of samples, and conditions on measurements.

use super::formula::{Batched, field_type, operation};
use super::generate::constant;
use crate::bug;
use crate::data::{self, Rows, Split};
use crate::diag::Diagnostic;
use crate::model::formula::Kind;
use crate::model::{Formula, Leaf, Model, Selection, SelectionKind};
use crate::tensor::eval::{self, Array};
use crate::tensor::{Builder, Element, Extent, Type, Value};

/// How many samples are looked at together.
const CHUNK: usize = 4096;

/// For each row of a dataset, whether a condition on its fields holds.
fn condition(model: &Model, formula: &Formula, dataset: &data::Dataset, seed: u64) -> Vec<bool> {
    chunks(dataset).flat_map(|(start, count)| truths(&chunk(model, formula, dataset, seed, start, count))).collect()
}

/// For each row of a dataset, a number of its fields.
fn number(model: &Model, formula: &Formula, dataset: &data::Dataset, seed: u64) -> Vec<f64> {
    let of_chunk = |(start, count)| match chunk(model, formula, dataset, seed, start, count).as_deref() {
        Ok([values]) => values.numbers(),
        Ok(_) => bug!("a number that is not one array"),
        Err(fault) => bug!("a number cannot be computed: {fault}"),
    };
    chunks(dataset).flat_map(of_chunk).collect()
}

/// The rows of a dataset in parts: where each begins, and how many it holds.
fn chunks(dataset: &data::Dataset) -> impl Iterator<Item = (usize, usize)> {
    let rows = dataset.rows();
    (0..rows).step_by(CHUNK).map(move |start| (start, CHUNK.min(rows - start)))
}

/// The rows of a split that selections leave, in their order. A `where` holds for every split; how many are taken, and in
/// what order, is said of what is trained on.
pub fn select(
    model: &Model,
    selections: &[Selection],
    dataset: &data::Dataset,
    split: Split,
    seed: u64,
) -> Result<Rows, Diagnostic> {
    let mut rows = dataset.splits.get(split).clone();
    for selection in selections {
        if rows.is_empty() {
            break;
        }
        rows = match &selection.kind {
            SelectionKind::Where(formula) => {
                let holds = condition(model, formula, dataset, seed);
                rows.filter_some(split, selection.span, |row| holds[row as usize])?
            }
            _ if split != Split::Train => rows,
            SelectionKind::Take { count, per: None } => rows.first(*count, selection.span)?,
            SelectionKind::Take { count, per: Some(field) } => {
                let place = dataset.fields.iter().position(|known| *known.name == **field);
                let Some(data::Column::Classes(classes)) = place.map(|place| &dataset.columns[place]) else {
                    bug!("samples are taken per `{field}`, which is no class")
                };
                rows.first_of_each(*count, field, classes, selection.span)?
            }
            SelectionKind::OrderBy(formula) => rows.sorted(&number(model, formula, dataset, seed), selection.span)?,
        };
    }
    Ok(rows)
}

fn chunk(
    model: &Model,
    formula: &Formula,
    dataset: &data::Dataset,
    seed: u64,
    start: usize,
    count: usize,
) -> Result<Vec<Array>, eval::Fault> {
    let extent = Extent::Const(count);
    let mut inputs = Vec::new();
    let mut b = Builder::new();
    let value = compute(&mut b, formula, &extent, &mut |b, leaf| match leaf {
        Leaf::Field(_, name) => {
            let Some(place) = dataset.fields.iter().position(|field| field.name == **name) else {
                bug!("no field `{name}`")
            };
            let ty = &dataset.fields[place].ty;
            let mut wide = field_type(ty, count);
            if wide.element == Element::Byte {
                wide.element = Element::Real;
            }
            let elements = ty.elements();
            let cells =
                (0..count * elements).map(|i| dataset.value(place, (start + i / elements) as u32, i % elements));
            inputs.push(Array::from_numbers(&wide, cells));
            let mut value = b.param(wide, None);
            if ty.shape.len() > 1 {
                let shape: Vec<Extent> =
                    std::iter::once(count).chain(ty.shape.iter().copied()).map(Extent::Const).collect();
                value = b.reshape(value, &shape);
            }
            Batched { value, batched: true }
        }
        Leaf::Param(id) => Batched { value: b.scalar(model.params[id.0].value), batched: false },
        Leaf::Const(id) => {
            let shape = model.consts[id.0].shape.iter().map(|&n| Extent::Const(n)).collect();
            let ty = Type { element: Element::Real, shape };
            inputs.push(Array::from_numbers(&ty, constant(model, *id, seed)));
            Batched { value: b.param(ty, None), batched: false }
        }
        _ => bug!("{leaf:?} in a condition on samples"),
    });
    let value = super::formula::widened(&mut b, value, &extent);
    let graph = b.finish(&[value]);
    eval::graph(&graph, &inputs)
}

fn truths(results: &Result<Vec<Array>, eval::Fault>) -> Vec<bool> {
    match results.as_deref() {
        Ok([Array::Bool(values)]) => values.iter().copied().collect(),
        Ok(_) => bug!("a condition that is no truth value"),
        Err(fault) => bug!("a condition cannot be computed: {fault}"),
    }
}

/// A formula outside of a step.
fn compute(
    b: &mut Builder,
    formula: &Formula,
    extent: &Extent,
    leaf: &mut dyn FnMut(&mut Builder, &Leaf) -> Batched,
) -> Batched {
    formula.fold_value(|node, operands| match &node.kind {
        Kind::Leaf(read) => leaf(b, read),
        Kind::Op(row, attributes, _) => operation(b, row, attributes, &operands, extent),
    })
}

/// Whether the condition of a phase is fulfilled. `value` gives the value of a [`Leaf::Metric`] or [`Leaf::Cost`];
/// one that is missing or not a number is never enough.
pub fn fulfilled(model: &Model, formula: &Formula, value: &dyn Fn(&Leaf) -> Option<f64>) -> bool {
    let mut enough = true;
    let mut b = Builder::new();
    let none = Extent::Const(1);
    let computed = compute(&mut b, formula, &none, &mut |b, leaf| {
        let number = match leaf {
            Leaf::Param(id) => Some(model.params[id.0].value),
            _ => value(leaf),
        };
        enough &= number.is_some_and(|number| !number.is_nan());
        Batched { value: b.scalar(number.unwrap_or(f64::NAN)), batched: false }
    });
    let value: Value = computed.value;
    debug_assert_eq!(*b.ty(value), Type::scalar(Element::Bool));
    let graph = b.finish(&[value]);
    enough && truths(&eval::graph(&graph, &[])) == [true]
}
