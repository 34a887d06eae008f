//! Regions that settle: what their clauses say, what is computed in each round beside them, and the order of everything.

use super::build::{arc, number};
use super::draft::{Draft, Meaning, RegionDraft};
use super::formula::{Formula, Kind, Leaf, Node};
use super::passes;
use super::typing::{Said, scalar};
use super::wiring::{cycle, needs_of};
use super::{Metric, Model, RegionId, Teacher, Timing, Unit};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{Argument, Expr};
use crate::tensor::Element;
use std::collections::BTreeSet;

/// The most rounds in which regions settle.
const LONGEST: f64 = 1_000_000.0;
/// What the share of samples that do not settle is called among the metrics.
pub(super) const UNSETTLED: &str = "unsettled";
/// The rate without `rate = …`.
const RATE: f64 = 0.5;
/// The tolerance without `tolerance = …`.
const TOLERANCE: f64 = 1e-4;

/// How a region settles: `r := r + rate * (f(drive) - r)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settle {
    /// The most rounds.
    pub steps: usize,
    /// How far a round goes towards what the equation asks for.
    pub rate: f64,
    /// A sample all of whose units are as near as that to what they are asked for is held.
    pub tolerance: f64,
    /// The clause.
    pub span: Span,
}

/// All regions that settle, at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Settling {
    /// The most rounds.
    pub steps: usize,
    /// What is computed in each round, in order: the regions that settle, and those between them.
    pub within: Vec<RegionId>,
}

/// What gives a number of compile time, and its unit.
type Read<'f, 'a> = dyn FnMut(&mut Draft<'a>, &Expr) -> Result<(f64, Unit), Said> + 'f;

/// `settle 60 steps`, `settle(60 steps, rate = 0.5, tolerance = 1e-4)`; `read` gives a number of compile time and its unit.
pub(super) fn settle<'a>(
    draft: &mut Draft<'a>,
    arguments: &[Argument],
    span: Span,
    read: &mut Read<'_, 'a>,
) -> Result<Settle, Said> {
    let mut made = Settle { steps: 0, rate: RATE, tolerance: TOLERANCE, span };
    let mut given = BTreeSet::new();
    for (place, argument) in arguments.iter().enumerate() {
        let name = match &argument.name {
            Some(name) => name.as_str(),
            None => ["steps", "rate", "tolerance"].get(place).copied().unwrap_or(""),
        };
        if !matches!(name, "steps" | "rate" | "tolerance") || !given.insert(name.to_string()) {
            draft.say(
                Diagnostic::new(Code::WRONG_ARGUMENTS, "`settle` takes steps, a rate and a tolerance, each once")
                    .at(argument.span, "one too many")
                    .help("settle(60 steps, rate = 0.5, tolerance = 1e-4)"),
            );
            return Err(Said);
        }
        let (value, unit) = read(draft, &argument.value)?;
        let (fits, wanted) = match name {
            "steps" => {
                made.steps = value as usize;
                let whole = value.fract() == 0.0 && (1.0..=LONGEST).contains(&value);
                (unit == Unit::Steps && whole, "a whole number of steps, from 1 to 1_000_000")
            }
            "rate" => {
                made.rate = value;
                (unit == Unit::One && value > 0.0 && value <= 1.0, "a rate above 0 and up to 1")
            }
            _ => {
                made.tolerance = value;
                (unit == Unit::One && value >= 0.0 && value.is_finite(), "a tolerance that is not below 0")
            }
        };
        if !fits {
            let found = if unit == Unit::One { value.to_string() } else { format!("{value} {unit}") };
            draft.say(
                Diagnostic::new(Code::BAD_SETTLE, format!("`settle` wants {wanted}, and this is {found}"))
                    .at(argument.value.span, found)
                    .help("settle(60 steps, rate = 0.5, tolerance = 1e-4)"),
            );
            return Err(Said);
        }
    }
    if made.steps == 0 {
        draft.say(
            Diagnostic::new(Code::WRONG_ARGUMENTS, "`settle` wants to know how many steps it may take")
                .at(span, "how many steps?")
                .help("settle 60 steps"),
        );
        return Err(Said);
    }
    Ok(made)
}

/// The clause of a region.
pub(super) fn clause(draft: &mut Draft<'_>, made: &mut RegionDraft<'_>, arguments: &[Argument], span: Span) {
    if draft.time.is_some() {
        draft.later(
            span,
            "settling in a model with time",
            "leave `time` out, or let the cycle take time: `delay 1 step`",
        );
    }
    if matches!(made.tree.body, crate::syntax::tree::RegionBody::Structure(_)) {
        draft.later(
            span,
            "a structure that settles",
            "write an equation: `region A[8] = tanh(drive), settle 60 steps`",
        );
    }
    // A clause with a mistake settles as well, so that what was said is all that is said.
    let unknown = Settle { steps: 0, rate: RATE, tolerance: TOLERANCE, span };
    made.settle = Some(settle(draft, arguments, span, &mut number).unwrap_or(unknown));
}

/// An order in which every region comes after those that it depends on, but for the regions that settle, which all see what
/// they were a round before; a cycle through none of these is an error.
pub(super) fn order(draft: &mut Draft<'_>) -> (Vec<RegionId>, Option<Settling>) {
    passes::settled_by_rules(draft);
    let count = draft.regions.len();
    let needs: Vec<Vec<(usize, Span)>> = (0..count).map(|id| needs_of(draft, RegionId(id))).collect();
    let settles: Vec<bool> = draft.regions.iter().map(|region| region.settle.is_some()).collect();
    let down = closure(&settles, |id| (0..count).filter(|other| needs[*other].iter().any(|(n, _)| *n == id)).collect());
    let up = closure(&settles, |id| needs[id].iter().map(|(other, _)| *other).collect());
    let within: Vec<bool> = (0..count).map(|id| settles[id] || down[id] && up[id]).collect();
    let mut order = Vec::new();
    let mut together = Vec::new();
    for part in 0..3 {
        let here = |id: usize| match part {
            0 => !down[id],
            1 => within[id],
            _ => down[id] && !within[id],
        };
        let waits = |id: usize, other: usize| here(other) && !(part == 1 && settles[other]) && here(id);
        let Some(sorted) = sorted(draft, &needs, &here, &waits) else { break };
        order.extend(sorted.iter().copied().map(RegionId));
        if part == 1 {
            together = sorted.into_iter().map(RegionId).collect();
        }
    }
    (order, steps(draft).map(|steps| Settling { steps, within: together }))
}

/// What is marked, and what it leads to.
pub(super) fn closure(marked: &[bool], next: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
    let mut all = marked.to_vec();
    let mut open: Vec<usize> = (0..marked.len()).filter(|id| marked[*id]).collect();
    while let Some(id) = open.pop() {
        for other in next(id) {
            if !std::mem::replace(&mut all[other], true) {
                open.push(other);
            }
        }
    }
    all
}

/// The regions of one part, each behind those that it waits for.
fn sorted(
    draft: &mut Draft<'_>,
    needs: &[Vec<(usize, Span)>],
    here: &dyn Fn(usize) -> bool,
    waits: &dyn Fn(usize, usize) -> bool,
) -> Option<Vec<usize>> {
    let all: Vec<usize> = (0..needs.len()).filter(|id| here(*id)).collect();
    let mut sorted: Vec<usize> = Vec::new();
    let mut done = vec![false; needs.len()];
    while sorted.len() < all.len() {
        let ready = all
            .iter()
            .copied()
            .find(|&id| !done[id] && needs[id].iter().all(|(other, _)| !waits(id, *other) || done[*other]));
        let Some(id) = ready else {
            let left: Vec<bool> = (0..needs.len()).map(|id| !here(id) || done[id]).collect();
            let kept = (0..needs.len()).map(|id| match left[id] {
                true => Vec::new(),
                false => needs[id].iter().copied().filter(|(other, _)| waits(id, *other)).collect(),
            });
            // A rule in which something is wrong might have settled it.
            if !(draft.incomplete && passes::there_are(draft)) {
                cycle(draft, &kept.collect::<Vec<_>>(), &left);
            }
            draft.incomplete = true;
            return None;
        };
        done[id] = true;
        sorted.push(id);
    }
    Some(sorted)
}

/// The one number of rounds of all regions that settle.
fn steps(draft: &mut Draft<'_>) -> Option<usize> {
    let mut all = draft.regions.iter().filter_map(|region| Some((region.settle?, region.tree.target.name.as_str())));
    let (first, name) = all.find(|(settle, _)| settle.steps > 0)?;
    let declared =
        draft.names.get(UNSETTLED).filter(|declared| matches!(declared.meaning, Meaning::Metric(_) | Meaning::Cost(_)));
    if let Some(declared) = declared {
        let said = Diagnostic::new(
            Code::DUPLICATE_NAME,
            "the share that does not settle is called `unsettled`, and so is this",
        )
        .at(declared.span, "a name that is taken where something settles")
        .because(first.span, "this settles")
        .help("give it another name, such as `unsettled_2`");
        draft.say(said);
        return None;
    }
    if let Some((other, second)) = all.find(|(other, _)| other.steps != first.steps && other.steps > 0) {
        let message = format!("`{name}` settles in {} steps, and `{second}` in {}", first.steps, other.steps);
        let said = Diagnostic::new(Code::SETTLE_STEPS, message)
            .at(other.span, "regions that settle do so at once, and so in as many steps")
            .because(first.span, format!("`{name}` settles in {} steps", first.steps))
            .help(format!("settle {} steps", first.steps.max(other.steps)));
        draft.say(said);
    }
    Some(first.steps)
}

/// What reports the share that does not settle, and its place among the metrics.
pub(super) fn count(model: &mut Model) {
    let learns = model.phases.iter().flat_map(|phase| &phase.learns);
    let settles = |teacher: &Teacher| matches!(teacher, Teacher::Rule(_)) || teacher.needs(super::Need::Settling);
    let mut moved = learns.filter(|learn| !learn.moves.is_empty() && settles(&learn.teacher));
    let settle = model.regions.iter().find_map(|region| region.settle).map(|settle| settle.span);
    let Some(span) = settle.or_else(|| moved.next().map(|learn| learn.span)) else { return };
    let node = Node { kind: Kind::Leaf(Leaf::Unsettled), ty: scalar(Element::Real), unit: Unit::One, span };
    let formula = Formula { nodes: vec![node], root: 0 };
    let (name, timing) = (arc(UNSETTLED), Timing::Before);
    model.metrics.push(Metric { name, formula, filter: None, timing, span });
}
