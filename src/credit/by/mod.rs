//! Credit rules that the language cannot say, one a file: `learn … by NAME`.

mod backprop;
mod difference_target_propagation;
mod direct_feedback_alignment;
mod evolution_strategies;
mod feedback_alignment;
mod forward_forward;
mod kickback;
mod kolen_pollack;
mod levels;
mod node_perturbation;
mod nothing;
mod predictive_coding;
mod predictive_coding_fixed;
mod reinforce;
mod serial_perturbation;
mod sign_symmetry;
mod target_propagation;
mod targets;
mod travel;
mod truncated;
mod weight_mirror;
mod weight_perturbation;
mod zero_divergence_inference_learning;

pub(super) use sign_symmetry::{crosses, magnitude_of};
pub(super) use travel::factor;

pub use super::feedback::Feedback;
use super::formula::Batched;
use super::forward::Step;
use crate::bug;
use crate::model::{CREDIT_RULES, Factor, Formula, Learn, Model, Pattern, ProjectionId, RegionId, Teacher, owner};
use crate::tensor::Value;
use indexmap::IndexSet;

/// What a gradient is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The weights of a projection that has its own.
    Weight(ProjectionId),
    /// A factor of a projection of low rank that has its own.
    Factor(ProjectionId, Factor),
    /// The biases of a region.
    Bias(RegionId),
    /// A structure's own weight, by number.
    Inner(RegionId, usize),
    /// Feedback weights.
    Feedback(Feedback),
}

/// Everything that a statement changes by credit, each once: weights, biases and structures' own weights.
pub(super) fn changed_by(model: &Model, learn: &Learn) -> Vec<Changed> {
    let weighted = learn.projections.iter().filter(|id| model.projections[id.0].has_weights());
    let owners: IndexSet<ProjectionId> = weighted.map(|id| owner(&model.projections, *id)).collect();
    let weights = owners.into_iter().flat_map(|id| match model.projections[id.0].pattern {
        Pattern::LowRank(_) => Factor::BOTH.map(|factor| Changed::Factor(id, factor)).to_vec(),
        _ => vec![Changed::Weight(id)],
    });
    let biases = learn.biases.iter().map(|id| Changed::Bias(*id));
    let inner = learn.structures.iter().flat_map(|id| {
        let count = model.regions[id.0].structure.as_ref().map_or(0, |structure| structure.weights.len());
        (0..count).map(|number| Changed::Inner(*id, number))
    });
    weights.chain(biases).chain(inner).collect()
}

impl Step<'_> {
    /// The parameter, as it was when the step began.
    pub(super) fn changed(&mut self, changed: &Changed) -> Value {
        match changed {
            Changed::Weight(id) => self.weight(*id),
            Changed::Factor(id, factor) => self.factor(*id, *factor),
            Changed::Bias(id) => self.bias(*id),
            Changed::Inner(id, number) => self.inner(*id, *number),
            Changed::Feedback(feedback) => self.feedback(feedback),
        }
    }
}

impl Learn {
    /// An argument of the statement's credit rule.
    pub(super) fn argument(&self, name: &str) -> &Formula {
        let Teacher::Credit(rule) = &self.teacher else { bug!("an argument of a rule with an equation") };
        let row = CREDIT_RULES.iter().find(|row| *row.name == **rule);
        let place = row.and_then(|row| row.parameters.iter().position(|parameter| parameter.name == name));
        match place.and_then(|place| self.arguments.get(place)) {
            Some(argument) => argument,
            None => bug!("`{rule}` has no argument `{name}`"),
        }
    }

    /// An argument that is a number of compile time.
    pub(super) fn constant(&self, name: &str) -> f64 {
        match self.argument(name).constant(&[]) {
            Some(value) => value,
            None => bug!("the argument `{name}` is not constant"),
        }
    }
}

impl Step<'_> {
    /// An argument of a statement's credit rule, in this step.
    pub(super) fn argument(&mut self, learn: &Learn, name: &str) -> Value {
        self.schedule(learn.argument(name))
    }
}

/// What an optimiser gets for one parameter.
pub struct Gradient {
    /// The parameter.
    pub changed: Changed,
    /// Its gradient (or the change that a rule asks for, negated), in the parameter's shape.
    pub value: Value,
}

/// A credit rule: a row of [`ALL`].
pub struct By {
    /// Its name behind `by`.
    pub name: &'static str,
    /// One line, with its source.
    pub about: &'static str,
    /// Writes what each parameter of a statement gets; `costs` are the values of all costs.
    pub(super) gradients: fn(&mut Step<'_>, &Learn, &[Batched]) -> Vec<Gradient>,
}

/// All credit rules, sorted by name.
pub const ALL: &[By] = &[
    backprop::BY,
    difference_target_propagation::BY,
    direct_feedback_alignment::BY,
    evolution_strategies::BY,
    feedback_alignment::BY,
    forward_forward::BY,
    kickback::BY,
    kolen_pollack::BY,
    node_perturbation::BY,
    nothing::BY,
    predictive_coding::BY,
    predictive_coding_fixed::BY,
    reinforce::BY,
    serial_perturbation::BY,
    sign_symmetry::BY,
    target_propagation::BY,
    truncated::BY,
    weight_mirror::BY,
    weight_perturbation::BY,
    zero_divergence_inference_learning::BY,
];

/// The gradients, with the names by which they are printed.
fn named(step: &mut Step<'_>, gradients: Vec<Gradient>) -> Vec<Gradient> {
    for gradient in &gradients {
        let slot = super::learn::slot_of(step.model, &gradient.changed);
        step.b.named(gradient.value, format!("{slot}.gradient"));
    }
    gradients
}

/// The rule of this name; the model has seen to it that there is one.
pub(super) fn find(name: &str) -> &'static By {
    match ALL.iter().find(|by| by.name == name) {
        Some(by) => by,
        None => bug!("no credit rule `{name}`"),
    }
}
