//! Every plastic projection is taught in some phase, and what teaches it reaches it.

use super::super::draft::Draft;
use super::super::{Learn, ProjectionId, Teacher, routes, tie};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "unreached_synapse", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for (number, projection) in draft.projections.iter().enumerate() {
        let id = ProjectionId(number);
        let same = tie::siblings(&draft.projections, id);
        let taught = |learn: &Learn| learn.projections.iter().any(|taught| same.contains(taught));
        let frozen_everywhere = draft.phases.iter().flat_map(|phase| &phase.learns).any(taught);
        if projection.plastic && !frozen_everywhere {
            let cost = draft.costs.iter().flatten().next().map_or("COST".to_string(), |cost| cost.name.to_string());
            said.push(
                Diagnostic::new(Code::UNREACHED_SYNAPSE, format!("`{}` is plastic, and nothing ever teaches it", projection.name))
                    .at(projection.span, "no `learn` names this projection in any phase")
                    .help(format!("learn {} by backprop from {cost} using sgd(rate = 0.1)\nor, if it is not meant to learn: learn {} by nothing", projection.name, projection.name)),
            );
        }
    }
    said.extend(super::super::probe::unreached(draft));
    for phase in &draft.phases {
        for learn in &phase.learns {
            said.extend(unreached(draft, learn));
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// The first projection of a statement that none of its costs reaches.
fn unreached(draft: &Draft<'_>, learn: &Learn) -> Option<Diagnostic> {
    let Teacher::Credit(_) = &learn.teacher else { return None };
    if learn.teacher.is_nothing() {
        return None;
    }
    let credits: Vec<routes::Credit> = learn.from.iter().map(|(_, cost)| routes::credit(draft, *cost, learn)).collect();
    let missed = learn.projections.iter().find(|id| !credits.iter().any(|credit| credit.projections.contains(id)))?;
    if credits.iter().any(|credit| !credit.blocked.is_empty()) {
        return None;
    }
    let projection = &draft.projections[missed.0];
    if !super::undriven_target::is_read(draft, *missed) {
        return None;
    }
    let (_, cost) = learn.from.first()?;
    let cost = draft.costs[cost.0].as_ref()?;
    let mut said =
        Diagnostic::new(Code::NO_ROUTE, format!("no credit of `{}` can reach `{}`", cost.name, projection.name))
            .at(learn.span, format!("`{}` is to learn from `{}`", projection.name, cost.name))
            .because(projection.span, "the projection");
    let closed = credits.iter().flat_map(|credit| &credit.closed).next();
    said = said.because(
        cost.span,
        match closed {
            Some(_) => "its credit begins here",
            None => "this cost does not depend on it",
        },
    );
    let help = match closed {
        Some(wire) => {
            let wire = &draft.projections[wire.0];
            said = said.because(wire.span, format!("credit does not cross `{}`", wire.name));
            format!("let credit cross `{}` (leave out `no credit`, or name it in `only through`)", wire.name)
        }
        None => {
            let target = draft.region_name(projection.target);
            format!("learn from a cost that depends on `{target}`, or connect `{target}` to what `{}` reads", cost.name)
        }
    };
    Some(said.help(help))
}
