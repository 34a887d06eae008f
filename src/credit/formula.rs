//! A formula per sample becomes values with a batch axis; what is the same for all samples stays without one.

use super::clock;
use super::forward::Step;
use crate::bug;
use crate::data;
use crate::model::formula::Kind;
use crate::model::{DataId, Formula, Leaf};
use crate::tensor::{Attributes, Builder, Contraction, Element, Extent, Kind as RowKind, Name, Role, Row, Type, Value};

/// A value, and whether its first axis is that of the samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batched {
    pub(super) value: Value,
    pub(super) batched: bool,
}

/// Computes a formula; `leaf` gives what is read.
pub(super) fn compute(
    step: &mut Step<'_>,
    formula: &Formula,
    leaf: &mut dyn FnMut(&mut Step<'_>, &Leaf) -> Batched,
) -> Batched {
    formula.fold_value(|node, operands| {
        step.b.at(Some(node.span));
        match &node.kind {
            Kind::Leaf(read) => leaf(step, read),
            Kind::Op(row, attributes, _) => {
                let extent = step.batch.extent.clone();
                operation(&mut step.b, row, attributes, &operands, &extent)
            }
        }
    })
}

/// One operation of a formula, with the axis of the samples in front where an operand has it.
pub(super) fn operation(
    b: &mut Builder,
    row: &'static Row,
    attributes: &Attributes,
    operands: &[Batched],
    extent: &Extent,
) -> Batched {
    let batched = operands.iter().any(|operand| operand.batched);
    let values: Vec<Value> = operands.iter().map(|operand| operand.value).collect();
    if !batched {
        return Batched { value: b.row(row, attributes.clone(), &values), batched };
    }
    let (attributes, values) = match (row.kind, attributes) {
        _ if row.is_elementwise() => {
            (attributes.clone(), operands.iter().map(|operand| widened(b, *operand, extent)).collect())
        }
        (RowKind::Contract, Attributes::Contract(indices)) => {
            (Attributes::Contract(with_batch(indices, operands)), values)
        }
        (RowKind::Permute, Attributes::Axes(axes)) => {
            let axes = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
            (Attributes::Axes(axes), values)
        }
        (_, Attributes::Axes(axes)) => (Attributes::Axes(axes.iter().map(|axis| axis + 1).collect()), values),
        (_, Attributes::Shape(shape)) => (Attributes::Shape(in_front(extent, shape)), values),
        (_, Attributes::Expand { shape, axes }) => {
            let axes = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
            (Attributes::Expand { shape: in_front(extent, shape), axes }, values)
        }
        (_, Attributes::Part { axis, start, length }) => {
            (Attributes::Part { axis: axis + 1, start: *start, length: *length }, values)
        }
        _ => bug!("`{}` does not stand in formulas", row.name),
    };
    Batched { value: b.row(row, attributes, &values), batched }
}

fn in_front(extent: &Extent, shape: &[Extent]) -> Vec<Extent> {
    std::iter::once(extent.clone()).chain(shape.iter().cloned()).collect()
}

/// The value with the axis of the samples.
pub(super) fn widened(b: &mut Builder, operand: Batched, extent: &Extent) -> Value {
    if operand.batched {
        return operand.value;
    }
    let shape = b.ty(operand.value).shape.clone();
    let axes: Vec<usize> = (1..=shape.len()).collect();
    b.expand(operand.value, &in_front(extent, &shape), &axes)
}

/// The indices of a contraction with one for the samples in front.
fn with_batch(indices: &Contraction, operands: &[Batched]) -> Contraction {
    let all = indices.left.iter().chain(&indices.right).chain(&indices.out);
    let samples = all.max().map_or(0, |index| index + 1);
    let with =
        |batched: bool, axes: &[u8]| batched.then_some(samples).into_iter().chain(axes.iter().copied()).collect();
    Contraction {
        left: with(operands[0].batched, &indices.left),
        right: with(operands[1].batched, &indices.right),
        out: with(true, &indices.out),
    }
}

/// A field of the batch's samples: gathered, and made numbers of if it holds bytes.
pub(super) fn field(step: &mut Step<'_>, id: DataId, name: &Name) -> Batched {
    if let Some(value) = step.fields.get(name) {
        return Batched { value: *value, batched: true };
    }
    let data = clock::base(step.model, id);
    let Some(position) = data.signature.position(name) else { bug!("no field `{name}`") };
    let field = &data.signature.fields[position];
    let slot: Name = format!("{}.{name}", data.name).into();
    let ty = field_type(&field.ty, step.rows);
    let rows = step.b.slot(slot.clone(), ty, Role::Input);
    let taken = step.b.gather(rows, step.batch.rows);
    let mut value = match field.ty.element {
        data::Element::Byte { divisor } => {
            let bytes = step.b.real(taken);
            let divisor = step.b.scalar(divisor);
            let shape = step.b.ty(bytes).shape.clone();
            let divisor = step.b.expand_to(divisor, &shape);
            step.b.divide(bytes, divisor)
        }
        _ => taken,
    };
    if field.ty.shape.len() > 1 {
        let shape: Vec<Extent> = field.ty.shape.iter().map(|&n| Extent::Const(n)).collect();
        value = step.b.reshape(value, &in_front(&step.batch.extent.clone(), &shape));
    }
    step.b.named(value, slot);
    step.fields.insert(name.clone(), value);
    Batched { value, batched: true }
}

/// The type of a field's slot: a row for each sample, its elements side by side.
pub(super) fn field_type(field: &data::FieldType, rows: usize) -> Type {
    let element = match field.element {
        data::Element::Byte { .. } => Element::Byte,
        data::Element::Real => Element::Real,
        data::Element::Int => Element::Int,
        data::Element::Class(k) => Element::Class(k),
    };
    let mut shape = vec![Extent::Const(rows)];
    if !field.shape.is_empty() {
        shape.push(Extent::Const(field.elements()));
    }
    Type { element, shape }
}
