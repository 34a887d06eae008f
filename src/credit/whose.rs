//! What the nodes of a step belong to, in words: so that a message about one of them can say whose it is.

use super::by::Changed;
use super::learn::slot_of;
use crate::model::{CostId, Learn, MetricId, Model, ModulatorId, Probe, ProjectionId, RegionId};
use crate::tensor::{Part, Whose};

/// A region's activity.
pub(super) fn region(model: &Model, id: RegionId) -> Whose {
    let region = &model.regions[id.0];
    Whose { part: Part::Activity, words: format!("the region `{}`", region.name).into(), span: region.span }
}

/// A cost.
pub(super) fn cost(model: &Model, id: CostId) -> Whose {
    let cost = &model.costs[id.0];
    let words = format!("the cost `{}` in `{}`", cost.name, model.regions[cost.region.0].name);
    Whose { part: Part::Cost, words: words.into(), span: cost.span }
}

/// A metric.
pub(super) fn metric(model: &Model, id: MetricId) -> Whose {
    let metric = &model.metrics[id.0];
    Whose { part: Part::Metric, words: format!("the metric `{}`", metric.name).into(), span: metric.span }
}

/// A probe.
pub(super) fn probe(probe: &Probe) -> Whose {
    Whose { part: Part::Metric, words: format!("the probe `{}`", probe.name).into(), span: probe.span }
}

/// A modulator.
pub(super) fn modulator(model: &Model, id: ModulatorId) -> Whose {
    let modulator = &model.modulators[id.0];
    let words = format!("the modulator `{}`", modulator.name);
    Whose { part: Part::Modulator, words: words.into(), span: modulator.span }
}

/// The credit of a statement as a whole: where it begins, and its bound.
pub(super) fn credit(learn: &Learn) -> Whose {
    Whose { part: Part::Credit, words: "the credit of this statement".into(), span: learn.span }
}

/// What a rule or an optimiser does to a parameter.
pub(super) fn change(model: &Model, learn: &Learn, by: &str, changed: &Changed) -> Whose {
    let slot = slot_of(model, changed);
    Whose { part: Part::Change, words: format!("what `{by}` does to `{slot}`").into(), span: learn.span }
}

/// What brings a projection's weights back to what they are held to.
pub(super) fn held(model: &Model, id: ProjectionId) -> Whose {
    let projection = &model.projections[id.0];
    Whose { part: Part::Change, words: format!("what `{}` is held to", projection.name).into(), span: projection.span }
}
