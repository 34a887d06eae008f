//! The forward part of a step: the batch, every region in order of dependence, costs and metrics.

use super::again::Pass;
use super::clock::{self, Batch};
use super::feedback::Becomes;
use super::formula::{self, Batched};
use super::measure::Looked;
use super::perturb::{Site, Tally};
use super::settle;
use super::trial::{self, Trial};
use super::whose;
use super::{bias_slot, const_slot, inner_slot};
use crate::bug;
use crate::model::formula::Kind;
use crate::model::{Bias, Data, Formula, Leaf, Model, Pattern, Phase, ProjectionId, RegionId, Timing};
use crate::tensor::{Attributes, Contraction, Element, Extent, Name, ProgramBuilder, Role, Type, Value};
use indexmap::IndexMap;

/// A step while it is being written.
pub(super) struct Step<'m> {
    pub(super) b: ProgramBuilder,
    pub(super) model: &'m Model,
    pub(super) phase: &'m Phase,
    /// Rows of the dataset.
    pub(super) rows: usize,
    pub(super) batch: Batch,
    /// Whether this step learns (`training` is 1).
    pub(super) learning: bool,
    /// Fields that were read, by name.
    pub(super) fields: IndexMap<Name, Value>,
    /// Fields whose rows belong to time steps, these in front, moved by so many steps.
    pub(super) over_time: IndexMap<(Name, i64), Value>,
    /// The activity of each region, in its shape.
    pub(super) activity: Vec<Option<Value>>,
    /// The product of each projection, flat, or flat in each channel.
    pub(super) products: Vec<Option<Value>>,
    /// The drive of each region, likewise.
    pub(super) drives: Vec<Option<Value>>,
    /// What credit reads besides, per sample, added up over the time steps.
    pub(super) tallies: IndexMap<Tally, Value>,
    /// What is other in this pass, if it is a further one.
    pub(super) pass: Option<Pass>,
    /// Where in the trial this is.
    pub(super) trial: Trial,
    /// Each cost that was looked at, per sample.
    pub(super) costs: Vec<Option<Batched>>,
    /// Values at which a probe looks at what comes back, and what came to them last.
    pub(super) watched: Vec<Value>,
    pub(super) seen: Vec<Value>,
    /// Each modulator that was read.
    pub(super) modulators: Vec<Option<Batched>>,
    /// Each metric that was looked at.
    pub(super) metrics: Vec<Option<Looked>>,
    /// Where something settles: whether each sample did not, as a real.
    pub(super) unsettled: Option<Value>,
    /// In a round of a pass: what is added to the drives of some regions.
    pub(super) nudges: IndexMap<RegionId, Value>,
    /// What feedback weights become in this step, where a rule says so itself, by slot.
    pub(super) becoming: IndexMap<Name, Becomes>,
}

/// The forward part of a step of a phase.
pub(super) fn begin<'m>(model: &'m Model, phase: usize, rows: usize, learning: bool, name: &str) -> Step<'m> {
    begin_with(model, phase, rows, learning, name, clock::batch)
}

/// The same, with learning off, for batches that are all whole.
pub(super) fn begin_whole<'m>(model: &'m Model, phase: usize, rows: usize, name: &str) -> Step<'m> {
    begin_with(model, phase, rows, false, name, clock::whole_batch)
}

fn begin_with<'m>(
    model: &'m Model,
    phase: usize,
    rows: usize,
    learning: bool,
    name: &str,
    batch: fn(&mut ProgramBuilder, &Data, usize) -> Batch,
) -> Step<'m> {
    let phase = &model.phases[phase];
    let mut b = ProgramBuilder::new(format!("{name}.{}", phase.name));
    let batch = batch(&mut b, &model.data[phase.data.0], rows);
    let mut step = Step {
        b,
        model,
        phase,
        rows,
        batch,
        learning,
        fields: IndexMap::new(),
        over_time: IndexMap::new(),
        activity: vec![None; model.regions.len()],
        products: vec![None; model.projections.len()],
        drives: vec![None; model.regions.len()],
        tallies: IndexMap::new(),
        pass: None,
        trial: Trial::new(model),
        costs: vec![None; model.costs.len()],
        watched: Vec::new(),
        seen: Vec::new(),
        modulators: vec![None; model.modulators.len()],
        metrics: (0..model.metrics.len()).map(|_| None).collect(),
        unsettled: None,
        nudges: IndexMap::new(),
        becoming: IndexMap::new(),
    };
    step.regions(Timing::Before);
    if model.time.is_some() {
        trial::time_steps(&mut step);
        step.regions(Timing::End);
    }
    step
}

impl Step<'_> {
    /// Every region of a timing, in order of dependence.
    pub(super) fn regions(&mut self, timing: Timing) {
        let model = self.model;
        let within = model.settling.as_ref().map_or(&[][..], |settling| &settling.within);
        for &id in model.order.iter().filter(|id| model.regions[id.0].timing == timing) {
            match &model.settling {
                Some(settling) if within.first() == Some(&id) => settle::settle(self, settling),
                _ if within.contains(&id) => {}
                _ => self.region(id),
            }
        }
    }

    /// The biases of a region, one for each unit, flat, or one for each channel.
    pub(super) fn bias(&mut self, id: RegionId) -> Value {
        let region = &self.model.regions[id.0];
        let units = if region.bias == Bias::Channel { region.shape[0] } else { region.size() };
        self.parameter(bias_slot(self.model, id), &[units])
    }

    /// A structure's own weight, as it was when the step began.
    pub(super) fn inner(&mut self, id: RegionId, number: usize) -> Value {
        let Some(structure) = &self.model.regions[id.0].structure else { bug!("a weight of no structure") };
        self.parameter(inner_slot(self.model, id, number), &structure.weights[number].shape)
    }

    /// The type of a region's activity in the batch.
    pub(super) fn batched_type(&self, shape: &[usize]) -> Type {
        let sizes = shape.iter().map(|&n| Extent::Const(n));
        Type { element: Element::Real, shape: std::iter::once(self.batch.extent.clone()).chain(sizes).collect() }
    }

    /// The activity of a region, one row of units for each sample.
    pub(super) fn flat(&mut self, id: RegionId) -> Value {
        let activity = self.lagged(id, 0);
        self.flattened(activity, id)
    }

    /// One row of units for each sample.
    pub(super) fn flattened(&mut self, activity: Value, id: RegionId) -> Value {
        match self.model.regions[id.0].shape.len() {
            1 => activity,
            _ => {
                let shape = [self.batch.extent.clone(), Extent::Const(self.model.regions[id.0].size())];
                self.b.reshape(activity, &shape)
            }
        }
    }

    /// The activity that a projection brings, in the shape of its source.
    pub(super) fn brought(&mut self, id: ProjectionId) -> Value {
        let projection = &self.model.projections[id.0];
        self.held(id).unwrap_or_else(|| self.lagged(projection.source, projection.delay))
    }

    /// In the shape of a region.
    pub(super) fn shaped(&mut self, flat: Value, id: RegionId) -> Value {
        let shape = self.batched_type(&self.model.regions[id.0].shape).shape;
        if *self.b.ty(flat).shape == shape { flat } else { self.b.reshape(flat, &shape) }
    }

    /// The unnamed projections into a region, in the order of the text.
    fn unnamed(&self, id: RegionId) -> Vec<ProjectionId> {
        let projections = &self.model.projections;
        let all = (0..projections.len()).map(ProjectionId);
        all.filter(|p| projections[p.0].target == id && projections[p.0].named.is_none()).collect()
    }

    /// The sum of a region's unnamed projections, in the order of the text, and its bias.
    fn drive(&mut self, id: RegionId) -> Value {
        let region = &self.model.regions[id.0];
        let mut sum: Option<Value> = None;
        let unnamed = self.unnamed(id);
        let between_images =
            |id: &ProjectionId| matches!(self.model.projections[id.0].pattern, Pattern::Conv(_) | Pattern::Pool(..));
        let by_channel = unnamed.iter().all(between_images);
        for projection in unnamed {
            let mut product = self.product(projection);
            if !by_channel && self.b.ty(product).shape.len() > 2 {
                let flat = [self.batch.extent.clone(), Extent::Const(region.size())];
                product = self.b.reshape(product, &flat);
            }
            sum = Some(match sum {
                Some(sum) => self.b.add(sum, product),
                None => product,
            });
        }
        let Some(mut drive) = sum else { bug!("nothing drives `{}`", region.name) };
        self.b.at(Some(region.span));
        if region.bias != Bias::None {
            let bias = self.bias(id);
            let bias = self.b.expand_like(bias, drive, &[1]);
            drive = self.b.add(drive, bias);
        }
        self.b.named(drive, format!("{}.drive", region.name));
        let drive = self.at_site(Site::Drive(id), drive);
        self.drives[id.0] = Some(drive);
        let shaped = self.shaped(drive, id);
        match self.nudges.get(&id).copied() {
            Some(nudge) => self.b.add(shaped, nudge),
            None => shaped,
        }
    }

    /// What comes into a structure: the activity of its one source, or of several, one behind the other.
    fn input(&mut self, id: RegionId) -> Value {
        let sources = self.unnamed(id);
        let mut parts = Vec::new();
        for source in &sources {
            let projection = &self.model.projections[source.0];
            let activity = self.brought(*source);
            parts.push((activity, projection.source));
        }
        if let [(only, _)] = parts[..] {
            return only;
        }
        let length: usize = parts.iter().map(|(_, source)| self.model.regions[source.0].size()).sum();
        let mut start = 0;
        let mut joined: Option<Value> = None;
        for (activity, source) in parts {
            let flat = self.flattened(activity, source);
            let placed = self.b.pad(flat, 1, start, length);
            start += self.model.regions[source.0].size();
            joined = Some(match joined {
                Some(joined) => self.b.add(joined, placed),
                None => placed,
            });
        }
        match joined {
            Some(joined) => joined,
            None => bug!("a structure without a source has an input"),
        }
    }

    /// Computes a region: its activity, and what its states become.
    pub(super) fn region(&mut self, id: RegionId) {
        self.b.of(whose::region(self.model, id));
        let drive = self.model.regions[id.0].driven.then(|| self.drive(id));
        self.driven_by(id, drive);
    }

    /// The same, from a drive in its shape, if it has one.
    pub(super) fn driven_by(&mut self, id: RegionId, drive: Option<Value>) {
        let region = &self.model.regions[id.0];
        let states = region.structure.as_ref().map_or(&[][..], |structure| &structure.states);
        let logs = self.wanted_scores(id);
        let next = states.iter().map(|state| state.next);
        let roots: Vec<usize> = std::iter::once(region.equation.root).chain(next).chain(logs.iter().copied()).collect();
        let computed = region.equation.fold(&roots, |node, operands: Vec<Batched>| {
            self.b.at(Some(node.span));
            match &node.kind {
                Kind::Leaf(Leaf::Drive) => match drive {
                    Some(value) => Batched { value, batched: true },
                    None => bug!("`{}` reads a drive that it has not", region.name),
                },
                Kind::Leaf(leaf) => self.region_leaf(id, leaf),
                Kind::Op(row, attributes, inputs) => {
                    match (attributes, self.inner_operand(id, inputs), &operands[..]) {
                        (Attributes::Contract(indices), Some(inner), [weight, activity]) if activity.batched => {
                            self.inner_product(id, inner, indices, weight.value, activity.value)
                        }
                        _ => {
                            let extent = self.batch.extent.clone();
                            formula::operation(&mut self.b, row, attributes, &operands, &extent)
                        }
                    }
                }
            }
        });
        let extent = self.batch.extent.clone();
        let mut values =
            computed.into_iter().map(|value| formula::widened(&mut self.b, value, &extent)).collect::<Vec<_>>();
        let logs = values.split_off(1 + states.len());
        if let Some(log) = logs.into_iter().reduce(|all, one| self.b.add(all, one)) {
            self.tallies.insert(Tally::Score(id), log);
        }
        let next = values.split_off(1);
        for (state, value) in states.iter().zip(&next) {
            self.b.named(*value, format!("{}.{}", region.name, state.name));
        }
        self.b.named(values[0], region.name.clone());
        self.activity[id.0] = Some(values[0]);
        self.trial.next[id.0] = next;
    }

    /// What a region's equation reads.
    fn region_leaf(&mut self, id: RegionId, leaf: &Leaf) -> Batched {
        let value = match leaf {
            Leaf::Projection(wire) if self.model.projections[wire.0].pattern == Pattern::Activity => {
                self.brought(*wire)
            }
            Leaf::Projection(wire) => {
                let flat = self.product(*wire);
                let flat = self.at_site(Site::Wire(*wire), flat);
                self.shaped(flat, id)
            }
            Leaf::Input => self.input(id),
            Leaf::Before(state) => self.trial.states[id.0][*state],
            Leaf::Inner(number) => return Batched { value: self.inner(id, *number), batched: false },
            Leaf::Training => return self.training_in(id),
            Leaf::Draw(number) => self.drawn(id, *number),
            _ => return self.leaf(leaf),
        };
        Batched { value, batched: true }
    }

    /// The own weight that stands on the left of an operation, if that is one.
    fn inner_operand(&self, id: RegionId, inputs: &[usize]) -> Option<usize> {
        match &self.model.regions[id.0].equation.nodes[*inputs.first()?].kind {
            Kind::Leaf(Leaf::Inner(number)) => Some(*number),
            _ => None,
        }
    }

    /// The product of a structure's own weight with an activity: a product like that of a projection.
    fn inner_product(
        &mut self,
        id: RegionId,
        inner: usize,
        indices: &Contraction,
        weight: Value,
        activity: Value,
    ) -> Batched {
        let used = indices.left.iter().chain(&indices.right).chain(&indices.out);
        let samples = used.max().map_or(0, |index| index + 1);
        let with = |axes: &[u8]| std::iter::once(samples).chain(axes.iter().copied()).collect();
        let indices = Contraction { left: with(&indices.right), right: indices.left.clone(), out: with(&indices.out) };
        let name = inner_slot(self.model, id, inner);
        Batched { value: self.b.product_over(name, indices, activity, weight), batched: true }
    }

    /// `training` in the equation of a region: 0 if all its synapses are frozen.
    fn training_in(&mut self, id: RegionId) -> Batched {
        let into =
            (0..self.model.projections.len()).map(ProjectionId).filter(|p| self.model.projections[p.0].target == id);
        let mut into = into.peekable();
        let all_frozen = into.peek().is_some() && into.all(|p| self.phase.frozen.contains(&p));
        self.number(if self.learning && !all_frozen { 1.0 } else { 0.0 })
    }

    fn number(&mut self, value: f64) -> Batched {
        Batched { value: self.b.scalar(value), batched: false }
    }

    /// What costs, metrics and schedules read.
    pub(super) fn leaf(&mut self, leaf: &Leaf) -> Batched {
        match leaf {
            Leaf::Region(id) => Batched { value: self.lagged(*id, 0), batched: true },
            Leaf::Previous(id) => Batched { value: self.lagged(*id, 1), batched: true },
            Leaf::Field(data, name) => formula::field(self, *data, name),
            Leaf::FieldNow(data, name, lag) => Batched { value: self.field_now(*data, name, *lag), batched: true },
            Leaf::Time => Batched { value: self.time_step(), batched: false },
            Leaf::Weight(id) => Batched { value: self.matrix(*id, None), batched: false },
            Leaf::WeightAt(id, phase) => Batched { value: self.matrix(*id, Some(phase)), batched: false },
            Leaf::Const(id) => {
                let made = &self.model.consts[id.0];
                let shape = made.shape.iter().map(|&n| Extent::Const(n)).collect();
                let slot = const_slot(self.model, *id);
                let value = self.b.slot(slot, Type { element: Element::Real, shape }, Role::Input);
                Batched { value, batched: false }
            }
            Leaf::Param(id) => match (self.trial.params.get(id), self.phase.sets.get(id).cloned()) {
                (Some(known), _) => *known,
                (None, Some(formula)) => self.formula(&formula),
                (None, None) => self.number(self.model.params[id.0].value),
            },
            Leaf::Unsettled => self.unsettled(),
            Leaf::Training => self.number(if self.learning { 1.0 } else { 0.0 }),
            Leaf::Progress => {
                let now = clock::read(&mut self.b, "clock.phase_step", Role::State);
                let all = clock::read(&mut self.b, "clock.phase_steps", Role::Input);
                Batched { value: self.b.divide(now, all), batched: false }
            }
            Leaf::PhaseStep => {
                Batched { value: clock::read(&mut self.b, "clock.phase_step", Role::State), batched: false }
            }
            Leaf::StepsPerEpoch => {
                Batched { value: clock::read(&mut self.b, "clock.epoch_steps", Role::Input), batched: false }
            }
            _ => bug!("{leaf:?} has no value in a step"),
        }
    }

    /// A formula of costs, metrics and schedules.
    pub(super) fn formula(&mut self, formula: &Formula) -> Batched {
        formula::compute(self, formula, &mut |step, leaf| step.leaf(leaf))
    }

    /// A schedule: the same for all samples.
    pub(super) fn schedule(&mut self, formula: &Formula) -> Value {
        let computed = self.formula(formula);
        if computed.batched {
            bug!("a schedule depends on samples");
        }
        computed.value
    }
}
