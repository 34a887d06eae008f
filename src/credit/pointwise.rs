//! Equations per synapse become arrays: each value has just the axes that it depends on, and is repeated along the
//! others only where it meets them.

use super::forward::Step;
use super::sums::{self, Sums};
use crate::bug;
use crate::model::formula::Kind;
pub(super) use crate::model::indices::SAMPLES;
use crate::model::{Formula, Leaf};
use crate::tensor::{Attributes, Builder, Extent, Kind as RowKind, Value};

/// A value and the axes that it has, by their number, increasing.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub(super) value: Value,
    pub(super) axes: Vec<usize>,
}

/// Computes an equation over some axes; `leaf` gives what is read.
pub(super) fn compute(
    step: &mut Step<'_>,
    formula: &Formula,
    extents: &[Extent],
    leaf: &mut dyn FnMut(&mut Step<'_>, &Leaf) -> Spread,
) -> Spread {
    let sums = Sums::of(formula);
    let mut values: Vec<Option<Spread>> = vec![None; formula.nodes.len()];
    for (place, node) in formula.nodes.iter().enumerate().filter(|(place, _)| sums.needed[*place]) {
        step.b.at(Some(node.span));
        let value = |place: &usize| match &values[*place] {
            Some(value) => value.clone(),
            None => bug!("an equation per synapse out of order"),
        };
        let computed = match (&node.kind, &sums.products[place]) {
            (_, Some(product)) => {
                let factors: Vec<Spread> = product.factors.iter().map(value).collect();
                sums::of_products(&mut step.b, product.axis, product.mask.as_ref().map(value), &factors, extents)
            }
            (Kind::Leaf(read), None) => leaf(step, read),
            (Kind::Op(row, attributes, inputs), None) => {
                let operands: Vec<Spread> = inputs.iter().map(value).collect();
                match (row.kind, attributes) {
                    (RowKind::Constant, _) => {
                        Spread { value: step.b.row(row, attributes.clone(), &[]), axes: Vec::new() }
                    }
                    (RowKind::Reduce(_), Attributes::Axes(axes)) if axes[..] == [SAMPLES] => {
                        over_samples(step, row, &operands[0])
                    }
                    (RowKind::Reduce(_), Attributes::Axes(axes)) => {
                        sums::reduce(&mut step.b, row, axes[0], &operands[0], extents)
                    }
                    _ if row.is_elementwise() => map(&mut step.b, row, attributes, &operands, extents),
                    _ => bug!("`{}` in an equation per synapse", row.name),
                }
            }
        };
        values[place] = Some(computed);
    }
    match values.swap_remove(formula.root) {
        Some(value) => value,
        None => bug!("an equation per synapse without a value"),
    }
}

/// The sum over the samples of what each has.
fn over_samples(step: &mut Step<'_>, row: &'static crate::tensor::Row, operand: &Spread) -> Spread {
    match operand.axes.split_first() {
        Some((&SAMPLES, rest)) => {
            Spread { value: step.b.row(row, Attributes::Axes(vec![0]), &[operand.value]), axes: rest.to_vec() }
        }
        _ => {
            let count = step.b.expand_like(step.batch.count, operand.value, &[]);
            Spread { value: step.b.multiply(operand.value, count), axes: operand.axes.clone() }
        }
    }
}

pub(super) fn map(
    b: &mut Builder,
    row: &'static crate::tensor::Row,
    attributes: &Attributes,
    operands: &[Spread],
    extents: &[Extent],
) -> Spread {
    let mut axes: Vec<usize> = operands.iter().flat_map(|operand| operand.axes.iter().copied()).collect();
    axes.sort_unstable();
    axes.dedup();
    let inputs: Vec<Value> = operands.iter().map(|operand| spread(b, operand, &axes, extents)).collect();
    Spread { value: b.row(row, attributes.clone(), &inputs), axes }
}

/// The value repeated so that it has these axes.
pub(super) fn spread(b: &mut Builder, operand: &Spread, axes: &[usize], extents: &[Extent]) -> Value {
    if operand.axes == axes {
        return operand.value;
    }
    let shape: Vec<Extent> = axes.iter().map(|&axis| extents[axis].clone()).collect();
    let places: Vec<usize> = (0..axes.len()).filter(|&place| operand.axes.contains(&axes[place])).collect();
    b.expand(operand.value, &shape, &places)
}
