//! Credit that a path waits for is not lost in an operation without a derivative, nor in a draw that has no estimator for it.

use super::super::draft::Draft;
use super::super::{Leaf, Learn, Phase, Projection, ProjectionId, Sampled, Teacher, Through, credit_rules, routes};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic, Span};

pub(super) const CHECK: Check = Check { name: "not_differentiable", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said: Vec<Diagnostic> = Vec::new();
    for learn in draft.phases.iter().flat_map(Phase::everyone) {
        let Teacher::Credit(rule) = &learn.teacher else { continue };
        if learn.teacher.is_nothing() {
            continue;
        }
        if learn.teacher.is_costless() {
            said.extend(learn.projections.iter().find_map(|id| in_its_region(draft, *id, learn)));
            continue;
        }
        if credit_rules::through(learn) == Through::Scores && learn.sampled.is_empty() && !learn.from.is_empty() {
            said.push(without_score(draft, rule, learn));
            continue;
        }
        let credits: Vec<routes::Credit> =
            learn.from.iter().map(|(_, cost)| routes::credit(draft, *cost, learn)).collect();
        let missed = learn.projections.iter().find(|id| !credits.iter().any(|credit| credit.projections.contains(id)));
        let blocked = credits.iter().flat_map(|credit| &credit.blocked).next();
        if let (Some(missed), Some((name, why, span))) = (missed, blocked) {
            let diagnostic = lost(draft, *missed, (name, why, *span), learn);
            if !said.contains(&diagnostic) {
                said.push(diagnostic);
            }
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// Where credit for a projection that has to come from its own target is lost.
fn in_its_region(draft: &Draft<'_>, id: ProjectionId, learn: &Learn) -> Option<Diagnostic> {
    let projection = &draft.projections[id.0];
    let region = &draft.regions[projection.target.0];
    let equation = region.equation.as_ref()?;
    let reach = routes::through(equation, &[equation.root], region.structure.as_ref(), false);
    let brings = |leaf: &Leaf| match leaf {
        Leaf::Drive | Leaf::Input => projection.named.is_none(),
        leaf => *leaf == Leaf::Projection(id),
    };
    let (_, name, why, span) = reach.blocked.iter().find(|(leaf, ..)| brings(leaf))?;
    let free = reach.leaves.iter().any(brings);
    (!free).then(|| lost(draft, id, (name, why, *span), learn))
}

/// What is said of credit that is lost at an operation, perhaps that of a draw.
fn lost(draft: &Draft<'_>, id: ProjectionId, at: (&str, &str, Span), learn: &Learn) -> Diagnostic {
    let projection = &draft.projections[id.0];
    let mut all = draft.regions.iter().flat_map(|region| &region.sampled);
    match all.find(|one| at.0 == "no_credit" && one.span == at.2) {
        Some(sampled) => at_a_draw(projection, sampled, learn),
        None => at_an_operation(projection, at, learn),
    }
}

fn at_an_operation(projection: &Projection, (name, why, span): (&str, &str, Span), learn: &Learn) -> Diagnostic {
    let message = format!("credit for `{}` ends at `{name}`, which has no derivative", projection.name);
    Diagnostic::new(Code::NOT_DIFFERENTIABLE, message)
        .at(span, format!("`{name}`: {why}"))
        .because(learn.span, format!("`{}` waits for credit that has to come through here", projection.name))
        .help("use a differentiable form (`cross_entropy(x, label)` instead of comparing `argmax(x)`, `sigmoid(x)` instead of `x > 0`)")
}

fn at_a_draw(projection: &Projection, sampled: &Sampled, learn: &Learn) -> Diagnostic {
    let (of, by) = (sampled.distribution, sampled.estimator.name());
    let message = format!("credit for `{}` ends at a draw from `{}` by `{by}`", projection.name, of.name());
    let at = match sampled.log_probability {
        Some(_) => "`score` has a derivative of its probability, which `reinforce` reads, and none of what is drawn",
        None => "`none`: no derivative of what is drawn is declared",
    };
    let estimators = of.estimators();
    let help = match sampled.log_probability {
        Some(_) => format!("learn `by reinforce`, or sample by another estimator: there are {estimators}"),
        None => format!("sample by another estimator: there are {estimators}"),
    };
    Diagnostic::new(Code::UNCREDITED_DRAW, message)
        .at(sampled.span, at)
        .because(learn.span, format!("`{}` waits for credit that has to come through here", projection.name))
        .help(help)
}

fn without_score(draft: &Draft<'_>, rule: &str, learn: &Learn) -> Diagnostic {
    let message = format!("`{rule}` credits what is sampled by `score`, and no such draw lies before its costs");
    let mut said = Diagnostic::new(Code::NO_SCORE, message).at(learn.span, "nothing here acts by chance");
    for (_, cost) in &learn.from {
        if let Some(cost) = draft.costs[cost.0].as_ref() {
            said = said.because(cost.span, format!("`{}` depends on no draw by `score`", cost.name));
        }
    }
    said.help("region Choice[4] = sample categorical(softmax(drive)) by score")
}
