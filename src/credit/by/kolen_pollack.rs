//! Two paths that grow alike: credit crosses feedback weights that receive, with the weights for which they stand, the same
//! products of activity and error and the same decay. So what is between them shrinks by 1 - rate * decay in each step of plain
//! descent, and the feedback comes to carry what the transpose would, though neither path has ever read the other.
//! Kolen & Pollack (1994), "Backpropagation without weight transport".

use super::super::feedback::stands_for;
use super::travel::{Routes, gradients, seeds};
use super::{By, Changed, Gradient};
use crate::bug;
use crate::tensor::Value;

pub(super) const BY: By = By {
    name: "kolen_pollack",
    about: "feedback weights that change as the weights do (Kolen & Pollack 1994)",
    gradients: |step, learn, costs| {
        let mut routes = Routes::of(step.model, learn);
        let all = routes.over_feedback(step);
        let seeds = seeds(step, learn, costs);
        let mut found = gradients(step, learn, &seeds, &mut routes);
        let decay = step.argument(learn, "decay");
        let products: Vec<Value> = found.iter().map(|gradient| gradient.value).collect();
        let mut decayed = vec![false; found.len()];
        for feedback in all {
            let weight = stands_for(step.model, feedback);
            let Some(place) = found.iter().position(|gradient| gradient.changed == weight) else {
                bug!("{feedback:?} stands for what does not change");
            };
            let changed = Changed::Feedback(feedback);
            let value = with_decay(step, changed, products[place], decay);
            found.push(Gradient { changed, value });
            if !decayed[place] {
                decayed[place] = true;
                found[place].value = with_decay(step, weight, products[place], decay);
            }
        }
        found
    },
};

/// A product of activity and error, and the parameter times the decay.
fn with_decay(step: &mut super::Step<'_>, changed: Changed, product: Value, decay: Value) -> Value {
    let parameter = step.changed(&changed);
    let shape = step.b.ty(parameter).shape.clone();
    let decay = step.b.expand_to(decay, &shape);
    let part = step.b.multiply(parameter, decay);
    step.b.add(product, part)
}
