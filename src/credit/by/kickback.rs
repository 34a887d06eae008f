//! Kickback: no errors come down but one number for each sample, the error at the drive of the unit that its cost reads (of several
//! costs, the sum). Each unit below multiplies it by its influence on the regions right behind it, and by its own slope.
//! Balduzzi, Vanchinathan & Buhmann (2015), "Kickback cuts backprop's red-tape": where all that lies behind a unit is moved by it in
//! one direction, it learns in the direction of the gradient.

use super::super::forward::Step;
use super::By;
use super::direct_feedback_alignment::{drive, errors};
use super::travel::{Routes, crossed, gradients, seeds, within_projections};
use crate::bug;
use crate::model::{Crossing, ProjectionId, RegionId, crossing};
use crate::tensor::differentiate::{Product, Transport, reverse};
use crate::tensor::{Builder, Name, Value};
use indexmap::IndexSet;

pub(super) const BY: By = By {
    name: "kickback",
    about: "one error for all, times each unit's influence on what is right behind it (Balduzzi et al. 2015)",
    gradients: |step, learn, costs| {
        let crossing = crossing(step.model, learn);
        let mut seeds = seeds(step, learn, costs);
        let errors = errors(step, learn, &crossing, &seeds);
        if let Some(error) = global(step, &errors) {
            for source in sources(step, &crossing) {
                let Some(activity) = step.activity[source.0] else { bug!("a region without activity") };
                let influence = influence(step, &crossing, source, activity);
                let error = step.b.expand_like(error, influence, &[0]);
                let kick = step.b.multiply(error, influence);
                seeds.push((activity, kick));
            }
        }
        let mut nowhere = Routes { nowhere_else: true, ..Routes::of(step.model, learn) };
        within_projections(step, &mut nowhere);
        gradients(step, learn, &seeds, &mut nowhere)
    },
};

/// The sum of all errors of each sample.
fn global(step: &mut Step<'_>, errors: &[Value]) -> Option<Value> {
    let mut sum: Option<Value> = None;
    for error in errors {
        let axes: Vec<usize> = (1..step.b.ty(*error).shape.len()).collect();
        let error = step.b.sum(*error, &axes);
        sum = Some(match sum {
            Some(sum) => step.b.add(sum, error),
            None => error,
        });
    }
    sum
}

/// The regions from which crossed projections start, in order of dependence.
fn sources(step: &Step<'_>, crossing: &Crossing) -> Vec<RegionId> {
    let starts = |id: &RegionId| crossing.projections.iter().any(|wire| step.model.projections[wire.0].source == *id);
    step.model.order.iter().copied().filter(starts).collect()
}

/// Across the weights of some products, and no others.
struct Across(IndexSet<Name>);

impl Transport for Across {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        self.0.contains(product.name).then(|| product.transposed(builder, product.weight))
    }
}

/// What a little more of each unit adds to the sum of the activities right behind it, or to the drives of those that costs read.
fn influence(step: &mut Step<'_>, crossing: &Crossing, source: RegionId, activity: Value) -> Value {
    let model = step.model;
    let wires: Vec<ProjectionId> =
        crossing.projections.iter().copied().filter(|wire| model.projections[wire.0].source == source).collect();
    let mut behind: IndexSet<Value> = IndexSet::new();
    for wire in &wires {
        let output = crossing.outputs.iter().find(|output| output.direct.contains(wire));
        let target = model.projections[wire.0].target;
        behind.extend(output.map(|output| drive(step, output)).or(step.activity[target.0]));
    }
    let mut seeds = Vec::new();
    for value in behind {
        seeds.push((value, step.b.full_like(value, 1.0)));
    }
    let own = Crossing { projections: wires, ..Crossing::default() };
    let names = crossed(model, &own).into_iter().map(|(product, _)| product);
    reverse(&mut step.b, &seeds, &[activity], &mut Across(names.collect()))[0]
}
