//! Weight mirrors: credit crosses feedback weights that learn what the weights are by listening to noise. In each step there is
//! noise in the place of the activity before each weight that is crossed, the weights make a drive of it, and each feedback weight
//! moves by the product of both, which in the mean is the weight times the variance of the noise.
//! Akrout, Wilson, Humphreys, Lillicrap & Tweed (2019), "Deep learning without weight transport": dB = rate * noise drive' - decay * B.

use super::super::chance::SLOT;
use super::super::feedback::{self, Becomes};
use super::super::forward::Step;
use super::super::whose;
use super::travel::{Routes, gradients, seeds};
use super::{By, Feedback};
use crate::bug;
use crate::model::{Learn, ProjectionId, owner};
use crate::tensor::differentiate::{Exact, reverse};
use crate::tensor::{Extent, Value};

pub(super) const BY: By = By {
    name: "weight_mirror",
    about: "feedback weights that learn the weights from noise (Akrout et al. 2019)",
    gradients: |step, learn, costs| {
        let mut routes = Routes::of(step.model, learn);
        let all = routes.over_feedback(step);
        all.iter().for_each(|feedback| mirror(step, learn, feedback));
        let seeds = seeds(step, learn, costs);
        gradients(step, learn, &seeds, &mut routes)
    },
};

/// What feedback weights become of noise.
fn mirror(step: &mut Step<'_>, learn: &Learn, feedback: &Feedback) {
    let old = step.feedback(feedback);
    // Meanwhile noise is what is active, in the units before and behind.
    let (drive, weight) = of_noise(step, learn, feedback);
    step.b.named(drive, format!("{}.drive", feedback::slot(step.model, feedback)));
    step.b.at(Some(learn.span)).of(whose::credit(learn));
    // The product of a drive and the activity before it, in the shape of the weights, is what a derivative brings to them. A
    // weight that is there in many places is the mean over these.
    let places: usize = step.b.ty(drive).shape[2..].iter().map(Extent::bound).product();
    let each = step.b.scale(drive, 1.0 / places as f64);
    let count = step.batch.count;
    let count = step.b.expand_like(count, each, &[]);
    let each = step.b.divide(each, count);
    let mut product = reverse(&mut step.b, &[(drive, each)], &[weight], &mut Exact)[0];
    if let Feedback::Projection(id) = feedback
        && let Some(there) = step.synapses(owner(&step.model.projections, *id))
    {
        let zero = step.b.zeros_like(product);
        product = step.b.select(there, product, zero);
    }
    let shape = step.b.ty(old).shape.clone();
    let [rate, decay] = ["rate", "decay"].map(|name| {
        let argument = step.argument(learn, name);
        step.b.expand_to(argument, &shape)
    });
    let faded = step.b.multiply(decay, old);
    let stays = step.b.subtract(old, faded);
    let more = step.b.multiply(rate, product);
    let new = step.b.add(stays, more);
    step.becomes(feedback, Becomes::New { new, old });
}

/// What weights make of noise, and the weights.
fn of_noise(step: &mut Step<'_>, learn: &Learn, feedback: &Feedback) -> (Value, Value) {
    match *feedback {
        Feedback::Projection(id) => {
            let units = step.model.regions[step.model.projections[id.0].source.0].shape.clone();
            let noise = noise(step, learn, feedback, &units);
            step.b.of(whose::region(step.model, step.model.projections[id.0].target));
            (through(step, id, noise), step.weight(id))
        }
        Feedback::Factor(id, factor) => {
            let weight = step.factor(id, factor);
            let [rows, columns] = [0, 1].map(|axis| step.b.ty(weight).shape[axis].bound());
            let transposed = step.model.projections[id.0].is_transposed();
            let (units, indices) = if transposed { (rows, "bi,io->bo") } else { (columns, "bi,oi->bo") };
            let noise = noise(step, learn, feedback, &[units]);
            (step.b.contract(indices, noise, weight), weight)
        }
        _ => bug!("{feedback:?} is no mirror"),
    }
}

/// What a projection makes of other activity than that of its source.
fn through(step: &mut Step<'_>, id: ProjectionId, activity: Value) -> Value {
    let source = step.model.projections[id.0].source.0;
    let (before, product) = (step.activity[source].replace(activity), step.products[id.0].take());
    let drive = step.product(id);
    step.activity[source] = before;
    step.products[id.0] = product;
    drive
}

/// Normal noise for so many units of each sample.
fn noise(step: &mut Step<'_>, learn: &Learn, feedback: &Feedback, units: &[usize]) -> Value {
    let slot = feedback::slot(step.model, feedback);
    if let Feedback::Projection(id) | Feedback::Factor(id, _) = feedback {
        step.b.of(whose::region(step.model, step.model.projections[id.0].source));
    }
    let noise = step.noise_at(format!("{SLOT}{slot}").into(), units);
    let noise = step.b.scale(noise, learn.constant("sigma"));
    step.b.named(noise, format!("{slot}.noise"))
}
