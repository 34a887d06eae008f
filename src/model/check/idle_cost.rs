//! Every cost is lowered by something.

use super::super::draft::Draft;
use super::super::{CostId, Learn, Probe, routes};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "idle_cost", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for (number, cost) in draft.costs.iter().enumerate() {
        let Some(cost) = cost else { continue };
        let id = CostId(number);
        let learns = draft.phases.iter().flat_map(|phase| &phase.learns);
        let users: Vec<_> = learns.filter(|learn| learn.from.iter().any(|(_, other)| *other == id)).collect();
        let lowers = |learn: &Learn| learn.from.iter().any(|(_, other)| *other == id);
        let looked_at = draft.phases.iter().flat_map(|phase| &phase.probes).filter_map(Probe::learn).any(lowers);
        if users.is_empty() && !looked_at {
            let region = draft.region_name(cost.region);
            let into =
                draft.projections.iter().find(|projection| projection.target == cost.region && projection.plastic);
            let path = into.map_or(format!("A -> {region}"), |projection| projection.name.to_string());
            said.push(
                Diagnostic::new(Code::IDLE_COST, format!("nothing lowers the cost `{}`", cost.name))
                    .at(cost.span, "no `learn` in any phase learns from it")
                    .help(format!("learn {path} by backprop from {} using sgd(rate = 0.1)\nor make it a metric, if it is only to be watched", cost.name)),
            );
            continue;
        }
        for learn in users {
            let credit = routes::credit(draft, id, learn);
            let some = learn.projections.iter().any(|p| credit.projections.contains(p));
            let others = learn.from.len() > 1;
            if !some && others && credit.blocked.is_empty() && !learn.projections.is_empty() {
                said.push(
                    Diagnostic::new(
                        Code::USELESS_COST,
                        format!("the cost `{}` does not depend on anything that learns from it here", cost.name),
                    )
                    .at(learn.span, format!("`{}` adds nothing to what these paths learn", cost.name))
                    .because(cost.span, "it reads nothing that they change")
                    .help(format!("leave `{}` out of this `from`", cost.name)),
                );
            }
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}
