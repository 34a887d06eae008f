//! What a rule keeps at a projection lives on from phase to phase, and so is as large in each.

use super::super::draft::Draft;
use super::super::kept::Kept;
use super::super::{Learn, Teacher};
use super::{Check, Options};
use crate::diag::{Code, Diagnostic};

pub(super) const CHECK: Check = Check { name: "kept_otherwise", run };

fn run(draft: &mut Draft<'_>, _: &Options) {
    let mut said = Vec::new();
    let learns: Vec<(usize, &Learn)> = draft.phases.iter().flat_map(|phase| phase.learns.iter().enumerate()).collect();
    for (place, (number, learn)) in learns.iter().enumerate() {
        let Teacher::Rule(rule) = &learn.teacher else { continue };
        for (other_number, other) in &learns[..place] {
            let Teacher::Rule(before) = &other.teacher else { continue };
            let same = rule.name == before.name
                && learn.also == other.also
                && (!learn.also || number == other_number)
                && learn.projections.iter().any(|id| other.projections.contains(id));
            let clash = rule.kept.iter().filter(|_| same).find_map(|kept| {
                let earlier = before.kept.iter().find(|earlier| earlier.name == kept.name)?;
                (lies(kept) != lies(earlier)).then_some((kept, earlier))
            });
            let Some((kept, earlier)) = clash else { continue };
            let (name, rule) = (&kept.name, &rule.name);
            let message =
                format!("`{name}` of `{rule}` has an entry {} here, and {} elsewhere", lies(kept), lies(earlier));
            said.push(
                Diagnostic::new(Code::KEPT_OTHERWISE, message)
                    .at(learn.span, format!("an entry {}", lies(kept)))
                    .because(other.span, format!("an entry {}", lies(earlier)))
                    .help("give the rule arguments of one shape in all phases, or copy it under another name"),
            );
            break;
        }
    }
    said.into_iter().for_each(|diagnostic| draft.say(diagnostic));
}

fn lies(kept: &Kept) -> &'static str {
    match (kept.per_pre, kept.per_post) {
        _ if kept.is_table() => "for each place along the axes that are written out",
        (true, true) => "for each synapse",
        (true, false) => "for each unit before",
        (false, true) => "for each unit behind",
        (false, false) => "for all together",
    }
}
