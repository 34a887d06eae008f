//! Credit rules that the language cannot say, one a file: `learn … by NAME`.

mod backprop;
mod nothing;

use super::formula::Batched;
use super::forward::Step;
use crate::bug;
use crate::model::{Learn, ProjectionId, RegionId};
use crate::tensor::Value;

/// What a gradient is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The weights of a projection.
    Weight(ProjectionId),
    /// The biases of a region.
    Bias(RegionId),
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
pub const ALL: &[By] = &[backprop::BY, nothing::BY];

/// The rule of this name; the model has seen to it that there is one.
pub(super) fn find(name: &str) -> &'static By {
    match ALL.iter().find(|by| by.name == name) {
        Some(by) => by,
        None => bug!("no credit rule `{name}`"),
    }
}
