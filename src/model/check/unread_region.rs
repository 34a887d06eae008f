//! A region's activity is read by something.

use super::super::draft::Draft;
use super::super::{Leaf, Teacher};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "unread_region", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let equations = draft.regions.iter().filter_map(|region| region.equation.as_ref());
    let costs = draft.costs.iter().flatten().map(|cost| &cost.formula);
    let metrics =
        draft.metrics.iter().flatten().flat_map(|metric| std::iter::once(&metric.formula).chain(&metric.filter));
    let modulators = draft.modulators.iter().flatten().map(|modulator| &modulator.formula);
    let read: Vec<usize> = equations
        .chain(modulators)
        .chain(costs)
        .chain(metrics)
        .flat_map(|formula| formula.leaves())
        .filter_map(|(leaf, _)| if let Leaf::Region(id) | Leaf::Previous(id) = leaf { Some(id.0) } else { None })
        .collect();
    let mut said = Vec::new();
    for (number, region) in draft.regions.iter().enumerate() {
        let wired = draft.projections.iter().any(|projection| projection.source.0 == number);
        let learns = draft
            .phases
            .iter()
            .flat_map(|phase| &phase.learns)
            .filter(|learn| matches!(learn.teacher, Teacher::Rule(_)) || learn.teacher.is_costless());
        let wired =
            wired || learns.flat_map(|learn| &learn.projections).any(|id| draft.projections[id.0].target.0 == number);
        if !wired && !read.contains(&number) {
            let name = &region.tree.target.name;
            said.push(
                Diagnostic::new(Code::UNREAD_REGION, format!("nothing reads the region `{name}`"))
                    .at(name.span, "no projection, cost or metric depends on it")
                    .help(format!("metric seen = mean({name})\nor leave the region out")),
            );
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}
