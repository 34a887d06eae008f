//! Networks as levels of predictions: each region that moves predicts, by its equation, from the activities in front of it, and has an
//! activity of its own besides, whose difference from the prediction is its error.

use super::super::forward::Step;
use super::super::passes;
use super::super::settle::{self, Way};
use super::super::whose;
use super::Gradient;
use super::travel::{Routes, gradients};
use crate::model::{CostId, Leaf, Learn, Model, RegionId, Settle};
use crate::tensor::Value;
use crate::tensor::differentiate::reverse;

/// Who moves, and what pulls.
struct Levels<'l> {
    /// The statement.
    learn: &'l Learn,
    /// Every region on the routes, each behind those that it reads.
    all: Vec<RegionId>,
    /// Those from which others on the routes predict; the others are what the costs see of the prediction.
    latent: Vec<RegionId>,
    /// Where they are in the step.
    free: Vec<Value>,
    /// The costs with their weights.
    costs: Vec<(CostId, Value)>,
}

impl<'l> Levels<'l> {
    fn new(step: &mut Step<'_>, learn: &'l Learn) -> Levels<'l> {
        let model = step.model;
        let all: Vec<RegionId> = model.order.iter().copied().filter(|id| learn.moves.contains(id)).collect();
        let latent: Vec<RegionId> =
            all.iter().copied().filter(|id| all.iter().any(|by| reads(model, *by, *id))).collect();
        let free: Vec<Value> = latent.iter().filter_map(|id| step.activity[id.0]).collect();
        // How an activity has come about is nothing that the errors beyond it know of.
        let free = free.into_iter().map(|value| step.b.no_credit(value)).collect();
        settle::prepare(step, &all);
        let costs = passes::pulls(step, learn);
        Levels { learn, all, latent, free, costs }
    }
}

/// Whether a region's activity follows from that of another without a region between.
fn reads(model: &Model, by: RegionId, id: RegionId) -> bool {
    let wired = model.projections.iter().any(|projection| projection.source == id && projection.target == by);
    wired || model.regions[by.0].equation.leaves().any(|(leaf, _)| *leaf == Leaf::Region(id))
}

/// What a statement's rule predicts from some activities, in the graph that is being written.
struct Predicted {
    /// What is predicted of each latent region.
    of: Vec<Value>,
    /// What each cost comes to for each sample, and its weight.
    costs: Vec<(Value, Value)>,
}

fn predict(step: &mut Step<'_>, levels: &Levels<'_>, at: &[Value]) -> Predicted {
    let latent = |id: RegionId| levels.latent.iter().position(|other| *other == id);
    for (number, projection) in step.model.projections.iter().enumerate() {
        if levels.all.contains(&projection.target) || levels.all.contains(&projection.source) {
            step.products[number] = None;
        }
    }
    for (id, value) in levels.latent.iter().zip(at) {
        step.activity[id.0] = Some(*value);
    }
    let mut of = vec![None; levels.latent.len()];
    for &id in &levels.all {
        let now = step.activity[id.0];
        step.region(id);
        if let Some(place) = latent(id) {
            of[place] = step.activity[id.0];
            step.activity[id.0] = now;
        }
    }
    let mut costs = Vec::new();
    for (id, weight) in &levels.costs {
        step.b.of(whose::cost(step.model, *id));
        let cost = step.formula(&step.model.costs[id.0].formula);
        costs.push((cost.value, *weight));
    }
    step.b.at(Some(levels.learn.span)).of(whose::credit(levels.learn));
    Predicted { of: of.into_iter().flatten().collect(), costs }
}

/// Parts of a seed: what is predicted with its error, negated; and the costs, as part of a mean that `share` says.
fn seeds(step: &mut Step<'_>, predicted: &Predicted, errors: &[Option<Value>], share: Value) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    for (prediction, error) in predicted.of.iter().zip(errors) {
        if let Some(error) = error {
            all.push((*prediction, step.b.negate(*error)));
        }
    }
    for (cost, weight) in &predicted.costs {
        let each = step.b.multiply(*weight, share);
        let each = step.b.expand_like(each, *cost, &[]);
        all.push((*cost, each));
    }
    all
}

/// Lets the activities settle, or with predictions that are `held` where they are in the step; gives what lowers the errors.
pub(super) fn settled(step: &mut Step<'_>, learn: &Learn, held: bool) -> Vec<Gradient> {
    let free = (step.activity.clone(), step.products.clone(), step.drives.clone());
    let levels = Levels::new(step, learn);
    let variance = if held { 1.0 } else { learn.constant("variance") };
    let span = learn.span;
    let (rate, tolerance) = (learn.constant("rate"), learn.constant("tolerance"));
    let settle = Settle { steps: learn.constant("steps") as usize, rate, tolerance, span };
    let share = step.b.scalar(1.0 / variance);
    let mut at = levels.free.clone();
    if !levels.latent.is_empty() {
        let model = step.model;
        let ended = settle::until_still(step, settle.steps, levels.free.clone(), |step, now| {
            let from = if held { &levels.free[..] } else { now };
            let predicted = predict(step, &levels, from);
            let errors = errors(step, now, &predicted);
            let seeds = seeds(step, &predicted, &errors, share);
            let found = reverse(&mut step.b, &seeds, from, &mut Routes::of(model, learn));
            let mut ways = Vec::new();
            for (place, error) in errors.iter().enumerate() {
                let Some(error) = *error else { continue };
                let pull = step.b.add(error, found[place]);
                let wanted = step.b.subtract(now[place], pull);
                ways.push(Way { whose: whose::credit(learn), settle, now: now[place], wanted });
            }
            ways
        });
        step.not_settled(ended.unsettled);
        at = ended.activity.iter().map(|value| step.b.no_credit(*value)).collect();
    }
    let predicted = predict(step, &levels, if held { &levels.free } else { &at });
    let errors = errors(step, &at, &predicted);
    let found = lowered(step, learn, &levels, &predicted, &errors, variance);
    (step.activity, step.products, step.drives) = free;
    found
}

/// One round a level, from the costs down.
pub(super) fn staggered(step: &mut Step<'_>, learn: &Learn) -> Vec<Gradient> {
    let free = (step.activity.clone(), step.products.clone(), step.drives.clone());
    let levels = Levels::new(step, learn);
    let model = step.model;
    let predicted = predict(step, &levels, &levels.free);
    let share = step.b.scalar(1.0);
    let mut moved = vec![None; levels.latent.len()];
    for place in (0..levels.latent.len()).rev() {
        let seeds = seeds(step, &predicted, &moved, share);
        let free = levels.free[place];
        let found = reverse(&mut step.b, &seeds, &[free], &mut Routes::of(model, learn));
        let now = step.b.subtract(free, found[0]);
        moved[place] = Some(step.b.subtract(now, predicted.of[place]));
    }
    let found = lowered(step, learn, &levels, &predicted, &moved, 1.0);
    (step.activity, step.products, step.drives) = free;
    found
}

/// How far each latent region is from what is predicted of it.
fn errors(step: &mut Step<'_>, now: &[Value], predicted: &Predicted) -> Vec<Option<Value>> {
    let pairs = now.iter().zip(&predicted.of);
    pairs.map(|(now, predicted)| Some(step.b.subtract(*now, *predicted))).collect()
}

/// The gradient of what the errors cost, by what predicts, where the activities are.
fn lowered(
    step: &mut Step<'_>,
    learn: &Learn,
    levels: &Levels<'_>,
    predicted: &Predicted,
    errors: &[Option<Value>],
    variance: f64,
) -> Vec<Gradient> {
    let (model, count) = (step.model, step.batch.count);
    let variance = step.b.scalar(variance);
    let each = step.b.divide(variance, count);
    let mut parts = Vec::new();
    for error in errors {
        parts.push(error.map(|error| {
            let each = step.b.expand_like(each, error, &[]);
            step.b.multiply(error, each)
        }));
    }
    let one = step.b.scalar(1.0);
    let share = step.b.divide(one, count);
    let mut seeds = seeds(step, predicted, &parts, share);
    // A cost of weights alone is one for all samples.
    let whole = step.batch.extent.clone();
    for ((cost, seed), (_, weight)) in seeds.iter_mut().rev().zip(levels.costs.iter().rev()) {
        if step.b.ty(*cost).shape.first() != Some(&whole) {
            *seed = *weight;
        }
    }
    gradients(step, learn, &seeds, &mut Routes::of(model, learn))
}
