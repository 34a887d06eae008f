//! What a projection brings is used by the region that it goes to.

use super::super::draft::Draft;
use super::super::{Leaf, Pattern, ProjectionId};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "undriven_target", run };

/// Whether the equation of the region that a projection goes to reads it.
pub(super) fn is_read(draft: &Draft<'_>, id: ProjectionId) -> bool {
    let projection = &draft.projections[id.0];
    let wanted = match (&projection.named, &projection.pattern) {
        (Some(_), _) => Leaf::Projection(id),
        (None, Pattern::Activity) => Leaf::Input,
        (None, _) => Leaf::Drive,
    };
    let equation = draft.regions[projection.target.0].equation.as_ref();
    equation.is_none_or(|equation| equation.leaves().any(|(leaf, _)| *leaf == wanted))
}

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    for (number, projection) in draft.projections.iter().enumerate() {
        let region = &draft.regions[projection.target.0];
        let Some(equation) = &region.equation else { continue };
        if is_read(draft, ProjectionId(number)) {
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
