//! What a perturbation moves can be moved: units that have a drive, and in a model with time no more than credit crosses.

use super::super::draft::{Draft, not_supported};
use super::super::{Leaf, Learn, Need, Phase, Teacher, Through, credit_rules, routes};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "perturbed", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for learn in draft.phases.iter().flat_map(Phase::everyone) {
        said.extend(settling(draft, learn));
        if credit_rules::through(learn) == Through::Anything {
            said.extend(driveless(draft, learn));
            said.extend(unfelt(draft, learn));
            said.extend(held_over_time(draft, learn));
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// The units of a structure have no drive that noise could be added to.
fn driveless(draft: &Draft<'_>, learn: &Learn) -> Option<Diagnostic> {
    let rule = by_node(learn)?;
    let targets = learn.projections.iter().map(|id| draft.projections[id.0].target).chain(learn.structures.clone());
    let id = targets.into_iter().find(|id| draft.regions[id.0].structure.is_some())?;
    let name = draft.region_name(id);
    let message = format!("`{rule}` adds noise to drives, and `{name}` is a structure, which has none");
    let said = Diagnostic::new(Code::NO_DRIVE, message).at(learn.span, format!("`{name}` is on these paths"));
    let said = said.because(draft.regions[id.0].item.span, "a structure has weights of its own and no drive");
    Some(said.help("`weight_perturbation` moves all weights, also those of a structure"))
}

/// Noise on drives does not move what weights cost by themselves.
fn unfelt(draft: &Draft<'_>, learn: &Learn) -> Option<Diagnostic> {
    let rule = by_node(learn)?;
    let costs = learn.from.iter().filter_map(|(_, cost)| draft.costs[cost.0].as_ref());
    let weight = costs.into_iter().find_map(|cost| {
        let mut leaves = cost.formula.leaves();
        leaves.find_map(|(leaf, span)| match leaf {
            Leaf::Weight(id) => Some((cost, *id, span)),
            _ => None,
        })
    });
    let (cost, id, span) = weight?;
    let name = &draft.projections[id.0].name;
    let message = format!("`{rule}` does not feel what the weights of `{name}` cost by themselves");
    let said = Diagnostic::new(Code::UNFELT_WEIGHTS, message)
        .at(span, format!("`{}` reads weights", cost.name))
        .because(learn.span, "learns from what noise on the drives does to the costs");
    Some(
        said.help("put it into a cost of its own and `also learn` from it `by backprop`, or use `weight_perturbation`"),
    )
}

fn by_node(learn: &Learn) -> Option<&str> {
    match &learn.teacher {
        Teacher::Credit(rule) if learn.teacher.needs(Need::Noise) => Some(rule),
        _ => None,
    }
}

/// Noise on drives is not added in the rounds of what settles yet, nor is credited what is drawn there.
fn settling(draft: &Draft<'_>, learn: &Learn) -> Option<Diagnostic> {
    let moves = by_node(learn).map_or(&[][..], |_| &learn.moves);
    let mut all = moves.iter().chain(&learn.sampled);
    let id = all.find(|id| draft.regions[id.0].settle.is_some())?;
    let Teacher::Credit(rule) = &learn.teacher else { return None };
    let what = format!("`{rule}` past `{}`, which settles,", draft.region_name(*id));
    Some(not_supported(learn.span, &what, "by backprop"))
}

/// In further passes through time everything is computed anew, so that nothing can be held.
fn held_over_time(draft: &Draft<'_>, learn: &Learn) -> Option<Diagnostic> {
    draft.time?;
    let credits = learn.from.iter().map(|(_, cost)| routes::credit(draft, *cost, learn));
    let closed = credits.flat_map(|credit| credit.closed).next()?;
    let projection = &draft.projections[closed.0];
    let what = format!("a perturbation past `{}`, which carries no credit, in a model with time", projection.name);
    Some(not_supported(learn.span, &what, "by backprop"))
}
