//! Credit does not come through weights that change within the trial.

use super::super::draft::Draft;
use super::super::{CostId, Learn, Phase, ProjectionId, Teacher, crossing, routes, tie};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "changing_weights", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    if draft.time.is_none() {
        return;
    }
    let mut said = Vec::new();
    for phase in &draft.phases {
        let credit = phase.learns.iter().filter(|learn| matches!(learn.teacher, Teacher::Credit(_)));
        for learn in credit {
            said.extend(through(draft, phase, learn));
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// Says of a statement that its credit would come through weights that a rule of the phase changes within the trial.
fn through(draft: &Draft<'_>, phase: &Phase, learn: &Learn) -> Option<Diagnostic> {
    let projections = &draft.projections;
    let downstream = crossing::downstream(draft, learn);
    for (_, cost) in &learn.from {
        let credit = routes::credit(draft, CostId(cost.0), learn);
        for rule in phase.learns.iter().filter(|other| other.acts_within()) {
            let meets = rule.projections.iter().copied().find(|&id| {
                let projection = &projections[id.0];
                let crossed = tie::siblings(projections, id).iter().any(|id| credit.projections.contains(id));
                let fed = downstream.contains(&projection.source) || downstream.contains(&projection.target);
                crossed && fed && credit.regions.contains(&projection.target)
            });
            if let Some(id) = meets {
                return Some(refused(draft, learn, rule, id));
            }
        }
    }
    None
}

fn refused(draft: &Draft<'_>, learn: &Learn, rule: &Learn, id: ProjectionId) -> Diagnostic {
    let name = &draft.projections[id.0].name;
    let message = format!("credit would come through `{name}`, whose weights change within the trial");
    Diagnostic::new(Code::CHANGING_WEIGHTS, message)
        .at(learn.span, "learns by credit")
        .because(rule.span, format!("a rule changes `{name}` in each time step here"))
        .help("let the rule wait: `every trial`; or teach by credit in another phase")
}
