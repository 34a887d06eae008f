//! What stands in braces: statements of a schedule (development, phases, experiments, evolution), and the
//! body statements of definitions, generated data and regions with compartments.

use super::{Allow, Argument, Data, Every, Expr, Init, Learn, Name, Paths, Place, Target, Type, When};
use crate::diag::Span;

/// One statement of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The whole of it.
    pub span: Span,
    /// Each `allow(…)` before it.
    pub allow: Vec<Allow>,
    /// What it says.
    pub kind: StatementKind,
}

/// What a statement of a development, a phase, an experiment or an evolution says. The grammar lets each
/// stand only where it makes sense: phases and repeats in `development`, `genes` and the like in `evolution`.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `phase school for 20 epochs until accuracy > 0.97 { … }`
    Phase(Phase),
    /// `repeat 10 { phase wake … phase sleep … }`
    Repeat {
        /// How often.
        count: Expr,
        /// What.
        statements: Vec<Statement>,
    },
    /// `learn …`
    Learn(Learn),
    /// `data world = world where label < 5`
    Data(Data),
    /// `freeze A -> B`
    Freeze(Paths),
    /// `set beta = 0.2`, `set rebuild.weight = linear(1, 0)`
    Set {
        /// What is set.
        place: Place,
        /// To what.
        value: Expr,
    },
    /// `prune A -> B by magnitude fraction 30 %`
    Prune {
        /// Which synapses.
        paths: Paths,
        /// `magnitude`
        by: Name,
        /// How many of them.
        fraction: Expr,
    },
    /// `grow V1 by 32`
    Grow {
        /// Which region.
        place: Place,
        /// By how many units.
        by: Expr,
    },
    /// `store HPC`
    Store(Place),
    /// `replay HPC fraction 50 %`
    Replay {
        /// From where.
        place: Place,
        /// How much of each batch.
        fraction: Option<Expr>,
    },
    /// `clamp A to EXPR`
    Clamp {
        /// Which region.
        place: Place,
        /// To what.
        to: Expr,
    },
    /// `lesion V1[0..64]`
    Lesion(Vec<Place>),
    /// `measure accuracy every 100 steps`
    Measure {
        /// Metrics and costs.
        metrics: Vec<Expr>,
        /// How often.
        every: Option<Every>,
    },
    /// `after school`
    After(Name),
    /// `during school`
    During(Name),
    /// `skip infancy`
    Skip(Vec<Name>),
    /// `vary teacher in [backprop, nothing]`
    Vary {
        /// The parameter.
        place: Place,
        /// Its values.
        values: Expr,
    },
    /// `recover 2 epochs { … }`
    Recover {
        /// How long.
        duration: Expr,
        /// What is done meanwhile.
        statements: Vec<Statement>,
    },
    /// `probe dopamine at trial 0, at end`
    Probe(Probe),
    /// `report median(accuracy), ci(accuracy)`
    Report(Vec<Expr>),
    /// `genes cue[4] = normal(0, 0.1)`; one or several
    Genes(Vec<Declaration>),
    /// `population 32`
    Population(Expr),
    /// `generations 40`
    Generations(Expr),
    /// `by evolution_strategies(sigma = 0.1)`
    By(Expr),
    /// `fitness = accuracy at end`
    Fitness(Expr),
}

/// `phase NAME for BOUND until CONDITION keep highest METRIC unsupervised { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: Name,
    /// `5 epochs`, or a parameter that holds a duration.
    pub bound: Expr,
    /// When it may end before.
    pub until: Option<Expr>,
    /// Of which measurement it keeps the weights.
    pub keep: Option<Keep>,
    /// The word `unsupervised`.
    pub unsupervised: Option<Span>,
    /// What happens in it.
    pub statements: Vec<Statement>,
}

/// `keep highest accuracy`, `keep lowest wrong`
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// The whole of it.
    pub span: Span,
    /// Whether high is good.
    pub highest: bool,
    /// The metric or cost.
    pub metric: Expr,
}

/// `probe cka(V1, IT) at end`, `probe weights(A -> B) as images`
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// What is looked at.
    pub value: Expr,
    /// How often.
    pub every: Option<Every>,
    /// Or when.
    pub at: Vec<When>,
    /// `images` in `as images`.
    pub shown_as: Option<Name>,
}

/// One statement in the braces of a definition, of generated data or of a region.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyStatement {
    /// The whole of it.
    pub span: Span,
    /// What it says.
    pub kind: BodyStatementKind,
}

/// What a statement of a body says.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyStatementKind {
    /// `dw = rate * post * pre`, `label : class[2] = x[0] > 0`
    Define {
        /// What is defined.
        target: Target,
        /// Of what type.
        of_type: Option<Type>,
        /// As what.
        value: Expr,
    },
    /// `let z = sigmoid(Wz @ x)`
    Let {
        /// What is named.
        target: Target,
        /// What it stands for.
        value: Expr,
    },
    /// `h := (1 - z) * h`
    Update {
        /// The state.
        target: Target,
        /// Its new value.
        value: Expr,
    },
    /// `dv/dt = (rest - v + drive) / tau`
    Derivative {
        /// `v`
        name: Name,
        /// How fast it changes.
        value: Expr,
    },
    /// `state m = 0, v = 0`, `state h[n] = 0 : keep across trials`
    State(Vec<Declaration>),
    /// `weight W[n, x], U[n, n]`, `weight W[n, x] : init he`
    Weight(Vec<Declaration>),
    /// `input x`
    Input(Vec<Declaration>),
    /// `action arm : class[arms]`
    Action(Vec<Declaration>),
    /// `output h`
    Output(Vec<Expr>),
    /// `trace e of pre * post : tau`
    Trace(Running),
    /// `average theta of post^2 : tau`
    Average(Running),
    /// `pass nudged from free { … }`
    Pass {
        /// Its name.
        name: Name,
        /// From whose state it starts.
        from: Option<Name>,
        /// What happens in it.
        body: Vec<BodyStatement>,
    },
    /// `settle 20 steps`, `settle(60 steps, rate = 0.5, tolerance = 1e-4)`
    Settle(Vec<Argument>),
    /// `clamp outputs to targets`
    Clamp {
        /// What.
        place: Place,
        /// To what.
        to: Expr,
    },
    /// `nudge outputs by beta`
    Nudge {
        /// What.
        place: Place,
        /// How strongly.
        by: Expr,
    },
    /// `spike when v > threshold { v := reset }`
    Spike {
        /// When.
        when: Expr,
        /// What follows; empty without braces.
        body: Vec<BodyStatement>,
    },
    /// `hold refractory`
    Hold(Expr),
    /// `surrogate fast_sigmoid(25)`
    Surrogate(Expr),
    /// `method rk4`
    Method(Name),
    /// `done when step >= 100`
    DoneWhen(Expr),
    /// `cut off when step >= 500`
    CutOffWhen(Expr),
}

/// One of `state m = 0, v = 0`, of `weight W[n, x] : init he`, of `action arm : class[arms]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The whole of it.
    pub span: Span,
    /// Name and shape.
    pub target: Target,
    /// What stands behind `:` as a type.
    pub of_type: Option<Type>,
    /// What stands behind `=`.
    pub value: Option<Expr>,
    /// What stands behind `:` as properties.
    pub properties: Vec<StateProperty>,
}

/// A property of a state or a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct StateProperty {
    /// The whole of it.
    pub span: Span,
    /// Which.
    pub kind: StatePropertyKind,
}

/// The properties of a state or a weight.
#[derive(Debug, Clone, PartialEq)]
pub enum StatePropertyKind {
    /// `keep across trials`
    KeepAcrossTrials,
    /// `init he`
    Init(Init),
}

/// `NAME of EXPR : TAU`
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// What it is called, perhaps with indices.
    pub target: Target,
    /// Of what.
    pub of: Expr,
    /// Its time constant.
    pub tau: Expr,
}
