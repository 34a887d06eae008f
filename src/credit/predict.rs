//! The program that predicts: the forward part of a step, as far as the regions named depend on it, and nothing else.

use super::forward;
use crate::model::formula::{Kind, Node};
use crate::model::{Formula, Leaf, Metric, Model, RegionId, Timing, Unit};
use crate::tensor::{Element, Extent, Name, Program, Role, Type, pass};

/// The slot that holds a region's activity on the batch that was computed last, `[batch, …]`.
pub fn prediction_slot(model: &Model, region: RegionId) -> Name {
    format!("predict.{}", model.regions[region.0].name).into()
}

/// The activity of some regions on the next batch of rows; in a model with time, that of the last time step.
///
/// Every batch is whole: `order` is filled up to a multiple of the batch with any rows. Slots on which nothing depends
/// are not there, so that data may lack a field that only costs read.
pub fn predict(model: &Model, phase: usize, rows: usize, regions: &[RegionId]) -> Program {
    let watched = watched(model, regions);
    let mut step = forward::begin_whole(&watched, phase, rows, "predict");
    for &region in regions {
        let value = step.leaf(&Leaf::Region(region)).value;
        let slot = prediction_slot(model, region);
        let ty = step.b.ty(value).clone();
        step.b.slot(slot.clone(), ty, Role::State);
        step.b.write(&slot, value);
    }
    pass::dead_code::without_unread_slots(pass::simplify(step.b.finish()))
}

/// The model without costs and metrics, in which somebody looks at these regions at the end of a trial.
fn watched(model: &Model, regions: &[RegionId]) -> Model {
    let looks = regions.iter().map(|&id| {
        let region = &model.regions[id.0];
        let shape = region.shape.iter().map(|&n| Extent::Const(n)).collect();
        let node = Node {
            kind: Kind::Leaf(Leaf::Region(id)),
            ty: Type { element: Element::Real, shape },
            unit: Unit::One,
            span: region.span,
        };
        let timing = if region.timing == Timing::Each { Timing::End } else { region.timing };
        let formula = Formula { nodes: vec![node], root: 0 };
        Metric { name: region.name.clone(), formula, filter: None, timing, span: region.span }
    });
    Model { costs: Vec::new(), modulators: Vec::new(), metrics: looks.collect(), ..model.clone() }
}
