//! Node perturbation: the drives of the units on the paths move by noise, for each sample its own, and each synapse is moved
//! against the noise of its unit, times the activity before it, by what the costs of the sample rose.
//! Werfel, Xie & Seung (2005), "Learning curves for stochastic gradient descent in linear feedforward networks".

use super::super::again::Pass;
use super::super::formula::Batched;
use super::super::forward::Step;
use super::super::perturb::{Tally, sites};
use super::{By, Gradient, travel};
use crate::bug;
use crate::model::{Learn, Model};
use crate::tensor::differentiate::{Product, Transport};
use crate::tensor::{Builder, Value};

pub(super) const BY: By = By {
    name: "node_perturbation",
    about: "the change of each sample's costs along noise on the drives (Werfel, Xie & Seung 2005)",
    gradients,
};

/// Nothing comes over a projection: a synapse knows of its unit's noise alone.
struct Local<'m>(&'m Model);

impl Transport for Local<'_> {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let is_projection = self.0.projections.iter().any(|projection| projection.name == *product.name);
        (!is_projection).then(|| product.transposed(builder, product.weight))
    }

    fn carry(&mut self, builder: &mut Builder, _index: Value, cotangent: Value) -> Value {
        builder.zeros_like(cotangent)
    }
}

fn gradients(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Vec<Gradient> {
    let (model, sigma, sites) = (step.model, learn.constant("sigma"), sites(step.model, learn));
    let before: Vec<Batched> = learn.from.iter().map(|(_, cost)| costs[cost.0]).collect();
    let before = step.lowered_each(learn, &before);
    let after = step.again(learn, Pass { pushed: Some((sigma, sites.clone())), ..Pass::default() });
    let after = step.lowered_each(learn, &after);
    let rise = step.b.subtract(after, before);
    let slope = step.b.scale(rise, 1.0 / sigma);
    let count = step.batch.count;
    let count = step.b.expand_like(count, slope, &[]);
    let slope = step.b.divide(slope, count);
    let seeds: Vec<(Value, Value)> = sites
        .iter()
        .map(|site| match step.tallies.get(&Tally::Noise(*site)) {
            Some(along) => (*along, slope),
            None => bug!("nothing came to {site:?}"),
        })
        .collect();
    travel::gradients(step, learn, &seeds, &mut Local(model))
}
