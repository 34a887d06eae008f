//! The items of a file, one type for each.

use super::{BodyStatement, Expr, Hop, Item, Name, Number, Path, Paths, Place, Statement, Target, Text, Type};
use crate::diag::Span;

/// What an item is.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `import "rules.neu"`
    Import(Text),
    /// `param beta = 0.1`
    Param(Param),
    /// `const template[2, 8] = normal(0, 1)`
    Const(Const),
    /// `seed 7`
    Seed(Number),
    /// `data world = digits(batch = 32)`, `data task { … }`
    Data(Data),
    /// `environment task = bandit(arms = 4)`; a definition with a body is [`ItemKind::Definition`]
    Environment(Environment),
    /// `act task by Motor`
    Act(Act),
    /// `time 500 ms by 1 ms`
    Time(Time),
    /// `region V1[128] = relu(drive)`
    Region(Region),
    /// `connect A -> B`
    Connect(Connect),
    /// `cost wrong in Choice = cross_entropy(Choice, world.label)`
    Cost(Cost),
    /// `modulator dopamine = task.reward - Critic`
    Modulator(Modulator),
    /// `metric accuracy = argmax(Choice) == world.label`
    Metric(Metric),
    /// `learn A -> B by backprop from wrong using sgd(rate = 0.1)`
    Learn(Learn),
    /// `critical_period A -> B : until 6 epochs, fade 2 epochs`
    CriticalPeriod(CriticalPeriod),
    /// `development { … }`
    Development(Development),
    /// `evolution { … }`
    Evolution(Evolution),
    /// `experiment lesion { … }`
    Experiment(Experiment),
    /// `fn mse(a, target b) = mean((a - b)^2)`
    Function(Function),
    /// `rule`, `optimiser`, `neuron`, `structure` or `environment`, with a body
    Definition(Definition),
    /// What could not be read; a diagnostic was given.
    Broken(Broken),
}

/// `param beta = 0.1`, `param teacher : rule = backprop`
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// `beta`
    pub name: Name,
    /// `rule` in `teacher : rule`.
    pub of_type: Option<Type>,
    /// The value unless `--set` says otherwise.
    pub value: Expr,
}

/// `const template[2, 8] = normal(0, 1)`, `const bump[k = 12, i = 24] = exp(-(i - 2 * k)^2 / 8)`
#[derive(Debug, Clone, PartialEq)]
pub struct Const {
    /// Name and shape.
    pub target: Target,
    /// What it is, or how it is drawn.
    pub value: Expr,
}

/// `data NAME = SOURCE …`, `data NAME { … }`, `data NAME from OTHER { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// `world`
    pub name: Name,
    /// Where the samples come from.
    pub kind: DataKind,
}

/// The forms of `data`.
#[derive(Debug, Clone, PartialEq)]
pub enum DataKind {
    /// `= digits(batch = 32), drop last`, `= world where label < 5`
    Source {
        /// A call, or the name of other data.
        source: Expr,
        /// `where`, `take` and `order by`, in the order of the text.
        selections: Vec<Selection>,
        /// Behind a comma.
        clauses: Vec<DataClause>,
    },
    /// `{ samples 4000  x[20] = normal(0, 1) }`
    Block {
        /// `world` in `data pairs from world { … }`.
        from: Option<Name>,
        /// Those of its `samples` lines.
        clauses: Vec<DataClause>,
        /// The fields' equations.
        fields: Vec<BodyStatement>,
    },
}

/// Which samples of other data: `where label < 5`, `take 5 per label`, `order by difficulty`.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// `where CONDITION`
    Where(Expr),
    /// `take 5`, `take 5 per label`
    Take {
        /// How many.
        count: Expr,
        /// Of each value of which field.
        per: Option<Name>,
    },
    /// `order by difficulty`
    OrderBy(Expr),
}

/// A property of data.
#[derive(Debug, Clone, PartialEq)]
pub struct DataClause {
    /// The whole of it.
    pub span: Span,
    /// Which.
    pub kind: DataClauseKind,
}

/// The properties of data.
#[derive(Debug, Clone, PartialEq)]
pub enum DataClauseKind {
    /// `centred`, `centred(x, y)`: without brackets, every field of numbers.
    Centred(Vec<DataField>),
    /// `standardised`, `standardised(x)`
    Standardised(Vec<DataField>),
    /// `drop last`
    DropLast,
    /// `ordered`
    Ordered,
    /// `samples 4000`
    Samples(Expr),
    /// `test 1000`
    Test(Expr),
    /// `validation 10 %`
    Validation(Expr),
    /// `batch 32`
    Batch(Expr),
}

/// A field as a clause names it: `x`, `d.time`.
#[derive(Debug, Clone, PartialEq)]
pub struct DataField {
    /// `d` in `d.time`.
    pub source: Option<Name>,
    /// The field.
    pub field: Name,
}

/// `environment task = bandit(arms = 4)`
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// `task`
    pub name: Name,
    /// A name or a call.
    pub value: Expr,
}

/// `act task by Motor`
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// The environment (or its action, `task.arm`).
    pub environment: Hop,
    /// The region.
    pub region: Hop,
}

/// `time 28 steps`, `time 500 ms by 1 ms`
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// The length of a trial.
    pub duration: Expr,
    /// The length of a step.
    pub step: Option<Expr>,
}

/// `region N[shape] = EXPR, clause …`, `region N : STRUCTURE(args)`, `region N[shape] { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Name and shape; a structure may have no shape.
    pub target: Target,
    /// How its activity follows.
    pub body: RegionBody,
    /// Behind a comma.
    pub clauses: Vec<RegionClause>,
}

/// How a region's activity follows from its input.
#[derive(Debug, Clone, PartialEq)]
pub enum RegionBody {
    /// `= relu(drive)`
    Equation(Expr),
    /// `: gru(8)`, `: lif`; a name or a call
    Structure(Expr),
    /// `{ basal = tanh(drive)  output basal }`
    Block(Vec<BodyStatement>),
}

/// A property of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionClause {
    /// The whole of it.
    pub span: Span,
    /// Which.
    pub kind: RegionClauseKind,
}

/// The properties of a region.
#[derive(Debug, Clone, PartialEq)]
pub enum RegionClauseKind {
    /// `no bias`
    NoBias,
    /// `settle 60 steps`, `settle(60 steps, rate = 0.5)`
    Settle(Vec<super::Argument>),
    /// `every 10 steps`
    Every(Expr),
    /// `surrogate fast_sigmoid(25)`
    Surrogate(Expr),
    /// `init 0`: how its biases begin
    Init(Init),
    /// `excitatory`: so are its projections
    Excitatory,
    /// `inhibitory`
    Inhibitory,
    /// `keep across trials`
    KeepAcrossTrials,
}

/// What something starts from.
#[derive(Debug, Clone, PartialEq)]
pub enum Init {
    /// `init he`, `init normal(0.05)`, `init 0`
    Value(Expr),
    /// `init from "weights.npz"`
    File(Text),
}

/// `connect A -> B -> C : PATTERN, clause …`, `connect A -> B as NAME`
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// One or more.
    pub paths: Vec<Path>,
    /// Behind the `:`.
    pub clauses: Vec<ConnectClause>,
}

/// A property of a projection.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectClause {
    /// The whole of it.
    pub span: Span,
    /// Which.
    pub kind: ConnectClauseKind,
}

/// The properties of a projection.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectClauseKind {
    /// The pattern: `dense`, `sparse(0.1)`, `fixed(EXPR)`; a name or a call
    Pattern(Expr),
    /// `init he`
    Init(Init),
    /// `excitatory`
    Excitatory,
    /// `inhibitory`
    Inhibitory,
    /// `bounded 0..1`; the limits
    Bounded(Expr, Expr),
    /// `normalised`, `normalised(sum)`
    Normalised(Option<Name>),
    /// `no self`
    NoSelf,
    /// `delay 2 ms`
    Delay(Expr),
    /// `fixed`: not plastic
    Fixed,
    /// `no credit`
    NoCredit,
    /// `feedback`
    Feedback,
}

impl ConnectClauseKind {
    /// Whether it says something about weights, and not about where activity and credit go.
    pub fn is_about_weights(&self) -> bool {
        !matches!(self, Self::Pattern(_) | Self::NoCredit | Self::Delay(_) | Self::Feedback)
    }
}

/// `cost wrong in Choice = cross_entropy(Choice, world.label)`
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// `wrong`
    pub name: Name,
    /// Where it is generated.
    pub region: Option<Hop>,
    /// Per sample; it may end in `at` or `where`.
    pub value: Expr,
}

/// `modulator dopamine = EXPR`, `modulator climbing[zones] = EXPR`
#[derive(Debug, Clone, PartialEq)]
pub struct Modulator {
    /// Name and shape.
    pub target: Target,
    /// Its value.
    pub value: Expr,
}

/// `metric accuracy = argmax(Choice) == world.label where world.label < 5`
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// `accuracy`
    pub name: Name,
    /// Per sample.
    pub value: Expr,
    /// What stands behind `where`: the samples that count.
    pub condition: Option<Expr>,
    /// What stands behind `at`.
    pub when: Option<super::When>,
}

/// `learn PATHS by RULE from COSTS using OPTIMISER …`
#[derive(Debug, Clone, PartialEq)]
pub struct Learn {
    /// The `also` before it.
    pub also: Option<Span>,
    /// Who learns.
    pub paths: Paths,
    /// Behind `by`: a name or a call.
    pub rule: Expr,
    /// Behind `from`: costs, each perhaps weighted or a weighted sum; empty without `from`.
    pub costs: Vec<Expr>,
    /// Behind `using`: a name or a call.
    pub optimiser: Option<Expr>,
    /// Behind `only through`; empty without it.
    pub only_through: Vec<Path>,
    /// Behind `every`: `2 steps`, `trial`.
    pub every: Option<Every>,
    /// Behind `clip`.
    pub clip: Option<Expr>,
    /// `fresh`: the optimiser's state starts anew.
    pub fresh: Option<Span>,
    /// Behind `require`, with its place.
    pub require: Option<(Require, Span)>,
}

/// What a `learn` wants of what its synapses read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Require {
    /// `require local`
    Local,
    /// `require no weight_transport`
    NoTransport,
}

/// `every 2 steps`, `every trial`
#[derive(Debug, Clone, PartialEq)]
pub enum Every {
    /// A duration, or a parameter that holds one.
    Duration(Expr),
    /// `trial`, `step` or `epoch`, as a word alone
    Unit(super::Unit, Span),
}

/// `critical_period PATHS : from T, until T, fade T`
#[derive(Debug, Clone, PartialEq)]
pub struct CriticalPeriod {
    /// Which synapses.
    pub paths: Paths,
    /// When the window opens.
    pub from: Option<Expr>,
    /// When it closes.
    pub until: Option<Expr>,
    /// How long it takes to close.
    pub fade: Option<Expr>,
}

/// `development { phase … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Development {
    /// Phases and repeats, and what else stands among them.
    pub statements: Vec<Statement>,
}

/// `evolution { genes … population 32 … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Evolution {
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

/// `experiment NAME over seeds 0..10 { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: Name,
    /// Behind `over seeds`.
    pub seeds: Option<Expr>,
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

/// `fn mse(a, target b) = mean((a - b)^2)`
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// `mse`
    pub name: Name,
    /// In the order of the text.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub value: Expr,
}

/// One parameter of a definition: `a`, `target b`, `rate = 0.01`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The whole of it.
    pub span: Span,
    /// The word `target` before it.
    pub target: Option<Span>,
    /// Its name.
    pub name: Name,
    /// What stands behind `:`.
    pub of_type: Option<Type>,
    /// Its value if the call does not say.
    pub default: Option<Expr>,
}

/// What a definition with a body defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    /// `rule`
    Rule,
    /// `optimiser`
    Optimiser,
    /// `neuron`
    Neuron,
    /// `structure`
    Structure,
    /// `environment`
    Environment,
}

impl DefinitionKind {
    /// Its keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            DefinitionKind::Rule => "rule",
            DefinitionKind::Optimiser => "optimiser",
            DefinitionKind::Neuron => "neuron",
            DefinitionKind::Structure => "structure",
            DefinitionKind::Environment => "environment",
        }
    }
}

/// `rule oja(rate = 0.001) { … }`, and likewise optimisers, neurons, structures and environments
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its name.
    pub name: Name,
    /// In the order of the text.
    pub parameters: Vec<Parameter>,
    /// What stands in its braces.
    pub body: Vec<BodyStatement>,
}

/// What is left of an item that could not be read: enough that others who name it are not wrong too.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The item's keyword (`optimiser` in one spelling); empty if there was none.
    pub keyword: String,
    /// The name that it would have defined.
    pub name: Option<Name>,
    /// The whole item.
    pub span: Span,
}

impl Item {
    /// The name that the item defines, if it defines one.
    pub fn name(&self) -> Option<&Name> {
        match &self.kind {
            ItemKind::Param(item) => Some(&item.name),
            ItemKind::Const(item) => Some(&item.target.name),
            ItemKind::Data(item) => Some(&item.name),
            ItemKind::Environment(item) => Some(&item.name),
            ItemKind::Region(item) => Some(&item.target.name),
            ItemKind::Cost(item) => Some(&item.name),
            ItemKind::Modulator(item) => Some(&item.target.name),
            ItemKind::Metric(item) => Some(&item.name),
            ItemKind::Experiment(item) => Some(&item.name),
            ItemKind::Function(item) => Some(&item.name),
            ItemKind::Definition(item) => Some(&item.name),
            ItemKind::Broken(item) => item.name.as_ref(),
            ItemKind::Import(_)
            | ItemKind::Seed(_)
            | ItemKind::Act(_)
            | ItemKind::Time(_)
            | ItemKind::Connect(_)
            | ItemKind::Learn(_)
            | ItemKind::CriticalPeriod(_)
            | ItemKind::Development(_)
            | ItemKind::Evolution(_) => None,
        }
    }
}

impl Place {
    /// The hop, if it is one by itself.
    pub fn as_hop(&self) -> Option<&Hop> {
        match self {
            Place::Hop(hop) => Some(hop),
            Place::Path(_) => None,
        }
    }
}
