//! Who can learn from what: how far the credit of a cost travels back.

use super::credit_rules::{Through, through as through_of};
use super::draft::Draft;
use super::formula::Kind;
use super::tie::siblings;
use super::{CostId, Formula, Leaf, Learn, Pattern, Projection, ProjectionId, RegionId, Structure};
use crate::diag::Span;
use crate::tensor::Derivative;
use std::collections::BTreeSet;

/// What credit meets on its way back through a formula.
#[derive(Default)]
pub(super) struct Reach {
    /// Leaves that the value depends on differentiably.
    pub(super) leaves: Vec<Leaf>,
    /// Leaves that it depends on through an operation without a derivative alone: the operation, why, and its place.
    pub(super) blocked: Vec<(Leaf, &'static str, &'static str, Span)>,
}

/// How credit comes to a node: freely, or past an operation without a derivative (its name, why, and its place).
type Way = Option<(&'static str, &'static str, Span)>;

/// What some nodes of a formula depend on: in a structure, also by what its states became in earlier time steps. `freely`: also
/// through what has no derivative.
pub(super) fn through(formula: &Formula, roots: &[usize], structure: Option<&Structure>, freely: bool) -> Reach {
    let mut open: Vec<Option<Way>> = vec![None; formula.nodes.len()];
    roots.iter().for_each(|root| open[*root] = Some(None));
    loop {
        walk_back(formula, &mut open, freely);
        let before = open.clone();
        for (place, node) in formula.nodes.iter().enumerate() {
            if let (Kind::Leaf(Leaf::Before(state)), Some(way), Some(structure)) =
                (&node.kind, before[place], structure)
            {
                enter_node(&mut open, structure.states[*state].next, way);
            }
        }
        if open == before {
            break;
        }
    }
    let mut reach = Reach::default();
    for (node, way) in formula.nodes.iter().zip(&open) {
        match (&node.kind, way) {
            (Kind::Leaf(leaf), Some(None)) => reach.leaves.push(leaf.clone()),
            (Kind::Leaf(leaf), Some(Some((name, why, span)))) => reach.blocked.push((leaf.clone(), name, why, *span)),
            _ => {}
        }
    }
    reach
}

/// From each node that is open to its operands.
fn walk_back(formula: &Formula, open: &mut [Option<Way>], freely: bool) {
    for place in (0..formula.nodes.len()).rev() {
        let Some(block) = open[place] else { continue };
        let node = &formula.nodes[place];
        let Kind::Op(row, _, inputs) = &node.kind else { continue };
        if freely {
            inputs.iter().for_each(|input| enter_node(open, *input, block));
            continue;
        }
        let here = match row.derivative {
            Derivative::None(why) => block.or(Some((row.name, why, node.span))),
            _ => block,
        };
        for (position, &input) in inputs.iter().enumerate() {
            if matches!(row.derivative, Derivative::Declared(operand) if operand != position) {
                continue;
            }
            let here = if row.name == "select" && position == 0 {
                block.or(Some((row.name, "its condition is not differentiable", node.span)))
            } else {
                here
            };
            enter_node(open, input, here);
        }
    }
}

/// Opens a node, freely if there is one way to it that is free.
fn enter_node(open: &mut [Option<Way>], node: usize, way: Way) {
    open[node] = match open[node] {
        Some(None) => Some(None),
        _ if way.is_none() => Some(None),
        Some(first) => Some(first),
        None => Some(way),
    };
}

/// How far the credit of some costs comes.
#[derive(Default)]
pub(super) struct Credit {
    /// Projections whose weights it reaches.
    pub(super) projections: BTreeSet<ProjectionId>,
    /// Regions whose activity it reaches.
    pub(super) regions: BTreeSet<RegionId>,
    /// Operations without a derivative that it met.
    pub(super) blocked: Vec<(&'static str, &'static str, Span)>,
    /// Projections marked `no credit`, or outside of `only through`, that it met.
    pub(super) closed: Vec<ProjectionId>,
}

/// The way back of one cost for one statement.
pub(super) fn credit(draft: &Draft<'_>, cost: CostId, learn: &Learn) -> Credit {
    let scored = match through_of(learn) {
        Through::Derivatives => Vec::new(),
        Through::Scores => scored(draft, cost, learn),
        Through::Anything => return travelled(draft, cost, learn, &[], true),
    };
    travelled(draft, cost, learn, &scored, false)
}

/// Whether credit may cross a projection.
fn passes(draft: &Draft<'_>, learn: &Learn, wire: ProjectionId) -> bool {
    let projection = &draft.projections[wire.0];
    matches!(projection.pattern, Pattern::Pool(..))
        || projection.credit && learn.only_through.as_ref().is_none_or(|only| only.contains(&wire))
}

/// The regions on the routes from a statement's paths to its costs, through whatever lies between.
pub(super) fn moved(draft: &Draft<'_>, learn: &Learn) -> Vec<RegionId> {
    let credits = learn.from.iter().map(|(_, cost)| travelled(draft, *cost, learn, &[], true));
    let reached: BTreeSet<RegionId> = credits.flat_map(|credit| credit.regions).collect();
    let taught = learn.projections.iter().flat_map(|id| siblings(&draft.projections, *id));
    let targets = taught.map(|id| draft.projections[id.0].target);
    let mut moved: BTreeSet<RegionId> = targets.chain(learn.biases.iter().copied()).collect();
    moved.retain(|id| reached.contains(id));
    loop {
        let follows = |id: &&RegionId| {
            let into = draft.projections.iter().enumerate().filter(|(_, projection)| projection.target == **id);
            let wired = into
                .filter(|(number, projection)| {
                    moved.contains(&projection.source) && passes(draft, learn, ProjectionId(*number))
                })
                .count();
            let read = draft.regions[id.0].equation.iter().flat_map(Formula::leaves).any(|(leaf, _)| match leaf {
                Leaf::Region(other) | Leaf::Previous(other) => moved.contains(other),
                _ => false,
            });
            wired > 0 || read
        };
        let more: Vec<RegionId> = reached.difference(&moved).filter(follows).copied().collect();
        if more.is_empty() {
            return moved.into_iter().collect();
        }
        moved.extend(more);
    }
}

/// The regions that sample by `score`, among those on which a cost depends.
pub(super) fn scored(draft: &Draft<'_>, cost: CostId, learn: &Learn) -> Vec<RegionId> {
    let all = travelled(draft, cost, learn, &[], true);
    let scores = |id: &RegionId| draft.regions[id.0].sampled.iter().any(|one| one.log_probability.is_some());
    all.regions.into_iter().filter(scores).collect()
}

/// The way back of a cost, and of the probabilities of what some regions have sampled. `freely`: also through what has no
/// derivative.
fn travelled(draft: &Draft<'_>, cost: CostId, learn: &Learn, scored: &[RegionId], freely: bool) -> Credit {
    let mut credit = Credit::default();
    let Some(Some(cost)) = draft.costs.get(cost.0) else { return credit };
    let mut open = Vec::new();
    enter(&draft.projections, &mut credit, &mut open, through(&cost.formula, &[cost.formula.root], None, freely));
    for id in scored {
        let Some(equation) = draft.regions[id.0].equation.as_ref() else { continue };
        let logs: Vec<usize> = draft.regions[id.0].sampled.iter().filter_map(|one| one.log_probability).collect();
        into_region(draft, &mut credit, &mut open, learn, *id, through(equation, &logs, None, freely));
    }
    while let Some(id) = open.pop() {
        let Some(equation) = draft.regions[id.0].equation.as_ref() else { continue };
        let reached = through(equation, &[equation.root], draft.regions[id.0].structure.as_ref(), freely);
        into_region(draft, &mut credit, &mut open, learn, id, reached);
    }
    credit
}

/// Credit that has come to these leaves of a region's equation goes on to where they come from.
fn into_region(
    draft: &Draft<'_>,
    credit: &mut Credit,
    open: &mut Vec<RegionId>,
    learn: &Learn,
    id: RegionId,
    reached: Reach,
) {
    let mut wires: Vec<ProjectionId> = Vec::new();
    for leaf in &reached.leaves {
        match leaf {
            Leaf::Drive | Leaf::Input => {
                let into = draft.projections.iter().enumerate().filter(|(_, p)| p.target == id && p.named.is_none());
                wires.extend(into.map(|(number, _)| ProjectionId(number)));
            }
            Leaf::Projection(wire) => wires.push(*wire),
            _ => {}
        }
    }
    for wire in wires {
        credit.projections.extend(siblings(&draft.projections, wire));
        let source = draft.projections[wire.0].source;
        if !passes(draft, learn, wire) {
            credit.closed.push(wire);
        } else if credit.regions.insert(source) {
            open.push(source);
        }
    }
    enter(&draft.projections, credit, open, reached);
}

fn enter(projections: &[Projection], credit: &mut Credit, open: &mut Vec<RegionId>, reached: Reach) {
    for leaf in reached.leaves {
        match leaf {
            Leaf::Region(id) | Leaf::Previous(id) if credit.regions.insert(id) => {
                open.push(id);
            }
            Leaf::Weight(id) => credit.projections.extend(siblings(projections, id)),
            _ => {}
        }
    }
    let of_brain = |leaf: &Leaf| {
        matches!(
            leaf,
            Leaf::Region(_) | Leaf::Previous(_) | Leaf::Drive | Leaf::Input | Leaf::Projection(_) | Leaf::Weight(_)
        )
    };
    credit.blocked.extend(
        reached.blocked.into_iter().filter(|(leaf, ..)| of_brain(leaf)).map(|(_, name, why, span)| (name, why, span)),
    );
}
