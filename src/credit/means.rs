//! Sums over the samples of an equation per synapse. Where operands meet whose axes only together are those of a synapse, the
//! equation is multiplied out, and of each term the sum over the samples is taken first if that is less work: a product of
//! matrices, and no array with an element for each sample and synapse.

use super::forward::Step;
use super::pointwise::{self, Equation, SAMPLES, Spread, map};
use super::sums::{self, is_finite, union};
use crate::bug;
use crate::model::formula::Kind;
use crate::tensor::op;
use crate::tensor::{Attributes, Builder, Value};

/// How a sum over the samples is taken apart.
pub(super) struct Plan {
    /// The axes that are summed over: that of the samples, and that of the places of shared weights.
    over: Vec<usize>,
    terms: Vec<Term>,
    /// How many elements its sums go through.
    pub(super) work: f64,
}

/// A product of nodes of a formula, summed over the axes that it binds.
#[derive(Clone)]
struct Term {
    negative: bool,
    factors: Vec<Factor>,
    bound: Vec<Bound>,
}

#[derive(Clone, Copy)]
struct Factor {
    node: usize,
    /// Whether it divides.
    below: bool,
}

/// Axes that are summed over together, where a node admits it.
#[derive(Clone)]
struct Bound {
    axes: Vec<usize>,
    mask: Option<usize>,
}

/// Into how many terms an equation is multiplied out, and of how many factors.
const TERMS: usize = 8;
const FACTORS: usize = 16;

impl Plan {
    /// The nodes that it is computed from.
    pub(super) fn wanted(&self) -> Vec<usize> {
        self.terms.iter().flat_map(Term::wanted).collect()
    }
}

/// How the sum of a node over these axes is taken apart; none: that is no less work than to compute the node for each sample.
pub(super) fn plan(equation: &Equation<'_>, root: usize, over: &[usize]) -> Option<Plan> {
    let terms = multiplied_out(equation, root)?;
    let work = terms.iter().map(|term| term.order(equation, over).1).sum();
    let plan = Plan { over: over.to_vec(), terms, work };
    let plain = equation.work(&[root]) + equation.elements(&equation.axes[root]);
    (work + equation.work(&plan.wanted()) < plain).then_some(plan)
}

/// The mean of a whole equation over the samples (a sum over what else is in `over`), with just these axes; none: it is no less
/// work to compute it for each sample.
pub(super) fn mean(step: &mut Step<'_>, equation: &mut Equation<'_>, over: &[usize], axes: &[usize]) -> Option<Value> {
    let plan = plan(equation, equation.formula.root, over)?;
    equation.compute(step, &plan.wanted());
    let total = total(step, equation, &plan, Some(step.batch.count));
    Some(pointwise::spread(&mut step.b, &total, axes, equation.extents))
}

/// The sum, or, given the number of the samples, the mean.
pub(super) fn total(step: &mut Step<'_>, equation: &Equation<'_>, plan: &Plan, count: Option<Value>) -> Spread {
    let samples = step.batch.count;
    let mut sum: Option<Spread> = None;
    for term in &plan.terms {
        let (there, missing) = term.axes_of(equation, &plan.over);
        let times = match (there.contains(&SAMPLES), count) {
            (false, None) => Some((samples, false)),
            (true, Some(count)) => Some((count, true)),
            _ => None,
        };
        let places = missing.iter().filter(|axis| **axis != SAMPLES).copied().collect::<Vec<usize>>();
        let places = equation.elements(&places);
        let value = term.total(&mut step.b, equation, &there, (times, places));
        sum = Some(match sum {
            Some(sum) => map(&mut step.b, &op::add::ROW, &Attributes::None, &[sum, value], equation.extents),
            None => value,
        });
    }
    match sum {
        Some(sum) => sum,
        None => bug!("an equation without a term"),
    }
}

/// The terms of a node; none if there is nothing to multiply out.
fn multiplied_out(equation: &Equation<'_>, root: usize) -> Option<Vec<Term>> {
    let wide = wide(equation);
    if !wide[root] {
        return None;
    }
    let mut all: Vec<Vec<Term>> = Vec::new();
    for (place, wide) in wide.iter().enumerate().take(root + 1) {
        let itself = Term { negative: false, factors: vec![Factor { node: place, below: false }], bound: Vec::new() };
        let terms = if *wide { terms(equation, place, &all) } else { None };
        let few = |terms: &Vec<Term>| {
            terms.len() <= TERMS && terms.iter().all(|term| term.factors.len() + term.bound.len() <= FACTORS)
        };
        all.push(terms.filter(few).unwrap_or_else(|| vec![itself]));
    }
    all.pop()
}

/// Which nodes have, for each sample, more axes than anything that is read for each sample.
fn wide(equation: &Equation<'_>) -> Vec<bool> {
    let nodes = equation.formula.nodes.iter().zip(&equation.axes);
    let read = nodes.filter(|(node, axes)| matches!(node.kind, Kind::Leaf(_)) && axes.contains(&SAMPLES));
    let mut largest: Vec<&Vec<usize>> = read.map(|(_, axes)| axes).collect();
    largest.sort_unstable();
    largest.dedup();
    let within = |axes: &[usize]| largest.iter().any(|all| axes.iter().all(|axis| all.contains(axis)));
    equation.axes.iter().map(|axes| axes.contains(&SAMPLES) && !within(axes)).collect()
}

/// The terms of one operation, given those of its operands; none if it is none that can be taken apart.
fn terms(equation: &Equation<'_>, place: usize, all: &[Vec<Term>]) -> Option<Vec<Term>> {
    let Kind::Op(row, _, inputs) = &equation.formula.nodes[place].kind else { return None };
    match (row.name, &inputs[..]) {
        ("negate", &[x]) => Some(negated(&all[x])),
        ("add", &[x, y]) => Some([&all[x][..], &all[y][..]].concat()),
        ("subtract", &[x, y]) => Some([&all[x][..], &negated(&all[y])[..]].concat()),
        ("multiply", &[x, y]) => times(&all[x], &all[y]),
        ("divide", &[x, y]) => Some(all[x].iter().map(|term| term.over(y)).collect()),
        ("sum", _) => {
            let (axis, mask, body) = sums::sum(equation.formula, place)?;
            let finite = |term: &Term| {
                term.factors.iter().all(|factor| !factor.below && is_finite(equation.formula, factor.node))
            };
            let apart = mask.is_none_or(|mask| !equation.axes[mask].contains(&SAMPLES) && all[body].iter().all(finite));
            apart.then(|| all[body].iter().map(|term| term.bind(axis, mask)).collect())
        }
        _ => None,
    }
}

fn negated(terms: &[Term]) -> Vec<Term> {
    terms.iter().map(|term| Term { negative: !term.negative, ..term.clone() }).collect()
}

/// Each of the one with each of the other, unless both bind the same axis.
fn times(left: &[Term], right: &[Term]) -> Option<Vec<Term>> {
    if left.len() * right.len() > TERMS {
        return None;
    }
    let mut all = Vec::new();
    for a in left {
        for b in right {
            if a.bound.iter().any(|one| b.bound.iter().any(|other| one.axes == other.axes)) {
                return None;
            }
            all.push(Term {
                negative: a.negative != b.negative,
                factors: [&a.factors[..], &b.factors[..]].concat(),
                bound: [&a.bound[..], &b.bound[..]].concat(),
            });
        }
    }
    Some(all)
}

impl Term {
    fn wanted(&self) -> Vec<usize> {
        let masks = self.bound.iter().filter_map(|bound| bound.mask);
        self.factors.iter().map(|factor| factor.node).chain(masks).collect()
    }

    /// It divided by a node.
    fn over(&self, node: usize) -> Term {
        let mut term = self.clone();
        term.factors.push(Factor { node, below: true });
        term
    }

    fn bind(&self, axis: usize, mask: Option<usize>) -> Term {
        let mut term = self.clone();
        term.bound.push(Bound { axes: vec![axis], mask });
        term
    }

    /// All that it is summed over, in the order of the least work, and that work.
    fn order(&self, equation: &Equation<'_>, over: &[usize]) -> (Vec<Bound>, f64) {
        let mut live: Vec<Vec<usize>> = self.factors.iter().map(|factor| equation.axes[factor.node].clone()).collect();
        let mut open = self.bound.clone();
        let there = self.axes_of(equation, over).0;
        if !there.is_empty() {
            open.insert(0, Bound { axes: there, mask: None });
        }
        let mask_axes = |bound: &Bound| bound.mask.map_or(&[][..], |mask| &equation.axes[mask][..]);
        let (mut order, mut work) = (Vec::new(), 0.0);
        while !open.is_empty() {
            let free = |place: usize| {
                let others = open.iter().enumerate().filter(|(other, _)| *other != place);
                !others.flat_map(|(_, other)| mask_axes(other)).any(|axis| open[place].axes.contains(axis))
            };
            let touched = |bound: &Bound| {
                let begun = union(&bound.axes, mask_axes(bound));
                let inside = live.iter().filter(|axes| bound.axes.iter().any(|axis| axes.contains(axis)));
                inside.fold(begun, |all, axes| union(&all, axes))
            };
            let costs: Vec<f64> = open.iter().map(|bound| equation.elements(&touched(bound))).collect();
            let cheapest =
                (0..open.len()).filter(|place| free(*place)).reduce(|a, b| if costs[b] < costs[a] { b } else { a });
            let Some(best) = cheapest else { bug!("sums whose conditions read each other's indices") };
            work += costs[best];
            let axes = touched(&open[best]);
            let bound = open.remove(best);
            live.retain(|axes| !bound.axes.iter().any(|axis| axes.contains(axis)));
            live.push(axes.into_iter().filter(|axis| !bound.axes.contains(axis)).collect());
            order.push(bound);
        }
        if live.len() > 1 {
            work += equation.elements(&live.iter().fold(Vec::new(), |all, axes| union(&all, axes)));
        }
        (order, work)
    }

    /// Which of some axes a factor has, and which none has.
    fn axes_of(&self, equation: &Equation<'_>, over: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let there = |axis: &usize| self.factors.iter().any(|factor| equation.axes[factor.node].contains(axis));
        over.iter().copied().partition(there)
    }

    /// Its sum, times the number of the samples or divided by it, and times a constant. What is one number goes to the smallest
    /// factor, before all sums.
    fn total(
        &self,
        b: &mut Builder,
        equation: &Equation<'_>,
        over: &[usize],
        (count, times): (Option<(Value, bool)>, f64),
    ) -> Spread {
        let extents = equation.extents;
        let mut live: Vec<Spread> = self.factors.iter().map(|factor| factor.value(b, equation)).collect();
        let number = self.number(b, &mut live, equation, count, times);
        if let Some(number) = number.map(|value| Spread { value, axes: Vec::new() }) {
            let size = |place: &usize| equation.elements(&live[*place].axes);
            let small = (0..live.len()).reduce(|a, b| if size(&b) < size(&a) { b } else { a });
            match small {
                Some(place) => {
                    let both = [number, live[place].clone()];
                    live[place] = map(b, &op::multiply::ROW, &Attributes::None, &both, extents);
                }
                None => live.push(number),
            }
        }
        for bound in self.order(equation, over).0 {
            let mask = bound.mask.map(|mask| equation.known(mask).clone());
            let inside = |factor: &Spread| bound.axes.iter().any(|axis| factor.axes.contains(axis));
            let (inside, outside): (Vec<Spread>, Vec<Spread>) = live.into_iter().partition(inside);
            live = outside;
            live.push(sums::along(b, &bound.axes, mask, inside, extents));
        }
        live.sort_by_key(|factor| factor.axes.len());
        match sums::multiplied(b, &live, extents) {
            Some(product) => product,
            None => bug!("a term without a factor"),
        }
    }

    /// The product of its factors that are one number, taken out, with its sign and what else it is multiplied by; none: 1.
    fn number(
        &self,
        b: &mut Builder,
        live: &mut Vec<Spread>,
        equation: &Equation<'_>,
        count: Option<(Value, bool)>,
        times: f64,
    ) -> Option<Value> {
        let numbers: Vec<Spread> = live.iter().filter(|factor| factor.axes.is_empty()).cloned().collect();
        live.retain(|factor| !factor.axes.is_empty());
        let mut number = sums::multiplied(b, &numbers, equation.extents).map(|product| product.value);
        if let Some((count, below)) = count {
            number = Some(match (number, below) {
                (Some(number), true) => b.divide(number, count),
                (Some(number), false) => b.multiply(number, count),
                (None, true) => {
                    let one = b.scalar(1.0);
                    b.divide(one, count)
                }
                (None, false) => count,
            });
        }
        let sign = if self.negative { -times } else { times };
        match number {
            Some(number) => Some(b.scale(number, sign)),
            None => (sign != 1.0).then(|| b.scalar(sign)),
        }
    }
}

impl Factor {
    fn value(&self, b: &mut Builder, equation: &Equation<'_>) -> Spread {
        let value = equation.known(self.node).clone();
        if !self.below {
            return value;
        }
        let one = Spread { value: b.scalar(1.0), axes: Vec::new() };
        map(b, &op::divide::ROW, &Attributes::None, &[one, value], equation.extents)
    }
}
