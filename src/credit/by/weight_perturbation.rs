//! Weight perturbation: all weights of the paths move by noise at once, the same for all samples of a step, and each is moved
//! back along its noise by what the costs rose.
//! Jabri & Flower (1992), "Weight perturbation: an optimal architecture and learning technique for analog VLSI feedforward and
//! recurrent multilayer networks"; in parallel: Cauwenberghs (1993), "A fast stochastic error-descent algorithm for supervised
//! learning and optimization".

use super::super::again::Pass;
use super::super::formula::Batched;
use super::super::forward::Step;
use super::{By, Gradient, named};
use crate::model::Learn;

pub(super) const BY: By = By {
    name: "weight_perturbation",
    about: "the change of the costs along one draw of noise on all weights (Cauwenberghs 1993)",
    gradients,
};

fn gradients(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Vec<Gradient> {
    let sigma = learn.constant("sigma");
    let time = step.moment();
    let noises = step.noises(learn, time);
    let before: Vec<Batched> = learn.from.iter().map(|(_, cost)| costs[cost.0]).collect();
    let before = step.lowered(learn, &before);
    let weights = step.shifted(&noises, sigma);
    let after = step.again(learn, Pass { weights, ..Pass::default() });
    let after = step.lowered(learn, &after);
    let rise = step.b.subtract(after, before);
    let slope = step.b.scale(rise, 1.0 / sigma);
    let gradients = noises.into_iter().map(|(changed, noise)| {
        let slope = step.b.expand_like(slope, noise, &[]);
        let value = step.b.multiply(slope, noise);
        Gradient { changed, value }
    });
    let gradients = gradients.collect();
    named(step, gradients)
}
