//! Targets that come down over learnt inverses: where each region's activity ought to have been, for each sample, and what moves the
//! inverses. What two rules do in one way but for one term.

use super::super::chance::SLOT;
use super::super::feedback::{Becomes, slot};
use super::super::forward::Step;
use super::super::whose;
use super::travel::{Routes, gradients, seeds, within_projections};
use super::{Feedback, Gradient};
use crate::bug;
use crate::credit::formula::Batched;
use crate::model::{Learn, ProjectionId, RegionId, crossing, owner};
use crate::tensor::differentiate::{Exact, Product, Transport, reverse};
use crate::tensor::{Builder, Extent, Value};

/// The activity from which a target is told, at the source of a projection that is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The activity itself.
    Activity,
    /// What the inverse makes of the activity above, so that its mistakes do not count.
    Inverse,
}

/// What comes over inverse weights, and what these learn.
pub(super) fn propagated(step: &mut Step<'_>, learn: &Learn, costs: &[Batched], from: From) -> Vec<Gradient> {
    let model = step.model;
    let crossing = crossing(model, learn);
    let mut seeds = seeds(step, learn, costs);
    // A target lies so many steps down the error of its sample alone; what is learnt from it is divided by the step again.
    let size = step.argument(learn, "step");
    let size = step.b.multiply(size, step.batch.count);
    let mut nowhere = Routes { nowhere_else: true, ..Routes::of(model, learn) };
    within_projections(step, &mut nowhere);
    for &region in model.order.iter().rev() {
        let into: Vec<ProjectionId> =
            crossing.projections.iter().copied().filter(|id| model.projections[id.0].target == region).collect();
        if into.is_empty() {
            continue;
        }
        let above = activity(step, region);
        let error = reverse(&mut step.b, &seeds, &[above], &mut nowhere)[0];
        let scaled = step.b.expand_like(size, error, &[]);
        let way = step.b.multiply(scaled, error);
        let target = step.b.subtract(above, way);
        for id in into {
            let source = model.projections[id.0].source;
            let here = activity(step, source);
            let goal = inverted(step, id, target);
            let is = match from {
                From::Activity => here,
                From::Inverse => inverted(step, id, above),
            };
            let off = step.b.subtract(is, goal);
            let scaled = step.b.expand_like(size, off, &[]);
            seeds.push((here, step.b.divide(off, scaled)));
            rebuild(step, learn, id);
        }
    }
    gradients(step, learn, &seeds, &mut nowhere)
}

fn activity(step: &Step<'_>, id: RegionId) -> Value {
    match step.activity[id.0] {
        Some(value) => value,
        None => bug!("`{}` has no activity", step.model.regions[id.0].name),
    }
}

/// Puts inverse weights in the place of the weights of one projection, and lets nothing cross any other.
struct Back<'p> {
    projection: &'p str,
    inverse: Value,
}

impl Transport for Back<'_> {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        (**product.name == *self.projection).then(|| product.transposed(builder, self.inverse))
    }
}

/// What the inverse of a projection makes of an activity of its target: by the equation of its source, if that has a drive.
fn inverted(step: &mut Step<'_>, id: ProjectionId, above: Value) -> Value {
    let model = step.model;
    let (source, name) = (model.projections[id.0].source, &model.projections[id.0].name);
    let inverse = step.feedback(&Feedback::Inverse(id));
    let (here, product) = (activity(step, source), step.product(id));
    let shape = step.b.ty(product).shape.clone();
    let seed = step.b.reshape(above, &shape);
    let mut back = Back { projection: name, inverse };
    let crossed = reverse(&mut step.b, &[(product, seed)], &[here], &mut back)[0];
    let shape = step.b.ty(here).shape.clone();
    let bias = step.feedback(&Feedback::InverseBias(id));
    let units: Vec<Extent> = shape[1..].to_vec();
    let bias = step.b.reshape(bias, &units);
    let axes: Vec<usize> = (1..shape.len()).collect();
    let bias = step.b.expand(bias, &shape, &axes);
    let drive = step.b.add(crossed, bias);
    let region = &model.regions[source.0];
    if !region.driven || region.structure.is_some() {
        return drive;
    }
    aside(step, |step| {
        step.driven_by(source, Some(drive));
        let back = activity(step, source);
        step.b.named(back, format!("{}.back", slot(model, &Feedback::Inverse(id))))
    })
}

/// Computes regions anew, and leaves all that the step has come to as it was.
fn aside(step: &mut Step<'_>, write: impl FnOnce(&mut Step<'_>) -> Value) -> Value {
    let (activity, products, drives) = (step.activity.clone(), step.products.clone(), step.drives.clone());
    let (tallies, next) = (step.tallies.clone(), step.trial.next.clone());
    let value = write(step);
    (step.activity, step.products, step.drives) = (activity, products, drives);
    (step.tallies, step.trial.next) = (tallies, next);
    value
}

/// The inverse of a projection learns to bring back what noise around the activity of its source makes of its target:
/// a step down half the squared distance.
fn rebuild(step: &mut Step<'_>, learn: &Learn, id: ProjectionId) {
    let (model, own) = (step.model, owner(&step.model.projections, id));
    let (source, target) = (model.projections[id.0].source, model.projections[id.0].target);
    let key = format!("{SLOT}{}", slot(model, &Feedback::Inverse(id)));
    let noise = step.noise_at(key.into(), &model.regions[source.0].shape);
    let noise = step.b.scale(noise, learn.constant("sigma"));
    step.b.named(noise, format!("{}.noise", slot(model, &Feedback::Inverse(id))));
    let here = activity(step, source);
    let moved = step.b.add(here, noise);
    let moved = step.b.no_credit(moved);
    let above = aside(step, |step| {
        step.activity[source.0] = Some(moved);
        for (number, wire) in model.projections.iter().enumerate() {
            if wire.source == source && wire.target == target {
                step.products[number] = None;
            }
        }
        step.region(target);
        let above = activity(step, target);
        step.b.named(above, format!("{}.above", slot(model, &Feedback::Inverse(id))))
    });
    step.b.at(Some(learn.span)).of(whose::credit(learn));
    let above = step.b.no_credit(above);
    let rebuilt = inverted(step, id, above);
    let off = step.b.subtract(rebuilt, moved);
    let count = step.batch.count;
    let count = step.b.expand_like(count, off, &[]);
    let each = step.b.divide(off, count);
    let both = [Feedback::Inverse(id), Feedback::InverseBias(id)];
    let olds = both.map(|feedback| step.feedback(&feedback));
    let mut found = reverse(&mut step.b, &[(rebuilt, each)], &olds, &mut Exact);
    if let Some(there) = step.synapses(own) {
        let zero = step.b.zeros_like(found[0]);
        found[0] = step.b.select(there, found[0], zero);
    }
    let rate = step.argument(learn, "rate");
    for ((feedback, old), gradient) in both.iter().zip(olds).zip(found) {
        let rate = step.b.expand_like(rate, old, &[]);
        let change = step.b.multiply(rate, gradient);
        let new = step.b.subtract(old, change);
        step.becomes(feedback, Becomes::New { new, old });
    }
}
