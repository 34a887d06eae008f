//! Backpropagation: the gradient of the costs' mean over the batch, over every route that credit may take.
//! Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating errors".

use super::super::formula::Batched;
use super::super::forward::Step;
use super::{By, Changed, Gradient};
use crate::bug;
use crate::model::{Learn, Model};
use crate::tensor::differentiate::{Product, Transport, reverse};
use crate::tensor::{Builder, Value};

pub(super) const BY: By = By { name: "backprop", about: "the gradient (Rumelhart, Hinton & Williams 1986)", gradients };

/// The exact transpose, but over projections that credit may not cross.
struct Routes<'m> {
    model: &'m Model,
    learn: &'m Learn,
}

impl Transport for Routes<'_> {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let place = self.model.projections.iter().position(|projection| projection.name == *product.name);
        let Some(place) = place else { bug!("no projection `{}`", product.name) };
        let allowed = self.learn.only_through.as_ref().is_none_or(|only| only.iter().any(|id| id.0 == place));
        (self.model.projections[place].credit && allowed).then(|| product.transposed(builder, product.weight))
    }
}

fn gradients(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Vec<Gradient> {
    let mut seeds = Vec::new();
    for (weight, cost) in &learn.from {
        let mut factor = step.schedule(weight);
        if let Some(set) = step.phase.weights.get(cost).cloned() {
            let set = step.schedule(&set);
            factor = step.b.multiply(factor, set);
        }
        let cost = costs[cost.0];
        if cost.batched {
            let each = step.b.divide(factor, step.batch.count);
            let each = step.b.expand_like(each, cost.value, &[]);
            seeds.push((cost.value, each));
        } else {
            seeds.push((cost.value, factor));
        }
    }
    let mut changed: Vec<Changed> = learn.projections.iter().map(|id| Changed::Weight(*id)).collect();
    changed.extend(learn.biases.iter().map(|id| Changed::Bias(*id)));
    let wrt: Vec<Value> = changed
        .iter()
        .map(|changed| match changed {
            Changed::Weight(id) => step.weight(*id),
            Changed::Bias(id) => step.bias(*id),
        })
        .collect();
    let model = step.model;
    let found = reverse(&mut step.b, &seeds, &wrt, &mut Routes { model, learn });
    let pairs = changed.into_iter().zip(found);
    pairs
        .map(|(changed, value)| {
            let slot = super::super::learn::slot_of(model, &changed);
            step.b.named(value, format!("{slot}.gradient"));
            Gradient { changed, value }
        })
        .collect()
}
