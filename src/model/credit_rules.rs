//! The credit rules that a spec may name: what each takes, and what it needs of the model. How each is carried out stands in
//! `credit::by`, a file a rule.

use super::draft::{Draft, nearest};
use super::learning::plain_schedule;
use super::typing::{Place, Said, describe, scalar};
use super::{Formula, Learn, Teacher, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{Argument, Expr};
use crate::tensor::Element;

/// A credit rule as a spec may name it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CreditRule {
    /// Its name.
    pub name: &'static str,
    /// What it takes, by place or by name.
    pub parameters: &'static [CreditParameter],
    /// What it needs; [`Need`] says who looks.
    pub needs: &'static [Need],
    /// Through what it comes to parameters.
    pub through: Through,
    /// What it makes of the feedback weights that its credit crosses in the place of weights.
    pub holds: Holds,
    /// Whether it lowers costs; else it knows by itself what is to be learnt.
    pub costs: bool,
}

/// What a credit rule makes of feedback weights, which are the same for every statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It crosses none.
    None,
    /// They stay as they were drawn.
    Drawn,
    /// It changes them, in a way of its own.
    Changing,
    /// It gives them the signs that the weights have.
    Signed,
    /// It has others, which learn to invert.
    Inverses,
}

/// What a credit rule takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CreditParameter {
    /// Its name.
    pub name: &'static str,
    /// What may be given.
    pub kind: ParameterKind,
    /// What it is if nothing is given; none: something has to be.
    pub default: Option<f64>,
}

/// What may be given for a parameter of a credit rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A whole number from 1 on, perhaps of steps.
    Whole,
    /// A number above 0.
    Positive,
    /// A plain number, which may be scheduled.
    Scheduled,
    /// A number per sample, which may read what a cost may read.
    PerSample,
}

/// Through what credit comes to parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Operations that have a derivative.
    Derivatives,
    /// Those, and the probabilities of what is sampled by `score`.
    Scores,
    /// All: what comes of a change is tried out.
    Anything,
}

/// What a credit rule needs of the model and of its statement. `model::check` looks at each statement (`check/unmet_need.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A model with time.
    Time,
    /// A model without time, in which nothing settles.
    Static,
    /// Credit that does not cross weights inside a structure.
    Regions,
    /// Levels between its paths and its costs, which have activities of their own (`model::passes` looks).
    Levels,
    /// That these settle, so that some may not.
    Settling,
    /// Noise on the drives of the units that its paths end in.
    Noise,
    /// Every weight that its credit crosses is changed by the statement itself.
    OwnRoute,
    /// Credit that crosses no projection of low rank.
    FullRank,
    /// Costs whose errors come to single units: those of several add up, and of a softmax they add up to nothing.
    SingleUnits,
}

const BASELINE: CreditParameter =
    CreditParameter { name: "baseline", kind: ParameterKind::PerSample, default: Some(0.0) };
/// Whether a sample belongs together.
const POSITIVE: CreditParameter = CreditParameter { name: "positive", kind: ParameterKind::PerSample, default: None };
const THRESHOLD: CreditParameter =
    CreditParameter { name: "threshold", kind: ParameterKind::Scheduled, default: Some(1.0) };
const DECAY: CreditParameter = CreditParameter { name: "decay", kind: ParameterKind::Scheduled, default: Some(0.001) };
/// The magnitude of feedback weights; 0, as nobody can give it, for one that is drawn.
const MAGNITUDE: CreditParameter =
    CreditParameter { name: "magnitude", kind: ParameterKind::Positive, default: Some(0.0) };
const MIRROR_RATE: CreditParameter =
    CreditParameter { name: "rate", kind: ParameterKind::Scheduled, default: Some(0.01) };
const MIRROR_DECAY: CreditParameter = CreditParameter { name: "decay", ..MIRROR_RATE };
const SCALE: CreditParameter = CreditParameter { name: "scale", kind: ParameterKind::Scheduled, default: Some(1.0) };
const STEPS: CreditParameter = CreditParameter { name: "steps", kind: ParameterKind::Whole, default: None };

const VARIANCE: CreditParameter =
    CreditParameter { name: "variance", kind: ParameterKind::Positive, default: Some(10.0) };
const ROUNDS: CreditParameter = CreditParameter { name: "steps", kind: ParameterKind::Whole, default: Some(100.0) };
const TOLERANCE: CreditParameter =
    CreditParameter { name: "tolerance", kind: ParameterKind::Positive, default: Some(1e-6) };

/// How fast activities move.
const fn rate(default: f64) -> CreditParameter {
    CreditParameter { name: "rate", kind: ParameterKind::Positive, default: Some(default) }
}

/// What rules need in which activities settle level by level.
const SETTLING: &[Need] = &[Need::Levels, Need::Settling];

/// The deviation of noise.
const SIGMA: CreditParameter = CreditParameter { name: "sigma", kind: ParameterKind::Positive, default: Some(0.001) };
/// The deviation of noise on all weights at once.
const SIGMA_OF_STRATEGIES: CreditParameter = CreditParameter { default: Some(0.1), ..SIGMA };
/// How many draws of noise there are, each with its mirror image.
const PAIRS: CreditParameter = CreditParameter { name: "pairs", kind: ParameterKind::Whole, default: Some(16.0) };
/// How far a weight is moved.
const DISTANCE: CreditParameter = CreditParameter { name: "distance", ..SIGMA };

/// How far down the error of a sample a target lies.
const STEP: CreditParameter = CreditParameter { name: "step", kind: ParameterKind::Positive, default: Some(0.1) };
/// How fast inverses learn.
const INVERSE_RATE: CreditParameter = CreditParameter { default: Some(0.1), ..MIRROR_RATE };
/// A rule that brings targets down.
const TARGETS: CreditRule = CreditRule {
    parameters: &[STEP, INVERSE_RATE, CreditParameter { default: Some(0.1), ..SIGMA }],
    needs: &[Need::Static, Need::Regions, Need::FullRank],
    holds: Holds::Inverses,
    ..PLAIN
};
/// A rule that tries out what comes of a change.
const TRIED: CreditRule = CreditRule { through: Through::Anything, ..PLAIN };

/// A rule that takes nothing and needs nothing.
const PLAIN: CreditRule = CreditRule {
    name: "",
    parameters: &[],
    needs: &[],
    through: Through::Derivatives,
    holds: Holds::None,
    costs: true,
};

/// The credit rules of this version: those that `credit` has a construction for. Sorted by name.
pub const CREDIT_RULES: &[CreditRule] = &[
    CreditRule { name: "backprop", ..PLAIN },
    CreditRule { name: "difference_target_propagation", ..TARGETS },
    CreditRule {
        name: "direct_feedback_alignment",
        parameters: &[SCALE],
        needs: &[Need::Static, Need::Regions],
        holds: Holds::Drawn,
        ..PLAIN
    },
    CreditRule { name: "evolution_strategies", parameters: &[SIGMA_OF_STRATEGIES, PAIRS], ..TRIED },
    CreditRule { name: "feedback_alignment", parameters: &[SCALE], holds: Holds::Drawn, ..PLAIN },
    CreditRule {
        name: "forward_forward",
        parameters: &[POSITIVE, THRESHOLD],
        needs: &[Need::Static],
        costs: false,
        ..PLAIN
    },
    CreditRule { name: "kickback", needs: &[Need::Static, Need::Regions, Need::SingleUnits], ..PLAIN },
    CreditRule {
        name: "kolen_pollack",
        parameters: &[DECAY],
        needs: &[Need::OwnRoute],
        holds: Holds::Changing,
        ..PLAIN
    },
    CreditRule { name: "node_perturbation", parameters: &[SIGMA], needs: &[Need::Noise], ..TRIED },
    CreditRule { name: "nothing", ..PLAIN },
    CreditRule {
        name: "predictive_coding",
        parameters: &[VARIANCE, ROUNDS, rate(0.1), TOLERANCE],
        needs: SETTLING,
        ..PLAIN
    },
    CreditRule {
        name: "predictive_coding_fixed",
        parameters: &[ROUNDS, rate(0.5), TOLERANCE],
        needs: SETTLING,
        ..PLAIN
    },
    CreditRule { name: "reinforce", parameters: &[BASELINE], through: Through::Scores, ..PLAIN },
    CreditRule { name: "serial_perturbation", parameters: &[DISTANCE], ..TRIED },
    CreditRule { name: "sign_symmetry", parameters: &[MAGNITUDE], holds: Holds::Signed, ..PLAIN },
    CreditRule { name: "target_propagation", ..TARGETS },
    CreditRule { name: "truncated", parameters: &[STEPS], needs: &[Need::Time], ..PLAIN },
    CreditRule {
        name: "weight_mirror",
        parameters: &[CreditParameter { default: Some(1.0), ..SIGMA }, MIRROR_RATE, MIRROR_DECAY],
        needs: &[Need::Static, Need::Regions],
        holds: Holds::Changing,
        ..PLAIN
    },
    CreditRule { name: "weight_perturbation", parameters: &[SIGMA], ..TRIED },
    CreditRule { name: "zero_divergence_inference_learning", needs: &[Need::Levels], ..PLAIN },
];

impl Teacher {
    /// Whether it is a credit rule with this need.
    pub(crate) fn needs(&self, need: Need) -> bool {
        match self {
            Teacher::Credit(name) => credit_rule(name).is_some_and(|rule| rule.needs.contains(&need)),
            Teacher::Rule(_) => false,
        }
    }

    /// Whether it is a credit rule that lowers no costs.
    pub(crate) fn is_costless(&self) -> bool {
        matches!(self, Teacher::Credit(name) if credit_rule(name).is_some_and(|rule| !rule.costs))
    }

    /// How it holds the feedback weights that its credit crosses.
    pub(crate) fn holds(&self) -> Holds {
        match self {
            Teacher::Credit(name) => credit_rule(name).map_or(Holds::None, |rule| rule.holds),
            Teacher::Rule(_) => Holds::None,
        }
    }

    /// Whether nothing is meant to change.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Teacher::Credit(name) if &**name == "nothing")
    }
}

/// Through what the credit of a statement comes.
pub(super) fn through(learn: &Learn) -> Through {
    match &learn.teacher {
        Teacher::Credit(name) => credit_rule(name).map_or(Through::Derivatives, |rule| rule.through),
        Teacher::Rule(_) => Through::Derivatives,
    }
}

/// The credit rules that the language has and this version has not.
pub(super) const LATER: &[&str] =
    &["difference_target_propagation", "eprop", "force", "forward_forward", "rtrl", "target_propagation", "td"];

/// The credit rule of this name.
pub(super) fn credit_rule(name: &str) -> Option<&'static CreditRule> {
    CREDIT_RULES.iter().find(|rule| rule.name == name)
}

/// What a credit rule is given.
#[derive(Default)]
pub(super) struct Given {
    /// Its arguments, in the order of its parameters.
    pub(super) arguments: Vec<Formula>,
    /// The one that is per sample, if it was given.
    pub(super) per_sample: Option<Formula>,
}

/// The arguments of a credit rule, by place or by name.
pub(super) fn arguments_of(
    draft: &mut Draft<'_>,
    rule: &CreditRule,
    given: &[Argument],
    call: Span,
) -> Result<Given, Said> {
    if rule.needs.contains(&Need::Time) {
        super::time::want(draft, call, &format!("the credit rule `{}`", rule.name))?;
    }
    let mut values: Vec<Option<Formula>> = vec![None; rule.parameters.len()];
    for (i, argument) in given.iter().enumerate() {
        let place = match &argument.name {
            Some(name) => rule.parameters.iter().position(|parameter| parameter.name == name.as_str()),
            None => (i < rule.parameters.len()).then_some(i),
        };
        match place.filter(|place| values[*place].is_none()) {
            Some(place) => values[place] = Some(value(draft, rule, &rule.parameters[place], &argument.value)?),
            None => return Err(not_taken(draft, rule, argument)),
        }
    }
    let mut all = Given::default();
    for (value, parameter) in values.into_iter().zip(rule.parameters) {
        if parameter.kind == ParameterKind::PerSample {
            all.per_sample.clone_from(&value);
        }
        match (value, parameter.default) {
            (Some(value), _) => all.arguments.push(value),
            (None, Some(default)) => all.arguments.push(Formula::number(default, call)),
            (None, None) => {
                let message = format!("`{}` wants a value for `{}`", rule.name, parameter.name);
                let said = Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(call, "missing");
                draft.say(said.help(usage(rule)));
                return Err(Said);
            }
        }
    }
    Ok(all)
}

/// `by truncated(steps)`.
fn usage(rule: &CreditRule) -> String {
    let parameter = |parameter: &CreditParameter| match parameter.default {
        Some(0.0) if parameter.kind == ParameterKind::Positive => parameter.name.to_string(),
        Some(default) => format!("{} = {default}", parameter.name),
        None => parameter.name.to_string(),
    };
    match rule.parameters {
        [] => format!("by {}", rule.name),
        parameters => format!("by {}({})", rule.name, parameters.iter().map(parameter).collect::<Vec<_>>().join(", ")),
    }
}

fn not_taken(draft: &mut Draft<'_>, rule: &CreditRule, argument: &Argument) -> Said {
    let message = match rule.parameters {
        [] => format!("`{}` takes no arguments", rule.name),
        _ => format!("`{}` does not take this argument", rule.name),
    };
    let known = rule.parameters.iter().map(|parameter| parameter.name);
    let help = match argument.name.as_ref().and_then(|name| nearest(name.as_str(), known)) {
        Some(near) => format!("did you mean `{near}`? {}", usage(rule)),
        None => usage(rule),
    };
    draft.say(Diagnostic::new(Code::WRONG_ARGUMENTS, message).at(argument.span, "one too many").help(help));
    Said
}

/// What is given for a parameter.
fn value(draft: &mut Draft<'_>, rule: &CreditRule, parameter: &CreditParameter, expr: &Expr) -> Result<Formula, Said> {
    let wanted = match parameter.kind {
        ParameterKind::Scheduled => return plain_schedule(draft, expr),
        ParameterKind::PerSample => return per_sample(draft, rule, parameter.name, expr),
        kind => kind,
    };
    let (value, unit) = super::build::number(draft, expr)?;
    let what = if unit == Unit::One { value.to_string() } else { unit.phrase() };
    if wanted == ParameterKind::Whole {
        if matches!(unit, Unit::One | Unit::Steps) && value.fract() == 0.0 && (1.0..=1e9).contains(&value) {
            return Ok(Formula::number(value, expr.span));
        }
        let message = format!("a whole number of time steps is wanted here, and this is {what}");
        let help = format!("by {}(5 steps)", rule.name);
        draft.say(Diagnostic::new(Code::NOT_WHOLE, message).at(expr.span, what).help(help));
        return Err(Said);
    }
    if unit == Unit::One && value > 0.0 && value.is_finite() {
        return Ok(Formula::number(value, expr.span));
    }
    let message = format!("a plain number above 0 is wanted here, and this is {what}");
    draft.say(Diagnostic::new(Code::TYPE_MISMATCH, message).at(expr.span, what).help("such as 0.01"));
    Err(Said)
}

/// A number per sample.
fn per_sample(draft: &mut Draft<'_>, rule: &CreditRule, name: &str, expr: &Expr) -> Result<Formula, Said> {
    let found = super::build::formula(draft, Place::Cost, expr)?;
    let reads_brain = found.leaves().any(|(leaf, _)| !matches!(leaf, super::Leaf::Param(_)));
    // A rule that needs a model without time says so itself.
    if draft.time.is_some() && reads_brain && !rule.needs.contains(&Need::Static) {
        draft.later(expr.span, &format!("a `{name}` that is no constant, in a model with time"), "a number");
        return Err(Said);
    }
    let node = found.value();
    if node.ty == scalar(Element::Real) && node.unit == Unit::One {
        return Ok(found);
    }
    let what = if node.unit == Unit::One { describe(&node.ty) } else { node.unit.phrase() };
    let message = format!("a plain number per sample is wanted for `{name}`, and this is {what}");
    draft.say(Diagnostic::new(Code::NOT_SCALAR, message).at(expr.span, what).help("reduce it: `mean(x)` or `sum(x)`"));
    Err(Said)
}
