//! Running sums of metrics and costs, and the program that only measures.

use super::formula::{self, Batched};
use super::forward::{self, Step};
use crate::model::{Formula, Model};
use crate::tensor::{Element, Name, Program, Role, Type, Value};

/// One batch measured, nothing learned: adds to the sums of every metric and cost.
///
/// `rows` is the number of rows of the dataset in memory.
pub fn measure(model: &Model, phase: usize, rows: usize) -> Program {
    let mut step = forward::begin(model, phase, rows, false, "measure");
    sums(&mut step);
    step.b.finish()
}

/// Adds every metric and cost to its sum; gives each cost's value per sample.
pub(super) fn sums(step: &mut Step<'_>) -> Vec<Batched> {
    let model = step.model;
    let mut costs = Vec::new();
    for cost in &model.costs {
        let value = step.formula(&cost.formula);
        let extent = step.batch.extent.clone();
        let each = formula::widened(&mut step.b, value, &extent);
        step.b.named(each, format!("cost.{}", cost.name));
        add(step, &format!("cost.{}", cost.name), each, None);
        costs.push(value);
    }
    for metric in &model.metrics {
        let each = per_sample(step, &metric.formula);
        let filter = metric.filter.as_ref().map(|filter| {
            let condition = step.formula(filter);
            let extent = step.batch.extent.clone();
            formula::widened(&mut step.b, condition, &extent)
        });
        step.b.named(each, format!("metric.{}", metric.name));
        add(step, &format!("metric.{}", metric.name), each, filter);
    }
    costs
}

/// A number per sample; a condition or a class as a number.
fn per_sample(step: &mut Step<'_>, formula: &Formula) -> Value {
    let value = step.formula(formula);
    let extent = step.batch.extent.clone();
    let each = formula::widened(&mut step.b, value, &extent);
    match step.b.ty(each).element {
        Element::Real => each,
        _ => step.b.real(each),
    }
}

/// Adds the sum of `each`, over the samples that count, to a slot, and their number to another.
fn add(step: &mut Step<'_>, name: &str, each: Value, filter: Option<Value>) {
    let (total, count) = match filter {
        None => (step.b.sum(each, &[0]), step.batch.count),
        Some(filter) => {
            let zero = step.b.zeros_like(each);
            let chosen = step.b.select(filter, each, zero);
            let ones = step.b.real(filter);
            (step.b.sum(chosen, &[0]), step.b.sum(ones, &[0]))
        }
    };
    for (part, value) in [("sum", total), ("count", count)] {
        let slot: Name = format!("{name}.{part}").into();
        let before = step.b.slot(slot.clone(), Type::scalar(Element::Real), Role::State);
        let after = step.b.add(before, value);
        step.b.write(&slot, after);
    }
}
