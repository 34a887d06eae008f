//! Predictive coding from the free activity at a rate of 1, in which each level moves, and the parameters in front of it learn, in the
//! round in which the error comes to it: this is the gradient.
//! Song, Lukasiewicz, Xu & Bogacz (2020), "Can the brain do backpropagation? Exact implementation of backpropagation in predictive
//! coding networks".

use super::{By, levels};

pub(super) const BY: By = By {
    name: "zero_divergence_inference_learning",
    about: "predictive coding whose levels move one after the other (Song, Lukasiewicz, Xu & Bogacz 2020)",
    gradients: |step, learn, _| levels::staggered(step, learn),
};
