//! Sign symmetry: credit crosses feedback weights that have the signs of the weights for which they stand, as these are in each
//! step, and magnitudes that have nothing to do with theirs: all the same, or drawn once.
//! Liao, Leibo & Poggio (2016), "How important is weight symmetry in backpropagation?": B = M * sign(W), element by element.

use super::super::feedback::{Becomes, signed, stands_for};
use super::super::forward::Step;
use super::travel::{Routes, crossed, gradients, seeds};
use super::{By, Feedback};
use crate::model::{Learn, Model, crossing};
use crate::tensor::Value;

pub(super) const BY: By = By {
    name: "sign_symmetry",
    about: "credit crosses weights with the right signs and other magnitudes (Liao, Leibo & Poggio 2016)",
    gradients: |step, learn, costs| {
        let crossing = crossing(step.model, learn);
        let mut routes = Routes::of(step.model, learn);
        for (product, feedback) in crossed(step.model, &crossing) {
            let magnitude = magnitude(step, learn, &feedback);
            let of = stands_for(step.model, feedback);
            let weights = step.changed(&of);
            routes.matrices.insert(product, signed(step, weights, magnitude));
            step.becomes(&feedback, Becomes::Signed { of, magnitude });
        }
        let seeds = seeds(step, learn, costs);
        gradients(step, learn, &seeds, &mut routes)
    },
};

/// The magnitude that a statement gives; none: they are drawn.
pub(in crate::credit) fn magnitude_of(learn: &Learn) -> Option<f64> {
    Some(learn.constant("magnitude")).filter(|magnitude| *magnitude > 0.0)
}

/// The magnitudes of feedback weights.
fn magnitude(step: &mut Step<'_>, learn: &Learn, feedback: &Feedback) -> Value {
    match magnitude_of(learn) {
        None => step.magnitude(feedback),
        Some(magnitude) => {
            let like = step.feedback(feedback);
            step.b.full_like(like, magnitude)
        }
    }
}

/// Whether these are among the feedback weights that the credit of a statement crosses.
pub(in crate::credit) fn crosses(model: &Model, learn: &Learn, feedback: &Feedback) -> bool {
    crossed(model, &crossing(model, learn)).iter().any(|(_, other)| other == feedback)
}
