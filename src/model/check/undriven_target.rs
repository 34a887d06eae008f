//! What a projection brings is used by the region that it goes to.

use super::super::draft::Draft;
use super::super::{Leaf, ProjectionId};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "undriven_target", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for (number, projection) in draft.projections.iter().enumerate() {
        let region = &draft.regions[projection.target.0];
        let Some(equation) = &region.equation else { continue };
        let wanted = match projection.named {
            Some(_) => Leaf::Projection(ProjectionId(number)),
            None => Leaf::Drive,
        };
        if equation.leaves().any(|(leaf, _)| *leaf == wanted) {
            continue;
        }
        let (target, word) = (&region.tree.target.name, projection.named.as_deref().unwrap_or("drive"));
        said.push(
            Diagnostic::new(
                Code::UNUSED_PROJECTION,
                format!("`{}` brings something that `{target}` does not use", projection.name),
            )
            .at(projection.span, format!("comes in as `{word}`"))
            .because(equation.value().span, format!("this equation does not read `{word}`"))
            .help(format!("read `{word}` in the equation of `{target}`, or leave the connection out")),
        );
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}
