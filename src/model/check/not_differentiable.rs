//! Credit that a path waits for is not lost in an operation without a derivative.

use super::super::draft::Draft;
use super::super::{Teacher, routes};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "not_differentiable", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said: Vec<Diagnostic> = Vec::new();
    for learn in draft.phases.iter().flat_map(|phase| &phase.learns) {
        if !matches!(&learn.teacher, Teacher::Credit(rule) if &**rule != "nothing") {
            continue;
        }
        let credits: Vec<routes::Credit> =
            learn.from.iter().map(|(_, cost)| routes::credit(draft, *cost, learn)).collect();
        let missed = learn.projections.iter().find(|id| !credits.iter().any(|credit| credit.projections.contains(id)));
        let blocked = credits.iter().flat_map(|credit| &credit.blocked).next();
        if let (Some(missed), Some((name, why, span))) = (missed, blocked) {
            let projection = &draft.projections[missed.0];
            let diagnostic = Diagnostic::new(Code::NOT_DIFFERENTIABLE, format!("credit for `{}` ends at `{name}`, which has no derivative", projection.name))
                .at(*span, format!("`{name}`: {why}"))
                .because(learn.span, format!("`{}` waits for credit that has to come through here", projection.name))
                .help("use a differentiable form (`cross_entropy(x, label)` instead of comparing `argmax(x)`, `sigmoid(x)` instead of `x > 0`)");
            if !said.contains(&diagnostic) {
                said.push(diagnostic);
            }
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}
