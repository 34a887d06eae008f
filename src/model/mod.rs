//! The checked model: names, types, shapes, units, wiring, schedule, who learns from what.
//!
//! Only [`check`](build::check) makes a [`Model`], and a `Model` is right: later rooms do not check it again and do not
//! ask `syntax`. Everything here is *per sample*: there is no batch axis before `credit`. Spans travel along.

mod alias;
pub mod build;
mod check;
mod constant;
mod constants;
mod constraint;
mod credit_rules;
mod crossing;
mod definition;
mod derived;
mod draft;
pub mod formula;
mod generated;
pub mod indices;
mod init;
mod kept;
mod learning;
mod local;
mod modulator;
mod passes;
mod pattern;
pub mod print;
mod probe;
mod repeat;
mod routes;
mod sampled;
mod schedule;
mod selection;
mod settling;
mod sources;
mod structure;
mod tables;
mod taught;
mod tie;
mod time;
mod timing;
mod typing;
mod ways;
mod window;
mod wiring;

use crate::data;
use crate::diag::Span;
pub use crate::syntax::tree::Require;
use crate::tensor::Name;
pub use build::{Options, check};
pub use constraint::{Constraints, Norm, Sign};
pub use credit_rules::{CREDIT_RULES, CreditParameter, CreditRule, Holds, Need, ParameterKind, Through};
pub use crossing::{Crossing, Output, crossing};
pub use formula::{Formula, KeptAt, Leaf, Unit};
pub use generated::field_type;
use indexmap::IndexMap;
pub use indices::{Alike, Along};
pub use kept::{Kept, Line};
pub use local::Neighbours;
pub use modulator::{Modulator, units_per_entry};
pub use passes::{Aim, Pass};
pub use probe::{Probe, ProbeKind, Signal};
pub use sampled::{Distribution, Estimator, Sampled};
pub use selection::{Selection, SelectionKind};
pub use settling::{Settle, Settling};
use std::sync::Arc;
pub use taught::{Learn, Optimiser, Rule, Target, Teacher};
pub use tie::{Tie, owner};
pub use ways::{COUNTED, Way, Ways, ways};
pub use window::Window;

macro_rules! ids {
    ($($name:ident: $about:literal;)*) => {
        $(#[doc = $about]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub usize);)*
    };
}
ids! {
    ParamId: "A `param` of the model.";
    ConstId: "A `const`.";
    DataId: "A `data` item.";
    RegionId: "A region.";
    ProjectionId: "A projection.";
    CostId: "A cost.";
    MetricId: "A metric.";
    ModulatorId: "A modulator.";
}

/// A spec that makes sense.
#[derive(Clone)]
pub struct Model {
    /// The `seed` item, if there is one.
    pub seed: Option<u64>,
    /// How long a trial is; none: the model is static.
    pub time: Option<Time>,
    /// Compile-time scalars, with what `--set` made of them.
    pub params: Vec<Param>,
    /// Fixed arrays.
    pub consts: Vec<Const>,
    /// Datasets.
    pub data: Vec<Data>,
    /// Populations, in the order of the text.
    pub regions: Vec<Region>,
    /// The order in which regions are computed.
    pub order: Vec<RegionId>,
    /// The regions that settle, if any do.
    pub settling: Option<Settling>,
    /// Wires, in the order of the text.
    pub projections: Vec<Projection>,
    /// Weights that were read from files: [`Init::File`].
    pub files: Vec<Arc<[f64]>>,
    /// What is to be lowered.
    pub costs: Vec<Cost>,
    /// What is broadcast to rules.
    pub modulators: Vec<Modulator>,
    /// What is to be reported.
    pub metrics: Vec<Metric>,
    /// Development, in order; a spec without one has a single phase named `life`.
    pub phases: Vec<Phase>,
}

/// The trial of a model with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Its time steps.
    pub steps: usize,
    /// The item.
    pub span: Span,
}

/// When in a trial something is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Once, before the time steps: it does not depend on them. All of a static model.
    Before,
    /// In each time step.
    Each,
    /// Once, in the last time step, since nothing looks at the others.
    End,
}

/// A compile-time scalar.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its value, in the base unit of its dimension.
    pub value: f64,
    /// What it measures.
    pub unit: Unit,
    /// The item.
    pub span: Span,
}

/// A fixed array.
#[derive(Debug, Clone)]
pub struct Const {
    /// Its name.
    pub name: Name,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it is.
    pub value: ConstValue,
    /// The item.
    pub span: Span,
}

/// What a fixed array is.
#[derive(Debug, Clone)]
pub enum ConstValue {
    /// Written out, row-major.
    Written(Vec<f64>),
    /// An equation, in its shape, and what it draws from the seed.
    Equation(Formula, Vec<Draw>),
}

/// A dataset as the spec asks for it.
#[derive(Clone)]
pub struct Data {
    /// Its name.
    pub name: Name,
    /// Fields, shapes, splits and sizes.
    pub signature: data::Signature,
    /// Where the samples come from.
    pub source: Source,
    /// The item whose source it reads: itself, or the one of which it is a part (`data d = world where …`).
    pub base: DataId,
    /// Samples a step.
    pub batch: usize,
    /// Whether the last, smaller batch of an epoch is left out.
    pub drop_last: bool,
    /// Whether every epoch takes the samples in their own order.
    pub ordered: bool,
    /// What is done to which fields, by number, in this order.
    pub prepared: Vec<(usize, data::Preparation)>,
    /// Which samples are used, and in what order, one after the other.
    pub selections: Vec<Selection>,
    /// The item.
    pub span: Span,
}

/// Where samples come from.
#[derive(Clone)]
pub enum Source {
    /// A source and its arguments, ready to be read.
    Call(data::Call),
    /// Equations.
    Generated(Generated),
}

impl Source {
    /// The equations, if it is generated.
    pub fn generated(&self) -> Option<&Generated> {
        match self {
            Source::Generated(generated) => Some(generated),
            Source::Call(_) => None,
        }
    }
}

/// A dataset whose fields are equations.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The fields, in the order of the text.
    pub fields: Vec<GeneratedField>,
    /// The order in which they are computed.
    pub order: Vec<usize>,
    /// The data whose samples they are made of, one each, and a second of the same split; none: they are drawn.
    pub from: Option<DataId>,
}

/// A field of generated data.
#[derive(Debug, Clone)]
pub struct GeneratedField {
    /// Its name.
    pub name: Name,
    /// Its type per sample; over time, the steps are its first axis.
    pub ty: data::FieldType,
    /// Whether its equation is per time step.
    pub over_time: bool,
    /// Its equation, a real in the field's shape (without the steps).
    pub formula: Formula,
    /// What it draws: [`Leaf::Draw`].
    pub draws: Vec<Draw>,
    /// Whether the equation is one that a phase sets.
    pub set: bool,
    /// The statement.
    pub span: Span,
}

/// A distribution from which an equation draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Mean 0, standard deviation 1.
    Normal,
    /// From [0, 1).
    Uniform,
}

/// A population.
#[derive(Debug, Clone)]
pub struct Region {
    /// Its name.
    pub name: Name,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How its activity follows from its input.
    pub equation: Formula,
    /// What the equation draws, for every sample, unit and step anew: [`Leaf::Draw`].
    pub draws: Vec<Draw>,
    /// Which draws declare an estimator of their derivative.
    pub sampled: Vec<Sampled>,
    /// What else it has if it is a structure.
    pub structure: Option<Structure>,
    /// When in a trial it is computed.
    pub timing: Timing,
    /// How it settles, if it does.
    pub settle: Option<Settle>,
    /// Whether the equation reads `drive`.
    pub driven: bool,
    /// The bias of `drive`.
    pub bias: Bias,
    /// The item.
    pub span: Span,
}

impl Region {
    /// How many units it has.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a region has that is a `structure`. Its equation gives the output; what the states become stands in the same
/// formula.
#[derive(Debug, Clone)]
pub struct Structure {
    /// The name of the definition.
    pub name: Name,
    /// Its own weights: [`Leaf::Inner`].
    pub weights: Vec<InnerWeight>,
    /// What it keeps from one time step to the next: [`Leaf::Before`].
    pub states: Vec<StateOf>,
}

/// A weight of a structure's own.
#[derive(Debug, Clone)]
pub struct InnerWeight {
    /// Its name in the definition.
    pub name: Name,
    /// Its shape: what comes out first, then what goes in.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
}

/// A state of a structure, per sample, anew in each trial.
#[derive(Debug, Clone)]
pub struct StateOf {
    /// Its name in the definition.
    pub name: Name,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first value, the same for all elements.
    pub first: f64,
    /// The node of the region's equation that it becomes.
    pub next: usize,
}

/// A wire from region to region.
#[derive(Debug, Clone)]
pub struct Projection {
    /// `A -> B`, or `A -> B as gate`.
    pub name: Name,
    /// Where it comes from.
    pub source: RegionId,
    /// Where it goes.
    pub target: RegionId,
    /// The name behind `as`: such a projection is not in `drive`.
    pub named: Option<Name>,
    /// Which synapses there are; where it has the weights of another, that one's pattern.
    pub pattern: Pattern,
    /// Whose weights it has, if not its own.
    pub tied: Option<Tie>,
    /// How the weights start.
    pub init: Init,
    /// For what its weights are drawn, if not for its name: those of one key start equal.
    pub key: Option<Name>,
    /// Whether some `learn` may change it (not `fixed`).
    pub plastic: bool,
    /// Whether credit may travel back along it (not `no credit`).
    pub credit: bool,
    /// How many time steps the activity of its source takes to arrive.
    pub delay: usize,
    /// What its weights are held to.
    pub constraints: Constraints,
    /// The place in the `connect`.
    pub span: Span,
}

/// Which synapses a projection has.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// From every unit to every unit: weights `[post, pre]`.
    Dense,
    /// Each synapse is there or not, with this probability, for good: `[post, pre]`, 0 where there is none.
    Sparse(f64),
    /// To each unit from those that lie near its place: `[post, pre]`, 0 elsewhere.
    Local(Neighbours),
    /// From every unit to every unit, by the product of two matrices `[post, rank]` and `[rank, pre]`.
    LowRank(usize),
    /// From each unit to the one at the same place: weights `[n]`.
    OneToOne,
    /// From every unit to every unit, by a fixed matrix `[post, pre]`, row-major.
    Fixed(Vec<f64>),
    /// The same by a `const` of that shape.
    FixedConst(ConstId),
    /// From each window of an image to the unit at its place, in each channel by the same weights everywhere:
    /// `[channels, read channels, size, size]`.
    Conv(Window),
    /// The largest or the mean of each window, channel by channel; it has no weights.
    Pool(Pooling, Window),
    /// The activity as it is, into a structure; it has no weights of its own.
    Activity,
}

/// One of the two matrices whose product a projection of low rank has for weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// `[post, rank]`.
    Left,
    /// `[rank, pre]`.
    Right,
}

impl Factor {
    /// Both, the left one first.
    pub const BOTH: [Factor; 2] = [Factor::Left, Factor::Right];

    /// How its slot is called.
    pub fn word(self) -> &'static str {
        match self {
            Factor::Left => "left",
            Factor::Right => "right",
        }
    }
}

/// What a pool takes of each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The largest.
    Max,
    /// The mean.
    Mean,
}

/// What is added to a drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// Nothing.
    None,
    /// One number for each unit.
    Unit,
    /// One number for each channel, the first axis.
    Channel,
}

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Uniform within plus and minus 1/sqrt(afferents).
    Default,
    /// All the same.
    Constant(f64),
    /// Uniform in `a..b`.
    Uniform(f64, f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Normal with standard deviation sqrt(2 / afferents) (He et al. 2015, eq. 10).
    He,
    /// Uniform within plus and minus sqrt(6 / (afferents + efferents)) (Glorot & Bengio 2010, eq. 16).
    Glorot,
    /// As they were read: the array of this number of [`Model::files`], and in a projection of low rank the next for its right
    /// factor.
    File(usize),
    /// A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).
    Orthogonal,
}

/// A scalar per sample that some part of the brain tries to lower.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Its name.
    pub name: Name,
    /// Where it is generated.
    pub region: RegionId,
    /// Its value.
    pub formula: Formula,
    /// What a rule that clamps would clamp to, if one of its functions says so.
    pub target: Option<Aim>,
    /// When in a trial it is computed; in each time step, its mean over them counts.
    pub timing: Timing,
    /// The item.
    pub span: Span,
}

/// A number to report, averaged over samples.
#[derive(Debug, Clone)]
pub struct Metric {
    /// Its name.
    pub name: Name,
    /// Its value per sample (a bool counts as 0 or 1).
    pub formula: Formula,
    /// Which samples count.
    pub filter: Option<Formula>,
    /// When in a trial it is computed; in each time step, its mean over them counts.
    pub timing: Timing,
    /// The item.
    pub span: Span,
}

/// How long a phase lasts at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Passes through the training samples.
    Epochs(usize),
    /// Batches.
    Steps(usize),
    /// Samples.
    Trials(usize),
    /// As many epochs as the command says (a spec without `development`).
    Open,
}

/// `keep highest METRIC`: a phase ends with the weights of its best measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// Whether high is good.
    pub highest: bool,
    /// A [`Leaf::Metric`] or [`Leaf::Cost`].
    pub of: Leaf,
}

/// A stretch of development.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Its name.
    pub name: Name,
    /// When it ends at the latest.
    pub bound: Bound,
    /// When it ends earlier: a formula of [`Leaf::Metric`] and [`Leaf::Cost`], to bool.
    pub until: Option<Formula>,
    /// Of which measurement it keeps the weights; of the last, if not said.
    pub keep: Option<Keep>,
    /// The dataset that it reads.
    pub data: DataId,
    /// Which of the training samples it uses, if it does not use those of its dataset.
    pub selections: Option<Vec<Selection>>,
    /// Who learns from what. Frozen paths are taken out already.
    pub learns: Vec<Learn>,
    /// What experiments look at.
    pub probes: Vec<Probe>,
    /// Projections that do not change in this phase, whatever else it says.
    pub frozen: Vec<ProjectionId>,
    /// Params that have another value in this phase (which may be scheduled).
    pub sets: IndexMap<ParamId, Formula>,
    /// Generated data whose equations are others in this phase.
    pub worlds: IndexMap<DataId, Generated>,
    /// Weights of costs in this phase, if set.
    pub weights: IndexMap<CostId, Formula>,
    /// The phase's head.
    pub span: Span,
}

impl Phase {
    /// Its statements, and what its probes compare with.
    pub(crate) fn everyone(&self) -> impl Iterator<Item = &Learn> {
        self.learns.iter().chain(self.probes.iter().filter_map(Probe::learn))
    }
}
