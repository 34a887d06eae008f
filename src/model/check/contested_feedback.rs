//! Feedback weights are the same for every statement: in one phase, nobody changes those on which another rule relies.

use super::super::credit_rules::Holds;
use super::super::draft::Draft;
use super::super::{Learn, ProjectionId, RegionId, Teacher, crossing};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic, Span};

pub(super) const CHECK: Check = Check { name: "contested_feedback", run };

/// The weights for which feedback weights stand.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Projection(ProjectionId),
    Inner(RegionId, usize),
}

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said: Vec<Diagnostic> = Vec::new();
    for phase in &draft.phases {
        for (number, learn) in phase.learns.iter().enumerate() {
            let contested = phase.learns[..number].iter().find_map(|first| contested(draft, first, learn));
            said.extend(contested.filter(|diagnostic| !said.contains(diagnostic)));
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// What is wrong if two statements want other feedback weights in the same place.
fn contested(draft: &Draft<'_>, first: &Learn, second: &Learn) -> Option<Diagnostic> {
    let (one, other) = (rule(first)?, rule(second)?);
    if !differ(first, second) {
        return None;
    }
    let crossed = crossed(draft, first);
    let both = self::crossed(draft, second).into_iter().find(|weights| crossed.contains(weights))?;
    let (name, span) = named(draft, both);
    let message = format!("`{one}` and `{other}` hold the feedback weights of `{name}` differently");
    let said = Diagnostic::new(Code::CONTESTED_FEEDBACK, message)
        .at(second.span, format!("credit by `{other}` crosses them"))
        .because(first.span, format!("credit by `{one}` crosses them too"))
        .because(span, "one set of feedback weights stands for these");
    Some(said.help("teach both by one rule with the same arguments, or in different phases"))
}

/// A credit rule that crosses feedback weights.
fn rule(learn: &Learn) -> Option<&str> {
    match &learn.teacher {
        Teacher::Credit(name) if learn.teacher.holds() != Holds::None => Some(name),
        _ => None,
    }
}

/// Whether two statements make something different of feedback weights.
fn differ(first: &Learn, second: &Learn) -> bool {
    let inverts = |learn: &Learn| learn.teacher.holds() == Holds::Inverses;
    if (first.teacher.holds(), second.teacher.holds()) == (Holds::Drawn, Holds::Drawn)
        || inverts(first) != inverts(second)
    {
        return false;
    }
    let numbers = |learn: &Learn| learn.arguments.iter().map(|argument| argument.constant(&[])).collect::<Vec<_>>();
    rule(first) != rule(second) || numbers(first) != numbers(second) || numbers(first).contains(&None)
}

/// The weights for which a statement's credit crosses others. What leads from a region straight to another has the feedback
/// weights of the projection there, if there is one.
fn crossed(draft: &Draft<'_>, learn: &Learn) -> Vec<For> {
    let crossing = crossing::drafted(draft, learn);
    let direct = learn.teacher.needs(super::super::Need::Regions) && learn.teacher.holds() == Holds::Drawn;
    let mut all: Vec<For> =
        if direct { Vec::new() } else { crossing.projections.into_iter().map(For::Projection).collect() };
    all.extend(crossing.factors.into_iter().map(For::Projection));
    all.extend(crossing.inner.into_iter().map(|(region, number)| For::Inner(region, number)));
    for output in crossing.outputs.iter().filter(|_| direct) {
        all.extend(output.direct.iter().copied().map(For::Projection));
        let wires = draft.projections.iter().enumerate().filter(|(_, wire)| {
            wire.target == output.region && wire.named == output.named && output.above.contains(&wire.source)
        });
        all.extend(wires.map(|(number, _)| For::Projection(ProjectionId(number))));
    }
    all
}

/// What the weights are called, and where they are declared.
fn named(draft: &Draft<'_>, weights: For) -> (String, Span) {
    match weights {
        For::Projection(id) => (draft.projections[id.0].name.to_string(), draft.projections[id.0].span),
        For::Inner(region, _) => (draft.region_name(region).to_string(), draft.regions[region.0].tree.target.name.span),
    }
}
