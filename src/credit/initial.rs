//! First values: weights drawn from the seed and the name of their place, so that adding a region changes no other
//! region's start.

use super::generate::constant;
use super::{inner_slot, weight_slot};
use crate::math::Stream;
use crate::model::{Init, Model, Pattern, ProjectionId, RegionId};
use crate::tensor::{Role, Slot};

/// First values of a parameter or a state, row-major; they are rounded to the program's precision by who stores them.
pub fn initial(model: &Model, slot: &Slot, seed: u64) -> Vec<f64> {
    let cells = slot.ty.shape.iter().map(|extent| extent.bound()).product();
    if slot.role != Role::Parameter {
        return vec![state(model, &slot.name); cells];
    }
    let place = Stream::new(seed, &slot.name);
    for (number, projection) in model.projections.iter().enumerate() {
        if slot.name == weight_slot(model, ProjectionId(number)) {
            let (post, pre) = (model.regions[projection.target.0].size(), model.regions[projection.source.0].size());
            return match &projection.pattern {
                Pattern::Fixed(values) => values.clone(),
                Pattern::FixedConst(id) => constant(model, *id, seed),
                Pattern::OneToOne => drawn(projection.init, &place, &[post], (1, 1)),
                Pattern::Conv(window) => {
                    let shape: Vec<usize> = slot.ty.shape.iter().map(|extent| extent.bound()).collect();
                    let places = window.size * window.size;
                    drawn(projection.init, &place, &shape, (window.channels * places, shape[0] * places))
                }
                Pattern::Dense | Pattern::Activity | Pattern::Pool(..) => {
                    drawn(projection.init, &place, &[post, pre], (pre, post))
                }
            };
        }
    }
    for (number, region) in model.regions.iter().enumerate() {
        for (inner, weight) in region.structure.iter().flat_map(|structure| &structure.weights).enumerate() {
            if slot.name == inner_slot(model, RegionId(number), inner) {
                let afferents = weight.shape.iter().skip(1).product();
                let efferents = weight.shape.first().copied().unwrap_or(1);
                return drawn(weight.init, &place, &weight.shape, (afferents, efferents));
            }
        }
    }
    vec![0.0; cells]
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

/// Weights of a shape, with so many afferents and efferents, drawn for their place.
fn drawn(init: Init, stream: &Stream, shape: &[usize], (afferents, efferents): (usize, usize)) -> Vec<f64> {
    let cells = shape.iter().product::<usize>();
    let (afferents, efferents) = (afferents as f64, efferents as f64);
    let uniform = |low: f64, high: f64| (0..cells as u64).map(|i| low + (high - low) * stream.uniform(i)).collect();
    let normal = |sd: f64| -> Vec<f64> { (0..cells as u64).map(|i| sd * stream.normal(i)).collect() };
    match init {
        Init::Default => {
            let bound = 1.0 / afferents.sqrt();
            uniform(-bound, bound)
        }
        Init::Constant(value) => vec![value; cells],
        Init::Uniform(low, high) => uniform(low, high),
        Init::Normal(sd) => normal(sd),
        Init::He => normal((2.0 / afferents).sqrt()),
        Init::Glorot => {
            let bound = (6.0 / (afferents + efferents)).sqrt();
            uniform(-bound, bound)
        }
        Init::Orthogonal => match shape {
            [] | [_] => vec![1.0; cells],
            [post, pre @ ..] => orthogonal(normal(1.0), *post, pre.iter().product()),
        },
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
