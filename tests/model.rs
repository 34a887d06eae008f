//! Room `model`: what a spec comes to, what is refused, and that no text makes the checker fall over.

mod formulas;
mod language;
mod learning;
mod limits;
mod schedule;
mod soup;

use crate::errors;
use neurula::diag::{Diagnostic, Sources};
use neurula::model::{Model, Options, Phase, Projection};
use std::path::Path;

/// Input, one hidden region, an output and a cost; nothing learns yet.
pub const HEAD: &str = "data world = digits(batch = 32)
region Retina[8, 8] = world.image
region Hidden[32]   = relu(drive)
region Choice[10]   = drive
connect Retina -> Hidden -> Choice
cost wrong in Choice = cross_entropy(Choice, world.label)
metric accuracy = argmax(Choice) == world.label
";

/// What teaches all of [`HEAD`].
pub const LEARN: &str = "learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)\n";

/// A spec as a model, and what is said.
pub fn check(text: &str, options: &Options) -> (Option<Model>, Vec<Diagnostic>) {
    errors::check(&mut Sources::new(), Path::new("spec.neu"), text, options)
}

/// The model of a spec about which nothing is said.
pub fn model(text: &str) -> Model {
    let (model, said) = check(text, &Options::default());
    assert!(said.is_empty(), "{text}\n{said:#?}");
    model.expect("a model")
}

/// The codes that a spec raises, in order.
pub fn codes(text: &str) -> Vec<&'static str> {
    let (model, said) = check(text, &Options::default());
    assert_eq!(model.is_none(), said.iter().any(Diagnostic::is_error), "{text}");
    said.iter().map(|said| said.code.0).collect()
}

/// What is said of a spec that raises one diagnostic: message and help.
pub fn message(text: &str) -> (String, String) {
    let (_, said) = check(text, &Options::default());
    assert_eq!(said.len(), 1, "{text}\n{said:#?}");
    (said[0].message.clone(), said[0].help.clone().unwrap())
}

/// A projection by its name.
pub fn projection<'m>(model: &'m Model, name: &str) -> &'m Projection {
    model.projections.iter().find(|projection| &*projection.name == name).expect(name)
}

/// The names of the projections that each statement of a phase teaches.
pub fn taught(model: &Model, phase: &Phase) -> Vec<Vec<String>> {
    let name = |id: &neurula::model::ProjectionId| model.projections[id.0].name.to_string();
    phase.learns.iter().map(|learn| learn.projections.iter().map(name).collect()).collect()
}

/// The names of the regions whose biases each statement of a phase teaches.
pub fn biases(model: &Model, phase: &Phase) -> Vec<Vec<String>> {
    let name = |id: &neurula::model::RegionId| model.regions[id.0].name.to_string();
    phase.learns.iter().map(|learn| learn.biases.iter().map(name).collect()).collect()
}
