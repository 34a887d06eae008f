//! What a credit rule needs is there.

use super::super::credit_rules::{Need, credit_rule};
use super::super::draft::Draft;
use super::super::{Learn, Pattern, Phase, ProjectionId, RegionId, Teacher, crossing, tie};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "unmet_need", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said: Vec<Diagnostic> = Vec::new();
    for learn in draft.phases.iter().flat_map(Phase::everyone) {
        let Teacher::Credit(name) = &learn.teacher else { continue };
        let needs = credit_rule(name).map_or(&[][..], |rule| rule.needs);
        let unmet = needs.iter().find_map(|need| unmet(draft, learn, name, *need));
        said.extend(unmet.filter(|diagnostic| !said.contains(diagnostic)));
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

/// What is wrong if a need is not met.
fn unmet(draft: &Draft<'_>, learn: &Learn, rule: &str, need: Need) -> Option<Diagnostic> {
    match need {
        // Said where the rule is named: `truncated` has no meaning at all in a model without time.
        Need::Time => None,
        // Said where the statement is read, which finds out who moves.
        Need::Levels => None,
        // Every model has these.
        Need::Settling | Need::Noise => None,
        Need::Static => moving(draft, learn, rule),
        Need::Regions => inside(draft, learn, rule),
        Need::OwnRoute => others(draft, learn, rule),
        Need::FullRank => factored(draft, learn, rule),
        Need::SingleUnits => single(draft, learn, rule),
    }
}

fn need(learn: &Learn, message: String, label: String) -> Diagnostic {
    Diagnostic::new(Code::UNMET_NEED, message).at(learn.span, label)
}

fn moving(draft: &Draft<'_>, learn: &Learn, rule: &str) -> Option<Diagnostic> {
    let settles = draft.regions.iter().find(|region| region.settle.is_some());
    let (what, span) = match (&draft.time, settles) {
        (Some(time), _) => ("has time", time.span),
        (None, Some(region)) => ("settles", region.tree.target.name.span),
        (None, None) => return None,
    };
    let message =
        format!("by `{rule}` each sample has one error and one activity of each region, and this model {what}");
    let said = need(learn, message, format!("`{rule}` needs a model without time in which nothing settles"));
    Some(said.because(span, what).help("by feedback_alignment, which goes back step by step"))
}

fn inside(draft: &Draft<'_>, learn: &Learn, rule: &str) -> Option<Diagnostic> {
    let (id, number) = *crossing::drafted(draft, learn).inner.first()?;
    let region = &draft.regions[id.0];
    let name = draft.region_name(id);
    let weight = region.structure.as_ref()?.weights.get(number)?;
    let message =
        format!("`{rule}` gives regions their error, and credit has to cross `{}` inside `{name}`", weight.name);
    let said = need(learn, message, format!("`{rule}` needs routes whose weights lie between regions"));
    let said = said.because(region.tree.target.name.span, "a structure with weights of its own on the route");
    Some(said.help("by feedback_alignment, which has feedback weights inside structures too"))
}

fn others(draft: &Draft<'_>, learn: &Learn, rule: &str) -> Option<Diagnostic> {
    let own = |id| learn.projections.iter().any(|taught| tie::siblings(&draft.projections, *taught).contains(&id));
    let crossing = crossing::drafted(draft, learn);
    let other = crossing.projections.iter().find(|id| !own(**id));
    let inside = crossing.inner.iter().find(|(id, _)| !learn.structures.contains(id));
    let (name, span) = match (other, inside) {
        (Some(id), _) => (draft.projections[id.0].name.to_string(), draft.projections[id.0].span),
        (None, Some((id, _))) => (draft.region_name(*id).to_string(), draft.regions[id.0].tree.target.name.span),
        _ => return None,
    };
    let message =
        format!("`{rule}` changes forward and feedback weights alike, and this statement does not change `{name}`");
    let said = need(learn, message, format!("`{rule}` needs to teach every weight that its credit crosses"));
    Some(said.because(span, "crossed, and not changed").help(format!("add `{name}` to the paths of this `learn`")))
}

fn single(draft: &Draft<'_>, learn: &Learn, rule: &str) -> Option<Diagnostic> {
    let units = |id: RegionId| draft.regions[id.0].shape.as_ref().map_or(1, |shape| shape.iter().product::<usize>());
    let output = crossing::drafted(draft, learn).outputs.into_iter().find(|output| units(output.region) > 1)?;
    let (name, count) = (draft.region_name(output.region), units(output.region));
    let message = format!("`{rule}` has one error for all, and the costs come to the {count} units of `{name}`");
    let said = need(learn, message, format!("`{rule}` needs costs that come to single units"));
    let said = said.because(draft.regions[output.region.0].tree.target.name.span, format!("{count} units"));
    Some(said.help("by direct_feedback_alignment, which brings the errors of all units; or teach a region of one unit"))
}

fn factored(draft: &Draft<'_>, learn: &Learn, rule: &str) -> Option<Diagnostic> {
    let low = |id: &ProjectionId| matches!(draft.projections[id.0].pattern, Pattern::LowRank(_));
    let id = crossing::drafted(draft, learn).projections.into_iter().find(low)?;
    let projection = &draft.projections[id.0];
    let message = format!("`{rule}` inverts each projection that is crossed, and `{}` is of low rank", projection.name);
    let said = need(learn, message, format!("`{rule}` needs routes of projections of full rank"));
    Some(said.because(projection.span, "two factors").help("make it `dense`, or learn by feedback_alignment"))
}
