//! Evolution strategies: the mean over pairs of copies of all weights, moved by noise to both sides, of the noise times the
//! difference of their costs.
//! Salimans, Ho, Chen, Sidor & Sutskever (2017), "Evolution strategies as a scalable alternative to reinforcement learning".

use super::super::again::Pass;
use super::super::formula::Batched;
use super::super::forward::Step;
use super::{By, Gradient, changed_by, named};
use crate::model::Learn;
use crate::tensor::Value;
use crate::tensor::build::{Round, Rounds};

pub(super) const BY: By = By {
    name: "evolution_strategies",
    about: "the mean slope of the costs along mirrored draws of noise on all weights (Salimans et al. 2017)",
    gradients,
};

fn gradients(step: &mut Step<'_>, learn: &Learn, _: &[Batched]) -> Vec<Gradient> {
    let (sigma, pairs) = (learn.constant("sigma"), learn.constant("pairs"));
    let changed = changed_by(step.model, learn);
    let moment = step.moment();
    let each = step.b.int(pairs as i64);
    let first = step.b.multiply(moment, each);
    // Everything that is read within the rounds is asked for before them.
    drop(step.noises(learn, first));
    let zeros: Vec<Value> = changed
        .iter()
        .map(|changed| {
            let old = step.changed(changed);
            step.b.zeros_like(old)
        })
        .collect();
    let open = step.b.begin_loop(Rounds::of(pairs as usize), &zeros);
    let time = step.b.add(first, open.index);
    let noises = step.noises(learn, time);
    let [above, below] = [sigma, -sigma].map(|by| {
        let weights = step.shifted(&noises, by);
        let costs = step.again(learn, Pass { weights, ..Pass::default() });
        step.lowered(learn, &costs)
    });
    let difference = step.b.subtract(above, below);
    let slope = step.b.scale(difference, 0.5 / (sigma * pairs));
    let sums = noises.iter().zip(&open.carries).map(|((_, noise), sum)| {
        let slope = step.b.expand_like(slope, *noise, &[]);
        let part = step.b.multiply(slope, *noise);
        step.b.add(*sum, part)
    });
    let carries: Vec<Value> = sums.collect();
    let looped = step.b.end_loop(open, Round { carries, ..Round::default() });
    let pairs = changed.into_iter().zip(looped.carries);
    named(step, pairs.map(|(changed, value)| Gradient { changed, value }).collect())
}
