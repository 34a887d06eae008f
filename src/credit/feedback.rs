//! Feedback weights: what a credit rule puts in the place of a weight that credit crosses. They are slots beside the weights,
//! drawn like them from the seed and a name of their own, and live as long.

use super::by::Changed;
use super::forward::Step;
use super::initial::{NO_LIMITS, by_pattern, drawn, stream};
use super::learn::slot_of;
use super::{by, factor_slot, inner_slot, optimise};
use crate::bug;
use crate::math::Stream;
use crate::model::{Factor, Holds, Init, Learn, Model, Pattern, Projection, ProjectionId, RegionId, owner};
use crate::tensor::{Element, Extent, Name, Role, Slot, Type, Value};
use indexmap::IndexMap;

/// What feedback weights stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// The weights of a projection, in their shape.
    Projection(ProjectionId),
    /// A factor of a projection of low rank.
    Factor(ProjectionId, Factor),
    /// A structure's own weight.
    Inner(RegionId, usize),
    /// A projection whose target's activity they bring back to its source, in the shape of its weights: they learn to invert it.
    Inverse(ProjectionId),
    /// The same projection: the biases with which they do so, one for each unit of its source.
    InverseBias(ProjectionId),
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
        Feedback::Inverse(id) => format!("{}.inverse", model.projections[id.0].name),
        Feedback::InverseBias(id) => format!("{}.inverse_bias", model.projections[id.0].name),
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
        let ty = match feedback {
            Feedback::Direct(from, to, _) => units(&[to, from].map(|id| self.model.regions[id.0].size())),
            Feedback::InverseBias(id) => units(&[self.model.regions[self.model.projections[id.0].source.0].size()]),
            _ => {
                let weight = self.changed(&stands_for(self.model, *feedback));
                self.b.ty(weight).clone()
            }
        };
        self.b.slot(slot(self.model, feedback), ty, Role::Parameter)
    }

    /// The magnitudes of feedback weights that have the signs of their weights; they stay as they were drawn.
    pub(super) fn magnitude(&mut self, feedback: &Feedback) -> Value {
        let signed = self.feedback(feedback);
        let ty = self.b.ty(signed).clone();
        self.b.slot(magnitude_slot(&slot(self.model, feedback)), ty, Role::Parameter)
    }

    /// Has feedback weights become something when the step ends, unless another statement has.
    pub(super) fn becomes(&mut self, feedback: &Feedback, becomes: Becomes) {
        let slot = slot(self.model, feedback);
        self.becoming.entry(slot).or_insert(becomes);
    }
}

/// What feedback weights become when a step ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Becomes {
    /// These, in the place of those from before.
    New { new: Value, old: Value },
    /// Magnitudes, with the signs of what a parameter becomes.
    Signed { of: Changed, magnitude: Value },
}

/// A statement that does not act in this step changes no feedback weights: those that were said from a place on.
pub(super) fn wait(step: &mut Step<'_>, from: usize, active: Option<Value>) {
    for place in from..step.becoming.len() {
        let Becomes::New { new, old } = step.becoming[place] else { continue };
        let new = optimise::kept(step, active, new, old);
        step.becoming[place] = Becomes::New { new, old };
    }
}

/// Writes what feedback weights become, when all parameters are what they become.
pub(super) fn write(step: &mut Step<'_>, news: &IndexMap<Name, Value>) {
    for (slot, becomes) in std::mem::take(&mut step.becoming) {
        let new = match becomes {
            Becomes::New { new, .. } => new,
            Becomes::Signed { of, magnitude } => {
                let now = news.get(&slot_of(step.model, &of)).copied();
                let now = now.unwrap_or_else(|| step.changed(&of));
                signed(step, now, magnitude)
            }
        };
        step.b.named(new, format!("{slot}.new"));
        step.write(&slot, new);
    }
}

/// Magnitudes with the signs of weights.
pub(super) fn signed(step: &mut Step<'_>, weights: Value, magnitude: Value) -> Value {
    let sign = step.b.sign(weights);
    step.b.multiply(sign, magnitude)
}

/// The parameter for which feedback weights stand.
pub(super) fn stands_for(model: &Model, feedback: Feedback) -> Changed {
    match feedback {
        Feedback::Projection(id) | Feedback::Inverse(id) => Changed::Weight(owner(&model.projections, id)),
        Feedback::Factor(id, factor) => Changed::Factor(owner(&model.projections, id), factor),
        Feedback::Inner(region, number) => Changed::Inner(region, number),
        Feedback::InverseBias(_) | Feedback::Direct(..) => bug!("{feedback:?} stands for no parameter"),
    }
}

fn units(sizes: &[usize]) -> Type {
    Type { element: Element::Real, shape: sizes.iter().map(|&size| Extent::Const(size)).collect() }
}

const MAGNITUDE: &str = ".magnitude";

/// The slot of the magnitudes of feedback weights.
fn magnitude_slot(feedback: &str) -> Name {
    format!("{}{MAGNITUDE}", feedback.strip_suffix(".feedback").unwrap_or(feedback)).into()
}

/// The first values of a slot of feedback weights, if it is one.
pub(super) fn initial(model: &Model, named: &Slot, seed: u64) -> Option<Vec<f64>> {
    if let Some(weight) = named.name.strip_suffix(MAGNITUDE) {
        let drawn = self::drawn_first(model, &format!("{weight}.feedback"), seed)?.1;
        return Some(drawn.into_iter().map(f64::abs).collect());
    }
    let (feedback, mut values) = drawn_first(model, &named.name, seed)?;
    if let Some(magnitude) = signed_at_first(model, &feedback) {
        let name = slot_of(model, &stands_for(model, feedback));
        let weights = super::initial(model, &Slot { name, ..named.clone() }, seed);
        for (value, weight) in values.iter_mut().zip(weights) {
            let sign = if weight == 0.0 { 0.0 } else { weight.signum() };
            *value = sign * magnitude.unwrap_or(value.abs());
        }
    }
    Some(values)
}

/// Whether the first rule that crosses feedback weights gives them the signs of their weights: and its magnitude, if it has one.
fn signed_at_first(model: &Model, feedback: &Feedback) -> Option<Option<f64>> {
    let crosses = |learn: &&Learn| {
        let holds = learn.teacher.holds();
        !matches!(holds, Holds::None | Holds::Inverses) && by::crosses(model, learn, feedback)
    };
    let first = model.phases.iter().flat_map(|phase| &phase.learns).find(crosses)?;
    (first.teacher.holds() == Holds::Signed).then(|| by::magnitude_of(first))
}

/// Whether a slot is one of feedback weights, or what belongs to them.
pub(super) fn is_slot(name: &str) -> bool {
    ["feedback", "magnitude", "inverse", "inverse_bias"].iter().any(|ending| {
        name.strip_suffix(ending).is_some_and(|before| before.ends_with('.') || before.ends_with("direct_"))
    })
}

/// What is drawn for a slot of feedback weights.
fn drawn_first(model: &Model, name: &str, seed: u64) -> Option<(Feedback, Vec<f64>)> {
    if !is_slot(name) {
        return None;
    }
    let feedback = all(model).find(|feedback| *slot(model, feedback) == *name)?;
    let stream_of = |id: ProjectionId| stream(model, id, name, seed);
    let values = match feedback {
        Feedback::Projection(id) | Feedback::Inverse(id) => projection(model, id, &stream_of(id), seed),
        Feedback::InverseBias(id) => vec![0.0; model.regions[model.projections[id.0].source.0].size()],
        Feedback::Factor(id, factor) => {
            let shape = super::initial::factor_shape(model, id, factor);
            let own = &model.projections[owner(&model.projections, id).0];
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
    };
    Some((feedback, values))
}

/// All feedback weights that there could be.
pub(super) fn all(model: &Model) -> impl Iterator<Item = Feedback> {
    let projections = (0..model.projections.len()).map(ProjectionId);
    let weights = projections.filter(|id| model.projections[id.0].has_weights()).flat_map(|id| {
        match model.projections[id.0].pattern {
            Pattern::LowRank(_) => Factor::BOTH.map(|factor| Feedback::Factor(id, factor)).to_vec(),
            _ => vec![Feedback::Projection(id), Feedback::Inverse(id), Feedback::InverseBias(id)],
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
    let own = owner(&model.projections, id);
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
        Feedback::Inverse(_) | Feedback::InverseBias(_) | Feedback::Direct(..) => None,
    }
}

/// The factor of a projection of low rank that activity crosses last, and credit first.
pub(super) fn crossed_last(model: &Model, id: ProjectionId) -> Factor {
    if model.projections[id.0].is_transposed() { Factor::Right } else { Factor::Left }
}
