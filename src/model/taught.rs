//! Who learns from what: a statement, and the rule or the optimiser that it names.

use super::{Alike, Along, CostId, Formula, Kept, Line, Pass, ProjectionId, RegionId};
#[cfg(doc)]
use super::{Leaf, indices};
use crate::diag::Span;
use crate::syntax::tree::Require;
use crate::tensor::Name;

/// Who learns from what, how.
#[derive(Debug, Clone)]
pub struct Learn {
    /// The projections that change.
    pub projections: Vec<ProjectionId>,
    /// The regions whose biases change.
    pub biases: Vec<RegionId>,
    /// The structures whose own weights change: all of them.
    pub structures: Vec<RegionId>,
    /// By what.
    pub teacher: Teacher,
    /// The arguments of a credit rule, in the order of its parameters.
    pub arguments: Vec<Formula>,
    /// The argument of a credit rule that is a number per sample, if it was given: what the costs are compared with by
    /// `reinforce`, what belongs together by `forward_forward`.
    pub per_sample: Option<Formula>,
    /// By `reinforce`: the regions whose draws by `score` are credited.
    pub sampled: Vec<RegionId>,
    /// The costs to be lowered, each with the weight that the statement gives it.
    pub from: Vec<(Formula, CostId)>,
    /// The regions on the routes between the paths and the costs that move in further passes of its rule, if it has any.
    pub moves: Vec<RegionId>,
    /// How the gradient becomes a change; none for a rule that adds `dw`.
    pub using: Option<Optimiser>,
    /// The bound of the global norm of the gradient.
    pub clip: Option<Formula>,
    /// It acts in every so manieth step.
    pub every: usize,
    /// A rule waits for the end of the trial, and acts once with the sum over its time steps.
    pub every_trial: bool,
    /// The only projections that credit may cross, if it says so.
    pub only_through: Option<Vec<ProjectionId>>,
    /// Its change is added to that of another statement, and it has its own states.
    pub also: bool,
    /// What it wants of what its synapses read, and where it says so.
    pub require: Option<(Require, Span)>,
    /// The statement.
    pub span: Span,
}

impl Learn {
    /// A statement about nothing yet.
    pub(super) fn of(teacher: Teacher, span: Span) -> Learn {
        Learn {
            projections: Vec::new(),
            biases: Vec::new(),
            structures: Vec::new(),
            teacher,
            arguments: Vec::new(),
            per_sample: None,
            sampled: Vec::new(),
            from: Vec::new(),
            moves: Vec::new(),
            using: None,
            clip: None,
            every: 1,
            every_trial: false,
            only_through: None,
            also: false,
            require: None,
            span,
        }
    }
}

/// By what somebody learns.
#[derive(Debug, Clone)]
pub enum Teacher {
    /// A credit rule, by name (a row of `credit::by`).
    Credit(Name),
    /// A rule with an equation per synapse.
    Rule(Box<Rule>),
}

/// A `rule` with its arguments filled in.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// What it keeps beside each projection that it teaches: [`Leaf::Kept`].
    pub kept: Vec<Kept>,
    /// What becomes of that, in the order of the text.
    pub lines: Vec<Line>,
    /// The change of a weight: a formula of [`Leaf::Pre`], [`Leaf::Post`], [`Leaf::Synapse`] and [`Leaf::Kept`], a scalar per
    /// synapse; 0 where the rule changes biases alone.
    pub dw: Formula,
    /// The change of a bias: a formula of the same, without [`Leaf::Pre`].
    pub db: Option<Formula>,
    /// Whether an equation names its indices, so that it may read other units and synapses than its own.
    pub indexed: bool,
    /// Of each axis from [`indices::BOUND`] on, which units it counts.
    pub bound: Vec<Along>,
    /// An index for which there must be as many units behind as before.
    pub alike: Option<Alike>,
    /// What happens within one trial for it alone.
    pub passes: Vec<Pass>,
}

/// An `optimiser` with its arguments filled in; everything is per parameter.
#[derive(Debug, Clone)]
pub struct Optimiser {
    /// Its name.
    pub name: Name,
    /// Its states, with their first values.
    pub states: Vec<(Name, f64)>,
    /// In the order of the text; what stands below reads the new value. A formula of [`Leaf::Gradient`],
    /// [`Leaf::Synapse`], [`Leaf::State`], [`Leaf::Step`].
    pub updates: Vec<(Target, Formula)>,
}

/// What an update of an optimiser changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The parameter.
    Parameter,
    /// The state of this number.
    State(usize),
}
