//! The forward part of a step: the batch, every region in order of dependence, costs and metrics.

use super::clock::{self, Batch};
use super::formula::{self, Batched};
use super::{bias_slot, weight_slot};
use crate::bug;
use crate::model::{Formula, Leaf, Model, Pattern, Phase, ProjectionId, RegionId};
use crate::tensor::{Element, Extent, Name, ProgramBuilder, Role, Type, Value};
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
    /// The activity of each region, in its shape.
    pub(super) activity: Vec<Option<Value>>,
    /// The product of each projection, flat.
    pub(super) products: Vec<Option<Value>>,
}

/// What a step may read outside of regions: params, clocks, weights.
pub(super) fn begin<'m>(model: &'m Model, phase: usize, rows: usize, learning: bool, name: &str) -> Step<'m> {
    let phase = &model.phases[phase];
    let mut b = ProgramBuilder::new(format!("{name}.{}", phase.name));
    let batch = clock::batch(&mut b, &model.data[phase.data.0], rows);
    let (activity, products) = (vec![None; model.regions.len()], vec![None; model.projections.len()]);
    let mut step = Step { b, model, phase, rows, batch, learning, fields: IndexMap::new(), activity, products };
    for &region in &model.order {
        step.region(region);
    }
    step
}

impl Step<'_> {
    /// The weights of a projection, as they were when the step began.
    pub(super) fn weight(&mut self, id: ProjectionId) -> Value {
        let (model, projection) = (self.model, &self.model.projections[id.0]);
        let (post, pre) = (model.regions[projection.target.0].size(), model.regions[projection.source.0].size());
        let shape = match projection.pattern {
            Pattern::OneToOne => vec![Extent::Const(post)],
            Pattern::Dense | Pattern::Fixed(_) => vec![Extent::Const(post), Extent::Const(pre)],
        };
        self.b.slot(weight_slot(model, id), Type { element: Element::Real, shape }, Role::Parameter)
    }

    /// The biases of a region, flat.
    pub(super) fn bias(&mut self, id: RegionId) -> Value {
        let shape = vec![Extent::Const(self.model.regions[id.0].size())];
        self.b.slot(bias_slot(self.model, id), Type { element: Element::Real, shape }, Role::Parameter)
    }

    /// The activity of a region, one row of units for each sample.
    pub(super) fn flat(&mut self, id: RegionId) -> Value {
        let Some(activity) = self.activity[id.0] else { bug!("a region is read before it is computed") };
        match self.model.regions[id.0].shape.len() {
            1 => activity,
            _ => {
                let shape = [self.batch.extent.clone(), Extent::Const(self.model.regions[id.0].size())];
                self.b.reshape(activity, &shape)
            }
        }
    }

    /// The product of a projection, in the shape of its target, flat.
    fn product(&mut self, id: ProjectionId) -> Value {
        if let Some(product) = self.products[id.0] {
            return product;
        }
        let projection = &self.model.projections[id.0];
        let activity = self.flat(projection.source);
        let weight = self.weight(id);
        self.b.at(Some(projection.span));
        let indices = match projection.pattern {
            Pattern::OneToOne => "bi,i->bi",
            Pattern::Dense | Pattern::Fixed(_) => "bi,oi->bo",
        };
        let product = self.b.product(projection.name.clone(), indices, activity, weight);
        self.b.named(product, projection.name.clone());
        self.products[id.0] = Some(product);
        product
    }

    /// In the shape of a region.
    fn shaped(&mut self, flat: Value, id: RegionId) -> Value {
        let region = &self.model.regions[id.0];
        if region.shape.len() == 1 {
            return flat;
        }
        let shape: Vec<Extent> =
            std::iter::once(self.batch.extent.clone()).chain(region.shape.iter().map(|&n| Extent::Const(n))).collect();
        self.b.reshape(flat, &shape)
    }

    /// The sum of a region's unnamed projections, in the order of the text, and its bias.
    fn drive(&mut self, id: RegionId) -> Value {
        let region = &self.model.regions[id.0];
        let into: Vec<ProjectionId> = (0..self.model.projections.len())
            .map(ProjectionId)
            .filter(|p| self.model.projections[p.0].target == id && self.model.projections[p.0].named.is_none())
            .collect();
        let mut sum: Option<Value> = None;
        for projection in into {
            let product = self.product(projection);
            sum = Some(match sum {
                Some(sum) => self.b.add(sum, product),
                None => product,
            });
        }
        let Some(mut drive) = sum else { bug!("nothing drives `{}`", region.name) };
        self.b.at(Some(region.span));
        if region.bias {
            let bias = self.bias(id);
            let bias = self.b.expand_like(bias, drive, &[1]);
            drive = self.b.add(drive, bias);
        }
        self.b.named(drive, format!("{}.drive", region.name));
        self.shaped(drive, id)
    }

    fn region(&mut self, id: RegionId) {
        let region = &self.model.regions[id.0];
        let drive = region.driven.then(|| self.drive(id));
        let computed = formula::compute(self, &region.equation, &mut |step, leaf| match leaf {
            Leaf::Drive => match drive {
                Some(value) => Batched { value, batched: true },
                None => bug!("`{}` reads a drive that it has not", region.name),
            },
            Leaf::Projection(wire) => {
                let flat = step.product(*wire);
                Batched { value: step.shaped(flat, id), batched: true }
            }
            Leaf::Training => step.training_in(id),
            _ => step.leaf(leaf),
        });
        let extent = self.batch.extent.clone();
        let value = formula::widened(&mut self.b, computed, &extent);
        self.b.named(value, region.name.clone());
        self.activity[id.0] = Some(value);
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
            Leaf::Region(id) => match self.activity[id.0] {
                Some(value) => Batched { value, batched: true },
                None => bug!("`{}` is read before it is computed", self.model.regions[id.0].name),
            },
            Leaf::Field(data, name) => formula::field(self, *data, name),
            Leaf::Weight(id) => Batched { value: self.weight(*id), batched: false },
            Leaf::Param(id) => match self.phase.sets.get(id).cloned() {
                Some(formula) => self.formula(&formula),
                None => self.number(self.model.params[id.0].value),
            },
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
