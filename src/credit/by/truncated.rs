//! Backpropagation through time in stretches: within each stretch of so many time steps it is the gradient; over their
//! borders activity goes on and credit does not. A stretch as long as the trial gives `backprop`, to the bit.
//! Williams & Peng (1990), "An efficient gradient-based algorithm for on-line training of recurrent network trajectories".

use super::By;
use super::travel::{Routes, gradients, seeds};

pub(super) const BY: By = By {
    name: "truncated",
    about: "the gradient within stretches of so many time steps (Williams & Peng 1990)",
    gradients: |step, learn, costs| {
        let seeds = seeds(step, learn, costs);
        let truncated = Some(learn.constant("steps") as usize);
        let mut routes = Routes { truncated, ..Routes::of(step.model, learn) };
        gradients(step, learn, &seeds, &mut routes)
    },
};
