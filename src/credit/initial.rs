//! First values: weights drawn from the seed and the name of their place, so that adding a region changes no other
//! region's start.

use super::generate::constant;
use super::{factor_slot, feedback, inner_slot, kept, parameter_at, restore, synapses, weight_slot};
use crate::bug;
use crate::math::Stream;
use crate::model::{Factor, Init, Model, Pattern, ProjectionId, RegionId, owner};
use crate::tensor::{Role, Slot};

/// First values of a parameter or a state, row-major; they are rounded to the program's precision by who stores them.
pub fn initial(model: &Model, slot: &Slot, seed: u64) -> Vec<f64> {
    if let Some((parameter, _)) = parameter_at(&slot.name) {
        let born = Slot { name: parameter.into(), ty: slot.ty.clone(), role: Role::Parameter };
        return initial(model, &born, seed);
    }
    let cells = slot.ty.shape.iter().map(|extent| extent.bound()).product();
    if slot.role != Role::Parameter {
        let held =
            synapses::initial(model, &slot.name, seed).or_else(|| restore::first(model, &slot.name, cells, seed));
        let held = held.or_else(|| kept::first(model, &slot.name, &slot.ty));
        return held.unwrap_or_else(|| vec![state(model, &slot.name); cells]);
    }
    if let Some(values) = feedback::initial(model, slot, seed) {
        return values;
    }
    for id in (0..model.projections.len()).map(ProjectionId) {
        let projection = &model.projections[id.0];
        if projection.tied.is_some() {
            continue;
        }
        match projection.pattern {
            Pattern::LowRank(_) => {
                if let Some(factor) =
                    Factor::BOTH.into_iter().find(|factor| slot.name == factor_slot(model, id, *factor))
                {
                    return self::factor(model, id, factor, seed);
                }
            }
            _ if slot.name == weight_slot(model, id) => return weights(model, id, seed),
            _ => {}
        }
    }
    let place = Stream::new(seed, &slot.name);
    for (number, region) in model.regions.iter().enumerate() {
        for (inner, weight) in region.structure.iter().flat_map(|structure| &structure.weights).enumerate() {
            if slot.name == inner_slot(model, RegionId(number), inner) {
                let afferents = weight.shape.iter().skip(1).product();
                let efferents = weight.shape.first().copied().unwrap_or(1);
                return drawn(weight.init, &place, &weight.shape, NO_LIMITS, &|_| (afferents, efferents));
            }
        }
    }
    vec![0.0; cells]
}

/// The first weights of a projection that has its own, in the shape of its slot.
pub(super) fn weights(model: &Model, id: ProjectionId, seed: u64) -> Vec<f64> {
    let projection = &model.projections[id.0];
    let stream = stream(model, id, &weight_slot(model, id), seed);
    let limits = projection.constraints.limits();
    let draw = |shape: &[usize], fan: Fan<'_>| {
        let mut weights = drawn(projection.init, &stream, shape, limits, fan);
        projection.constraints.admit(&mut weights);
        weights
    };
    match &projection.pattern {
        Pattern::Fixed(values) => of_synapses(values.clone(), synapses::there(model, id, seed)),
        Pattern::FixedConst(of) => of_synapses(constant(model, *of, seed), synapses::there(model, id, seed)),
        _ if matches!(projection.init, Init::File(_)) => {
            of_synapses(read(model, projection.init, 0), synapses::there(model, id, seed))
        }
        _ => by_pattern(model, id, seed, &draw),
    }
}

/// The shape of the weights of a projection, as their owner has them.
pub(super) fn weight_shape(model: &Model, id: ProjectionId) -> Vec<usize> {
    let projection = &model.projections[owner(&model.projections, id).0];
    let (target, pre) = (&model.regions[projection.target.0], model.regions[projection.source.0].size());
    match &projection.pattern {
        Pattern::Activity | Pattern::Pool(..) | Pattern::LowRank(_) => {
            bug!("`{}` has no weight for each synapse", projection.name)
        }
        Pattern::OneToOne => vec![target.size()],
        Pattern::Conv(window) => vec![target.shape[0], window.channels, window.size, window.size],
        Pattern::Dense | Pattern::Sparse(_) | Pattern::Local(_) | Pattern::Fixed(_) | Pattern::FixedConst(_) => {
            vec![target.size(), pre]
        }
    }
}

/// Weights in the shape of a projection's own, drawn with as many afferents and efferents as its pattern gives each; 0 where there
/// is no synapse.
pub(super) fn by_pattern(
    model: &Model,
    id: ProjectionId,
    seed: u64,
    draw: &dyn Fn(&[usize], Fan<'_>) -> Vec<f64>,
) -> Vec<f64> {
    let shape = weight_shape(model, id);
    let there = synapses::there(model, id, seed);
    let drawn = match (&shape[..], &there) {
        ([_], _) => draw(&shape, &|_| (1, 1)),
        ([post, pre], None) => draw(&shape, &|_| (*pre, *post)),
        ([post, pre], Some(there)) => {
            let (afferents, efferents) = counts(there, *post, *pre);
            draw(&shape, &|place| (afferents[place / pre], efferents[place % pre]))
        }
        ([channels, read, size, _], _) => draw(&shape, &|_| (read * size * size, channels * size * size)),
        _ => bug!("weights of {} axes", shape.len()),
    };
    of_synapses(drawn, there)
}

/// Weights, 0 where there is no synapse.
fn of_synapses(mut weights: Vec<f64>, there: Option<Vec<bool>>) -> Vec<f64> {
    for (weight, there) in weights.iter_mut().zip(there.iter().flatten()) {
        if !there {
            *weight = 0.0;
        }
    }
    weights
}

/// From what a projection's weights are drawn: its slot, or the key that it shares with others, and which slot that is.
pub(super) fn stream(model: &Model, id: ProjectionId, slot: &str, seed: u64) -> Stream {
    let projection = &model.projections[id.0];
    match &projection.key {
        None => Stream::new(seed, slot),
        Some(key) => Stream::new(seed, &format!("key:{key}{}", slot.strip_prefix(&*projection.name).unwrap_or(slot))),
    }
}

/// Weights that were read from a file.
fn read(model: &Model, init: Init, part: usize) -> Vec<f64> {
    match init {
        Init::File(number) => model.files[number + part].to_vec(),
        _ => bug!("weights from no file"),
    }
}

/// The shape of a factor of a projection of low rank: post and rank, or rank and pre.
pub(super) fn factor_shape(model: &Model, id: ProjectionId, factor: Factor) -> [usize; 2] {
    let projection = &model.projections[owner(&model.projections, id).0];
    let Pattern::LowRank(rank) = projection.pattern else { bug!("a factor of `{}`", projection.name) };
    match factor {
        Factor::Left => [model.regions[projection.target.0].size(), rank],
        Factor::Right => [rank, model.regions[projection.source.0].size()],
    }
}

/// The first values of a factor of a projection of low rank: each starts as weights with as many afferents as it has columns.
fn factor(model: &Model, id: ProjectionId, factor: Factor, seed: u64) -> Vec<f64> {
    let projection = &model.projections[id.0];
    if let Init::File(_) = projection.init {
        return read(model, projection.init, if factor == Factor::Left { 0 } else { 1 });
    }
    let [rows, columns] = factor_shape(model, id, factor);
    let stream = stream(model, id, &factor_slot(model, id, factor), seed);
    drawn(projection.init, &stream, &[rows, columns], NO_LIMITS, &|_| (columns, rows))
}

/// How many synapses each unit behind and each unit before has.
pub(super) fn counts(there: &[bool], post: usize, pre: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut afferents, mut efferents) = (vec![0; post], vec![0; pre]);
    for (place, _) in there.iter().enumerate().filter(|(_, there)| **there) {
        afferents[place / pre] += 1;
        efferents[place % pre] += 1;
    }
    (afferents, efferents)
}

/// The first value of a state, from the optimiser that declares it.
fn state(model: &Model, name: &str) -> f64 {
    let Some((owner, state)) = name.rsplit_once('.') else { return 0.0 };
    let mut parts = owner.split('|').skip(2);
    let Some(optimiser) = parts.next() else { return 0.0 };
    let users = model.phases.iter().flat_map(|phase| &phase.learns).filter_map(|learn| learn.using.as_ref());
    let states = users.filter(|used| &*used.name == optimiser).flat_map(|used| &used.states);
    states.into_iter().find(|(declared, _)| &**declared == state).map_or(0.0, |(_, first)| *first)
}

/// How many afferents the unit behind a weight has, and how many efferents the unit before it.
pub(super) type Fan<'f> = &'f dyn Fn(usize) -> (usize, usize);

/// No limits to what is drawn.
pub(super) const NO_LIMITS: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// Weights of a shape, drawn for their place. What is drawn around 0 is drawn as far as the limits reach.
pub(super) fn drawn(init: Init, stream: &Stream, shape: &[usize], limits: (f64, f64), fan: Fan<'_>) -> Vec<f64> {
    let cells = shape.iter().product::<usize>();
    let uniform = |place: usize, (low, high): (f64, f64)| low + (high - low) * stream.uniform(place as u64);
    let normal = |place: usize, sd: f64| sd * stream.normal(place as u64);
    let around = |place: usize, bound: f64| uniform(place, within((-bound, bound), limits));
    let fan = |place: usize| {
        let (afferents, efferents) = fan(place);
        (afferents as f64, efferents as f64)
    };
    let all = |of: &dyn Fn(usize) -> f64| (0..cells).map(of).collect::<Vec<f64>>();
    match init {
        Init::Default => all(&|place| around(place, 1.0 / fan(place).0.sqrt())),
        Init::Constant(value) => vec![value; cells],
        Init::File(_) => bug!("weights from a file are drawn"),
        Init::Uniform(low, high) => all(&|place| uniform(place, (low, high))),
        Init::Normal(sd) => all(&|place| normal(place, sd)),
        Init::He => all(&|place| normal(place, (2.0 / fan(place).0).sqrt())),
        Init::Glorot => all(&|place| {
            let (afferents, efferents) = fan(place);
            around(place, (6.0 / (afferents + efferents)).sqrt())
        }),
        Init::Orthogonal => match shape {
            [] | [_] => vec![1.0; cells],
            [post, pre @ ..] => orthogonal(all(&|place| normal(place, 1.0)), *post, pre.iter().product()),
        },
    }
}

/// A range as far as two limits reach; that of the limits, if it lies outside of them. A sign alone is no limit here: what is
/// drawn is given the sign.
fn within((low, high): (f64, f64), (least, most): (f64, f64)) -> (f64, f64) {
    if least.is_infinite() || most.is_infinite() {
        return (low, high);
    }
    match (low.max(least), high.min(most)) {
        (low, high) if low < high => (low, high),
        _ => (least, most),
    }
}

/// Makes the rows (or the columns, if they are fewer) of a normal matrix orthonormal, by Gram and Schmidt's procedure,
/// done twice for each vector so that rounding does not add up.
fn orthogonal(mut values: Vec<f64>, rows: usize, columns: usize) -> Vec<f64> {
    let (count, length, of, along) =
        if rows <= columns { (rows, columns, columns, 1) } else { (columns, rows, 1, columns) };
    let at = |vector: usize, place: usize| vector * of + place * along;
    for vector in 0..count {
        for _ in 0..2 {
            for other in 0..vector {
                let dot: f64 = (0..length).map(|i| values[at(vector, i)] * values[at(other, i)]).sum();
                (0..length).for_each(|i| values[at(vector, i)] -= dot * values[at(other, i)]);
            }
        }
        let norm = (0..length).map(|i| values[at(vector, i)].powi(2)).sum::<f64>().sqrt();
        (0..length).for_each(|i| values[at(vector, i)] /= norm);
    }
    values
}
