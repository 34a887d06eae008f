//! Serial perturbation: each weight is moved alone, to both sides, and the slope of the costs between them is its gradient, but
//! for the square of the distance. It costs two passes for each weight.

use super::super::again::Pass;
use super::super::formula::Batched;
use super::super::forward::Step;
use super::super::learn::slot_of;
use super::{By, Changed, Gradient, changed_by, named};
use crate::model::Learn;
use crate::tensor::build::{Round, Rounds};
use crate::tensor::{Extent, Value};
use indexmap::IndexMap;

pub(super) const BY: By = By {
    name: "serial_perturbation",
    about: "the slope of the costs along each weight alone, by central differences",
    gradients,
};

fn gradients(step: &mut Step<'_>, learn: &Learn, _: &[Batched]) -> Vec<Gradient> {
    let changed = changed_by(step.model, learn);
    let gradients = changed.into_iter().map(|changed| {
        let value = slopes(step, learn, &changed);
        Gradient { changed, value }
    });
    let gradients = gradients.collect();
    named(step, gradients)
}

/// The slope along each element of a parameter, one round for each.
fn slopes(step: &mut Step<'_>, learn: &Learn, changed: &Changed) -> Value {
    let distance = learn.constant("distance");
    let old = step.changed(changed);
    let shape = step.b.ty(old).shape.clone();
    let size: usize = shape.iter().map(Extent::bound).product();
    let open = step.b.begin_loop(Rounds::of(size), &[]);
    let places = step.b.iota(Extent::Const(size));
    let here = step.b.expand_like(open.index, places, &[]);
    let here = step.b.equal(places, here);
    let here = step.b.real(here);
    let here = step.b.reshape(here, &shape);
    let [above, below] = [distance, -distance].map(|by| {
        let moved = step.b.scale(here, by);
        let new = step.b.add(old, moved);
        let weights = IndexMap::from([(slot_of(step.model, changed), new)]);
        let costs = step.again(learn, Pass { weights, ..Pass::default() });
        step.lowered(learn, &costs)
    });
    let difference = step.b.subtract(above, below);
    let slope = step.b.scale(difference, 0.5 / distance);
    let looped = step.b.end_loop(open, Round { records: vec![slope], ..Round::default() });
    step.b.reshape(looped.records[0], &shape)
}
