//! Rules with an equation per synapse: `dw` for each sample, averaged over the batch.

use super::by::{Changed, Gradient};
use super::forward::Step;
use super::passes::Passes;
use super::pointwise::{self, Spread};
use super::sums;
use super::whose;
use super::windows;
use crate::bug;
use crate::model::indices::{POST, PRE, SAMPLES};
use crate::model::{Along, Bias, Formula, Leaf, Learn, Pattern, ProjectionId, RegionId, Rule, Window, owner};
use crate::tensor::{Extent, Value};
use indexmap::IndexMap;

/// What each parameter of a statement gets: the change, negated, as an optimiser expects a gradient. Weights that several of its
/// paths share get the sum.
pub(super) fn changes(step: &mut Step<'_>, learn: &Learn, rule: &Rule, passes: &Passes) -> Vec<Gradient> {
    let mut weights: IndexMap<ProjectionId, Value> = IndexMap::new();
    for &id in &learn.projections {
        let owner = owner(&step.model.projections, id);
        step.b.of(whose::change(step.model, learn, &rule.name, &Changed::Weight(owner)));
        let mut value = self::weights(step, rule, id, passes);
        if step.model.projections[id.0].is_transposed() && step.b.ty(value).shape.len() == 2 {
            value = step.b.permute(value, &[1, 0]);
        }
        let sum = match weights.get(&owner) {
            Some(sum) => step.b.add(*sum, value),
            None => value,
        };
        weights.insert(owner, sum);
    }
    let mut all = Vec::new();
    for (id, value) in weights {
        all.push(Gradient { changed: Changed::Weight(id), value: step.b.negate(value) });
    }
    for &id in &learn.biases {
        if let Some(db) = &rule.db {
            step.b.of(whose::change(step.model, learn, &rule.name, &Changed::Bias(id)));
            let value = biases(step, rule, db, id, passes);
            all.push(Gradient { changed: Changed::Bias(id), value: step.b.negate(value) });
        }
    }
    all
}

fn weights(step: &mut Step<'_>, rule: &Rule, id: ProjectionId, passes: &Passes) -> Value {
    let projection = &step.model.projections[id.0];
    if let Pattern::Conv(window) = &projection.pattern {
        return shared_weights(step, rule, id, window, passes);
    }
    let (source, target) = (projection.source, projection.target);
    let one_to_one = projection.pattern == Pattern::OneToOne;
    let (post_units, pre_units) = (step.model.regions[target.0].size(), step.model.regions[source.0].size());
    let extents = extents(step, rule, post_units, pre_units);
    let weight = step.matrix(id, None);
    let (pre, post) = (step.flat(source), step.flat(target));
    let change = pointwise::compute(step, &rule.dw, &extents, &mut |step, leaf| match leaf {
        Leaf::Pre => Spread { value: pre, axes: vec![SAMPLES, if one_to_one { POST } else { PRE }] },
        Leaf::Post => Spread { value: post, axes: vec![SAMPLES, POST] },
        Leaf::PreIn(pass) => Spread {
            value: step.flat_in(&passes[*pass], source),
            axes: vec![SAMPLES, if one_to_one { POST } else { PRE }],
        },
        Leaf::PostIn(pass) => Spread { value: step.flat_in(&passes[*pass], target), axes: vec![SAMPLES, POST] },
        Leaf::Synapse => Spread { value: weight, axes: if one_to_one { vec![POST] } else { vec![POST, PRE] } },
        Leaf::PreAt(axis) => Spread { value: pre, axes: vec![SAMPLES, *axis] },
        Leaf::PostAt(axis) => Spread { value: post, axes: vec![SAMPLES, *axis] },
        Leaf::SynapseAt(post, Some(pre)) => sums::weights_along(&mut step.b, weight, *post, *pre),
        Leaf::Place(axis) => index(step, *axis, &extents),
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    let axes = if one_to_one { vec![POST] } else { vec![POST, PRE] };
    averaged(step, change, &axes, &extents)
}

/// How long the axes of an equation are: samples, units behind, units before, and what its sums bind.
fn extents(step: &Step<'_>, rule: &Rule, post: usize, pre: usize) -> Vec<Extent> {
    let bound = rule.bound.iter().map(|along| if *along == Along::Post { post } else { pre });
    std::iter::once(step.batch.extent.clone()).chain([post, pre].into_iter().chain(bound).map(Extent::Const)).collect()
}

/// An index as a number.
fn index(step: &mut Step<'_>, axis: usize, extents: &[Extent]) -> Spread {
    let places = step.b.iota(extents[axis].clone());
    Spread { value: step.b.real(places), axes: vec![axis] }
}

/// A shared weight sums over its places. The axes are samples, places, channels, and those of a window.
fn shared_weights(step: &mut Step<'_>, rule: &Rule, id: ProjectionId, window: &Window, passes: &Passes) -> Value {
    const PLACES: usize = 1;
    let projection = &step.model.projections[id.0];
    let weight = step.weight(id);
    let (source, target) = (projection.source, projection.target);
    let before = |step: &mut Step<'_>, activity: Value| {
        let windows = windows::flat(&mut step.b, activity, window);
        step.b.permute(windows, &[0, 4, 1, 2, 3])
    };
    let behind = |step: &mut Step<'_>, activity: Value| {
        let post = by_channel(step, target, activity, window);
        step.b.permute(post, &[0, 2, 1])
    };
    let (pre, post) = (step.flat(source), step.flat(target));
    let (pre, post) = (before(step, pre), behind(step, post));
    let (of_pre, of_weight) = (step.b.ty(pre).shape.clone(), step.b.ty(weight).shape.clone());
    let extents = [&of_pre[..2], &of_weight[..]].concat();
    let change = pointwise::compute(step, &rule.dw, &extents, &mut |step, leaf| match leaf {
        Leaf::Pre => Spread { value: pre, axes: vec![SAMPLES, PLACES, 3, 4, 5] },
        Leaf::Post => Spread { value: post, axes: vec![SAMPLES, PLACES, 2] },
        Leaf::PreIn(pass) => {
            let flat = step.flat_in(&passes[*pass], source);
            Spread { value: before(step, flat), axes: vec![SAMPLES, PLACES, 3, 4, 5] }
        }
        Leaf::PostIn(pass) => {
            let flat = step.flat_in(&passes[*pass], target);
            Spread { value: behind(step, flat), axes: vec![SAMPLES, PLACES, 2] }
        }
        Leaf::Synapse => Spread { value: weight, axes: vec![2, 3, 4, 5] },
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    let change = over_places(step, change, PLACES, window);
    averaged(step, change, &[2, 3, 4, 5], &extents)
}

/// The activity of a convolution's target: samples, channels, places.
fn by_channel(step: &mut Step<'_>, id: RegionId, flat: Value, window: &Window) -> Value {
    let channels = step.model.regions[id.0].shape[0];
    let places: usize = window.places().iter().product();
    let shape = [step.batch.extent.clone(), channels.into(), places.into()];
    step.b.reshape(flat, &shape)
}

/// The sum over the places.
fn over_places(step: &mut Step<'_>, change: Spread, axis: usize, window: &Window) -> Spread {
    match change.axes.iter().position(|other| *other == axis) {
        Some(place) => {
            let axes = change.axes.iter().copied().filter(|other| *other != axis).collect();
            Spread { value: step.b.sum(change.value, &[place]), axes }
        }
        None => {
            let places: usize = window.places().iter().product();
            Spread { value: step.b.scale(change.value, places as f64), ..change }
        }
    }
}

fn biases(step: &mut Step<'_>, rule: &Rule, db: &Formula, id: RegionId, passes: &Passes) -> Value {
    let bias = step.bias(id);
    let shared = step.model.regions[id.0].bias == Bias::Channel;
    let window = step.model.projections.iter().find_map(|projection| match &projection.pattern {
        Pattern::Conv(window) if shared && projection.target == id && projection.named.is_none() => Some(window),
        _ => None,
    });
    let shaped = |step: &mut Step<'_>, flat: Value| match window {
        Some(window) => by_channel(step, id, flat, window),
        None => flat,
    };
    let flat = step.flat(id);
    let post = shaped(step, flat);
    let of_post = step.b.ty(post).shape.clone();
    let extents = match window {
        Some(_) => of_post.clone(),
        None => extents(step, rule, of_post[POST].bound(), 1),
    };
    let change = pointwise::compute(step, db, &extents, &mut |step, leaf| match leaf {
        Leaf::Post => Spread { value: post, axes: (0..of_post.len()).collect() },
        Leaf::PostAt(axis) => Spread { value: post, axes: vec![SAMPLES, *axis] },
        Leaf::PostIn(pass) => {
            let flat = step.flat_in(&passes[*pass], id);
            Spread { value: shaped(step, flat), axes: (0..of_post.len()).collect() }
        }
        Leaf::Synapse => Spread { value: bias, axes: vec![POST] },
        Leaf::SynapseAt(axis, None) => Spread { value: bias, axes: vec![*axis] },
        Leaf::Place(axis) => index(step, *axis, &extents),
        Leaf::Pre => bug!("`pre` in `db`"),
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    let change = match window {
        Some(window) => over_places(step, change, PRE, window),
        None => change,
    };
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
