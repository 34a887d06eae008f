//! Who can learn from what: how far the credit of a cost travels back.

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

/// What a formula's value depends on.
pub(super) fn reach(formula: &Formula) -> Reach {
    through(formula, None)
}

/// What the activity of a region depends on: in a structure, also by what its states became in earlier time steps.
fn through(formula: &Formula, structure: Option<&Structure>) -> Reach {
    let mut open: Vec<Option<Way>> = vec![None; formula.nodes.len()];
    open[formula.root] = Some(None);
    loop {
        walk_back(formula, &mut open);
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
fn walk_back(formula: &Formula, open: &mut [Option<Way>]) {
    for place in (0..formula.nodes.len()).rev() {
        let Some(block) = open[place] else { continue };
        let node = &formula.nodes[place];
        let Kind::Op(row, _, inputs) = &node.kind else { continue };
        let here = match row.derivative {
            Derivative::None(why) => block.or(Some((row.name, why, node.span))),
            _ => block,
        };
        for (position, &input) in inputs.iter().enumerate() {
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
    let mut credit = Credit::default();
    let Some(Some(cost)) = draft.costs.get(cost.0) else { return credit };
    let mut open = Vec::new();
    enter(&draft.projections, &mut credit, &mut open, reach(&cost.formula));
    while let Some(id) = open.pop() {
        let Some(equation) = draft.regions[id.0].equation.as_ref() else { continue };
        let reached = through(equation, draft.regions[id.0].structure.as_ref());
        let mut wires: Vec<ProjectionId> = Vec::new();
        for leaf in &reached.leaves {
            match leaf {
                Leaf::Drive | Leaf::Input => {
                    let into =
                        draft.projections.iter().enumerate().filter(|(_, p)| p.target == id && p.named.is_none());
                    wires.extend(into.map(|(number, _)| ProjectionId(number)));
                }
                Leaf::Projection(wire) => wires.push(*wire),
                _ => {}
            }
        }
        for wire in wires {
            credit.projections.extend(siblings(&draft.projections, wire));
            let projection = &draft.projections[wire.0];
            let fixed_wire = matches!(projection.pattern, Pattern::Pool(..));
            let passes =
                fixed_wire || projection.credit && learn.only_through.as_ref().is_none_or(|only| only.contains(&wire));
            if !passes {
                credit.closed.push(wire);
            } else if credit.regions.insert(projection.source) {
                open.push(projection.source);
            }
        }
        enter(&draft.projections, &mut credit, &mut open, reached);
    }
    credit
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
