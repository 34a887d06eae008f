//! Optimisers: how a gradient becomes a new value, and the states that live on beside each parameter.

use super::by::Gradient;
use super::forward::Step;
use super::learn::{slot_of, state};
use super::pointwise::{self, Spread};
use super::whose;
use crate::bug;
use crate::model::{Leaf, Learn, Optimiser, Target, Teacher};
use crate::tensor::{Element, Extent, Name, Type, Value};

/// The new value of a parameter. `number` is the statement's place in its phase, `active` whether it acts in this
/// step at all; where it does not, no state of it changes.
pub(super) fn apply(
    step: &mut Step<'_>,
    learn: &Learn,
    number: usize,
    gradient: &Gradient,
    active: Option<Value>,
) -> Value {
    let slot = slot_of(step.model, &gradient.changed);
    let ty = step.b.ty(gradient.value).clone();
    let old = step.changed(&gradient.changed);
    let by = match (&learn.using, &learn.teacher) {
        (Some(optimiser), _) => &optimiser.name,
        (None, Teacher::Rule(rule)) => &rule.name,
        (None, Teacher::Credit(name)) => name,
    };
    step.b.at(Some(learn.span)).of(whose::change(step.model, learn, by, &gradient.changed));
    let new = match &learn.using {
        None => step.b.subtract(old, gradient.value),
        Some(optimiser) => {
            let owner = owner(learn, number, &slot, optimiser);
            with(step, optimiser, &owner, old, gradient.value, &ty, active)
        }
    };
    kept(step, active, new, old)
}

/// Who a state belongs to: the parameter, the rule and the optimiser, whatever their arguments; `also learn` has its own.
fn owner(learn: &Learn, number: usize, slot: &str, optimiser: &Optimiser) -> String {
    let rule = match &learn.teacher {
        Teacher::Credit(name) => name,
        Teacher::Rule(rule) => &rule.name,
    };
    let also = if learn.also { format!("|also {number}") } else { String::new() };
    format!("{slot}|{rule}|{}{also}", optimiser.name)
}

/// The names and types of what an optimiser keeps beside a parameter.
pub(super) fn states(learn: &Learn, number: usize, slot: &str, ty: &Type) -> Vec<(Name, Type)> {
    let Some(optimiser) = &learn.using else { return Vec::new() };
    let owner = owner(learn, number, slot, optimiser);
    let states = optimiser.states.iter().map(|(name, _)| (format!("{owner}.{name}").into(), ty.clone()));
    let counter = counts(optimiser).then(|| (format!("{owner}.step").into(), Type::scalar(Element::Int)));
    states.chain(counter).collect()
}

/// Whether an optimiser counts its updates.
fn counts(optimiser: &Optimiser) -> bool {
    optimiser.updates.iter().any(|(_, formula)| formula.leaves().any(|(leaf, _)| *leaf == Leaf::Step))
}

fn with(
    step: &mut Step<'_>,
    optimiser: &Optimiser,
    owner: &str,
    old: Value,
    gradient: Value,
    ty: &Type,
    active: Option<Value>,
) -> Value {
    let axes: Vec<usize> = (0..ty.shape.len()).collect();
    let extents: Vec<Extent> = ty.shape.clone();
    let count = counter(step, optimiser, owner, active);
    let names: Vec<Name> = optimiser.states.iter().map(|(name, _)| format!("{owner}.{name}").into()).collect();
    let before: Vec<Value> = names.iter().map(|name| state(step, name.clone(), ty.clone())).collect();
    let mut now = before.clone();
    let mut parameter = old;
    for (target, formula) in &optimiser.updates {
        let value = pointwise::compute(step, formula, &extents, &mut |step, leaf| match leaf {
            Leaf::Gradient => Spread { value: gradient, axes: axes.clone() },
            Leaf::Synapse => Spread { value: parameter, axes: axes.clone() },
            Leaf::State(place) => Spread { value: now[*place], axes: axes.clone() },
            Leaf::Step => match count {
                Some(value) => Spread { value, axes: Vec::new() },
                None => bug!("`step` without a counter"),
            },
            _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
        });
        let value = pointwise::spread(&mut step.b, &value, &axes, &extents);
        match target {
            Target::Parameter => parameter = value,
            Target::State(place) => {
                step.b.named(value, names[*place].clone());
                now[*place] = value;
            }
        }
    }
    for (place, name) in names.iter().enumerate() {
        if now[place] != before[place] {
            let value = kept(step, active, now[place], before[place]);
            step.write(name, value);
        }
    }
    parameter
}

/// The number of this update, from 1, as a real, if the optimiser reads it.
fn counter(step: &mut Step<'_>, optimiser: &Optimiser, owner: &str, active: Option<Value>) -> Option<Value> {
    if !counts(optimiser) {
        return None;
    }
    let name: Name = format!("{owner}.step").into();
    let before = state(step, name.clone(), Type::scalar(Element::Int));
    let one = step.b.int(1);
    let now = step.b.add(before, one);
    let value = kept(step, active, now, before);
    step.write(&name, value);
    Some(step.b.real(now))
}

/// The new value if the statement acts in this step, else the old one.
pub(super) fn kept(step: &mut Step<'_>, active: Option<Value>, new: Value, old: Value) -> Value {
    match active {
        None => new,
        Some(active) => {
            let shape = step.b.ty(new).shape.clone();
            let active = step.b.expand_to(active, &shape);
            step.b.select(active, new, old)
        }
    }
}
