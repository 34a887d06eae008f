//! Running sums of metrics and costs, and the program that only measures.

use super::formula::{self, Batched};
use super::forward::{self, Step};
use super::whose;
use crate::bug;
use crate::model::formula::Kind;
use crate::model::{CostId, Formula, Leaf, Metric, MetricId, Model, Timing};
use crate::tensor::{Element, Name, Program, Role, Type, Value};

/// One batch measured, nothing learned: adds to the sums of every metric and cost.
///
/// `rows` is the number of rows of the dataset in memory.
pub fn measure(model: &Model, phase: usize, rows: usize) -> Program {
    let mut step = forward::begin(model, phase, rows, false, "measure");
    sums(&mut step);
    unsettled(&mut step);
    step.b.finish()
}

/// What a metric comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    /// Its value for each sample; 0 for one that does not count.
    each: Value,
    /// How much each sample counts, if not every one counts once.
    counts: Option<Value>,
}

/// Adds every metric and cost to its sum; gives each cost's value per sample.
pub(super) fn sums(step: &mut Step<'_>) -> Vec<Batched> {
    let model = step.model;
    let mut costs = Vec::new();
    for (number, cost) in model.costs.iter().enumerate() {
        step.b.of(whose::cost(model, CostId(number)));
        let value = match step.costs[number] {
            Some(value) => value,
            None => step.formula(&cost.formula),
        };
        let extent = step.batch.extent.clone();
        let each = formula::widened(&mut step.b, value, &extent);
        step.b.named(each, format!("cost.{}", cost.name));
        add(step, &format!("cost.{}", cost.name), Looked { each, counts: None });
        costs.push(value);
    }
    for number in (0..model.metrics.len()).filter(|number| !counts_unsettled(&model.metrics[*number])) {
        metric(step, number);
    }
    costs
}

/// Adds the share that did not settle to its sum, when everything has settled that does in this step.
pub(super) fn unsettled(step: &mut Step<'_>) {
    for number in (0..step.model.metrics.len()).filter(|number| counts_unsettled(&step.model.metrics[*number])) {
        metric(step, number);
    }
}

fn counts_unsettled(metric: &Metric) -> bool {
    metric.formula.value().kind == Kind::Leaf(Leaf::Unsettled)
}

/// Adds a metric to its sum.
fn metric(step: &mut Step<'_>, number: usize) {
    let metric = &step.model.metrics[number];
    step.b.of(whose::metric(step.model, MetricId(number)));
    let looked = match step.metrics[number] {
        Some(looked) => looked,
        None => metric_of(step, metric),
    };
    step.b.named(looked.each, format!("metric.{}", metric.name));
    add(step, &format!("metric.{}", metric.name), looked);
}

/// A metric of a batch.
fn metric_of(step: &mut Step<'_>, metric: &Metric) -> Looked {
    let each = per_sample(step, &metric.formula);
    let Some(filter) = &metric.filter else { return Looked { each, counts: None } };
    let condition = step.formula(filter);
    let extent = step.batch.extent.clone();
    let condition = formula::widened(&mut step.b, condition, &extent);
    let zero = step.b.zeros_like(each);
    let each = step.b.select(condition, each, zero);
    Looked { each, counts: Some(step.b.real(condition)) }
}

/// What is looked at in each time step: the costs and metrics, by number.
pub(super) struct InTimeStep {
    costs: Vec<(usize, Value)>,
    metrics: Vec<(usize, Looked)>,
}

impl InTimeStep {
    /// What the time steps record.
    pub(super) fn records(&self) -> Vec<Value> {
        let metrics = self.metrics.iter().flat_map(|(_, looked)| std::iter::once(looked.each).chain(looked.counts));
        self.costs.iter().map(|(_, value)| *value).chain(metrics).collect()
    }
}

/// Computes, within a time step, the costs and metrics that are looked at in each.
pub(super) fn in_time_step(step: &mut Step<'_>) -> InTimeStep {
    let model = step.model;
    let mut found = InTimeStep { costs: Vec::new(), metrics: Vec::new() };
    for (number, cost) in model.costs.iter().enumerate().filter(|(_, cost)| cost.timing == Timing::Each) {
        step.b.of(whose::cost(model, CostId(number)));
        let value = step.formula(&cost.formula);
        let extent = step.batch.extent.clone();
        let each = formula::widened(&mut step.b, value, &extent);
        step.b.named(each, format!("cost.{}", cost.name));
        found.costs.push((number, each));
    }
    for (number, metric) in model.metrics.iter().enumerate().filter(|(_, metric)| metric.timing == Timing::Each) {
        step.b.of(whose::metric(model, MetricId(number)));
        found.metrics.push((number, metric_of(step, metric)));
    }
    found
}

/// Their means over the time steps, from what these have recorded; a metric with a condition is the mean of what counts.
pub(super) fn over_time(step: &mut Step<'_>, found: &InTimeStep, records: &[Value], steps: usize) {
    let mut records = records.iter().copied();
    let mut next = |step: &mut Step<'_>, mean: bool| {
        let Some(rows) = records.next() else { bug!("a time step has recorded too little") };
        let sum = step.b.sum(rows, &[0]);
        if !mean {
            return sum;
        }
        let steps = step.b.scalar(steps as f64);
        let steps = step.b.expand_like(steps, sum, &[]);
        step.b.divide(sum, steps)
    };
    for (number, _) in &found.costs {
        step.b.of(whose::cost(step.model, CostId(*number)));
        let value = next(step, true);
        step.costs[*number] = Some(Batched { value, batched: true });
    }
    for (number, looked) in &found.metrics {
        step.b.of(whose::metric(step.model, MetricId(*number)));
        let filtered = looked.counts.is_some();
        let each = next(step, !filtered);
        let counts = filtered.then(|| next(step, false));
        step.metrics[*number] = Some(Looked { each, counts });
    }
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

/// Adds the sum over the samples to a slot, and how many they are to another.
fn add(step: &mut Step<'_>, name: &str, looked: Looked) {
    let total = step.b.sum(looked.each, &[0]);
    let count = match looked.counts {
        None => step.batch.count,
        Some(counts) => step.b.sum(counts, &[0]),
    };
    for (part, value) in [("sum", total), ("count", count)] {
        let slot: Name = format!("{name}.{part}").into();
        let before = step.b.slot(slot.clone(), Type::scalar(Element::Real), Role::State);
        let after = step.b.add(before, value);
        step.b.write(&slot, after);
    }
}
