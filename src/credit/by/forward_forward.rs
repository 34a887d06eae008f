//! Forward-forward: each region on its own makes itself large for what belongs together and small for the rest. Its goodness is
//! the mean of its squares, and it lowers softplus of how far that is on the wrong side of the threshold; nothing crosses a weight.
//! Hinton (2022), "The forward-forward algorithm: some preliminary investigations".

use super::super::formula::widened;
use super::super::forward::Step;
use super::travel::{Routes, gradients, within_projections};
use super::{By, Gradient};
use crate::bug;
use crate::model::{Learn, RegionId};
use crate::tensor::{Extent, Value};
use indexmap::IndexSet;

pub(super) const BY: By = By {
    name: "forward_forward",
    about: "each region is large for what belongs together (Hinton 2022)",
    gradients: |step, learn, _| {
        let targets = learn.projections.iter().map(|id| step.model.projections[id.0].target);
        let ends: IndexSet<RegionId> =
            targets.chain(learn.biases.iter().copied()).chain(learn.structures.iter().copied()).collect();
        let mut all: Vec<Gradient> = Vec::new();
        for region in ends {
            let wrong = wrong(step, learn, region);
            let one = step.b.scalar(1.0);
            let each = step.b.divide(one, step.batch.count);
            let each = step.b.expand_like(each, wrong, &[]);
            let own = of(step, learn, region);
            let mut nowhere = Routes { nowhere_else: true, ..Routes::of(step.model, learn) };
            within_projections(step, &mut nowhere);
            for found in gradients(step, &own, &[(wrong, each)], &mut nowhere) {
                match all.iter_mut().find(|gradient| gradient.changed == found.changed) {
                    // Weights that several regions share learn from all of these.
                    Some(gradient) => gradient.value = step.b.add(gradient.value, found.value),
                    None => all.push(found),
                }
            }
        }
        all
    },
};

/// The part of a statement that teaches one region.
fn of(step: &Step<'_>, learn: &Learn, region: RegionId) -> Learn {
    let mut own = learn.clone();
    own.projections.retain(|id| step.model.projections[id.0].target == region);
    own.biases.retain(|id| *id == region);
    own.structures.retain(|id| *id == region);
    own
}

/// What a region lowers, for each sample: softplus of its goodness above the threshold, or below it for what belongs together.
fn wrong(step: &mut Step<'_>, learn: &Learn, region: RegionId) -> Value {
    let Some(activity) = step.activity[region.0] else { bug!("a region without activity") };
    let axes: Vec<usize> = (1..step.b.ty(activity).shape.len()).collect();
    let units: usize = step.b.ty(activity).shape[1..].iter().map(Extent::bound).product();
    let squares = step.b.multiply(activity, activity);
    let goodness = step.b.sum(squares, &axes);
    let goodness = step.b.scale(goodness, 1.0 / units as f64);
    let threshold = step.argument(learn, "threshold");
    let threshold = step.b.expand_like(threshold, goodness, &[]);
    let above = step.b.subtract(goodness, threshold);
    let Some(positive) = &learn.per_sample else { bug!("nothing says what belongs together") };
    let extent = step.batch.extent.clone();
    let positive = step.formula(positive);
    let positive = widened(&mut step.b, positive, &extent);
    let sign = step.b.scale(positive, -2.0);
    let sign = step.b.shift(sign, 1.0);
    let off = step.b.multiply(sign, above);
    softplus(step, off)
}

/// log(1 + exp(x)), without `exp` of what is large.
fn softplus(step: &mut Step<'_>, x: Value) -> Value {
    let zero = step.b.zeros_like(x);
    let above = step.b.maximum(x, zero);
    let size = step.b.abs(x);
    let size = step.b.negate(size);
    let small = step.b.exp(size);
    let small = step.b.shift(small, 1.0);
    let rest = step.b.log(small);
    step.b.add(above, rest)
}
