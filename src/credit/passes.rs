//! Passes of rules: copies of the free activity in which the regions between a statement's paths and its costs settle once
//! more, clamped to the costs' targets or nudged by the costs.

use super::by::factor;
use super::formula;
use super::forward::Step;
use super::settle::{self, Nudge};
use crate::bug;
use crate::model::{CostId, Learn, Pass, RegionId, Settle, Teacher};
use crate::tensor::Value;

/// The activity of every region in each pass of a statement's rule.
pub(super) type Passes = Vec<Vec<Option<Value>>>;

/// The passes of every statement of the phase; what does not settle in one of them has not settled.
pub(super) fn all(step: &mut Step<'_>) -> Vec<Passes> {
    let phase = step.phase;
    phase.learns.iter().map(|learn| of(step, learn)).collect()
}

fn of(step: &mut Step<'_>, learn: &Learn) -> Passes {
    let Teacher::Rule(rule) = &learn.teacher else { return Vec::new() };
    let mut done: Passes = Vec::new();
    for pass in &rule.passes {
        let activity = match pass.is_free() {
            true => step.activity.clone(),
            false => run(step, learn, pass, pass.from.map(|from| &done[from])),
        };
        done.push(activity);
    }
    done
}

/// One pass: everything is held but what moves, which settles from the state of another pass, or from 0.
fn run(step: &mut Step<'_>, learn: &Learn, pass: &Pass, from: Option<&Vec<Option<Value>>>) -> Vec<Option<Value>> {
    let free = (step.activity.clone(), step.products.clone(), step.drives.clone());
    settle::forget_products(step, &learn.moves);
    let mut clamped: Vec<RegionId> = Vec::new();
    if pass.clamp.is_some() {
        for (_, cost) in &learn.from {
            clamped.push(clamp(step, *cost));
        }
    }
    let moved: Vec<RegionId> = learn.moves.iter().copied().filter(|id| !clamped.contains(id)).collect();
    let settled: Vec<(RegionId, Settle)> = moved.iter().map(|id| (*id, pass.settle)).collect();
    let mut first = Vec::new();
    for id in &moved {
        first.push(match from.and_then(|from| from[id.0]) {
            Some(value) => value,
            None => {
                let ty = step.batched_type(&step.model.regions[id.0].shape);
                step.b.zeros(&ty)
            }
        });
    }
    let nudge = pass.nudge.as_ref().map(|by| {
        let by = step.schedule(by);
        Nudge { by: step.b.negate(by), costs: pulls(step, learn), on: read(step, learn, &moved) }
    });
    let mut seen = step.activity.clone();
    if !moved.is_empty() {
        let ended = settle::rounds(step, &moved, &settled, first, nudge.as_ref());
        step.not_settled(ended.unsettled);
        for (id, value) in moved.iter().zip(ended.activity) {
            seen[id.0] = Some(value);
        }
    }
    (step.activity, step.products, step.drives) = free;
    seen
}

/// Puts the region that a cost reads at the cost's target.
fn clamp(step: &mut Step<'_>, cost: CostId) -> RegionId {
    let model = step.model;
    let Some(target) = &model.costs[cost.0].target else { bug!("a cost without a target is clamped") };
    let Some(region) = target.region else { bug!("no region is clamped") };
    let value = step.formula(&target.value);
    let extent = step.batch.extent.clone();
    step.activity[region.0] = Some(formula::widened(&mut step.b, value, &extent));
    region
}

/// The costs that pull, each with its weight, while what they read can still be asked for.
pub(super) fn pulls(step: &mut Step<'_>, learn: &Learn) -> Vec<(CostId, Value)> {
    let mut all = Vec::new();
    for (weight, cost) in &learn.from {
        let factor = factor(step, weight, *cost);
        for (leaf, _) in step.model.costs[cost.0].formula.leaves() {
            step.prepare_leaf(leaf);
        }
        all.push((*cost, factor));
    }
    all
}

/// What moves and is read by a statement's costs.
fn read(step: &Step<'_>, learn: &Learn, moved: &[RegionId]) -> Vec<RegionId> {
    let reads = |id: &RegionId| {
        let costs = learn.from.iter().map(|(_, cost)| &step.model.costs[cost.0].formula);
        costs.flat_map(|formula| formula.leaves()).any(|(leaf, _)| *leaf == crate::model::Leaf::Region(*id))
    };
    moved.iter().copied().filter(reads).collect()
}

impl Step<'_> {
    /// A sample that did not settle here has not settled.
    pub(super) fn not_settled(&mut self, here: Value) {
        self.unsettled = Some(match self.unsettled {
            Some(before) => self.b.maximum(before, here),
            None => here,
        });
    }

    /// The activity of a region in a pass, one row of units for each sample.
    pub(super) fn flat_in(&mut self, activity: &[Option<Value>], id: RegionId) -> Value {
        match activity[id.0] {
            Some(value) => self.flattened(value, id),
            None => bug!("`{}` has no activity in a pass", self.model.regions[id.0].name),
        }
    }
}
