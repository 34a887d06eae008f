//! The time steps of a trial: one loop, in which the regions, costs and metrics stand that are wanted in each step. States
//! and past activities are carried; what is computed before the loop is read as it is.

use super::formula::{self, Batched};
use super::forward::Step;
use super::measure;
use super::weight_slot;
use super::within::{self, Within};
use crate::bug;
use crate::model::{Bias, DataId, Formula, Leaf, Learn, Model, ParamId, ProjectionId, Region, RegionId, Timing};
use crate::tensor::build::{Round, Rounds};
use crate::tensor::{Builder, Name, Value};
use indexmap::IndexMap;

/// Where in a trial a step is while it is being written.
pub(super) struct Trial {
    /// The part of the trial.
    part: Timing,
    /// In a time step: its number.
    index: Option<Value>,
    /// The states of each region, as the time step finds them.
    pub(super) states: Vec<Vec<Value>>,
    /// What they become.
    pub(super) next: Vec<Vec<Value>>,
    /// The activity of each region in earlier time steps, the latest first.
    past: Vec<Vec<Value>>,
    /// Params that were computed before the time steps.
    pub(super) params: IndexMap<ParamId, Batched>,
    /// What rules change within the trial.
    pub(super) within: Within,
    /// What rules that wait for the end of the trial have summed.
    pub(super) summed: IndexMap<Name, Value>,
}

impl Trial {
    /// In a time step: its number.
    pub(super) fn now(&self) -> Option<Value> {
        self.index
    }

    pub(super) fn new(model: &Model) -> Trial {
        let none = || vec![Vec::new(); model.regions.len()];
        let (states, next, past) = (none(), none(), none());
        let (params, within, summed) = (IndexMap::new(), Within::default(), IndexMap::new());
        Trial { part: Timing::Before, index: None, states, next, past, params, within, summed }
    }
}

/// All time steps; behind them the last one is looked back at.
pub(super) fn time_steps(step: &mut Step<'_>) {
    let model = step.model;
    let Some(time) = model.time else { bug!("time steps in a static model") };
    within::begin(step);
    prepare(step);
    let depths = depths(model);
    let mut first = Vec::new();
    for (region, depth) in model.regions.iter().zip(&depths) {
        let carried = depth.saturating_sub(usize::from(state_shown(region).is_some()));
        let states = region.structure.iter().flat_map(|structure| &structure.states);
        let states = states.map(|state| (&state.shape[..], state.first));
        for (shape, value) in states.chain(std::iter::repeat_n((&region.shape[..], 0.0), carried)) {
            let ty = step.batched_type(shape);
            let value = step.b.scalar(value);
            first.push(step.b.expand_to(value, &ty.shape));
        }
    }
    let own = first.len();
    first.extend(step.trial.within.carries());
    let open = step.b.begin_loop(Rounds::of(time.steps), &first);
    step.trial.part = Timing::Each;
    step.trial.index = Some(open.index);
    hand_out(step, &depths, &open.carries[..own]);
    step.trial.within.hand_out(open.carries[own..].iter().copied());
    step.modulators.fill(None);
    let outside = step.tallies.len();
    step.regions(Timing::Each);
    let looked = measure::in_time_step(step);
    let tallies = step.tallies.split_off(outside);
    within::act(step);
    let mut carries = carried_on(step, &depths);
    carries.extend(step.trial.within.carries());
    let mut records = looked.records();
    let looks = records.len();
    records.extend(tallies.values().copied());
    let looped = step.b.end_loop(open, Round { carries, records, go: None });
    step.trial.part = Timing::End;
    step.trial.index = None;
    hand_out(step, &depths, &looped.carries[..own]);
    step.trial.within.hand_out(looped.carries[own..].iter().copied());
    step.modulators.fill(None);
    for (number, region) in model.regions.iter().enumerate() {
        if region.timing == Timing::Each {
            step.activity[number] = step.trial.past[number].first().copied();
        }
    }
    for (number, projection) in model.projections.iter().enumerate() {
        if model.regions[projection.target.0].timing == Timing::Each && !is_steady(step, ProjectionId(number)) {
            step.products[number] = None;
        }
    }
    within::end(step);
    let (looks, sums) = looped.records.split_at(looks);
    measure::over_time(step, &looked, looks, time.steps);
    for (tally, record) in tallies.into_keys().zip(sums) {
        let sum = step.b.sum(*record, &[0]);
        step.tallies.insert(tally, sum);
    }
}

/// Gives the carries of the loop to whom they belong.
fn hand_out(step: &mut Step<'_>, depths: &[usize], carries: &[Value]) {
    let mut carries = carries.iter().copied();
    for (number, region) in step.model.regions.iter().enumerate() {
        let states = region.structure.as_ref().map_or(0, |structure| structure.states.len());
        step.trial.states[number] = carries.by_ref().take(states).collect();
        let shown = state_shown(region).map(|state| step.trial.states[number][state]);
        step.trial.past[number] = shown.into_iter().chain(carries.by_ref()).take(depths[number]).collect();
    }
}

/// The state that is a region's activity: what the activity was a time step ago is what that state is now.
fn state_shown(region: &Region) -> Option<usize> {
    let states = &region.structure.as_ref()?.states;
    states
        .iter()
        .position(|state| state.next == region.equation.root && state.first == 0.0 && state.shape == region.shape)
}

/// The carries as the next time step finds them.
fn carried_on(step: &mut Step<'_>, depths: &[usize]) -> Vec<Value> {
    let mut carries = Vec::new();
    for (number, depth) in depths.iter().enumerate() {
        carries.extend(std::mem::take(&mut step.trial.next[number]));
        if *depth > 0 {
            let Some(now) = step.activity[number] else { bug!("an activity is carried that is not computed") };
            let shown = usize::from(state_shown(&step.model.regions[number]).is_some());
            let latest = std::iter::once(&now).chain(&step.trial.past[number]);
            carries.extend(latest.take(*depth).skip(shown).copied().collect::<Vec<_>>());
        }
    }
    carries
}

/// Whether a projection brings the same in every time step.
fn is_steady(step: &Step<'_>, id: ProjectionId) -> bool {
    let model = step.model;
    let projection = &model.projections[id.0];
    let changes = projection.has_weights() && step.trial.within.find(&weight_slot(model, id)).is_some();
    !changes && projection.delay == 0 && model.regions[projection.source.0].timing == Timing::Before
}

/// Asks for everything that does not depend on the time step while that can still be computed once.
fn prepare(step: &mut Step<'_>) {
    let model = step.model;
    for (number, projection) in model.projections.iter().enumerate() {
        let id = ProjectionId(number);
        let weighted = projection.has_weights();
        if weighted && model.regions[projection.target.0].timing == Timing::Each {
            match is_steady(step, id) {
                true => drop(step.product(id)),
                false => step.prepare_weights(id),
            }
        }
    }
    let mut leaves: Vec<&Leaf> = Vec::new();
    for (number, region) in model.regions.iter().enumerate() {
        if region.timing == Timing::Before {
            continue;
        }
        if region.bias != Bias::None {
            step.bias(RegionId(number));
        }
        step.chance_of(RegionId(number));
        for inner in 0..region.structure.as_ref().map_or(0, |structure| structure.weights.len()) {
            step.inner(RegionId(number), inner);
        }
        leaves.extend(region.equation.leaves().map(|(leaf, _)| leaf));
    }
    let costs = model.costs.iter().map(|cost| &cost.formula);
    let metrics = model.metrics.iter().flat_map(|metric| std::iter::once(&metric.formula).chain(&metric.filter));
    leaves.extend(costs.chain(metrics).flat_map(Formula::leaves).map(|(leaf, _)| leaf));
    let phase = step.phase;
    if step.learning {
        leaves
            .extend(phase.learns.iter().flat_map(Learn::rule_formulas).flat_map(Formula::leaves).map(|(leaf, _)| leaf));
        leaves.extend(model.modulators.iter().flat_map(|made| made.formula.leaves()).map(|(leaf, _)| leaf));
    }
    for leaf in leaves {
        match leaf {
            Leaf::Field(..)
            | Leaf::Weight(_)
            | Leaf::WeightAt(..)
            | Leaf::Const(_)
            | Leaf::Progress
            | Leaf::PhaseStep
            | Leaf::StepsPerEpoch => drop(step.leaf(leaf)),
            Leaf::FieldNow(data, name, lag) => drop(over_time(step, *data, name, *lag)),
            Leaf::Param(id) => {
                let value = step.leaf(leaf);
                step.trial.params.insert(*id, value);
            }
            _ => {}
        }
    }
}

/// A field with its time steps in front of the samples, moved so that row `t` is what step `t` reads of the step so many
/// behind it.
fn over_time(step: &mut Step<'_>, data: DataId, name: &Name, lag: i64) -> Value {
    let key = (name.clone(), lag);
    if let Some(value) = step.over_time.get(&key) {
        return *value;
    }
    let field = formula::field(step, data, name).value;
    let steps = step.model.time.map_or(1, |time| time.steps);
    let rows = moved(&mut step.b, field, steps, lag);
    step.over_time.insert(key, rows);
    rows
}

/// An array `[samples, rows, …]` with its first `steps` rows in front, moved by `lag`: row `t` is what was row `t + lag`, and 0
/// where there is none.
pub(super) fn moved(b: &mut Builder, array: Value, steps: usize, lag: i64) -> Value {
    let rank = b.ty(array).shape.len();
    let axes: Vec<usize> = [1, 0].into_iter().chain(2..rank).collect();
    let turned = b.permute(array, &axes);
    if lag == 0 {
        return turned;
    }
    let far = (lag.unsigned_abs() as usize).min(steps);
    let (start, length) = if lag < 0 { (0, steps - far) } else { (far, steps - far) };
    if length == 0 {
        let mut ty = b.ty(turned).clone();
        ty.shape[0] = steps.into();
        return b.zeros(&ty);
    }
    let kept = b.slice(turned, 0, start, length);
    b.pad(kept, 0, if lag < 0 { far } else { 0 }, steps)
}

/// How many earlier activities of each region are carried: as many as somebody looks back in a time step; and one more,
/// that of the last step itself, where somebody looks from behind the time steps.
fn depths(model: &Model) -> Vec<usize> {
    let mut depths = vec![0; model.regions.len()];
    let mut look = |timing: Timing, id: RegionId, lag: usize| {
        let deep = match timing {
            Timing::Before => 0,
            Timing::Each => lag,
            Timing::End if model.regions[id.0].timing == Timing::Each || lag > 0 => lag + 1,
            Timing::End => 0,
        };
        depths[id.0] = deep.max(depths[id.0]);
    };
    for projection in &model.projections {
        look(model.regions[projection.target.0].timing, projection.source, projection.delay);
    }
    let equations = model.regions.iter().map(|region| (region.timing, &region.equation));
    let costs = model.costs.iter().map(|cost| (cost.timing, &cost.formula));
    let metrics = model.metrics.iter().flat_map(|metric| {
        std::iter::once(&metric.formula).chain(&metric.filter).map(|formula| (metric.timing, formula))
    });
    let modulators = model.modulators.iter().map(|modulator| (Timing::Each, &modulator.formula));
    for (timing, formula) in equations.chain(modulators).chain(costs).chain(metrics) {
        for (leaf, _) in formula.leaves() {
            match leaf {
                Leaf::Region(id) => look(timing, *id, 0),
                Leaf::Previous(id) => look(timing, *id, 1),
                _ => {}
            }
        }
    }
    depths
}

impl Step<'_> {
    /// The activity of a region so many time steps ago.
    pub(super) fn lagged(&self, id: RegionId, lag: usize) -> Value {
        let past = &self.trial.past[id.0];
        let found = match (self.trial.part, lag) {
            (_, 0) => self.activity[id.0],
            (Timing::Each, _) => past.get(lag - 1).copied(),
            (Timing::End, _) => past.get(lag).copied(),
            (Timing::Before, _) => None,
        };
        match found {
            Some(value) => value,
            None => bug!("`{}` is read before it is computed", self.model.regions[id.0].name),
        }
    }

    /// The row of a field that belongs to the time step so many behind this one.
    pub(super) fn field_now(&mut self, data: DataId, name: &Name, lag: i64) -> Value {
        let all = over_time(self, data, name, lag);
        if self.trial.part == Timing::Each {
            return self.b.sliced(all, 0);
        }
        let last = self.model.time.map_or(0, |time| time.steps - 1);
        let row = self.b.slice(all, 0, last, 1);
        let shape = self.b.ty(row).shape[1..].to_vec();
        self.b.reshape(row, &shape)
    }

    /// The number of the time step, as a real.
    pub(super) fn time_step(&mut self) -> Value {
        match self.trial.index {
            Some(index) => self.b.real(index),
            None => {
                let last = self.model.time.map_or(0, |time| time.steps - 1);
                self.b.scalar(last as f64)
            }
        }
    }
}
