//! Which synapses a projection has of all that its matrix has room for. The weight of one that it has not is 0, and no change
//! reaches it.

use super::forward::Step;
use crate::math::Stream;
use crate::model::{Model, Pattern, Projection, ProjectionId};
use crate::tensor::{Element, Extent, Name, Role, Type, Value};

/// The slot of a projection's synapses: 1 where there is one, else 0.
fn slot(model: &Model, id: ProjectionId) -> Name {
    format!("{}.synapses", model.projections[id.0].name).into()
}

/// Whether some places of a projection's matrix hold no synapse.
fn has_gaps(projection: &Projection) -> bool {
    projection.constraints.no_self || matches!(projection.pattern, Pattern::Sparse(_) | Pattern::Local(_))
}

/// Where a projection's own matrix `[post, pre]` holds a synapse, row-major; none: everywhere. Those of a sparse one are drawn
/// from the seed, for its name.
pub(super) fn there(model: &Model, id: ProjectionId, seed: u64) -> Option<Vec<bool>> {
    let projection = &model.projections[id.0];
    if !has_gaps(projection) {
        return None;
    }
    let (post, pre) = (model.regions[projection.target.0].size(), model.regions[projection.source.0].size());
    let stream = Stream::new(seed, &slot(model, id));
    let there = |place: usize| {
        let (row, column) = (place / pre, place % pre);
        let wired = match &projection.pattern {
            Pattern::Sparse(share) => stream.uniform(place as u64) < *share,
            Pattern::Local(neighbours) => neighbours.near(row, column),
            _ => true,
        };
        wired && !(projection.constraints.no_self && row == column)
    };
    Some((0..post * pre).map(there).collect())
}

/// The first values of a slot of synapses, if it is one.
pub(super) fn initial(model: &Model, name: &str, seed: u64) -> Option<Vec<f64>> {
    let ids = (0..model.projections.len()).map(ProjectionId);
    let there = ids.filter(|id| *slot(model, *id) == *name).find_map(|id| there(model, id, seed))?;
    Some(there.into_iter().map(|there| f64::from(u8::from(there))).collect())
}

impl Step<'_> {
    /// Where the matrix of a projection that has its own holds a synapse, as truth values; none: everywhere.
    pub(super) fn synapses(&mut self, id: ProjectionId) -> Option<Value> {
        let (model, projection) = (self.model, &self.model.projections[id.0]);
        if !has_gaps(projection) {
            return None;
        }
        let sizes = [projection.target, projection.source].map(|region| model.regions[region.0].size());
        let ty = Type { element: Element::Real, shape: sizes.map(Extent::Const).to_vec() };
        let there = self.b.slot(slot(model, id), ty, Role::State);
        let zero = self.b.zeros_like(there);
        Some(self.b.less(zero, there))
    }
}
