//! Target propagation: what comes down are no errors but targets, activities that would have been better. That of the regions which
//! costs read lies a step down the error; that of each region below is what learnt inverse weights make of the target above. Each
//! synapse brings its own region nearer to its target, and nothing crosses a weight.
//! Bengio (2014), "How auto-encoders could provide credit assignment in deep networks via target propagation": t = g(t above).

use super::By;
use super::targets::{From, propagated};

pub(super) const BY: By = By {
    name: "target_propagation",
    about: "targets come down over learnt inverses (Bengio 2014)",
    gradients: |step, learn, costs| propagated(step, learn, costs, From::Activity),
};
