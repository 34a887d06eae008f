//! Further passes of a step: the forward part once more with other weights, or with noise on some drives. They move the regions
//! on the routes between a statement's paths and its costs, and hold all others; what is drawn is what was drawn.

use super::formula::Batched;
use super::forward::Step;
use super::perturb::Site;
use super::settle;
use super::trial::{self, Trial};
use super::whose;
use crate::model::{Learn, ProjectionId, Timing, owner};
use crate::tensor::{Name, Value};
use indexmap::IndexMap;

/// What is other in a further pass.
#[derive(Default)]
pub(super) struct Pass {
    /// Parameters that have other values, by slot.
    pub(super) weights: IndexMap<Name, Value>,
    /// Where noise is added, and with what deviation.
    pub(super) pushed: Option<(f64, Vec<Site>)>,
    /// The activity of each region in the step's own pass.
    pub(super) held: Vec<Option<Value>>,
    /// Projections that bring what they brought in that pass: those that credit does not cross.
    pub(super) closed: Vec<ProjectionId>,
}

/// What the step's own pass has come to.
struct Kept {
    activity: Vec<Option<Value>>,
    products: Vec<Option<Value>>,
    drives: Vec<Option<Value>>,
    trial: Trial,
    costs: Vec<Option<Batched>>,
    metrics: Vec<Option<super::measure::Looked>>,
    unsettled: Option<Value>,
}

impl Step<'_> {
    /// The costs of a statement in a pass in which something is other.
    pub(super) fn again(&mut self, learn: &Learn, pass: Pass) -> Vec<Batched> {
        let model = self.model;
        let kept = self.set_aside(learn, pass);
        let within = model.settling.as_ref().map_or(&[][..], |settling| &settling.within);
        // All that settle do so together, when the first of them is come to.
        let first = model.order.iter().find(|id| learn.moves.contains(*id) && within.contains(id));
        for &id in model.order.iter().filter(|id| learn.moves.contains(id)) {
            match &model.settling {
                Some(settling) if first == Some(&id) => settle::settle(self, settling),
                _ if within.contains(&id) => {}
                _ if model.regions[id.0].timing == Timing::Before => self.region(id),
                _ => {}
            }
        }
        if model.time.is_some() {
            trial::time_steps(self);
            self.regions(Timing::End);
        }
        let costs = learn.from.iter().map(|(_, cost)| match self.costs[cost.0] {
            Some(value) => value,
            None => {
                self.b.of(whose::cost(model, *cost));
                self.formula(&model.costs[cost.0].formula)
            }
        });
        let costs = costs.collect();
        self.b.at(Some(learn.span)).of(whose::credit(learn));
        self.pass = None;
        self.activity = kept.activity;
        self.products = kept.products;
        self.drives = kept.drives;
        self.trial = kept.trial;
        (self.costs, self.metrics, self.unsettled) = (kept.costs, kept.metrics, kept.unsettled);
        costs
    }

    /// Forgets what moves.
    fn set_aside(&mut self, learn: &Learn, mut pass: Pass) -> Kept {
        let model = self.model;
        let kept = Kept {
            activity: self.activity.clone(),
            products: self.products.clone(),
            drives: self.drives.clone(),
            trial: std::mem::replace(&mut self.trial, Trial::new(model)),
            costs: std::mem::replace(&mut self.costs, vec![None; model.costs.len()]),
            unsettled: self.unsettled,
            metrics: std::mem::replace(&mut self.metrics, vec![None; model.metrics.len()]),
        };
        let moves =
            |id: crate::model::RegionId| learn.moves.contains(&id) || model.regions[id.0].timing != Timing::Before;
        for (number, projection) in model.projections.iter().enumerate() {
            let id = ProjectionId(number);
            let passes = projection.credit && learn.only_through.as_ref().is_none_or(|only| only.contains(&id));
            if !passes && model.time.is_none() {
                pass.closed.push(id);
            }
            let owner = owner(&model.projections, id);
            let other =
                learn.projections.iter().any(|learnt| crate::model::owner(&model.projections, *learnt) == owner);
            if moves(projection.target) && (other || moves(projection.source)) {
                self.products[number] = None;
            }
        }
        for number in (0..model.regions.len()).filter(|number| moves(crate::model::RegionId(*number))) {
            self.activity[number] = None;
        }
        pass.held = kept.activity.clone();
        self.pass = Some(pass);
        kept
    }

    /// What a projection brings that credit does not cross, in a further pass.
    pub(super) fn held(&self, id: ProjectionId) -> Option<Value> {
        let pass = self.pass.as_ref()?;
        pass.closed.contains(&id).then(|| pass.held[self.model.projections[id.0].source.0]).flatten()
    }
}
