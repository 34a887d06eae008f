//! What an experiment looks at while a phase is lived: `experiment NAME { during PHASE  probe alignment(A -> B, backprop from c) every 50 steps }`.

use super::credit_rules::{Need, Through, through};
use super::draft::{Draft, nearest};
use super::learning::probed;
use super::typing::{Place, Said};
use super::{Formula, Learn, Pattern, ProjectionId, RegionId, Unit, routes, tie};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Argument, Every, Expr, ExprKind, ItemKind, Paths, StatementKind, WhenKind};
use crate::tensor::{Element, Name};

/// So many units have a spectrum at most.
pub const WIDEST: usize = 1024;

/// Something that is looked at in a training step of a phase.
#[derive(Debug, Clone)]
pub struct Probe {
    /// As the spec writes it: `alignment(A -> B, backprop from c)`.
    pub name: Name,
    /// What is looked at.
    pub kind: ProbeKind,
    /// Before every so manieth step of the phase, from the first on; and always at the end.
    pub every: Option<usize>,
    /// The statement.
    pub span: Span,
}

/// The kinds of probes.
#[derive(Debug, Clone)]
pub enum ProbeKind {
    /// The cosine of the angle between what the phase makes of the weights of this statement's paths and what it would.
    Alignment(Box<Learn>),
    /// How many directions a signal has over the samples of a batch.
    Rank(Signal),
    /// In how many directions it lies in effect: the square of the sum of its variances by the sum of their squares.
    Participation(Signal),
    /// How long it is: the root of the mean square over the samples of the batch.
    Strength(Signal),
}

/// A vector for each sample.
#[derive(Debug, Clone)]
pub enum Signal {
    /// An expression.
    Value(Formula),
    /// What the rule of a statement brings to the units of a region.
    Teaching(RegionId, Box<Learn>),
}

impl Probe {
    /// What would learn, if it compares with something that does not.
    pub fn learn(&self) -> Option<&Learn> {
        match &self.kind {
            ProbeKind::Alignment(learn) => Some(learn),
            ProbeKind::Rank(of) | ProbeKind::Participation(of) | ProbeKind::Strength(of) => match of {
                Signal::Teaching(_, learn) => Some(learn),
                Signal::Value(_) => None,
            },
        }
    }
}

/// Reads the experiments, and gives each phase its probes.
pub(super) fn probes(draft: &mut Draft<'_>) {
    let items: Vec<_> = draft.items().collect();
    for item in items {
        let ItemKind::Experiment(tree) = &item.kind else { continue };
        if let Some(seeds) = &tree.seeds {
            draft.later(seeds.span, "`over seeds`", "an experiment looks at one run");
        }
        let Ok(phase) = during(draft, tree, item.keyword_span) else { continue };
        for statement in &tree.statements {
            match &statement.kind {
                StatementKind::During(_) => {}
                StatementKind::Probe(tree) => {
                    if let Ok(probe) = probe(draft, tree, phase, statement.span) {
                        draft.phases[phase].probes.push(probe);
                    }
                }
                _ => draft.later(statement.span, "this statement of an `experiment`", "`during PHASE` and `probe …`"),
            }
        }
    }
}

/// The phase that an experiment looks at: the last one, if it does not say.
fn during(draft: &mut Draft<'_>, tree: &tree::Experiment, keyword: Span) -> Result<usize, Said> {
    let said = tree.statements.iter().find_map(|statement| match &statement.kind {
        StatementKind::During(name) => Some(name),
        _ => None,
    });
    let Some(name) = said else { return draft.phases.len().checked_sub(1).ok_or(Said) };
    if let Some(place) = draft.phases.iter().position(|phase| *phase.name == *name.as_str()) {
        return Ok(place);
    }
    if draft.incomplete {
        return Err(Said);
    }
    let near = nearest(name.as_str(), draft.phases.iter().map(|phase| &*phase.name));
    let help = near.map_or("name a phase of the `development`".to_string(), |near| format!("did you mean `{near}`?"));
    let said = Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no phase `{}`", name.as_str()));
    draft.say(said.at(name.span, "unknown phase").because(keyword, "the experiment").help(help));
    Err(Said)
}

fn probe(draft: &mut Draft<'_>, tree: &tree::Probe, phase: usize, span: Span) -> Result<Probe, Said> {
    if draft.time.is_some() {
        draft.later(span, "a probe in a model with time", "a metric");
        return Err(Said);
    }
    let every = tree.every.as_ref().map(|every| steps(draft, every)).transpose()?;
    let elsewhere = tree.at.iter().find(|when| !matches!(when.kind, WhenKind::End)).map(|when| when.span);
    if let Some(span) = elsewhere.or(tree.shown_as.as_ref().map(|name| name.span)) {
        draft.later(span, "this", "a probe looks at the end, and `every 50 steps`");
        return Err(Said);
    }
    let name: Name = draft.sources.slice(tree.value.span).split_whitespace().collect::<Vec<_>>().join(" ").into();
    let ExprKind::Call { function, arguments } = &tree.value.kind else { return Err(unknown(draft, tree.value.span)) };
    let kind = match function.as_str() {
        "alignment" => alignment(draft, arguments, phase, tree.value.span)?,
        "rank" => ProbeKind::Rank(signal(draft, arguments, tree.value.span)?),
        "participation" => ProbeKind::Participation(signal(draft, arguments, tree.value.span)?),
        "strength" => ProbeKind::Strength(signal(draft, arguments, tree.value.span)?),
        _ => return Err(unknown(draft, function.span)),
    };
    if let Some(other) = draft.phases[phase].probes.iter().find(|other| other.name == name) {
        let first = other.span;
        let said = Diagnostic::new(Code::DUPLICATE_NAME, format!("`{name}` is looked at twice in one phase"));
        draft.say(said.at(span, "again here").because(first, "first here").help("leave one of them out"));
        return Err(Said);
    }
    Ok(Probe { name, kind, every, span })
}

fn unknown(draft: &mut Draft<'_>, span: Span) -> Said {
    let said = Diagnostic::new(Code::UNKNOWN_NAME, "there is no such probe").at(span, "unknown probe");
    draft.say(said.help("probe alignment(A -> B, backprop from COST)\nprobe rank(REGION, backprop from COST)"));
    Said
}

/// `every 50 steps`
fn steps(draft: &mut Draft<'_>, every: &Every) -> Result<usize, Said> {
    let (span, found) = match every {
        Every::Unit(tree::Unit::Steps, _) => return Ok(1),
        Every::Unit(_, span) => (*span, None),
        Every::Duration(expr) => (expr.span, Some(super::build::number(draft, expr)?)),
    };
    match found {
        Some((steps, Unit::Steps)) if steps.fract() == 0.0 && (1.0..=1e9).contains(&steps) => Ok(steps as usize),
        _ => {
            let said = Diagnostic::new(Code::UNIT_MISMATCH, "a probe counts whole training steps");
            draft.say(said.at(span, "not a number of steps").help("every 50 steps"));
            Err(Said)
        }
    }
}

/// `backprop from c`, or a rule that has no cost.
fn rule_and_cost(argument: &Argument) -> (&Expr, Option<&Expr>) {
    match &argument.value.kind {
        ExprKind::RuleFrom { rule, cost } => (rule, Some(cost)),
        _ => (&argument.value, None),
    }
}

/// `alignment(A -> B, backprop from c)`
fn alignment(draft: &mut Draft<'_>, arguments: &[Argument], phase: usize, span: Span) -> Result<ProbeKind, Said> {
    let [paths, rule] = arguments else { return Err(malformed(draft, "alignment", span)) };
    let ExprKind::Path(path) = &paths.value.kind else { return Err(malformed(draft, "alignment", paths.span)) };
    let projections = draft.projections_of(&Paths::List(vec![path.clone()]))?;
    let weighted = |id: &ProjectionId| {
        let projection = &draft.projections[id.0];
        projection.has_weights() && !matches!(projection.pattern, Pattern::LowRank(_))
    };
    if projections.is_empty() || !projections.iter().all(weighted) {
        return Err(malformed(draft, "alignment", path.span));
    }
    let (rule, cost) = rule_and_cost(rule);
    let learn = probed(draft, projections.clone(), rule, cost, span)?;
    for id in projections {
        let same = tie::siblings(&draft.projections, id);
        let teaches =
            |learn: &Learn| !learn.teacher.is_nothing() && learn.projections.iter().any(|other| same.contains(other));
        if draft.incomplete || draft.phases[phase].learns.iter().any(teaches) {
            continue;
        }
        let (of, phase) = (&draft.projections[id.0], &draft.phases[phase].name);
        let message = format!("nothing teaches `{}` in `{phase}`, so there is no update to look at", of.name);
        let said = Diagnostic::new(Code::UNTAUGHT_PROBE, message).at(path.span, "no `learn` of the phase changes it");
        let said = said.because(of.span, "the projection").help("look at a projection that learns in that phase");
        draft.say(said);
        return Err(Said);
    }
    Ok(ProbeKind::Alignment(Box::new(learn)))
}

/// `rank(A, backprop from c)`, `rank(EXPR)`
fn signal(draft: &mut Draft<'_>, arguments: &[Argument], span: Span) -> Result<Signal, Said> {
    match arguments {
        [value] => {
            let found = super::build::formula(draft, Place::Metric, &value.value)?;
            let ty = &found.value().ty;
            if ty.element != Element::Real {
                let what = super::typing::describe(ty);
                let said = Diagnostic::new(Code::TYPE_MISMATCH, format!("numbers are wanted here, and this is {what}"));
                draft.say(said.at(value.span, what).help("such as `softmax(A) - one_hot(d.label)`"));
                return Err(Said);
            }
            let units = ty.shape.iter().map(|extent| extent.bound()).product();
            narrow(draft, units, value.span)?;
            Ok(Signal::Value(found))
        }
        [region, rule] => teaching(draft, region, rule, span),
        _ => Err(malformed(draft, "rank", span)),
    }
}

/// What a rule brings to a region.
fn teaching(draft: &mut Draft<'_>, region: &Argument, rule: &Argument, span: Span) -> Result<Signal, Said> {
    let ExprKind::Name(name) = &region.value.kind else { return Err(malformed(draft, "rank", region.span)) };
    let found = (0..draft.regions.len()).map(RegionId).find(|id| draft.region_name(*id) == name.as_str());
    let Some(id) = found else {
        let near = nearest(name.as_str(), (0..draft.regions.len()).map(|id| draft.region_name(RegionId(id))));
        let help = near.map_or("name a region".to_string(), |near| format!("did you mean `{near}`?"));
        let said = Diagnostic::new(Code::UNKNOWN_NAME, format!("there is no region `{name}`"));
        draft.say(said.at(name.span, "unknown region").help(help));
        return Err(Said);
    };
    let units = draft.regions[id.0].shape.as_ref().map_or(0, |shape| shape.iter().product());
    narrow(draft, units, region.span)?;
    let into: Vec<ProjectionId> = (0..draft.projections.len())
        .map(ProjectionId)
        .filter(|wire| draft.projections[wire.0].target == id && draft.projections[wire.0].has_weights())
        .collect();
    if into.is_empty() {
        return Err(malformed(draft, "rank", region.span));
    }
    let (rule, cost) = rule_and_cost(rule);
    let rule_span = rule.span;
    let learn = probed(draft, into, rule, cost, span)?;
    let needs = |need: Need| learn.teacher.needs(need);
    let to_units = needs(Need::Noise) || through(&learn) != Through::Anything && !needs(Need::Levels);
    if matches!(learn.teacher, super::Teacher::Rule(_)) || learn.teacher.is_nothing() || !to_units {
        let said = Diagnostic::new(Code::NO_SIGNAL, "this rule brings no signal to units that could be looked at");
        let said = said.at(rule_span, "it gives each synapse its change, or moves activities");
        draft.say(said.help("look at a rule that carries errors or adds noise to drives: `backprop from COST`"));
        return Err(Said);
    }
    Ok(Signal::Teaching(id, Box::new(learn)))
}

/// A spectrum is that of a square of units.
fn narrow(draft: &mut Draft<'_>, units: usize, span: Span) -> Result<(), Said> {
    if units <= WIDEST {
        return Ok(());
    }
    let message = format!("the directions of {units} units are more than can be told apart, {WIDEST} at most");
    let said = Diagnostic::new(Code::WIDE_SIGNAL, message).at(span, format!("{units} units"));
    draft.say(said.help("look at a smaller region"));
    Err(Said)
}

fn malformed(draft: &mut Draft<'_>, probe: &str, span: Span) -> Said {
    let (wants, help) = match probe {
        "alignment" => (
            "`alignment` takes a path whose projections have a weight for each synapse, and a rule with its cost",
            "probe alignment(A -> B, backprop from COST)",
        ),
        _ => (
            "`rank`, `participation` and `strength` take a vector per sample, or a region with weights into it and a rule with its cost",
            "probe rank(REGION, backprop from COST)",
        ),
    };
    draft.say(Diagnostic::new(Code::WRONG_ARGUMENTS, wants).at(span, "not that").help(help));
    Said
}

/// Says where the credit of a probe's rule does not come to what it looks at.
pub(super) fn unreached(draft: &Draft<'_>) -> Vec<Diagnostic> {
    let probes = draft.phases.iter().flat_map(|phase| &phase.probes);
    let mut said = Vec::new();
    for (probe, learn) in probes.filter_map(|probe| Some((probe, probe.learn()?))) {
        if learn.from.is_empty() || through(learn) == Through::Anything {
            continue;
        }
        let credits: Vec<_> = learn.from.iter().map(|(_, cost)| routes::credit(draft, *cost, learn)).collect();
        let missed = learn.projections.iter().find(|id| !credits.iter().any(|credit| credit.projections.contains(id)));
        if let Some(id) = missed {
            let name = &draft.projections[id.0].name;
            let message = format!("no credit of what `{}` compares with comes to `{name}`", probe.name);
            let found = Diagnostic::new(Code::NO_ROUTE, message).at(probe.span, "there is no route");
            said.push(found.help("look at a projection from which the cost can be lowered"));
        }
    }
    said
}
