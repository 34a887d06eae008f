//! Feedback alignment: credit crosses fixed random weights in the place of each weight on its way back, also of those that
//! another statement teaches. Activity functions, costs and wires without weights are differentiated exactly.
//! Lillicrap, Cownden, Tweed & Akerman (2016), "Random synaptic feedback weights support error backpropagation for deep
//! learning": the change of the hidden layer is (B e) x', where the gradient is (W' e) x'.

use super::By;
use super::travel::{Routes, gradients, scale, seeds};

pub(super) const BY: By = By {
    name: "feedback_alignment",
    about: "credit crosses fixed random weights (Lillicrap et al. 2016)",
    gradients: |step, learn, costs| {
        let mut routes = Routes::of(step.model, learn);
        routes.over_feedback(step);
        routes.scale = scale(step, learn);
        let seeds = seeds(step, learn, costs);
        gradients(step, learn, &seeds, &mut routes)
    },
};
