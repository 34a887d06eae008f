//! `keep highest METRIC`: the weights of a phase's best measurement, with which the phase ends.

use super::Measured;
use super::checkpoint::{Kept, Position};
use super::store::Store;
use crate::loops::Slot;
use crate::model::{Leaf, Model};
use crate::tensor::Role;

/// What stands before the name of a slot of the best measurement in a checkpoint.
pub(super) const PREFIX: &str = "best:";

/// Whether a slot is of what learns: a parameter, or the state of a rule or optimiser.
pub(super) fn learns(slot: &Slot) -> bool {
    slot.role == Role::Parameter || (slot.role == Role::State && slot.name.contains('|'))
}

/// After a measurement of a phase that keeps its best: what learns, as it is now, if it has never been so good.
pub(super) fn look(model: &Model, position: &mut Position, store: &Store, values: &[Measured]) -> Option<Store> {
    let keep = model.phases[position.phase].keep.as_ref()?;
    let value = |values: &[Measured]| measured(model, values, &keep.of).filter(|value| !value.is_nan());
    let now = value(values)?;
    let before = position.kept.as_ref().and_then(|kept| value(&kept.values));
    let better = before.is_none_or(|before| if keep.highest { now > before } else { now < before });
    better.then(|| {
        position.kept = Some(Kept { step: position.steps, values: values.to_vec() });
        store.part(learns)
    })
}

/// What `until` and `keep` read: a value on the split that is named, else on validation or, without one, the running value.
pub(super) fn measured(model: &Model, values: &[Measured], leaf: &Leaf) -> Option<f64> {
    let (name, cost, split) = match leaf {
        Leaf::Metric(id, split) => (&model.metrics[id.0].name, false, split),
        Leaf::Cost(id, split) => (&model.costs[id.0].name, true, split),
        _ => return None,
    };
    let on =
        |split: &str| values.iter().find(|m| *m.name == **name && m.cost == cost && m.split == split).map(|m| m.value);
    match split {
        Some(split) => on(split),
        None => on("validation").or_else(|| on("train")),
    }
}
