//! One training step: what every `learn` of a phase changes, from the same activity and the same old weights; then all
//! changes together.

use super::by::{self, Changed};
use super::forward::{self, Step};
use super::{bias_slot, clock, inner_slot, measure, optimise, plasticity, weight_slot};
use crate::bug;
use crate::model::{Learn, Model, Teacher};
use crate::tensor::{Element, Name, Program, Role, Type, Value};
use indexmap::IndexMap;

/// One training step of a phase; `rows` is the number of rows of the dataset in memory.
pub fn learn(model: &Model, phase: usize, rows: usize) -> Program {
    let mut step = forward::begin(model, phase, rows, true, "learn");
    let costs = measure::sums(&mut step);
    clock::tick(&mut step.b, "clock.phase_step");
    let steps = clock::tick(&mut step.b, "clock.steps");
    let mut changes: IndexMap<Name, Vec<Value>> = IndexMap::new();
    for (number, learn) in model.phases[phase].learns.iter().enumerate() {
        step.b.at(Some(learn.span));
        let gradients = match &learn.teacher {
            Teacher::Credit(name) => {
                let rule = by::find(name);
                let gradients = (rule.gradients)(&mut step, learn, &costs);
                clipped(&mut step, learn, gradients)
            }
            Teacher::Rule(rule) => plasticity::changes(&mut step, learn, rule),
        };
        step.b.at(Some(learn.span));
        let active = active(&mut step, learn, steps);
        for gradient in gradients {
            let new = optimise::apply(&mut step, learn, number, &gradient, active);
            changes.entry(slot_of(model, &gradient.changed)).or_default().push(new);
        }
    }
    for (slot, news) in changes {
        together(&mut step, &slot, &news);
    }
    step.b.finish()
}

/// The slot of what changes.
pub(super) fn slot_of(model: &Model, changed: &Changed) -> Name {
    match changed {
        Changed::Weight(id) => weight_slot(model, *id),
        Changed::Bias(id) => bias_slot(model, *id),
        Changed::Inner(id, number) => inner_slot(model, *id, *number),
    }
}

/// Writes a parameter: the new value, or the old one with the changes that each statement alone would make.
fn together(step: &mut Step<'_>, slot: &str, news: &[Value]) {
    let Some(number) = step.b.slot_number(slot) else { bug!("no slot `{slot}`") };
    let declared = step.b.slots()[number].clone();
    let old = step.b.slot(declared.name, declared.ty, declared.role);
    let mut new = news[0];
    for other in &news[1..] {
        let change = step.b.subtract(*other, old);
        new = step.b.add(new, change);
    }
    step.b.named(new, format!("{slot}.new"));
    step.b.write(slot, new);
}

/// Whether a statement that acts in every n-th step acts in this one.
fn active(step: &mut Step<'_>, learn: &Learn, steps: Value) -> Option<Value> {
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
    step.b.slot(name, ty, Role::State)
}
