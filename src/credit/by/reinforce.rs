//! The score function estimator: the derivative of the logarithm of the probability of what was sampled by `score`, times what
//! the costs of that sample came to above a baseline; and the gradient where there is one without chance. Its mean is the
//! gradient of the costs' mean, whatever the baseline.
//! Williams (1992), "Simple statistical gradient-following algorithms for connectionist reinforcement learning".

use super::super::formula::{Batched, widened};
use super::super::forward::Step;
use super::super::perturb::Tally;
use super::travel::{Routes, gradients, seeds};
use super::{By, Gradient};
use crate::bug;
use crate::model::Learn;
use crate::tensor::Value;

pub(super) const BY: By =
    By { name: "reinforce", about: "the score function estimator (Williams 1992)", gradients: scored };

fn scored(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Vec<Gradient> {
    let mut seeds = self::seeds(step, learn, costs);
    let advantage = advantage(step, learn, costs);
    for id in &learn.sampled {
        match step.tallies.get(&Tally::Score(*id)) {
            Some(score) => seeds.push((*score, advantage)),
            None => bug!("the draws of `{}` have no probability", step.model.regions[id.0].name),
        }
    }
    let mut routes = Routes::of(step.model, learn);
    gradients(step, learn, &seeds, &mut routes)
}

/// For each sample, what its costs came to above the baseline, as a part of the mean over the batch.
fn advantage(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Value {
    let own: Vec<Batched> = learn.from.iter().map(|(_, cost)| costs[cost.0]).collect();
    let mut total = step.lowered_each(learn, &own);
    if let Some(baseline) = &learn.per_sample {
        let extent = step.batch.extent.clone();
        let baseline = step.formula(baseline);
        let baseline = widened(&mut step.b, baseline, &extent);
        total = step.b.subtract(total, baseline);
    }
    let count = step.batch.count;
    let count = step.b.expand_like(count, total, &[]);
    step.b.divide(total, count)
}
