//! Settling: one loop whose rounds bring all regions that settle nearer to what their equations ask for, until every sample
//! of the batch holds still.

use super::formula::Batched;
use super::forward::Step;
use super::whose;
use crate::bug;
use crate::model::{Bias, CostId, Leaf, ProjectionId, RegionId, Settle, Settling};
use crate::tensor::build::{Round, Rounds};
use crate::tensor::differentiate::{Exact, reverse};
use crate::tensor::{Value, Whose};

/// Lets the regions of a model settle, from 0.
pub(super) fn settle(step: &mut Step<'_>, settling: &Settling) {
    let model = step.model;
    let settled = settling.within.iter().filter_map(|&id| Some((id, model.regions[id.0].settle?)));
    let settled: Vec<(RegionId, Settle)> = settled.collect();
    let mut first = Vec::new();
    for (id, _) in &settled {
        let ty = step.batched_type(&model.regions[id.0].shape);
        first.push(step.b.zeros(&ty));
    }
    let ended = rounds(step, &settling.within, &settled, first, None);
    forget(step, &settling.within);
    for ((id, _), value) in settled.iter().zip(&ended.activity) {
        step.b.named(*value, model.regions[id.0].name.clone());
        step.activity[id.0] = Some(*value);
    }
    for &id in settling.within.iter().filter(|id| model.regions[id.0].settle.is_none()) {
        step.region(id);
    }
    step.unsettled = Some(ended.unsettled);
}

/// What regions come to when they have settled.
pub(super) struct Ended {
    pub(super) activity: Vec<Value>,
    /// Whether each sample did not, as a real.
    pub(super) unsettled: Value,
}

/// In each round everything `within` is computed, in this order, and what is to settle goes nearer to it.
pub(super) fn rounds(
    step: &mut Step<'_>,
    within: &[RegionId],
    settled: &[(RegionId, Settle)],
    first: Vec<Value>,
    nudge: Option<&Nudge>,
) -> Ended {
    prepare(step, within);
    let steps = settled.iter().map(|(_, settle)| settle.steps).max().unwrap_or(1);
    until_still(step, steps, first, |step, now| {
        forget(step, within);
        for ((id, _), now) in settled.iter().zip(now) {
            step.activity[id.0] = Some(*now);
        }
        if let Some(nudge) = nudge {
            pull(step, nudge);
        }
        let ways = within.iter().filter_map(|&id| {
            let now = step.activity[id.0];
            step.region(id);
            let (_, settle) = settled.iter().find(|(other, _)| *other == id)?;
            let wanted = step.activity[id.0]?;
            step.activity[id.0] = now;
            Some(Way { whose: whose::region(step.model, id), settle: *settle, now: now?, wanted })
        });
        let ways = ways.collect();
        step.nudges.clear();
        ways
    })
}

/// One loop of at most so many rounds, which ends when no sample moves; `round` says where each region is to go.
pub(super) fn until_still(
    step: &mut Step<'_>,
    steps: usize,
    mut first: Vec<Value>,
    round: impl FnOnce(&mut Step<'_>, &[Value]) -> Vec<Way>,
) -> Ended {
    let one = step.b.scalar(1.0);
    let samples = step.batch.extent.clone();
    first.push(step.b.expand_to(one, &[samples]));
    let count = step.b.fresh_count("settling", steps);
    let open = step.b.begin_loop(Rounds::until(count), &first);
    let ways = round(step, &open.carries[..open.carries.len() - 1]);
    let (carries, moving) = nearer(step, &ways);
    let go = step.b.any(moving, &[0]);
    let looped = step.b.end_loop(open, Round { carries, records: Vec::new(), go: Some(go) });
    let mut activity = looped.carries;
    match activity.pop() {
        Some(unsettled) => Ended { activity, unsettled },
        None => bug!("nothing settles"),
    }
}

/// How costs pull at the regions that they read.
pub(super) struct Nudge {
    /// The factor of every cost's derivative: below 0, it is lowered.
    pub(super) by: Value,
    /// The costs with their weights.
    pub(super) costs: Vec<(CostId, Value)>,
    /// The regions.
    pub(super) on: Vec<RegionId>,
}

/// What a nudge adds to drives: for each sample the derivative of its costs by the activity of this round.
fn pull(step: &mut Step<'_>, nudge: &Nudge) {
    let model = step.model;
    let mut seeds = Vec::new();
    for (id, weight) in &nudge.costs {
        step.b.of(whose::cost(model, *id));
        let cost = step.formula(&model.costs[id.0].formula);
        let factor = step.b.multiply(nudge.by, *weight);
        let factor = step.b.expand_like(factor, cost.value, &[]);
        seeds.push((cost.value, factor));
    }
    let wrt: Vec<Value> = nudge.on.iter().filter_map(|id| step.activity[id.0]).collect();
    let found = reverse(&mut step.b, &seeds, &wrt, &mut Exact);
    step.nudges = nudge.on.iter().copied().zip(found).collect();
}

/// Where a region is in a round, and where it is to go.
pub(super) struct Way {
    pub(super) whose: Whose,
    pub(super) settle: Settle,
    pub(super) now: Value,
    pub(super) wanted: Value,
}

/// What all regions come to in a round, and behind them, as a real, whether a sample moved; and that as a truth value. A
/// sample that is within the tolerance everywhere is held, and so will be in each further round.
fn nearer(step: &mut Step<'_>, ways: &[Way]) -> (Vec<Value>, Value) {
    let mut far = Vec::new();
    let mut held: Option<Value> = None;
    for way in ways {
        step.b.of(way.whose.clone()).at(Some(way.settle.span));
        let gap = step.b.subtract(way.wanted, way.now);
        let size = step.b.abs(gap);
        let tolerance = step.b.full_like(size, way.settle.tolerance);
        let within = step.b.less_equal(size, tolerance);
        let axes: Vec<usize> = (1..step.b.ty(within).shape.len()).collect();
        let still = step.b.all(within, &axes);
        held = Some(match held {
            Some(held) => step.b.and(held, still),
            None => still,
        });
        far.push(gap);
    }
    let Some(held) = held else { bug!("nothing settles") };
    let mut carries = Vec::new();
    for (way, gap) in ways.iter().zip(far) {
        step.b.of(way.whose.clone()).at(Some(way.settle.span));
        let move_by = step.b.scale(gap, way.settle.rate);
        let moved = step.b.add(way.now, move_by);
        let held = step.b.expand_like(held, moved, &[0]);
        carries.push(step.b.select(held, way.now, moved));
    }
    let moving = step.b.not(held);
    carries.push(step.b.real(moving));
    (carries, moving)
}

/// Asks for everything that the rounds read and that is the same in all of them.
pub(super) fn prepare(step: &mut Step<'_>, within: &[RegionId]) {
    let model = step.model;
    for (number, projection) in model.projections.iter().enumerate() {
        let id = ProjectionId(number);
        if within.contains(&projection.target) && projection.has_weights() {
            match within.contains(&projection.source) {
                true => step.prepare_weights(id),
                false => drop(step.product(id)),
            }
        }
    }
    for &id in within {
        let region = &model.regions[id.0];
        if region.bias != Bias::None {
            step.bias(id);
        }
        step.chance_of(id);
        for inner in 0..region.structure.as_ref().map_or(0, |structure| structure.weights.len()) {
            step.inner(id, inner);
        }
        for (leaf, _) in region.equation.leaves() {
            step.prepare_leaf(leaf);
        }
    }
}

/// Forgets what was computed of some regions, and what comes from them.
fn forget(step: &mut Step<'_>, within: &[RegionId]) {
    for &id in within {
        step.activity[id.0] = None;
    }
    forget_products(step, within);
}

/// Forgets what comes from some regions.
pub(super) fn forget_products(step: &mut Step<'_>, within: &[RegionId]) {
    for (number, projection) in step.model.projections.iter().enumerate() {
        if within.contains(&projection.source) {
            step.products[number] = None;
        }
    }
}

impl Step<'_> {
    /// Asks for a leaf that is the same in all rounds.
    pub(super) fn prepare_leaf(&mut self, leaf: &Leaf) {
        match leaf {
            Leaf::Field(..) | Leaf::Weight(_) | Leaf::WeightAt(..) | Leaf::Const(_) => drop(self.leaf(leaf)),
            Leaf::Param(id) => {
                let value = self.leaf(leaf);
                self.trial.params.insert(*id, value);
            }
            _ => {}
        }
    }

    /// Whether each sample did not settle, as a real.
    pub(super) fn unsettled(&mut self) -> Batched {
        match self.unsettled {
            Some(value) => Batched { value, batched: true },
            None => Batched { value: self.b.scalar(0.0), batched: false },
        }
    }
}
