//! Difference target propagation: as target propagation, but what the inverse makes of the activity above is subtracted, so that a
//! region whose inverse is wrong is where it ought to be when all above it are.
//! Lee, Zhang, Fischer & Bengio (2015), "Difference target propagation": t = h + g(t above) - g(h above).

use super::By;
use super::targets::{From, propagated};

pub(super) const BY: By = By {
    name: "difference_target_propagation",
    about: "differences of targets come down over learnt inverses (Lee et al. 2015)",
    gradients: |step, learn, costs| propagated(step, learn, costs, From::Inverse),
};
