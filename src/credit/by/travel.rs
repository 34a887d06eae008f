//! How credit travels: from the costs of a statement back over its routes, crossing weights or what a rule puts in their place.

use super::super::feedback::{self, Feedback};
use super::super::formula::Batched;
use super::super::forward::Step;
use super::{Gradient, changed_by, named};
use crate::bug;
use crate::model::{CostId, Crossing, Factor, Formula, Learn, Model, Pattern, crossing};
use crate::tensor::differentiate::{Product, Transport, reverse};
use crate::tensor::{Builder, Name, Value};
use indexmap::IndexMap;

/// What crosses weights on the way back. Everywhere: the routes that a statement may take, and no others.
pub(super) struct Routes<'m> {
    /// The model.
    pub(super) model: &'m Model,
    /// The statement.
    pub(super) learn: &'m Learn,
    /// What stands in the place of the weight of a product; elsewhere it is the weight itself.
    pub(super) matrices: IndexMap<Name, Value>,
    /// By what all that crosses is multiplied.
    pub(super) scale: Option<Value>,
    /// What crosses a product, where it is not its cotangent.
    pub(super) errors: IndexMap<Name, Value>,
    /// Whether credit crosses no other weights than those.
    pub(super) nowhere_else: bool,
    /// Credit does not go back over the time steps whose number is a multiple of this.
    pub(super) truncated: Option<usize>,
}

impl<'m> Routes<'m> {
    /// Those of a statement, over the weights themselves.
    pub(super) fn of(model: &'m Model, learn: &'m Learn) -> Routes<'m> {
        let (matrices, errors) = (IndexMap::new(), IndexMap::new());
        Routes { model, learn, matrices, scale: None, errors, nowhere_else: false, truncated: None }
    }

    /// Puts feedback weights in the place of all weights that are crossed, and gives these.
    pub(super) fn over_feedback(&mut self, step: &mut Step<'_>) -> Vec<Feedback> {
        let mut all = Vec::new();
        for (product, feedback) in crossed(self.model, &crossing(self.model, self.learn)) {
            self.matrices.insert(product, step.feedback(&feedback));
            all.push(feedback);
        }
        all
    }

    fn is_open(&self, product: &Name) -> bool {
        let Some(place) = self.model.projections.iter().position(|projection| projection.name == *product) else {
            return true;
        };
        let allowed = self.learn.only_through.as_ref().is_none_or(|only| only.iter().any(|id| id.0 == place));
        self.model.projections[place].credit && allowed
    }
}

impl Transport for Routes<'_> {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let matrix = self.matrices.get(product.name).copied();
        if !self.is_open(product.name) || (self.nowhere_else && matrix.is_none()) {
            return None;
        }
        let cotangent = self.errors.get(product.name).copied().unwrap_or(product.cotangent);
        let crossed = Product { cotangent, ..*product };
        let crossed = crossed.transposed(builder, matrix.unwrap_or(product.weight));
        Some(match self.scale {
            Some(scale) if matrix.is_some() => {
                let shape = builder.ty(crossed).shape.clone();
                let scale = builder.expand_to(scale, &shape);
                builder.multiply(crossed, scale)
            }
            _ => crossed,
        })
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

/// The weight of a cost in a statement.
pub(in crate::credit) fn factor(step: &mut Step<'_>, weight: &Formula, cost: CostId) -> Value {
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
        let factor = self::factor(step, weight, *cost);
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

/// What comes along the routes to everything that a statement changes.
pub(super) fn gradients(
    step: &mut Step<'_>,
    learn: &Learn,
    seeds: &[(Value, Value)],
    transport: &mut dyn Transport,
) -> Vec<Gradient> {
    let changed = changed_by(step.model, learn);
    let mut wrt: Vec<Value> = changed.iter().map(|changed| step.changed(changed)).collect();
    wrt.extend(&step.watched);
    let mut found = reverse(&mut step.b, seeds, &wrt, transport);
    step.seen = found.split_off(changed.len());
    let pairs = changed.into_iter().zip(found);
    named(step, pairs.map(|(changed, value)| Gradient { changed, value }).collect())
}

/// What stands for each weight that is crossed, and in which product it is.
pub(super) fn crossed(model: &Model, crossing: &Crossing) -> Vec<(Name, Feedback)> {
    let weights = crossing.projections.iter().flat_map(|id| match model.projections[id.0].pattern {
        Pattern::LowRank(_) => Factor::BOTH.map(|factor| Feedback::Factor(*id, factor)).to_vec(),
        _ => vec![Feedback::Projection(*id)],
    });
    let factors = crossing.factors.iter().map(|id| Feedback::Factor(*id, feedback::crossed_last(model, *id)));
    let inner = crossing.inner.iter().map(|(region, number)| Feedback::Inner(*region, *number));
    let named = weights.chain(factors).chain(inner).map(|feedback| match feedback::product(model, &feedback) {
        Some(product) => (product, feedback),
        None => bug!("{feedback:?} is crossed in no product"),
    });
    named.collect()
}

/// Within a projection of low rank that a statement teaches, credit crosses one factor to come to the other.
pub(super) fn within_projections(step: &mut Step<'_>, routes: &mut Routes<'_>) {
    for &id in &routes.learn.projections {
        if let Pattern::LowRank(_) = step.model.projections[id.0].pattern {
            let factor = feedback::crossed_last(step.model, id);
            if let Some(product) = feedback::product(step.model, &Feedback::Factor(id, factor)) {
                routes.matrices.insert(product, step.factor(id, factor));
            }
        }
    }
}

/// The rule's `scale`, unless it is 1 for good.
pub(super) fn scale(step: &mut Step<'_>, learn: &Learn) -> Option<Value> {
    (learn.argument("scale").constant(&[]) != Some(1.0)).then(|| step.argument(learn, "scale"))
}
