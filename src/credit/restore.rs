//! What comes after the changes of a step: weights that changed are brought back to what they are held to. Signs and bounds
//! first, then synapses that there are not, then norms. What did not change in this step stays as it is, to the bit.

use super::by::Changed;
use super::forward::Step;
use super::{initial, whose};
use crate::model::{Constraints, Model, Norm, ProjectionId, RegionId};
use crate::tensor::{Element, Extent, Name, Role, Type, Value};

/// What a step makes of a parameter.
pub(super) struct Change {
    /// The parameter.
    pub(super) changed: Changed,
    /// Its value before.
    pub(super) old: Value,
    /// Its value after.
    pub(super) new: Value,
    /// Whether it changes in this step at all; none: in each.
    pub(super) active: Option<Value>,
}

/// Brings all that changed back to what it is held to.
pub(super) fn restore(step: &mut Step<'_>, changes: &mut [Change]) {
    let unrestored: Vec<Value> = changes.iter().map(|change| change.new).collect();
    for change in changes.iter_mut() {
        if let Changed::Weight(id) = change.changed {
            step.b.at(Some(step.model.projections[id.0].span)).of(whose::held(step.model, id));
            change.new = limited(step, id, change.new);
        }
    }
    for region in (0..step.model.regions.len()).map(RegionId) {
        for norm in [Norm::Length, Norm::Sum] {
            let marked = marked(step.model, region, norm);
            if !marked.is_empty() {
                normalised(step, region, norm, &marked, changes);
            }
        }
    }
    for (change, unrestored) in changes.iter_mut().zip(unrestored) {
        if let (Some(active), true) = (change.active, change.new != unrestored) {
            let shape = step.b.ty(change.new).shape.clone();
            let active = step.b.expand_to(active, &shape);
            change.new = step.b.select(active, change.new, change.old);
        }
    }
}

/// Asks for the slots that bring back what is held, while slots can still be asked for.
pub(super) fn prepare(step: &mut Step<'_>) {
    for region in (0..step.model.regions.len()).map(RegionId) {
        for norm in [Norm::Length, Norm::Sum] {
            let marked = marked(step.model, region, norm);
            for id in &marked {
                step.weight(*id);
            }
            if !marked.is_empty() {
                let units = [step.model.regions[region.0].size()];
                let ty = Type { element: Element::Real, shape: units.map(Extent::Const).to_vec() };
                step.b.slot(slot(step.model, region, norm), ty, Role::State);
            }
        }
    }
}

/// Within signs and bounds, and 0 where there is no synapse.
fn limited(step: &mut Step<'_>, id: ProjectionId, mut new: Value) -> Value {
    let (low, high) = step.model.projections[id.0].constraints.limits();
    if low > f64::NEG_INFINITY {
        let low = step.b.full_like(new, low);
        new = step.b.maximum(new, low);
    }
    if high < f64::INFINITY {
        let high = step.b.full_like(new, high);
        new = step.b.minimum(new, high);
    }
    match step.synapses(id) {
        None => new,
        Some(there) => {
            let zero = step.b.zeros_like(new);
            step.b.select(there, new, zero)
        }
    }
}

/// The projections into a region over which something is kept.
fn marked(model: &Model, region: RegionId, norm: Norm) -> Vec<ProjectionId> {
    let all = (0..model.projections.len()).map(ProjectionId);
    all.filter(|id| {
        let projection = &model.projections[id.0];
        projection.target == region && projection.constraints.norm == Some(norm)
    })
    .collect()
}

/// Scales what changed among the marked projections so that, with what did not, each unit's norm is what it was at first.
fn normalised(step: &mut Step<'_>, region: RegionId, norm: Norm, marked: &[ProjectionId], changes: &mut [Change]) {
    let place = |changes: &[Change], id: &ProjectionId| changes.iter().position(|c| c.changed == Changed::Weight(*id));
    if marked.iter().all(|id| place(changes, id).is_none()) {
        return;
    }
    let (mut moved, mut still): (Option<Value>, Option<Value>) = (None, None);
    for id in marked {
        let place = place(changes, id);
        let (weight, active) = match place {
            Some(place) => (changes[place].new, changes[place].active),
            None => (step.weight(*id), None),
        };
        let total = total(step, norm, weight);
        let zero = step.b.zeros_like(total);
        let (among_moved, among_still) = match (place, active) {
            (Some(_), None) => (Some(total), None),
            (None, _) => (None, Some(total)),
            (Some(_), Some(active)) => {
                let shape = step.b.ty(total).shape.clone();
                let active = step.b.expand_to(active, &shape);
                (Some(step.b.select(active, total, zero)), Some(step.b.select(active, zero, total)))
            }
        };
        moved = added(step, moved, among_moved);
        still = added(step, still, among_still);
    }
    let Some(moved) = moved else { return };
    step.b.of(whose::held(step.model, marked[0]));
    let first = first_slot(step, region, norm, moved);
    let factor = factor(step, norm, first, moved, still);
    for id in marked {
        let Some(place) = place(changes, id) else { continue };
        let change = &mut changes[place];
        let factor = step.b.expand_like(factor, change.new, &[0]);
        change.new = step.b.multiply(change.new, factor);
    }
}

/// The sum of the weights, or of their squares, of each unit.
fn total(step: &mut Step<'_>, norm: Norm, weight: Value) -> Value {
    let axes: Vec<usize> = (1..step.b.ty(weight).shape.len()).collect();
    let each = match norm {
        Norm::Length => step.b.multiply(weight, weight),
        Norm::Sum => weight,
    };
    if axes.is_empty() { each } else { step.b.sum(each, &axes) }
}

fn added(step: &mut Step<'_>, sum: Option<Value>, more: Option<Value>) -> Option<Value> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(step.b.add(sum, more)),
        (sum, more) => sum.or(more),
    }
}

/// What is kept, of each unit.
fn first_slot(step: &mut Step<'_>, region: RegionId, norm: Norm, like: Value) -> Value {
    let ty = Type { element: Element::Real, shape: step.b.ty(like).shape.clone() };
    step.b.slot(slot(step.model, region, norm), ty, Role::State)
}

/// By what each unit's changed weights are multiplied. Where all of them are 0 no factor helps, and it is 1; where what did
/// not change takes up all there is, it is 0.
fn factor(step: &mut Step<'_>, norm: Norm, first: Value, moved: Value, still: Option<Value>) -> Value {
    let zero = step.b.zeros_like(moved);
    let wanted = match norm {
        Norm::Length => step.b.multiply(first, first),
        Norm::Sum => first,
    };
    let left = match still {
        Some(still) => step.b.subtract(wanted, still),
        None => wanted,
    };
    let ratio = step.b.divide(left, moved);
    let ratio = step.b.maximum(ratio, zero);
    let ratio = match norm {
        Norm::Length => step.b.sqrt(ratio),
        Norm::Sum => ratio,
    };
    let one = step.b.full_like(moved, 1.0);
    let none = step.b.equal(moved, zero);
    step.b.select(none, one, ratio)
}

/// The slot of what is kept of each unit of a region.
fn slot(model: &Model, region: RegionId, norm: Norm) -> Name {
    let word = match norm {
        Norm::Length => "length",
        Norm::Sum => "sum",
    };
    format!("{}.incoming_{word}", model.regions[region.0].name).into()
}

/// The first values of a slot of what is kept, if it is one.
pub(super) fn first(model: &Model, name: &str, cells: usize, seed: u64) -> Option<Vec<f64>> {
    let regions = (0..model.regions.len()).map(RegionId);
    let slots = regions.flat_map(|region| [Norm::Length, Norm::Sum].map(|norm| (region, norm)));
    let (region, norm) = slots.into_iter().find(|(region, norm)| *slot(model, *region, *norm) == *name)?;
    let mut totals = vec![0.0; cells];
    for id in marked(model, region, norm) {
        let weights = initial::weights(model, id, seed);
        let each = weights.len() / cells;
        for (total, row) in totals.iter_mut().zip(weights.chunks(each)) {
            *total += match norm {
                Norm::Length => row.iter().map(|weight| weight * weight).sum::<f64>(),
                Norm::Sum => row.iter().sum::<f64>(),
            };
        }
    }
    if norm == Norm::Length {
        totals.iter_mut().for_each(|total| *total = total.sqrt());
    }
    Some(totals)
}

impl Constraints {
    /// First values as the constraints want them: of the sign, and within the limits.
    pub(super) fn admit(&self, weights: &mut [f64]) {
        let (low, high) = self.limits();
        let sign = self.sign();
        for weight in weights {
            *weight = match sign {
                Some(crate::model::Sign::Excitatory) => weight.abs(),
                Some(crate::model::Sign::Inhibitory) => -weight.abs(),
                None => *weight,
            };
            *weight = weight.clamp(low, high);
        }
    }
}
