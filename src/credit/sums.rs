//! Sums over an index in equations per synapse. A sum of products in which no operand has all the axes is a contraction; the
//! rest are computed element by element and then reduced.

use super::pointwise::{Spread, map};
use crate::bug;
use crate::model::Formula;
use crate::model::formula::Kind;
use crate::model::indices::SAMPLES;
use crate::tensor::op::{self, Row};
use crate::tensor::{Attributes, Builder, Extent, Value};

/// A sum over an axis, of what a mask admits, as a product of nodes of the formula.
pub(super) struct Product {
    pub(super) axis: usize,
    pub(super) mask: Option<usize>,
    pub(super) factors: Vec<usize>,
}

/// Into how many factors a product is taken apart.
const FACTORS: usize = 16;

/// The operands of a node, if it is this operation.
pub(super) fn operands<'f>(formula: &'f Formula, place: usize, name: &str) -> Option<(&'f Attributes, &'f [usize])> {
    match &formula.nodes[place].kind {
        Kind::Op(row, attributes, inputs) if row.name == name => Some((attributes, inputs)),
        _ => None,
    }
}

/// A sum over an index as a product of several factors.
pub(super) fn product(formula: &Formula, place: usize) -> Option<Product> {
    let (axis, mask, body) = sum(formula, place)?;
    let (mut factors, mut open) = (Vec::new(), vec![body]);
    while let Some(next) = open.pop() {
        match operands(formula, next, "multiply") {
            Some((_, &[left, right])) if factors.len() + open.len() < FACTORS => open.extend([right, left]),
            _ => factors.push(next),
        }
    }
    let apart = factors.len() > 1 && (mask.is_none() || factors.iter().all(|factor| is_finite(formula, *factor)));
    apart.then_some(Product { axis, mask, factors })
}

/// Of a sum over an index: its axis, what admits, and what is added.
pub(super) fn sum(formula: &Formula, place: usize) -> Option<(usize, Option<usize>, usize)> {
    let (Attributes::Axes(axes), &[summed]) = operands(formula, place, "sum")? else { return None };
    if axes[..] == [SAMPLES] {
        return None;
    }
    Some(match operands(formula, summed, "select") {
        Some((_, &[mask, body, other])) if is_zero(formula, other) => (axes[0], Some(mask), body),
        _ => (axes[0], None, summed),
    })
}

/// Whether a value is finite where what is read is: it may be multiplied by 0 where a mask does not admit it.
pub(super) fn is_finite(formula: &Formula, place: usize) -> bool {
    const KEEP: [&str; 8] = ["add", "subtract", "multiply", "negate", "abs", "tanh", "constant", "real"];
    let mut open = vec![place];
    for _ in 0..FACTORS {
        match open.pop().map(|next| &formula.nodes[next].kind) {
            None => return true,
            Some(Kind::Leaf(_)) => {}
            Some(Kind::Op(row, _, inputs)) if KEEP.contains(&row.name) => open.extend(inputs),
            Some(Kind::Op(..)) => return false,
        }
    }
    false
}

fn is_zero(formula: &Formula, place: usize) -> bool {
    matches!(operands(formula, place, "constant"), Some((Attributes::Number(value), _)) if *value == 0.0)
}

/// Reduces an axis; along one that the operand has not, it is always the same.
pub(super) fn reduce(b: &mut Builder, row: &'static Row, axis: usize, operand: &Spread, extents: &[Extent]) -> Spread {
    let Some(place) = operand.axes.iter().position(|other| *other == axis) else {
        let value = match row.name {
            "sum" => b.scale(operand.value, extents[axis].bound() as f64),
            _ => operand.value,
        };
        return Spread { value, axes: operand.axes.clone() };
    };
    let value = b.row(row, Attributes::Axes(vec![place]), &[operand.value]);
    Spread { value, axes: operand.axes.iter().copied().filter(|other| *other != axis).collect() }
}

/// The sum over an axis of a product, where the mask admits it. What does not have the axis is multiplied behind.
pub(super) fn of_products(
    b: &mut Builder,
    axis: usize,
    mask: Option<Spread>,
    factors: &[Spread],
    extents: &[Extent],
) -> Spread {
    let (inside, outside): (Vec<Spread>, Vec<Spread>) =
        factors.iter().cloned().partition(|factor| factor.axes.contains(&axis));
    let summed = along(b, &[axis], mask, inside, extents);
    let all: Vec<Spread> = outside.into_iter().chain([summed]).collect();
    match multiplied(b, &all, extents) {
        Some(product) => product,
        None => bug!("a product of nothing"),
    }
}

/// The sum over some axes of the product of what has them.
pub(super) fn along(
    b: &mut Builder,
    axes: &[usize],
    mask: Option<Spread>,
    factors: Vec<Spread>,
    extents: &[Extent],
) -> Spread {
    let (left, right) = sides(factors);
    match (multiplied(b, &left, extents), multiplied(b, &right, extents)) {
        (Some(left), Some(right)) => contracted(b, axes, mask, left, right, extents),
        (Some(one), None) | (None, Some(one)) => element_wise(b, axes, mask, &one, extents),
        (None, None) => {
            let one = Spread { value: b.scalar(1.0), axes: Vec::new() };
            element_wise(b, axes, mask, &one, extents)
        }
    }
}

/// What is per sample and what is not; if all is the one or the other, what has the axes of the largest, and what has others.
fn sides(factors: Vec<Spread>) -> (Vec<Spread>, Vec<Spread>) {
    let (left, right): (Vec<Spread>, Vec<Spread>) =
        factors.into_iter().partition(|factor| factor.axes.contains(&SAMPLES));
    if !left.is_empty() && !right.is_empty() {
        return (left, right);
    }
    let all = [left, right].concat();
    let largest = all.iter().map(|factor| &factor.axes).max_by_key(|axes| axes.len()).cloned().unwrap_or_default();
    all.into_iter().partition(|factor| factor.axes.iter().all(|axis| largest.contains(axis)))
}

/// The product of all.
pub(super) fn multiplied(b: &mut Builder, factors: &[Spread], extents: &[Extent]) -> Option<Spread> {
    let mut all = factors.iter().cloned();
    let first = all.next()?;
    Some(all.fold(first, |left, right| map(b, &op::multiply::ROW, &Attributes::None, &[left, right], extents)))
}

/// The value where the mask admits it, else 0.
fn masked(b: &mut Builder, mask: &Spread, value: &Spread, extents: &[Extent]) -> Spread {
    let zero = Spread { value: b.scalar(0.0), axes: Vec::new() };
    map(b, &op::select::ROW, &Attributes::None, &[mask.clone(), value.clone(), zero], extents)
}

fn element_wise(b: &mut Builder, axes: &[usize], mask: Option<Spread>, value: &Spread, extents: &[Extent]) -> Spread {
    let value = match mask {
        Some(mask) => masked(b, &mask, value, extents),
        None => value.clone(),
    };
    axes.iter().fold(value, |value, axis| reduce(b, &op::sum::ROW, *axis, &value, extents))
}

/// Both, each once, increasing.
pub(super) fn union(left: &[usize], right: &[usize]) -> Vec<usize> {
    let mut all = [left, right].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// A contraction, unless one side has all axes anyway. The mask goes to the side that it widens less.
fn contracted(
    b: &mut Builder,
    axes: &[usize],
    mask: Option<Spread>,
    mut left: Spread,
    mut right: Spread,
    extents: &[Extent],
) -> Spread {
    let with = |side: &Spread| mask.as_ref().map_or(side.axes.clone(), |mask| union(&side.axes, &mask.axes));
    let elements = |axes: &[usize]| axes.iter().map(|&axis| extents[axis].bound() as f64).product::<f64>();
    let on_left = elements(&with(&left)) * elements(&right.axes).max(1.0)
        <= elements(&with(&right)) * elements(&left.axes).max(1.0);
    let (left_axes, right_axes) = match on_left {
        true => (with(&left), right.axes.clone()),
        false => (left.axes.clone(), with(&right)),
    };
    let all = union(&left_axes, &right_axes);
    if left_axes == all || right_axes == all {
        let product = map(b, &op::multiply::ROW, &Attributes::None, &[left, right], extents);
        return element_wise(b, axes, mask, &product, extents);
    }
    if let Some(mask) = &mask {
        let side = if on_left { &mut left } else { &mut right };
        *side = masked(b, mask, side, extents);
    }
    let out: Vec<usize> = all.iter().copied().filter(|axis| !axes.contains(axis)).collect();
    let numbered = |axes: &[usize]| -> Vec<u8> {
        axes.iter().filter_map(|axis| all.iter().position(|other| other == axis)).map(|place| place as u8).collect()
    };
    let value =
        b.contract_indices(numbered(&left.axes), numbered(&right.axes), numbered(&out), left.value, right.value);
    Spread { value, axes: out }
}

/// The weights along two axes: as they are, turned round, or their diagonal.
pub(super) fn weights_along(b: &mut Builder, weight: Value, post: usize, pre: usize) -> Spread {
    if post < pre {
        return Spread { value: weight, axes: vec![post, pre] };
    }
    if post > pre {
        return Spread { value: b.permute(weight, &[1, 0]), axes: vec![pre, post] };
    }
    let shape = b.ty(weight).shape.clone();
    let places = b.iota(shape[0].clone());
    let (rows, columns) = (b.expand(places, &shape, &[0]), b.expand(places, &shape, &[1]));
    let same = b.equal(rows, columns);
    let zero = b.zeros_like(weight);
    let diagonal = b.select(same, weight, zero);
    Spread { value: b.sum(diagonal, &[1]), axes: vec![post] }
}
