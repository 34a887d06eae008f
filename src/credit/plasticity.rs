//! Rules with an equation per synapse: `dw` for each sample, averaged over the batch.

use super::by::{Changed, Gradient};
use super::forward::Step;
use super::pointwise::{self, Spread};
use crate::bug;
use crate::model::{Formula, Leaf, Learn, Pattern, ProjectionId, RegionId, Rule};
use crate::tensor::{Extent, Value};

/// What each parameter of a statement gets: the change, negated, as an optimiser expects a gradient.
pub(super) fn changes(step: &mut Step<'_>, learn: &Learn, rule: &Rule) -> Vec<Gradient> {
    let mut all = Vec::new();
    for &id in &learn.projections {
        let value = weights(step, rule, id);
        all.push(Gradient { changed: Changed::Weight(id), value: step.b.negate(value) });
    }
    for &id in &learn.biases {
        if let Some(db) = &rule.db {
            let value = biases(step, db, id);
            all.push(Gradient { changed: Changed::Bias(id), value: step.b.negate(value) });
        }
    }
    all
}

/// The axes of an equation per synapse: samples, units behind, units before.
const SAMPLES: usize = 0;
const POST: usize = 1;
const PRE: usize = 2;

fn weights(step: &mut Step<'_>, rule: &Rule, id: ProjectionId) -> Value {
    let projection = &step.model.projections[id.0];
    let (source, target) = (projection.source, projection.target);
    let one_to_one = projection.pattern == Pattern::OneToOne;
    let (post_units, pre_units) = (step.model.regions[target.0].size(), step.model.regions[source.0].size());
    let extents = [step.batch.extent.clone(), Extent::Const(post_units), Extent::Const(pre_units)];
    let weight = step.weight(id);
    let (pre, post) = (step.flat(source), step.flat(target));
    let change = pointwise::compute(step, &rule.dw, &extents, &mut |step, leaf| match leaf {
        Leaf::Pre => Spread { value: pre, axes: vec![SAMPLES, if one_to_one { POST } else { PRE }] },
        Leaf::Post => Spread { value: post, axes: vec![SAMPLES, POST] },
        Leaf::Synapse => Spread { value: weight, axes: if one_to_one { vec![POST] } else { vec![POST, PRE] } },
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    let axes = if one_to_one { vec![POST] } else { vec![POST, PRE] };
    averaged(step, change, &axes, &extents)
}

fn biases(step: &mut Step<'_>, db: &Formula, id: RegionId) -> Value {
    let extents = [step.batch.extent.clone(), Extent::Const(step.model.regions[id.0].size())];
    let bias = step.bias(id);
    let post = step.flat(id);
    let change = pointwise::compute(step, db, &extents, &mut |step, leaf| match leaf {
        Leaf::Post => Spread { value: post, axes: vec![SAMPLES, POST] },
        Leaf::Synapse => Spread { value: bias, axes: vec![POST] },
        Leaf::Pre => bug!("`pre` in `db`"),
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    averaged(step, change, &[POST], &extents)
}

/// The mean over the samples, in the shape of the parameter.
fn averaged(step: &mut Step<'_>, change: Spread, axes: &[usize], extents: &[Extent]) -> Value {
    if change.axes.first() != Some(&SAMPLES) {
        return pointwise::spread(&mut step.b, &change, axes, extents);
    }
    let kept: Vec<usize> = change.axes[1..].to_vec();
    let sum = step.b.sum(change.value, &[0]);
    let sum = pointwise::spread(&mut step.b, &Spread { value: sum, axes: kept }, axes, extents);
    let count = step.batch.count;
    let shape = step.b.ty(sum).shape.clone();
    let count = step.b.expand_to(count, &shape);
    step.b.divide(sum, count)
}
