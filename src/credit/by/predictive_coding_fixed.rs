//! Predictive coding with predictions and their derivatives held at the free activity: the errors settle to those of backpropagation.
//! Millidge, Tschantz & Buckley (2022), "Predictive coding approximates backprop along arbitrary computation graphs".

use super::{By, levels};

pub(super) const BY: By = By {
    name: "predictive_coding_fixed",
    about: "errors of predictions that are held while activities settle (Millidge, Tschantz & Buckley 2022)",
    gradients: |step, learn, _| levels::settled(step, learn, true),
};
