//! What rules do within a trial: in each time step, after all regions, they change weights, and the next time step has the new
//! ones. What they change, what they keep, and what their optimisers keep is carried from one time step to the next; traces
//! belong to the sample, and begin at 0.

use super::by::Changed;
use super::forward::Step;
use super::learn::{Made, active, put_together, slot_of};
use super::restore;
use super::{kept, optimise, plasticity, whose};
use crate::bug;
use crate::model::{Learn, Rule, Teacher, owner};
use crate::tensor::{Element, Name, Role, Type, Value};
use indexmap::IndexMap;

/// What is carried from one time step to the next.
#[derive(Default)]
pub(super) struct Within {
    /// By name: the slots that change, and what is not kept in any.
    now: IndexMap<Name, Carried>,
    /// Whether each statement acts in this training step; none: in each.
    active: Vec<Option<Value>>,
}

struct Carried {
    value: Value,
    /// Whether it is a slot, written at the end of the trial.
    slot: bool,
}

impl Within {
    /// What something is in this time step, if it changes from one to the next.
    pub(super) fn find(&self, name: &str) -> Option<Value> {
        self.now.get(name).map(|carried| carried.value)
    }

    /// What is carried, in order.
    pub(super) fn carries(&self) -> impl Iterator<Item = Value> + '_ {
        self.now.values().map(|carried| carried.value)
    }

    /// What is carried as another moment finds it.
    pub(super) fn hand_out(&mut self, values: impl IntoIterator<Item = Value>) {
        for (carried, value) in self.now.values_mut().zip(values) {
            carried.value = value;
        }
    }
}

/// The statements of a phase that teach by rules.
fn ruled<'m>(step: &Step<'m>) -> Vec<(usize, &'m Learn, &'m Rule)> {
    if !step.learning {
        return Vec::new();
    }
    let learns = step.phase.learns.iter().enumerate();
    learns
        .filter_map(|(number, learn)| match &learn.teacher {
            Teacher::Rule(rule) => Some((number, learn, &**rule)),
            Teacher::Credit(_) => None,
        })
        .collect()
}

/// What a statement changes by a rule, each once.
fn changed(step: &Step<'_>, learn: &Learn, rule: &Rule) -> Vec<Changed> {
    let mut all: Vec<Changed> = Vec::new();
    let weights = learn.projections.iter().map(|id| Changed::Weight(owner(&step.model.projections, *id)));
    let biases = learn.biases.iter().filter(|_| rule.db.is_some()).map(|id| Changed::Bias(*id));
    for one in weights.chain(biases) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// The name under which the changes of a whole trial are summed.
fn sum_of(number: usize, slot: &str) -> Name {
    format!("{slot}|sum {number}").into()
}

/// Asks, before the first time step, for all that changes within the trial.
pub(super) fn begin(step: &mut Step<'_>) {
    let model = step.model;
    step.trial.within.active = vec![None; step.phase.learns.len()];
    for (number, learn, rule) in ruled(step) {
        let steps = step.b.slot("clock.steps", Type::scalar(Element::Int), Role::State);
        step.trial.within.active[number] = active(step, learn, steps);
        let mut carried: Vec<(Name, Carried)> = Vec::new();
        for changed in changed(step, learn, rule) {
            let (slot, value) = (slot_of(model, &changed), step.changed(&changed));
            if let Changed::Weight(id) = changed {
                step.synapses(id);
            }
            if learn.every_trial {
                let value = step.b.zeros_like(value);
                carried.push((sum_of(number, &slot), Carried { value, slot: false }));
                continue;
            }
            let ty = step.b.ty(value).clone();
            for (name, ty) in optimise::states(learn, number, &slot, &ty) {
                let value = step.b.slot(name.clone(), ty, Role::State);
                carried.push((name, Carried { value, slot: true }));
            }
            carried.push((slot, Carried { value, slot: true }));
        }
        for &id in &learn.projections {
            for (name, ty, of_sample) in kept::types(step, learn, number, rule, id) {
                let value = match of_sample {
                    true => step.b.zeros(&ty),
                    false => step.b.slot(name.clone(), ty, Role::State),
                };
                carried.push((name, Carried { value, slot: !of_sample }));
            }
        }
        step.trial.within.now.extend(carried);
    }
    restore::prepare(step);
}

/// What all rules change in a time step, from the same activity and the same weights.
pub(super) fn act(step: &mut Step<'_>) {
    let model = step.model;
    let mut made: IndexMap<Name, (Changed, Vec<Made>)> = IndexMap::new();
    for (number, learn, rule) in ruled(step) {
        step.b.at(Some(learn.span)).of(whose::credit(learn));
        let active = step.trial.within.active[number];
        for gradient in plasticity::changes(step, learn, number, rule, active, &Vec::new()) {
            let slot = slot_of(model, &gradient.changed);
            if learn.every_trial {
                let name = sum_of(number, &slot);
                let Some(before) = step.trial.within.find(&name) else { bug!("no sum `{name}`") };
                let after = step.b.add(before, gradient.value);
                step.write(&name, after);
                continue;
            }
            let new = optimise::apply(step, learn, number, &gradient, active);
            made.entry(slot).or_insert((gradient.changed, Vec::new())).1.push(Made { new, active });
        }
    }
    put_together(step, made);
}

/// Behind the last time step: what is a slot is written, and everybody reads again what was when the trial began.
pub(super) fn end(step: &mut Step<'_>) {
    let carried = std::mem::take(&mut step.trial.within.now);
    for (name, Carried { value, slot }) in carried {
        match slot {
            true => step.b.write(&name, value),
            false => {
                step.trial.summed.insert(name, value);
            }
        }
    }
}

/// What a statement that waits for the end of the trial has summed.
pub(super) fn summed(step: &mut Step<'_>, learn: &Learn, number: usize, rule: &Rule) -> Vec<super::by::Gradient> {
    let mut all = Vec::new();
    for changed in changed(step, learn, rule).into_iter().filter(|_| learn.every_trial) {
        let name = sum_of(number, &slot_of(step.model, &changed));
        let Some(value) = step.trial.summed.get(&name).copied() else { bug!("no sum `{name}`") };
        all.push(super::by::Gradient { changed, value });
    }
    all
}

impl Step<'_> {
    /// Writes a slot: at the end of the training step, or for the next time step if it changes within the trial.
    pub(super) fn write(&mut self, name: &str, value: Value) {
        match self.trial.within.now.get_mut(name) {
            Some(carried) => carried.value = value,
            None => self.b.write(name, value),
        }
    }
}
