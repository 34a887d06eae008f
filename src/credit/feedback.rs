//! Feedback weights: what a credit rule puts in the place of a weight that credit crosses. They are slots beside the weights,
//! drawn like them from the seed and a name of their own, and live as long.

use super::forward::Step;
use super::initial::{NO_LIMITS, by_pattern, drawn, stream};
use super::{factor_slot, inner_slot};
use crate::bug;
use crate::math::Stream;
use crate::model::{Factor, Init, Model, Pattern, Projection, ProjectionId, RegionId};
use crate::tensor::{Element, Extent, Name, Role, Type, Value};

/// What feedback weights stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// The weights of a projection, in their shape.
    Projection(ProjectionId),
    /// A factor of a projection of low rank.
    Factor(ProjectionId, Factor),
    /// A structure's own weight.
    Inner(RegionId, usize),
    /// Nothing: they lead from the drive of a region that a cost reads (or a named projection into it, one of that name) to one
    /// that has no projection there, `[to, from]` in the direction of activity.
    Direct(RegionId, RegionId, Option<ProjectionId>),
}

/// The slot of feedback weights.
pub(super) fn slot(model: &Model, feedback: &Feedback) -> Name {
    match feedback {
        Feedback::Projection(id) => format!("{}.feedback", model.projections[id.0].name),
        Feedback::Factor(id, factor) => format!("{}.{}.feedback", model.projections[id.0].name, factor.word()),
        Feedback::Inner(region, number) => format!("{}.feedback", inner_slot(model, *region, *number)),
        Feedback::Direct(from, to, named) => {
            let named = named.and_then(|id| model.projections[id.0].named.as_ref());
            let name = match named {
                Some(named) => format!("{} -> {} as {named}", model.regions[from.0].name, model.regions[to.0].name),
                None => format!("{} -> {}", model.regions[from.0].name, model.regions[to.0].name),
            };
            // A projection of that name that credit does not cross here may be crossed by another statement: its feedback
            // weights have its shape.
            match model.projections.iter().find(|projection| *projection.name == name) {
                Some(projection) if !is_matrix(projection) => format!("{name}.direct_feedback"),
                _ => format!("{name}.feedback"),
            }
        }
    }
    .into()
}

/// Whether the weights are a matrix `[post, pre]`.
fn is_matrix(projection: &Projection) -> bool {
    let matrix = matches!(
        projection.pattern,
        Pattern::Dense | Pattern::Sparse(_) | Pattern::Local(_) | Pattern::Fixed(_) | Pattern::FixedConst(_)
    );
    matrix && !projection.is_transposed()
}

impl Step<'_> {
    /// Feedback weights, as they were when the step began, in the shape of what they stand for.
    pub(super) fn feedback(&mut self, feedback: &Feedback) -> Value {
        let like = match feedback {
            Feedback::Projection(id) => self.weight(*id),
            Feedback::Factor(id, factor) => self.factor(*id, *factor),
            Feedback::Inner(region, number) => self.inner(*region, *number),
            Feedback::Direct(from, to, _) => {
                let sizes = [to, from].map(|id| Extent::Const(self.model.regions[id.0].size()));
                let ty = Type { element: Element::Real, shape: sizes.to_vec() };
                return self.b.slot(slot(self.model, feedback), ty, Role::Parameter);
            }
        };
        let ty = self.b.ty(like).clone();
        self.b.slot(slot(self.model, feedback), ty, Role::Parameter)
    }
}

/// The first values of a slot of feedback weights, if it is one.
pub(super) fn initial(model: &Model, name: &str, seed: u64) -> Option<Vec<f64>> {
    if !name.ends_with("feedback") {
        return None;
    }
    let feedback = all(model).find(|feedback| *slot(model, feedback) == *name)?;
    let stream_of = |id: ProjectionId| stream(model, id, name, seed);
    Some(match feedback {
        Feedback::Projection(id) => projection(model, id, &stream_of(id), seed),
        Feedback::Factor(id, factor) => {
            let shape = super::initial::factor_shape(model, id, factor);
            let own = &model.projections[crate::model::owner(&model.projections, id).0];
            drawn(random(own.init), &stream_of(id), &shape, NO_LIMITS, &|_| (shape[1], shape[0]))
        }
        Feedback::Inner(region, number) => {
            let Some(structure) = &model.regions[region.0].structure else { bug!("feedback into no structure") };
            let weight = &structure.weights[number];
            let (into, out) = (weight.shape.iter().skip(1).product(), weight.shape.first().copied().unwrap_or(1));
            drawn(random(weight.init), &Stream::new(seed, name), &weight.shape, NO_LIMITS, &|_| (into, out))
        }
        Feedback::Direct(from, to, _) => {
            let (pre, post) = (model.regions[from.0].size(), model.regions[to.0].size());
            drawn(Init::Default, &Stream::new(seed, name), &[post, pre], NO_LIMITS, &|_| (pre, post))
        }
    })
}

/// All feedback weights that there could be.
pub(super) fn all(model: &Model) -> impl Iterator<Item = Feedback> {
    let projections = (0..model.projections.len()).map(ProjectionId);
    let weights = projections.filter(|id| model.projections[id.0].has_weights()).flat_map(|id| {
        match model.projections[id.0].pattern {
            Pattern::LowRank(_) => Factor::BOTH.map(|factor| Feedback::Factor(id, factor)).to_vec(),
            _ => vec![Feedback::Projection(id)],
        }
    });
    let regions = || (0..model.regions.len()).map(RegionId);
    let inner = regions().flat_map(|id| {
        let count = model.regions[id.0].structure.as_ref().map_or(0, |structure| structure.weights.len());
        (0..count).map(move |number| Feedback::Inner(id, number))
    });
    let named = (0..model.projections.len()).map(ProjectionId);
    let named = named.filter(|id| model.projections[id.0].named.is_some());
    let named = named.map(|id| (model.projections[id.0].target, Some(id)));
    let direct = regions()
        .map(|id| (id, None))
        .chain(named)
        .flat_map(move |(to, named)| regions().map(move |from| Feedback::Direct(from, to, named)));
    weights.chain(inner).chain(direct)
}

/// Feedback weights are drawn as the weights are, if these are drawn: where all weights are equal, or read from a file, they
/// are drawn as if nothing were said.
fn random(init: Init) -> Init {
    match init {
        Init::Constant(_) | Init::File(_) => Init::Default,
        init => init,
    }
}

/// Those of a projection: in the shape of its weights, and 0 where there is no synapse.
fn projection(model: &Model, id: ProjectionId, stream: &Stream, seed: u64) -> Vec<f64> {
    let own = crate::model::owner(&model.projections, id);
    let init = random(model.projections[own.0].init);
    by_pattern(model, own, seed, &|shape, fan| drawn(init, stream, shape, NO_LIMITS, fan))
}

/// The product in which a projection, a factor or a structure's own weight is crossed.
pub(super) fn product(model: &Model, feedback: &Feedback) -> Option<Name> {
    match feedback {
        Feedback::Projection(id) => Some(model.projections[id.0].name.clone()),
        Feedback::Inner(region, number) => Some(inner_slot(model, *region, *number)),
        Feedback::Factor(id, factor) => {
            let last = *factor == crossed_last(model, *id);
            Some(if last { factor_slot(model, *id, *factor) } else { model.projections[id.0].name.clone() })
        }
        Feedback::Direct(..) => None,
    }
}

/// The factor of a projection of low rank that activity crosses last, and credit first.
pub(super) fn crossed_last(model: &Model, id: ProjectionId) -> Factor {
    if model.projections[id.0].is_transposed() { Factor::Right } else { Factor::Left }
}
