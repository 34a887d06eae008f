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

/// The sums of a formula that are sums of products, and which of its nodes are computed if those are.
pub(super) struct Sums {
    pub(super) products: Vec<Option<Product>>,
    pub(super) needed: Vec<bool>,
}

/// Into how many factors a product is taken apart.
const FACTORS: usize = 16;

impl Sums {
    pub(super) fn of(formula: &Formula) -> Sums {
        let products: Vec<Option<Product>> = (0..formula.nodes.len()).map(|place| product(formula, place)).collect();
        let mut needed = vec![false; formula.nodes.len()];
        needed[formula.root] = true;
        for place in (0..formula.nodes.len()).rev() {
            let inputs: Vec<usize> = match (&products[place], &formula.nodes[place].kind) {
                _ if !needed[place] => continue,
                (Some(product), _) => product.factors.iter().copied().chain(product.mask).collect(),
                (None, Kind::Op(_, _, inputs)) => inputs.clone(),
                (None, Kind::Leaf(_)) => Vec::new(),
            };
            inputs.into_iter().for_each(|input| needed[input] = true);
        }
        Sums { products, needed }
    }
}

/// The operands of a node, if it is this operation.
fn operands<'f>(formula: &'f Formula, place: usize, name: &str) -> Option<(&'f Attributes, &'f [usize])> {
    match &formula.nodes[place].kind {
        Kind::Op(row, attributes, inputs) if row.name == name => Some((attributes, inputs)),
        _ => None,
    }
}

fn product(formula: &Formula, place: usize) -> Option<Product> {
    let (Attributes::Axes(axes), &[summed]) = operands(formula, place, "sum")? else { return None };
    if axes[..] == [SAMPLES] {
        return None;
    }
    let (mask, body) = match operands(formula, summed, "select") {
        Some((_, &[mask, body, other])) if is_zero(formula, other) => (Some(mask), body),
        _ => (None, summed),
    };
    let (mut factors, mut open) = (Vec::new(), vec![body]);
    while let Some(next) = open.pop() {
        match operands(formula, next, "multiply") {
            Some((_, &[left, right])) if factors.len() + open.len() < FACTORS => open.extend([right, left]),
            _ => factors.push(next),
        }
    }
    (factors.len() > 1).then_some(Product { axis: axes[0], mask, factors })
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
    let (left, right) = sides(inside);
    let summed = match (multiplied(b, &left, extents), multiplied(b, &right, extents)) {
        (Some(left), Some(right)) => contracted(b, axis, mask, left, right, extents),
        (Some(one), None) | (None, Some(one)) => element_wise(b, axis, mask, &one, extents),
        (None, None) => {
            let one = Spread { value: b.scalar(1.0), axes: Vec::new() };
            element_wise(b, axis, mask, &one, extents)
        }
    };
    let all: Vec<Spread> = outside.into_iter().chain([summed]).collect();
    match multiplied(b, &all, extents) {
        Some(product) => product,
        None => bug!("a product of nothing"),
    }
}

/// What is per sample and what is not; if all is the one or the other, the first and the rest.
fn sides(factors: Vec<Spread>) -> (Vec<Spread>, Vec<Spread>) {
    let (mut left, mut right): (Vec<Spread>, Vec<Spread>) =
        factors.into_iter().partition(|factor| factor.axes.contains(&SAMPLES));
    if right.is_empty() && left.len() > 1 {
        right = left.split_off(1);
    } else if left.is_empty() && right.len() > 1 {
        left = vec![right.remove(0)];
    }
    (left, right)
}

fn multiplied(b: &mut Builder, factors: &[Spread], extents: &[Extent]) -> Option<Spread> {
    let mut all = factors.iter().cloned();
    let first = all.next()?;
    Some(all.fold(first, |left, right| map(b, &op::multiply::ROW, &Attributes::None, &[left, right], extents)))
}

/// The value where the mask admits it, else 0.
fn masked(b: &mut Builder, mask: &Spread, value: &Spread, extents: &[Extent]) -> Spread {
    let zero = Spread { value: b.scalar(0.0), axes: Vec::new() };
    map(b, &op::select::ROW, &Attributes::None, &[mask.clone(), value.clone(), zero], extents)
}

fn element_wise(b: &mut Builder, axis: usize, mask: Option<Spread>, value: &Spread, extents: &[Extent]) -> Spread {
    let value = match mask {
        Some(mask) => masked(b, &mask, value, extents),
        None => value.clone(),
    };
    reduce(b, &op::sum::ROW, axis, &value, extents)
}

fn union(left: &[usize], right: &[usize]) -> Vec<usize> {
    let mut all = [left, right].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// A contraction, unless one side has all axes anyway. The mask goes to the side that it widens less.
fn contracted(
    b: &mut Builder,
    axis: usize,
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
        return element_wise(b, axis, mask, &product, extents);
    }
    if let Some(mask) = &mask {
        let side = if on_left { &mut left } else { &mut right };
        *side = masked(b, mask, side, extents);
    }
    let out: Vec<usize> = all.iter().copied().filter(|other| *other != axis).collect();
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
