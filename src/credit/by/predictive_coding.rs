//! Predictive coding: activities move until what each region predicts of the next and what is there agree as well as they can, the
//! outputs with their costs as one over their variance; then each parameter lowers the error of the prediction that it makes. As the
//! variance grows this is the gradient; the error is of first order in one over it.
//! Whittington & Bogacz (2017), "An approximation of the error backpropagation algorithm in a predictive coding network with local
//! Hebbian synaptic plasticity"; Rao & Ballard (1999), "Predictive coding in the visual cortex".

use super::{By, levels};

pub(super) const BY: By = By {
    name: "predictive_coding",
    about: "errors of predictions where activities settle (Whittington & Bogacz 2017)",
    gradients: |step, learn, _| levels::settled(step, learn, false),
};
