//! Phases in their order, and those that are lived again and again.

use super::build::{arc, number};
use super::draft::Draft;
use super::typing::Said;
use super::{Phase, Unit, schedule};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::tree::{self, Expr, StatementKind};

/// So many phases a development may have, repeated ones counted each time.
const PHASES: usize = 10_000;

/// The phases of a development or a `repeat`, by their numbers, as they follow one another.
pub(super) fn stretch(
    draft: &mut Draft<'_>,
    statements: &[tree::Statement],
    always: &[(&tree::Learn, Span)],
) -> Vec<usize> {
    let mut order = Vec::new();
    for statement in statements {
        match &statement.kind {
            StatementKind::Phase(tree) => {
                let head = schedule::head(draft, tree, statement.span);
                let number = draft.phases.len();
                schedule::phase(draft, head, always, &tree.statements);
                draft.incomplete |= draft.phases.len() == number;
                order.extend(number..draft.phases.len());
            }
            StatementKind::Repeat { count, statements } => {
                let times = rounds(draft, count);
                let once = stretch(draft, statements, always);
                let Ok(times) = times else { continue };
                if once.len().saturating_mul(times).saturating_add(order.len()) > PHASES {
                    draft.say(
                        Diagnostic::new(Code::TOO_LARGE, format!("a development of more than {PHASES} phases"))
                            .at(count.span, format!("{} phases, {times} times", once.len()))
                            .help("let each phase last longer: `for 100 epochs`"),
                    );
                    draft.incomplete = true;
                    continue;
                }
                order.extend(std::iter::repeat_n(once, times).flatten());
            }
            _ => draft.later(statement.span, "this statement outside a phase", "put it into a phase"),
        }
    }
    order
}

/// How often a `repeat` repeats.
fn rounds(draft: &mut Draft<'_>, count: &Expr) -> Result<usize, Said> {
    let (value, unit) = number(draft, count)?;
    if unit == Unit::One && value.fract() == 0.0 && (1.0..=1e9).contains(&value) {
        return Ok(value as usize);
    }
    let found = if unit == Unit::One { format!("{value}") } else { unit.phrase().to_string() };
    draft.say(
        Diagnostic::new(Code::BAD_BOUND, format!("a `repeat` is for a whole number of times, and this is {found}"))
            .at(count.span, found)
            .help("repeat 10 { phase wake for 1 epochs { … } phase sleep for 1 epochs { … } }"),
    );
    Err(Said)
}

/// The phases of a life: one that is lived several times is there as often, with the number of the time behind its name.
pub(super) fn unrolled(phases: Vec<Phase>, order: &[usize]) -> Vec<Phase> {
    let (mut all, mut times) = (vec![0; phases.len()], vec![0; phases.len()]);
    order.iter().for_each(|&number| all[number] += 1);
    let lived = order.iter().map(|&number| {
        times[number] += 1;
        let phase = phases[number].clone();
        match all[number] {
            1 => phase,
            _ => Phase { name: arc(&format!("{}.{}", phase.name, times[number])), ..phase },
        }
    });
    lived.collect()
}
