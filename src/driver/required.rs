//! What statements want of what their synapses read (`require local`, `require no weight_transport`), held against what the
//! program of a step is found to read.

use crate::credit::{Reads, reads, slot_of};
use crate::diag::{Code, Diagnostic, Span};
use crate::model::{Learn, Model, Require};
use crate::tensor::Name;

/// Says of each statement that wants something what it does not get.
pub(super) fn refuse(model: &Model) -> Vec<Diagnostic> {
    let phases = model.phases.iter().enumerate();
    let learns = phases.flat_map(|(phase, of)| of.learns.iter().map(move |learn| (phase, learn)));
    let wanting = learns.filter_map(|(phase, learn)| learn.require.map(|(what, span)| (phase, learn, what, span)));
    let mut said: Vec<Diagnostic> = Vec::new();
    for (phase, learn, what, span) in wanting {
        // A phase that is repeated would say it again.
        if !said.iter().any(|before| before.labels.first().is_some_and(|label| label.span == span)) {
            said.extend(broken(model, phase, learn, what, span));
        }
    }
    said
}

/// The first thing that a parameter of a statement reads and should not.
fn broken(model: &Model, phase: usize, learn: &Learn, what: Require, span: Span) -> Option<Diagnostic> {
    for (changed, found) in reads(model, phase, learn) {
        let slot = slot_of(model, &changed);
        let transported = found.iter().find_map(|read| match read {
            Reads::Transport(weights) => Some(weights),
            _ => None,
        });
        if let Some(weights) = transported {
            return Some(transport(model, &slot, weights, learn, span));
        }
        let away = || found.iter().filter(|read| !read.is_local());
        let synapses = away().find(|read| matches!(read, Reads::Synapses(_)));
        if let (Require::Local, Some(read)) = (what, synapses.or(away().next())) {
            let message = format!("to learn, `{slot}` reads {read}, which is not where its synapses are");
            let said = Diagnostic::new(Code::NOT_LOCAL, message)
                .at(span, "a synapse may read itself, the units at its ends, and numbers that are the same for all")
                .because(learn.span, "the statement");
            return Some(said.help("learn by a rule with an equation per synapse, such as `by oja(rate = 0.01)`, or leave out `require local`"));
        }
    }
    None
}

fn transport(model: &Model, slot: &str, weights: &Name, learn: &Learn, span: Span) -> Diagnostic {
    let words = match **weights == *slot {
        true => format!("credit for `{slot}` comes back over its own weights"),
        false => format!("credit for `{slot}` comes back over the weights of other synapses, `{weights}`"),
    };
    let mut said =
        Diagnostic::new(Code::WEIGHT_TRANSPORT, words).at(span, "no synapse may read these weights backwards");
    let carrier = model
        .projections
        .iter()
        .find(|wire| weights.strip_prefix(&*wire.name).is_some_and(|rest| rest.starts_with('.')));
    if let Some(carrier) = carrier {
        said = said.because(carrier.span, "activity travels along these");
    }
    let said = said.because(learn.span, "the statement");
    said.help("give each region a cost of its own (`learn each`), learn by a rule that has feedback weights of its own, or leave out `require`")
}
