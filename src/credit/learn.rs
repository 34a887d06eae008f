//! One training step: what every `learn` of a phase changes, from the same activity and the same old weights; then all
//! changes together.

use super::by::{self, Changed, Feedback};
use super::formula::Batched;
use super::forward::{self, Step};
use super::passes::Passes;
use super::restore::{self, Change};
use super::{
    bias_slot, clock, factor_slot, feedback, inner_slot, measure, optimise, passes, plasticity, weight_slot, whose,
    within,
};
use crate::model::{Learn, Model, Teacher, owner};
use crate::tensor::{Element, Name, Program, Role, Type, Value};
use indexmap::IndexMap;

/// One training step of a phase; `rows` is the number of rows of the dataset in memory.
pub fn learn(model: &Model, phase: usize, rows: usize) -> Program {
    let mut step = forward::begin(model, phase, rows, true, "learn");
    let (passes, costs) = (passes::all(&mut step), measure::sums(&mut step));
    changes(&mut step, model.phases[phase].learns.len(), &costs, &passes);
    step.b.finish()
}

/// What the first statements of the phase change, so many of them.
pub(super) fn changes(step: &mut Step<'_>, statements: usize, costs: &[Batched], passes: &[Passes]) {
    clock::tick(&mut step.b, "clock.phase_step");
    let steps = clock::tick(&mut step.b, "clock.steps");
    let mut made: IndexMap<Name, (Changed, Vec<Made>)> = IndexMap::new();
    let phase = step.phase;
    for (number, learn) in phase.learns[..statements].iter().enumerate() {
        step.b.at(Some(learn.span)).of(whose::credit(learn));
        let active = active(step, learn, steps);
        for gradient in asked(step, learn, number, costs, &passes[number], active) {
            let new = optimise::apply(step, learn, number, &gradient, active);
            let slot = slot_of(step.model, &gradient.changed);
            made.entry(slot).or_insert((gradient.changed, Vec::new())).1.push(Made { new, active });
        }
    }
    measure::unsettled(step);
    let news = put_together(step, made);
    feedback::write(step, &news);
}

/// What a statement asks of everything that it teaches: gradients, or the changes that a rule makes, negated.
pub(super) fn asked(
    step: &mut Step<'_>,
    learn: &Learn,
    number: usize,
    costs: &[Batched],
    passes: &Passes,
    active: Option<Value>,
) -> Vec<by::Gradient> {
    match &learn.teacher {
        Teacher::Credit(name) => {
            let (rule, before) = (by::find(name), step.becoming.len());
            let mut gradients = (rule.gradients)(step, learn, costs);
            feedback::wait(step, before, active);
            gradients.iter_mut().for_each(|gradient| of_synapses(step, gradient));
            clipped(step, learn, gradients)
        }
        Teacher::Rule(rule) if step.model.time.is_some() => within::summed(step, learn, number, rule),
        Teacher::Rule(rule) => plasticity::changes(step, learn, number, rule, active, passes),
    }
}

/// Puts together what all statements make of each parameter, brings it back to what it is held to, and writes it; gives it by slot.
pub(super) fn put_together(step: &mut Step<'_>, made: IndexMap<Name, (Changed, Vec<Made>)>) -> IndexMap<Name, Value> {
    let mut changes: Vec<Change> =
        made.into_iter().map(|(_, (changed, news))| together(step, changed, &news)).collect();
    restore::restore(step, &mut changes);
    let mut news = IndexMap::new();
    for change in changes {
        let slot = slot_of(step.model, &change.changed);
        step.b.named(change.new, format!("{slot}.new"));
        step.write(&slot, change.new);
        news.insert(slot, change.new);
    }
    news
}

/// What is no synapse has no gradient, and no part in its norm.
fn of_synapses(step: &mut Step<'_>, gradient: &mut by::Gradient) {
    let id = match gradient.changed {
        Changed::Weight(id) => id,
        Changed::Feedback(Feedback::Projection(id)) => owner(&step.model.projections, id),
        _ => return,
    };
    if let Some(there) = step.synapses(id) {
        let zero = step.b.zeros_like(gradient.value);
        gradient.value = step.b.select(there, gradient.value, zero);
    }
}

/// What one statement makes of a parameter.
pub(super) struct Made {
    pub(super) new: Value,
    /// Whether the statement acts in this step; none: in each.
    pub(super) active: Option<Value>,
}

/// The slot of what changes.
pub fn slot_of(model: &Model, changed: &Changed) -> Name {
    match changed {
        Changed::Weight(id) => weight_slot(model, *id),
        Changed::Factor(id, factor) => factor_slot(model, *id, *factor),
        Changed::Bias(id) => bias_slot(model, *id),
        Changed::Inner(id, number) => inner_slot(model, *id, *number),
        Changed::Feedback(feedback) => feedback::slot(model, feedback),
    }
}

/// What a step makes of a parameter: the new value, or the old one with the changes that each statement alone would make.
fn together(step: &mut Step<'_>, changed: Changed, made: &[Made]) -> Change {
    let old = step.changed(&changed);
    let (mut new, mut active) = (made[0].new, made[0].active);
    for other in &made[1..] {
        let change = step.b.subtract(other.new, old);
        new = step.b.add(new, change);
        active = match (active, other.active) {
            (Some(one), Some(other)) => Some(step.b.or(one, other)),
            _ => None,
        };
    }
    Change { changed, old, new, active }
}

/// Whether a statement that acts in every n-th step acts in this one.
pub(super) fn active(step: &mut Step<'_>, learn: &Learn, steps: Value) -> Option<Value> {
    if learn.every == 1 {
        return None;
    }
    let every = step.b.int(learn.every as i64);
    let rest = step.b.remainder(steps, every);
    let zero = step.b.int(0);
    Some(step.b.equal(rest, zero))
}

/// Bounds the global norm of a statement's gradient.
fn clipped(step: &mut Step<'_>, learn: &Learn, mut gradients: Vec<by::Gradient>) -> Vec<by::Gradient> {
    let Some(clip) = &learn.clip else { return gradients };
    let bound = step.schedule(clip);
    let mut squares: Option<Value> = None;
    for gradient in &gradients {
        let axes: Vec<usize> = (0..step.b.ty(gradient.value).shape.len()).collect();
        let square = step.b.multiply(gradient.value, gradient.value);
        let total = step.b.sum(square, &axes);
        squares = Some(match squares {
            Some(squares) => step.b.add(squares, total),
            None => total,
        });
    }
    let Some(squares) = squares else { return gradients };
    let norm = step.b.sqrt(squares);
    let over = step.b.less(bound, norm);
    let ratio = step.b.divide(bound, norm);
    let one = step.b.scalar(1.0);
    let factor = step.b.select(over, ratio, one);
    for gradient in &mut gradients {
        let shape = step.b.ty(gradient.value).shape.clone();
        let factor = step.b.expand_to(factor, &shape);
        gradient.value = step.b.multiply(gradient.value, factor);
    }
    gradients
}

/// A slot that lives on beside a parameter.
pub(super) fn state(step: &mut Step<'_>, name: Name, ty: Type) -> Value {
    debug_assert!(matches!(ty.element, Element::Real | Element::Int));
    if let Some(now) = step.trial.within.find(&name) {
        return now;
    }
    step.b.slot(name, ty, Role::State)
}
