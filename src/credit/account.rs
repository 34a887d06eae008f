//! Who learns from what, phase by phase: every parameter, the costs whose credit reaches it and by which way, the rule and the
//! optimiser, and why the others stay as they are.

use super::by::{Changed, changed_by};
use super::initial::{factor_shape, weight_shape};
use super::learn::slot_of;
use super::locality::{Reads, reads};
use crate::diag::Span;
use crate::model::{
    Bias, CostId, Factor, Learn, Model, Pattern, ProjectionId, RegionId, Teacher, Way, Ways, owner, ways,
};
use crate::tensor::Name;
use std::collections::BTreeSet;

/// Who learns from what, in all of development.
#[derive(Debug, Clone)]
pub struct Account {
    /// Every parameter, in the order of the text.
    pub parameters: Vec<Parameter>,
    /// The phases, in order.
    pub phases: Vec<InPhase>,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its slot.
    pub slot: Name,
    /// What it is.
    pub of: Changed,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// How many numbers it holds.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a phase does to the parameters.
#[derive(Debug, Clone)]
pub struct InPhase {
    /// Its name.
    pub name: Name,
    /// In the order of [`Account::parameters`].
    pub what: Vec<What>,
    /// The projections that the credit of each cost meets, whether they learn or not.
    pub met: Vec<(CostId, Vec<ProjectionId>)>,
}

/// What a phase does to a parameter.
#[derive(Debug, Clone)]
pub enum What {
    /// It learns, by these statements.
    Learns(Vec<Lesson>),
    /// It stays as it is.
    Stays(Why),
}

/// What one statement does to a parameter.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The rule behind `by`.
    pub rule: Name,
    /// Whether it is one with an equation per synapse.
    pub equation: bool,
    /// The optimiser, if a gradient wants one.
    pub optimiser: Option<Name>,
    /// It acts in every so manieth step.
    pub every: usize,
    /// The costs that the statement lowers, and the way of each to this parameter, if there is one.
    pub costs: Vec<(CostId, Option<Way>)>,
    /// What each of its synapses reads to learn.
    pub reads: BTreeSet<Reads>,
    /// The statement.
    pub span: Span,
}

/// Why a parameter stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its projection is `fixed`, here.
    Fixed(Span),
    /// The phase freezes it.
    Frozen,
    /// `learn … by nothing`, here.
    Nothing(Span),
    /// No `learn` of the phase names it.
    Unnamed,
    /// A statement teaches it, here, and none of its costs has a way to it.
    NoWay(Span),
}

/// Who learns from what.
pub fn account(model: &Model) -> Account {
    let parameters = parameters(model);
    let phases = (0..model.phases.len()).map(|phase| in_phase(model, phase, &parameters)).collect();
    Account { parameters, phases }
}

impl Account {
    /// The numbers of the parameters that learn in some phase.
    pub fn plastic(&self) -> Vec<usize> {
        let learns = |place: &usize| self.phases.iter().any(|phase| matches!(phase.what[*place], What::Learns(_)));
        (0..self.parameters.len()).filter(learns).collect()
    }
}

/// Every parameter that the model has.
fn parameters(model: &Model) -> Vec<Parameter> {
    let mut all = Vec::new();
    let mut add = |of: Changed, shape: Vec<usize>| all.push(Parameter { slot: slot_of(model, &of), of, shape });
    for id in (0..model.projections.len()).map(ProjectionId) {
        let projection = &model.projections[id.0];
        if projection.tied.is_some() || !projection.has_weights() {
            continue;
        }
        match projection.pattern {
            Pattern::LowRank(_) => {
                for factor in Factor::BOTH {
                    add(Changed::Factor(id, factor), factor_shape(model, id, factor).to_vec());
                }
            }
            _ => add(Changed::Weight(id), weight_shape(model, id)),
        }
    }
    for (number, region) in model.regions.iter().enumerate() {
        match region.bias {
            Bias::Unit if region.driven => add(Changed::Bias(RegionId(number)), vec![region.size()]),
            Bias::Channel if region.driven => add(Changed::Bias(RegionId(number)), vec![region.shape[0]]),
            _ => {}
        }
        for (inner, weight) in region.structure.iter().flat_map(|structure| &structure.weights).enumerate() {
            add(Changed::Inner(RegionId(number), inner), weight.shape.clone());
        }
    }
    all
}

fn in_phase(model: &Model, number: usize, parameters: &[Parameter]) -> InPhase {
    let phase = &model.phases[number];
    let read: Vec<_> = phase.learns.iter().map(|learn| reads(model, number, learn)).collect();
    let ways: Vec<Vec<Ways<'_>>> = phase
        .learns
        .iter()
        .map(|learn| learn.from.iter().map(|(_, cost)| ways(model, *cost, learn)).collect())
        .collect();
    let mut what = Vec::new();
    for parameter in parameters {
        let taught = |learn: &Learn| !learn.teacher.is_nothing() && teaches(model, learn, &parameter.of);
        let mut lessons = Vec::new();
        let mut closed = None;
        for ((learn, ways), read) in phase.learns.iter().zip(&ways).zip(&read).filter(|((learn, _), _)| taught(learn)) {
            let read = read.iter().find(|(of, _)| *of == parameter.of).map(|(_, reads)| reads.clone());
            let lesson = lesson(learn, ways, &parameter.of, read.unwrap_or_default());
            if lesson.costs.is_empty() || lesson.costs.iter().any(|(_, way)| way.is_some()) {
                lessons.push(lesson);
            } else {
                closed = Some(learn.span);
            }
        }
        what.push(match (lessons.is_empty(), closed) {
            (false, _) => What::Learns(lessons),
            (true, Some(span)) => What::Stays(Why::NoWay(span)),
            (true, None) => What::Stays(why(model, phase, &parameter.of)),
        });
    }
    let mut met: Vec<(CostId, Vec<ProjectionId>)> = Vec::new();
    for (learn, ways) in phase.learns.iter().zip(&ways) {
        for ((_, cost), ways) in learn.from.iter().zip(ways) {
            let found = ways.towards(&learn.projections);
            match met.iter_mut().find(|(other, _)| other == cost) {
                Some((_, all)) => all.extend(found),
                None => met.push((*cost, found)),
            }
        }
    }
    for (_, all) in &mut met {
        all.sort();
        all.dedup();
    }
    met.sort_by_key(|(cost, _)| *cost);
    InPhase { name: phase.name.clone(), what, met }
}

/// Whether a statement is about a parameter.
fn teaches(model: &Model, learn: &Learn, of: &Changed) -> bool {
    changed_by(model, learn).contains(of)
}

fn lesson(learn: &Learn, ways: &[Ways<'_>], of: &Changed, reads: BTreeSet<Reads>) -> Lesson {
    let (rule, equation) = match &learn.teacher {
        Teacher::Credit(name) => (name.clone(), false),
        Teacher::Rule(rule) => (rule.name.clone(), true),
    };
    let way = |ways: &Ways<'_>| match *of {
        Changed::Weight(id) | Changed::Factor(id, _) => ways.to_weights(id),
        Changed::Bias(id) => ways.to_biases(id),
        Changed::Inner(id, number) => ways.to_inner(id, number),
        Changed::Feedback(_) => None,
    };
    Lesson {
        rule,
        equation,
        optimiser: learn.using.as_ref().map(|optimiser| optimiser.name.clone()),
        every: learn.every,
        costs: learn.from.iter().zip(ways).map(|((_, cost), ways)| (*cost, way(ways))).collect(),
        reads,
        span: learn.span,
    }
}

/// Why no statement of a phase changes a parameter.
fn why(model: &Model, phase: &crate::model::Phase, of: &Changed) -> Why {
    let wires: Vec<ProjectionId> = match *of {
        Changed::Weight(id) | Changed::Factor(id, _) => vec![id],
        Changed::Bias(to) | Changed::Inner(to, _) => {
            let into = model.projections.iter().enumerate().filter(|(_, wire)| wire.target == to && wire.has_weights());
            into.map(|(number, _)| owner(&model.projections, ProjectionId(number))).collect()
        }
        Changed::Feedback(_) => Vec::new(),
    };
    let same = |id: &ProjectionId| wires.contains(&owner(&model.projections, *id));
    if let ([id], Changed::Weight(_) | Changed::Factor(..)) = (&wires[..], of)
        && !model.projections[id.0].plastic
    {
        return Why::Fixed(model.projections[id.0].span);
    }
    if !wires.is_empty()
        && wires.iter().all(|id| phase.frozen.iter().any(|other| owner(&model.projections, *other) == *id))
    {
        return Why::Frozen;
    }
    let nothing = phase.learns.iter().find(|learn| learn.teacher.is_nothing() && learn.projections.iter().any(same));
    nothing.map_or(Why::Unnamed, |learn| Why::Nothing(learn.span))
}
