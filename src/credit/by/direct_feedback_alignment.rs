//! Direct feedback alignment: the error of a cost, its derivative at the drives of the regions that it reads, comes to every
//! region below over fixed random weights of that pair of regions, and not by way of the regions between.
//! Nøkland (2016), "Direct feedback alignment provides learning in deep neural networks": the change of layer i is
//! ((B_i e) * f'(a_i)) h_(i-1)'.
//!
//! Where a projection leads from one to the other, the feedback weights are those of `feedback_alignment`, in its pattern.

use super::super::feedback::Feedback;
use super::super::forward::Step;
use super::By;
use super::travel::{Routes, crossed, gradients, scale, seeds};
use crate::bug;
use crate::model::{Crossing, Learn, Output, ProjectionId, crossing};
use crate::tensor::differentiate::reverse;
use crate::tensor::{Extent, Value};

pub(super) const BY: By = By {
    name: "direct_feedback_alignment",
    about: "errors come to each region over fixed random weights (Nøkland 2016)",
    gradients: |step, learn, costs| {
        let crossing = crossing(step.model, learn);
        let mut seeds = seeds(step, learn, costs);
        let scale = scale(step, learn);
        let errors = errors(step, learn, &crossing, &seeds);
        let mut routes = Routes { nowhere_else: true, scale, ..Routes::of(step.model, learn) };
        let within = Crossing { factors: crossing.factors.clone(), ..Crossing::default() };
        for (product, feedback) in crossed(step.model, &within) {
            routes.matrices.insert(product, step.feedback(&feedback));
        }
        for (output, error) in crossing.outputs.iter().zip(errors) {
            let direct = Crossing { projections: output.direct.clone(), ..Crossing::default() };
            for (product, feedback) in crossed(step.model, &direct) {
                routes.matrices.insert(product.clone(), step.feedback(&feedback));
                // In a projection of low rank the error crosses one factor, and what comes of it the other.
                if !first_factor(step, &feedback) {
                    routes.errors.insert(product, error);
                }
            }
            let named = output.named.as_ref().and_then(|_| output.direct.first().copied());
            for source in &output.above {
                let feedback = Feedback::Direct(*source, output.region, named);
                let matrix = step.feedback(&feedback);
                seeds.push(brought(step, *source, error, matrix, scale));
            }
        }
        gradients(step, learn, &seeds, &mut routes)
    },
};

/// Whether these are the feedback weights of the factor that activity crosses first.
fn first_factor(step: &Step<'_>, feedback: &Feedback) -> bool {
    let product = super::super::feedback::product(step.model, feedback);
    matches!(feedback, Feedback::Factor(id, _) if product.as_ref() == Some(&step.model.projections[id.0].name))
}

/// The error at each drive that costs come to without crossing a weight, in the shape of the drive.
pub(super) fn errors(step: &mut Step<'_>, learn: &Learn, crossing: &Crossing, seeds: &[(Value, Value)]) -> Vec<Value> {
    let at: Vec<Value> = crossing.outputs.iter().map(|output| drive(step, output)).collect();
    let mut nowhere = Routes { nowhere_else: true, ..Routes::of(step.model, learn) };
    reverse(&mut step.b, seeds, &at, &mut nowhere)
}

/// The value at which the error of an output is taken.
pub(super) fn drive(step: &Step<'_>, output: &Output) -> Value {
    let named = |id: &ProjectionId| step.products[id.0];
    let found = match &output.named {
        None => step.drives[output.region.0],
        Some(_) => output.direct.first().and_then(named),
    };
    match found {
        Some(value) => value,
        None => bug!("`{}` has no drive", step.model.regions[output.region.0].name),
    }
}

/// What an error brings to the activity of a region.
fn brought(
    step: &mut Step<'_>,
    source: crate::model::RegionId,
    error: Value,
    matrix: Value,
    scale: Option<Value>,
) -> (Value, Value) {
    let Some(activity) = step.activity[source.0] else { bug!("a region without activity") };
    let flat = [step.batch.extent.clone(), Extent::Const(units(step, matrix))];
    let error = if *step.b.ty(error).shape == flat { error } else { step.b.reshape(error, &flat) };
    let mut brought = step.b.contract("bo,oi->bi", error, matrix);
    if let Some(scale) = scale {
        let shape = step.b.ty(brought).shape.clone();
        let scale = step.b.expand_to(scale, &shape);
        brought = step.b.multiply(brought, scale);
    }
    let shape = step.b.ty(activity).shape.clone();
    let brought = if step.b.ty(brought).shape == shape { brought } else { step.b.reshape(brought, &shape) };
    (activity, brought)
}

/// How many units the drive has to which a matrix of feedback weights belongs.
fn units(step: &Step<'_>, matrix: Value) -> usize {
    step.b.ty(matrix).shape.first().map_or(1, Extent::bound)
}
