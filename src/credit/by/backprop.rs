//! Backpropagation: the gradient of the costs' mean over the batch, over every route that credit may take.
//! Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating errors".

use super::super::formula::Batched;
use super::super::forward::Step;
use super::{By, Gradient, changed_by};
use crate::model::{CostId, Formula, Learn, Model};
use crate::tensor::differentiate::{Product, Transport, reverse};
use crate::tensor::{Builder, Value};

pub(super) const BY: By = By {
    name: "backprop",
    about: "the gradient (Rumelhart, Hinton & Williams 1986)",
    gradients: |step, learn, costs| gradients(step, learn, costs, None),
};

/// The exact transpose, but over projections that credit may not cross; inside a structure always.
struct Routes<'m> {
    model: &'m Model,
    learn: &'m Learn,
    /// Credit does not go back over the time steps whose number is a multiple of this.
    truncated: Option<usize>,
}

impl Transport for Routes<'_> {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let place = self.model.projections.iter().position(|projection| projection.name == *product.name);
        let Some(place) = place else { return Some(product.transposed(builder, product.weight)) };
        let allowed = self.learn.only_through.as_ref().is_none_or(|only| only.iter().any(|id| id.0 == place));
        (self.model.projections[place].credit && allowed).then(|| product.transposed(builder, product.weight))
    }

    fn carry(&mut self, builder: &mut Builder, index: Value, cotangent: Value) -> Value {
        let Some(steps) = self.truncated else { return cotangent };
        let steps = builder.int(steps as i64);
        let rest = builder.remainder(index, steps);
        let zero = builder.int(0);
        let cut = builder.equal(rest, zero);
        let none = builder.zeros_like(cotangent);
        let shape = builder.ty(cotangent).shape.clone();
        let cut = builder.expand_to(cut, &shape);
        builder.select(cut, none, cotangent)
    }
}

/// The gradient of a statement's costs; with `truncated`, only within stretches of so many time steps.
pub(super) fn gradients(
    step: &mut Step<'_>,
    learn: &Learn,
    costs: &[Batched],
    truncated: Option<usize>,
) -> Vec<Gradient> {
    let seeds = seeds(step, learn, costs);
    from_seeds(step, learn, &seeds, truncated)
}

/// The weight of a cost in a statement.
pub(super) fn factor(step: &mut Step<'_>, weight: &Formula, cost: CostId) -> Value {
    let factor = step.schedule(weight);
    match step.phase.weights.get(&cost).cloned() {
        Some(set) => {
            let set = step.schedule(&set);
            step.b.multiply(factor, set)
        }
        None => factor,
    }
}

/// The costs of a statement, with the derivative of what it lowers by each.
pub(super) fn seeds(step: &mut Step<'_>, learn: &Learn, costs: &[Batched]) -> Vec<(Value, Value)> {
    let mut seeds = Vec::new();
    for (weight, cost) in &learn.from {
        let factor = factor(step, weight, *cost);
        let cost = costs[cost.0];
        if cost.batched {
            let each = step.b.divide(factor, step.batch.count);
            let each = step.b.expand_like(each, cost.value, &[]);
            seeds.push((cost.value, each));
        } else {
            seeds.push((cost.value, factor));
        }
    }
    seeds
}

/// The derivatives of some values, by everything that a statement changes.
pub(super) fn from_seeds(
    step: &mut Step<'_>,
    learn: &Learn,
    seeds: &[(Value, Value)],
    truncated: Option<usize>,
) -> Vec<Gradient> {
    let changed = changed_by(step.model, learn);
    let wrt: Vec<Value> = changed.iter().map(|changed| step.changed(changed)).collect();
    let model = step.model;
    let found = reverse(&mut step.b, seeds, &wrt, &mut Routes { model, learn, truncated });
    let pairs = changed.into_iter().zip(found);
    pairs
        .map(|(changed, value)| {
            let slot = super::super::learn::slot_of(model, &changed);
            step.b.named(value, format!("{slot}.gradient"));
            Gradient { changed, value }
        })
        .collect()
}
