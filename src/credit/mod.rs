//! From a [`Model`] to tensor programs: one training step of a phase, one batch measured, and what else is computed
//! from formulas. Here the batch gets its axis: a model has none, a tensor program has no samples.
//!
//! # The slots of a step (the contract with `runtime`)
//! | slot | type | set by |
//! |---|---|---|
//! | `<data>.<field>` | `[rows]` or `[rows, elements]` | `runtime`, from the dataset |
//! | `chance:<region>#<number>`, `…:measured` | `int[2]` | `runtime`, from [`key`] |
//! | `chance:<region>.drive`, `chance:<projection>.product`, `chance:<parameter>` | `int[2]` | likewise: noise of perturbations |
//! | `const.<name>` | real | `runtime`, from [`constants()`] |
//! | `order` | `class<rows>[rows]` | `runtime`: the rows of this epoch or split, in order |
//! | `clock.rows` | `int` | `runtime`: how many entries of `order` count |
//! | `clock.position` | `int` | `runtime` sets 0 when an epoch begins; the step adds 1 |
//! | `clock.phase_step` | `int` | `runtime` sets 0 when a phase begins; a training step adds 1 |
//! | `clock.steps` | `int` | training steps since birth; a training step adds 1 |
//! | `clock.phase_steps`, `clock.epoch_steps` | `int` | `runtime`: how many there are |
//! | `<projection>.weight`, `<region>.bias`, `<region>.<weight>` | real | [`initial()`] at birth, then what learns |
//! | `<parameter>\|<rule>\|<optimiser>.<state>` | real, `step` an int | likewise |
//! | `<projection>.feedback`, `<weight>.feedback` | real | [`initial()`]: what credit rules put in the place of weights, then what some make of it |
//! | `<weight>.magnitude`, `<projection>.inverse`, `….inverse_bias` | real | likewise |
//! | `<projection>\|<rule>.<name>` | real | likewise: what a rule keeps |
//! | `<projection>.left`, `<projection>.right` | real | likewise, where the pattern is `lowrank` |
//! | `<projection>.synapses`, `<region>.incoming_length`, `<region>.incoming_sum` | real | [`initial()`]: what weights are held to |
//! | `<parameter> at <phase>` | real | [`initial()`] at birth, as the parameter; `runtime`, when that phase ends |
//! | `probe.<number>` | real, or real `[units, units]` | a step of [`probe()`]: a cosine, or the second moments of a signal |
//! | `predict.<region>` | real `[batch, …]` | a step of [`predict`]: the region's activity |
//! | `metric.<name>.sum`, `.count`, `cost.<name>.sum`, `.count` | real | `runtime` sets 0 when an epoch or a measurement begins |

mod account;
mod again;
pub mod by;
mod chance;
mod clock;
mod condition;
mod feedback;
mod formula;
mod forward;
mod generate;
mod initial;
mod kept;
mod learn;
mod locality;
mod means;
mod measure;
mod modulator;
mod optimise;
mod passes;
mod perturb;
mod plasticity;
mod pointwise;
mod predict;
mod probe;
mod products;
mod restore;
mod settle;
mod sums;
mod synapses;
mod trial;
mod whose;
mod windows;
mod within;

pub use account::{Account, InPhase, Lesson, Parameter, What, Why, account};
pub use by::Changed;
pub use chance::key;
pub use condition::{fulfilled, select};
pub use generate::{constants, other_samples, samples};
pub use initial::initial;
pub use learn::{learn, slot_of};
pub use locality::{Reads, reads};
pub use measure::measure;
pub use predict::{predict, prediction_slot};
pub use probe::{PROBE, probe, probe_slot};

use crate::model::Model;
use crate::tensor::Name;

/// The slot of a projection's weights, which may be those of another.
pub fn weight_slot(model: &Model, projection: crate::model::ProjectionId) -> Name {
    let owner = crate::model::owner(&model.projections, projection);
    format!("{}.weight", model.projections[owner.0].name).into()
}

/// The slot of a factor of a projection of low rank.
pub fn factor_slot(model: &Model, projection: crate::model::ProjectionId, factor: crate::model::Factor) -> Name {
    let owner = crate::model::owner(&model.projections, projection);
    format!("{}.{}", model.projections[owner.0].name, factor.word()).into()
}

/// The slot of what a parameter was when a phase last ended.
pub fn slot_at(parameter: &str, phase: &str) -> Name {
    format!("{parameter} at {phase}").into()
}

/// Of the slot of what a parameter was when a phase last ended: the parameter's, and the phase.
pub fn parameter_at(slot: &str) -> Option<(&str, &str)> {
    slot.rsplit_once(" at ")
}

/// The slot of a region's biases.
pub fn bias_slot(model: &Model, region: crate::model::RegionId) -> Name {
    format!("{}.bias", model.regions[region.0].name).into()
}

/// The slot of a structure's own weight.
pub fn inner_slot(model: &Model, region: crate::model::RegionId, weight: usize) -> Name {
    let region = &model.regions[region.0];
    let weights = region.structure.as_ref().map_or(&[][..], |structure| &structure.weights);
    match weights.get(weight) {
        Some(weight) => format!("{}.{}", region.name, weight.name).into(),
        None => crate::bug!("`{}` has no weight {weight} of its own", region.name),
    }
}

/// The slot of a fixed array.
pub fn const_slot(model: &Model, id: crate::model::ConstId) -> Name {
    format!("const.{}", model.consts[id.0].name).into()
}
