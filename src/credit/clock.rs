//! Which rows the step takes, and what time it is.

use crate::model::{Data, Model};
use crate::tensor::{Count, Element, Extent, ProgramBuilder, Role, Type, Value};

/// The name of the count of a batch's samples.
pub(super) const SAMPLES: &str = "samples";

/// The batch of a step.
pub(super) struct Batch {
    /// The axis of the samples.
    pub(super) extent: Extent,
    /// The rows of the dataset, one for each sample.
    pub(super) rows: Value,
    /// How many samples there are, as a real.
    pub(super) count: Value,
}

/// Takes the next batch: `min(batch, clock.rows - position * batch)` entries of `order`.
pub(super) fn batch(b: &mut ProgramBuilder, data: &Data, rows: usize) -> Batch {
    let scalar = Type::scalar(Element::Int);
    let order_type = Type { element: Element::Class(rows), shape: vec![Extent::Const(rows)] };
    let order = b.slot("order", order_type, Role::Input);
    let used = b.slot("clock.rows", scalar.clone(), Role::Input);
    let position = b.slot("clock.position", scalar, Role::State);
    let one = b.int(1);
    let next = b.add(position, one);
    b.write("clock.position", next);
    let size = b.int(data.batch as i64);
    let start = b.multiply(position, size);
    let left = b.subtract(used, start);
    let count = Count { name: SAMPLES.into(), bound: data.batch };
    let bound = b.bind(count.clone(), left);
    let extent = Extent::Count(count);
    let places = b.iota(extent.clone());
    let start = b.expand(start, std::slice::from_ref(&extent), &[]);
    let places = b.add(start, places);
    let places = b.clamp(places, rows);
    let taken = b.gather(order, places);
    let count = b.real(bound);
    Batch { extent, rows: taken, count }
}

/// Takes the next batch of entries of `order`, which is as long as its batches are together.
pub(super) fn whole_batch(b: &mut ProgramBuilder, data: &Data, rows: usize) -> Batch {
    let places = rows.div_ceil(data.batch) * data.batch;
    let order_type = Type { element: Element::Class(rows), shape: vec![Extent::Const(places)] };
    let order = b.slot("order", order_type, Role::Input);
    let position = tick(b, "clock.position");
    let size = b.int(data.batch as i64);
    let start = b.multiply(position, size);
    let extent = Extent::Const(data.batch);
    let taken = b.iota(extent.clone());
    let start = b.expand(start, std::slice::from_ref(&extent), &[]);
    let taken = b.add(start, taken);
    let taken = b.clamp(taken, places);
    let rows = b.gather(order, taken);
    let count = b.scalar(data.batch as f64);
    Batch { extent, rows, count }
}

/// Adds one to a clock that is a slot.
pub(super) fn tick(b: &mut ProgramBuilder, name: &str) -> Value {
    let now = b.slot(name, Type::scalar(Element::Int), Role::State);
    let one = b.int(1);
    let next = b.add(now, one);
    b.write(name, next);
    now
}

/// A clock that is read, as a real.
pub(super) fn read(b: &mut ProgramBuilder, name: &str, role: Role) -> Value {
    let now = b.slot(name, Type::scalar(Element::Int), role);
    b.real(now)
}

/// The dataset of the item that reads the source of this one.
pub(super) fn base(model: &Model, data: crate::model::DataId) -> &Data {
    &model.data[model.data[data.0].base.0]
}
