//! Equations per synapse become arrays: each value has just the axes that it depends on, and is repeated along the
//! others only where it meets them.

use super::forward::Step;
use super::means::{self, Plan};
use super::sums::{self, Product, operands, union};
use crate::bug;
use crate::model::formula::Kind;
pub(super) use crate::model::indices::SAMPLES;
use crate::model::{Formula, Leaf};
use crate::tensor::{Attributes, Builder, Extent, Kind as RowKind, Row, Value};

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
    Equation::read(step, formula, extents, leaf).value(step, formula.root)
}

/// An equation while it is computed: what it reads is known, and of each node that is wanted how it comes about.
pub(super) struct Equation<'e> {
    pub(super) formula: &'e Formula,
    pub(super) extents: &'e [Extent],
    /// The axes of each node.
    pub(super) axes: Vec<Vec<usize>>,
    values: Vec<Option<Spread>>,
    ways: Vec<Way>,
}

/// How a node comes about.
enum Way {
    /// It is read, or nobody wants it.
    Read,
    /// By its operation.
    Operation,
    /// As a sum of products over an index.
    Product(Product),
    /// As a sum over the samples, taken apart.
    Samples(Plan),
}

impl<'e> Equation<'e> {
    /// Reads what an equation reads.
    pub(super) fn read(
        step: &mut Step<'_>,
        formula: &'e Formula,
        extents: &'e [Extent],
        leaf: &mut dyn FnMut(&mut Step<'_>, &Leaf) -> Spread,
    ) -> Equation<'e> {
        let reached = reached(formula);
        let (axes, values, ways) = (Vec::new(), vec![None; formula.nodes.len()], Vec::new());
        let mut equation = Equation { formula, extents, axes, values, ways };
        for (place, node) in formula.nodes.iter().enumerate() {
            let axes = match &node.kind {
                Kind::Leaf(read) if reached[place] => {
                    step.b.at(Some(node.span));
                    let value = leaf(step, read);
                    equation.values[place].insert(value).axes.clone()
                }
                Kind::Leaf(_) => Vec::new(),
                Kind::Op(row, attributes, inputs) => {
                    let all = equation.all_axes(inputs);
                    match (row.kind, attributes) {
                        (RowKind::Reduce(_), Attributes::Axes(gone)) => {
                            all.into_iter().filter(|axis| !gone.contains(axis)).collect()
                        }
                        _ => all,
                    }
                }
            };
            equation.axes.push(axes);
            let way = if reached[place] { equation.way(place) } else { Way::Read };
            equation.ways.push(way);
        }
        equation
    }

    /// The axes of all of these nodes.
    pub(super) fn all_axes(&self, places: &[usize]) -> Vec<usize> {
        places.iter().fold(Vec::new(), |all, place| union(&all, &self.axes[*place]))
    }

    /// How many elements some axes have.
    pub(super) fn elements(&self, axes: &[usize]) -> f64 {
        axes.iter().map(|&axis| self.extents[axis].bound() as f64).product()
    }

    fn way(&self, place: usize) -> Way {
        if matches!(self.formula.nodes[place].kind, Kind::Leaf(_)) {
            return Way::Read;
        }
        if let Some((Attributes::Axes(axes), &[summed])) = operands(self.formula, place, "sum")
            && axes[..] == [SAMPLES]
        {
            return means::plan(self, summed, &[SAMPLES]).map_or(Way::Operation, Way::Samples);
        }
        sums::product(self.formula, place).map_or(Way::Operation, Way::Product)
    }

    /// What a node is computed from.
    fn inputs(&self, place: usize) -> Vec<usize> {
        match (&self.ways[place], &self.formula.nodes[place].kind) {
            (Way::Read, _) | (_, Kind::Leaf(_)) => Vec::new(),
            (Way::Operation, Kind::Op(_, _, inputs)) => inputs.clone(),
            (Way::Product(product), _) => product.factors.iter().copied().chain(product.mask).collect(),
            (Way::Samples(plan), _) => plan.wanted(),
        }
    }

    /// Which nodes are computed if some are wanted, as far as they are not known.
    fn needed(&self, wanted: &[usize]) -> Vec<bool> {
        let mut needed = vec![false; self.ways.len()];
        wanted.iter().for_each(|&place| needed[place] = self.values[place].is_none());
        for place in (0..needed.len()).rev().filter(|place| self.values[*place].is_none()) {
            if needed[place] {
                self.inputs(place).into_iter().for_each(|input| needed[input] = self.values[input].is_none());
            }
        }
        needed
    }

    /// How much work it is to compute some nodes: how many elements they are computed from.
    pub(super) fn work(&self, wanted: &[usize]) -> f64 {
        let needed = self.needed(wanted);
        let of = |place: usize| match &self.ways[place] {
            Way::Samples(plan) => plan.work,
            _ => self.elements(&self.all_axes(&self.inputs(place))),
        };
        (0..needed.len()).filter(|place| needed[*place]).map(of).sum()
    }

    /// A node that has been computed.
    pub(super) fn known(&self, place: usize) -> &Spread {
        match &self.values[place] {
            Some(value) => value,
            None => bug!("an equation per synapse out of order"),
        }
    }

    /// What a node comes to.
    pub(super) fn value(&mut self, step: &mut Step<'_>, place: usize) -> Spread {
        self.compute(step, &[place]);
        self.known(place).clone()
    }

    /// Computes some nodes.
    pub(super) fn compute(&mut self, step: &mut Step<'_>, wanted: &[usize]) {
        let needed = self.needed(wanted);
        for place in (0..needed.len()).filter(|place| needed[*place]) {
            step.b.at(Some(self.formula.nodes[place].span));
            let value = match (&self.ways[place], &self.formula.nodes[place].kind) {
                (Way::Samples(plan), _) => means::total(step, self, plan, None),
                (Way::Product(product), _) => {
                    let factors: Vec<Spread> = product.factors.iter().map(|place| self.known(*place).clone()).collect();
                    let mask = product.mask.map(|mask| self.known(mask).clone());
                    sums::of_products(&mut step.b, product.axis, mask, &factors, self.extents)
                }
                (Way::Operation, Kind::Op(row, attributes, inputs)) => self.operation(step, row, attributes, inputs),
                _ => bug!("an equation per synapse reads what it has not read"),
            };
            self.values[place] = Some(value);
        }
    }

    fn operation(&self, step: &mut Step<'_>, row: &'static Row, attributes: &Attributes, inputs: &[usize]) -> Spread {
        let operands: Vec<Spread> = inputs.iter().map(|input| self.known(*input).clone()).collect();
        match (row.kind, attributes) {
            (RowKind::Constant, _) => Spread { value: step.b.row(row, attributes.clone(), &[]), axes: Vec::new() },
            (RowKind::Reduce(_), Attributes::Axes(axes)) if axes[..] == [SAMPLES] => {
                over_samples(step, row, &operands[0])
            }
            (RowKind::Reduce(_), Attributes::Axes(axes)) => {
                sums::reduce(&mut step.b, row, axes[0], &operands[0], self.extents)
            }
            _ if row.is_elementwise() => map(&mut step.b, row, attributes, &operands, self.extents),
            _ => bug!("`{}` in an equation per synapse", row.name),
        }
    }
}

/// Which nodes an equation is made of.
fn reached(formula: &Formula) -> Vec<bool> {
    let mut reached = vec![false; formula.nodes.len()];
    reached[formula.root] = true;
    for place in (0..reached.len()).rev() {
        if let (true, Kind::Op(_, _, inputs)) = (reached[place], &formula.nodes[place].kind) {
            inputs.iter().for_each(|input| reached[*input] = true);
        }
    }
    reached
}

/// The sum over the samples of what each has.
fn over_samples(step: &mut Step<'_>, row: &'static Row, operand: &Spread) -> Spread {
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

/// An operation element by element, over the axes of all its operands.
pub(super) fn map(
    b: &mut Builder,
    row: &'static Row,
    attributes: &Attributes,
    operands: &[Spread],
    extents: &[Extent],
) -> Spread {
    let axes = operands.iter().fold(Vec::new(), |all, operand| union(&all, &operand.axes));
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
