//! Backpropagation: the gradient of the costs' mean over the batch, over every route that credit may take.
//! Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating errors".

use super::By;
use super::travel::{Routes, gradients, seeds};

pub(super) const BY: By = By {
    name: "backprop",
    about: "the gradient (Rumelhart, Hinton & Williams 1986)",
    gradients: |step, learn, costs| {
        let seeds = seeds(step, learn, costs);
        let mut routes = Routes::of(step.model, learn);
        gradients(step, learn, &seeds, &mut routes)
    },
};
