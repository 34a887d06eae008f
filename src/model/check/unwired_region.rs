//! A region that reads its drive is driven by something.

use super::super::Leaf;
use super::super::draft::Draft;
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "unwired_region", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for (number, region) in draft.regions.iter().enumerate() {
        let Some(equation) = &region.equation else { continue };
        let Some((_, span)) = equation.leaves().find(|(leaf, _)| **leaf == Leaf::Drive) else { continue };
        if draft.projections.iter().any(|projection| projection.target.0 == number && projection.named.is_none()) {
            continue;
        }
        let name = &region.tree.target.name;
        let source = draft.regions.iter().find(|other| other.tree.target.name != *name);
        let source = source.map_or("A", |source| source.tree.target.name.as_str());
        said.push(
            Diagnostic::new(Code::NO_INPUT, format!("nothing drives the region `{name}`"))
                .at(name.span, "no unnamed projection ends here")
                .because(span, "its equation reads `drive`, the sum of those projections")
                .help(format!("connect {source} -> {name}")),
        );
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}
