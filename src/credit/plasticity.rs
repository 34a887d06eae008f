//! Rules with an equation per synapse: `dw` for each sample, averaged over the batch.

use super::by::{Changed, Gradient};
use super::forward::Step;
use super::kept::{self, Layout, Reads};
use super::means;
use super::modulator::Behind;
use super::passes::Passes;
use super::pointwise::{self, Equation, Spread};
use super::whose;
use super::windows;
use crate::bug;
use crate::model::indices::{POST, PRE, SAMPLES};
use crate::model::{Along, Bias, Formula, Leaf, Learn, Pattern, ProjectionId, RegionId, Rule, Window, owner};
use crate::tensor::{Extent, Value};
use indexmap::IndexMap;

/// What each parameter of a statement gets: the change, negated, as an optimiser expects a gradient. Weights that several of its
/// paths share get the sum. `number` is the statement's place in its phase, `active` whether it acts in this step at all.
pub(super) fn changes(
    step: &mut Step<'_>,
    learn: &Learn,
    number: usize,
    rule: &Rule,
    active: Option<Value>,
    passes: &Passes,
) -> Vec<Gradient> {
    let mut weights: IndexMap<ProjectionId, Value> = IndexMap::new();
    let mut read: Vec<(ProjectionId, Reads)> = Vec::new();
    for &id in &learn.projections {
        let owner = owner(&step.model.projections, id);
        step.b.of(whose::change(step.model, learn, &rule.name, &Changed::Weight(owner)));
        let mut reads = reads(step, rule, id, passes);
        reads.bring_up_to_date(step, rule, &kept::owner(step.model, learn, number, rule, id), active);
        let mut value = self::weights(step, rule, id, &reads);
        read.push((id, reads));
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
            let value = biases(step, rule, db, id, &read, passes);
            all.push(Gradient { changed: Changed::Bias(id), value: step.b.negate(value) });
        }
    }
    all
}

/// With shared weights the axes are samples, places, channels, and those of a window.
const PLACES: usize = 1;

/// Where what a rule reads at a projection lies.
pub(super) fn layout(step: &Step<'_>, id: ProjectionId) -> Layout {
    let projection = &step.model.projections[id.0];
    let (source, target) = (&step.model.regions[projection.source.0], &step.model.regions[projection.target.0]);
    let sizes: Vec<usize> = match &projection.pattern {
        Pattern::Conv(window) => {
            let places = window.places().iter().product();
            vec![places, target.shape[0], window.channels, window.size, window.size]
        }
        _ => vec![target.size(), source.size()],
    };
    let extents = std::iter::once(step.batch.extent.clone()).chain(sizes.into_iter().map(Extent::Const)).collect();
    let (pre, post, weight) = match &projection.pattern {
        Pattern::Conv(_) => (vec![SAMPLES, PLACES, 3, 4, 5], vec![SAMPLES, PLACES, 2], vec![2, 3, 4, 5]),
        Pattern::OneToOne => (vec![SAMPLES, POST], vec![SAMPLES, POST], vec![POST]),
        _ => (vec![SAMPLES, PRE], vec![SAMPLES, POST], vec![POST, PRE]),
    };
    Layout { extents, pre, post, weight }
}

/// What a rule reads at a projection: before it, what it brings.
fn reads(step: &mut Step<'_>, rule: &Rule, id: ProjectionId, passes: &Passes) -> Reads {
    let projection = &step.model.projections[id.0];
    let target = projection.target;
    let brought = step.brought(id);
    let pre = step.flattened(brought, projection.source);
    let mut layout = layout(step, id);
    if rule.indexed {
        let (post, pre) = (layout.extents[POST].bound(), layout.extents[PRE].bound());
        layout.extents.extend(bound(rule, post, pre));
    }
    let window = match &projection.pattern {
        Pattern::Conv(window) => Some(window),
        _ => None,
    };
    let post = step.flat(target);
    let mut sides = vec![sides(step, target, window, [pre, post])];
    for activity in passes {
        let flat = [projection.source, target].map(|id| step.flat_in(activity, id));
        sides.push(self::sides(step, target, window, flat));
    }
    let (weight, behind) = match window {
        Some(_) => (step.weight(id), Behind::PlacesOfChannels),
        None => (step.matrix(id, None), Behind::Units),
    };
    let spread = |[pre, post]: [Value; 2]| {
        [(pre, &layout.pre), (post, &layout.post)].map(|(value, axes)| Spread { value, axes: axes.clone() })
    };
    let mut sides = sides.into_iter().map(spread);
    let Some([pre, post]) = sides.next() else { bug!("a projection without ends") };
    let passes = sides.collect();
    let weight = Spread { value: weight, axes: layout.weight.clone() };
    Reads { target, behind, layout, pre, post, passes, weight, kept: Vec::new() }
}

/// Activity before and behind a projection, flat, as the equations of a rule read it.
fn sides(step: &mut Step<'_>, target: RegionId, window: Option<&Window>, [pre, post]: [Value; 2]) -> [Value; 2] {
    let Some(window) = window else { return [pre, post] };
    let windows = windows::flat(&mut step.b, pre, window);
    let post = by_channel(step, target, post, window);
    [step.b.permute(windows, &[0, 4, 1, 2, 3]), step.b.permute(post, &[0, 2, 1])]
}

/// How long the axes are that the sums of a rule bind.
fn bound(rule: &Rule, post: usize, pre: usize) -> impl Iterator<Item = Extent> + '_ {
    rule.bound.iter().map(move |along| Extent::Const(if *along == Along::Post { post } else { pre }))
}

/// The change of the weights of a projection; a shared weight sums over its places.
fn weights(step: &mut Step<'_>, rule: &Rule, id: ProjectionId, reads: &Reads) -> Value {
    let extents = &reads.layout.extents;
    let (over, axes) = match &step.model.projections[id.0].pattern {
        Pattern::Conv(_) => (&[SAMPLES, PLACES][..], &[2, 3, 4, 5][..]),
        Pattern::OneToOne => (&[SAMPLES][..], &[POST][..]),
        _ => (&[SAMPLES][..], &[POST, PRE][..]),
    };
    let mut equation = reads.equation(step, &rule.dw);
    if let Some(mean) = means::mean(step, &mut equation, over, axes) {
        return mean;
    }
    let mut change = equation.value(step, rule.dw.root);
    if let Pattern::Conv(window) = &step.model.projections[id.0].pattern {
        change = over_places(step, change, PLACES, window);
    }
    averaged(step, change, axes, extents)
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

/// The change of the biases of a region. What a rule keeps for the units behind is the same whichever of the statement's
/// projections into the region it is kept for; the first one is read.
fn biases(
    step: &mut Step<'_>,
    rule: &Rule,
    db: &Formula,
    id: RegionId,
    read: &[(ProjectionId, Reads)],
    passes: &Passes,
) -> Value {
    let bias = step.bias(id);
    let shared = step.model.regions[id.0].bias == Bias::Channel;
    let projections = &step.model.projections;
    let window = projections.iter().find_map(|projection| match &projection.pattern {
        Pattern::Conv(window) if shared && projection.target == id && projection.named.is_none() => Some(window),
        _ => None,
    });
    let first = read.iter().find(|(of, _)| projections[of.0].target == id && projections[of.0].named.is_none());
    let shaped = |step: &mut Step<'_>, flat: Value| match window {
        Some(window) => by_channel(step, id, flat, window),
        None => flat,
    };
    let flat = step.flat(id);
    let post = shaped(step, flat);
    let behind = if window.is_some() { Behind::ChannelsOfPlaces } else { Behind::Units };
    let of_post = step.b.ty(post).shape.clone();
    let mut extents = of_post.clone();
    if window.is_none() {
        extents.push(Extent::Const(1));
        extents.extend(bound(rule, of_post[POST].bound(), 1));
    }
    let mut equation = Equation::read(step, db, &extents, &mut |step, leaf| match (leaf, first) {
        (Leaf::Post, _) => Spread { value: post, axes: (0..of_post.len()).collect() },
        (Leaf::PostAt(axis), _) => Spread { value: post, axes: vec![SAMPLES, *axis] },
        (Leaf::PostIn(pass), _) => {
            let flat = step.flat_in(&passes[*pass], id);
            Spread { value: shaped(step, flat), axes: (0..of_post.len()).collect() }
        }
        (Leaf::Synapse, _) => Spread { value: bias, axes: vec![POST] },
        (Leaf::SynapseAt(axis, None), _) => Spread { value: bias, axes: vec![*axis] },
        (Leaf::Place(axis), _) => kept::index(step, *axis, &extents),
        (Leaf::Pre, _) => bug!("`pre` in `db`"),
        (Leaf::Kept(_), Some((of, reads))) => {
            let kept = reads.leaf(step, leaf);
            let places = matches!(step.model.projections[of.0].pattern, Pattern::Conv(_));
            kept_behind(step, kept, places, &of_post)
        }
        (Leaf::KeptAlong(at, first, second), Some((_, reads))) => reads.along(step, at, *first, *second),
        (Leaf::Modulator(modulator), _) => step.modulator_behind(*modulator, id, behind),
        (Leaf::Samples, _) => Spread { value: step.batch.count, axes: Vec::new() },
        _ => Spread { value: step.leaf(leaf).value, axes: Vec::new() },
    });
    let over = if window.is_some() { &[SAMPLES, PRE][..] } else { &[SAMPLES] };
    if let Some(mean) = means::mean(step, &mut equation, over, &[POST]) {
        return mean;
    }
    let change = equation.value(step, db.root);
    let change = match window {
        Some(window) => over_places(step, change, PRE, window),
        None => change,
    };
    averaged(step, change, &[POST], &extents)
}

/// What is kept for the units behind, with the axes of an equation for biases: units, or channels and their places.
fn kept_behind(step: &mut Step<'_>, kept: Spread, places: bool, extents: &[Extent]) -> Spread {
    let Some(from) = kept.axes.iter().position(|axis| *axis != SAMPLES) else { return kept };
    let mut value = kept.value;
    if places {
        let axes: Vec<usize> = (0..from).chain([from + 1, from]).collect();
        value = step.b.permute(value, &axes);
    }
    let axes: Vec<usize> = (0..from).chain(1..extents.len()).collect();
    let shape: Vec<Extent> = axes.iter().map(|&axis| extents[axis].clone()).collect();
    if *step.b.ty(value).shape != shape {
        value = step.b.reshape(value, &shape);
    }
    Spread { value, axes }
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
