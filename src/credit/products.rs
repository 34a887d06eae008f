//! The weights of projections, and what activity comes to that crosses them.

use super::forward::Step;
use super::initial::{factor_shape, weight_shape};
use super::{factor_slot, slot_at, weight_slot, windows};
use crate::model::{Factor, Pattern, ProjectionId};
use crate::tensor::{Element, Extent, Name, Role, Type, Value};

impl Step<'_> {
    /// The weights of a projection, as they were when the step began, in the shape in which their owner has them.
    pub(super) fn weight(&mut self, id: ProjectionId) -> Value {
        let model = self.model;
        let shape = weight_shape(model, id);
        self.parameter(weight_slot(model, id), &shape)
    }

    /// One of the two factors of a projection of low rank.
    pub(super) fn factor(&mut self, id: ProjectionId, factor: Factor) -> Value {
        let model = self.model;
        let shape = factor_shape(model, id, factor);
        self.parameter(factor_slot(model, id, factor), &shape)
    }

    /// Asks for all that a projection's weights are, while slots can still be asked for.
    pub(super) fn prepare_weights(&mut self, id: ProjectionId) {
        let _ = match self.model.projections[id.0].pattern {
            Pattern::LowRank(_) => Factor::BOTH.map(|factor| self.factor(id, factor))[1],
            _ => self.weight(id),
        };
    }

    /// The weights of a projection as an expression reads them, `[post, pre]` or as its pattern has them: as they are, or as they
    /// were when a phase ended.
    pub(super) fn matrix(&mut self, id: ProjectionId, at: Option<&Name>) -> Value {
        let model = self.model;
        let projection = &model.projections[id.0];
        let weights = match projection.pattern {
            Pattern::LowRank(_) => {
                let [left, right] = Factor::BOTH.map(|factor| {
                    let now = self.factor(id, factor);
                    self.at_phase(now, factor_slot(model, id, factor), at)
                });
                self.b.contract("or,ri->oi", left, right)
            }
            _ => {
                let now = self.weight(id);
                self.at_phase(now, weight_slot(model, id), at)
            }
        };
        match projection.is_transposed() && projection.pattern != Pattern::OneToOne {
            true => self.b.permute(weights, &[1, 0]),
            false => weights,
        }
    }

    /// A parameter as it is now, or, if a phase is named, the slot of what it was when that phase ended.
    fn at_phase(&mut self, now: Value, slot: Name, phase: Option<&Name>) -> Value {
        let Some(phase) = phase else { return now };
        let ty = self.b.ty(now).clone();
        self.b.slot(slot_at(&slot, phase), ty, Role::State)
    }

    /// The product of a projection (or what it pools) in the shape of its target: flat, or, between images, flat in each
    /// channel.
    pub(super) fn product(&mut self, id: ProjectionId) -> Value {
        if let Some(product) = self.products[id.0] {
            return product;
        }
        let projection = &self.model.projections[id.0];
        let activity = self.brought(id);
        let product = match &projection.pattern {
            Pattern::Conv(window) => {
                let weight = self.weight(id);
                self.b.at(Some(projection.span));
                let windows = windows::flat(&mut self.b, activity, window);
                self.b.product(projection.name.clone(), windows::PRODUCT, windows, weight)
            }
            Pattern::Pool(by, window) => {
                self.b.at(Some(projection.span));
                windows::pooled(&mut self.b, activity, *by, window)
            }
            Pattern::LowRank(_) => {
                let activity = self.flattened(activity, projection.source);
                self.through_factors(id, activity)
            }
            pattern => {
                let activity = self.flattened(activity, projection.source);
                let weight = self.weight(id);
                self.b.at(Some(projection.span));
                let indices = match (pattern, projection.is_transposed()) {
                    (Pattern::OneToOne, _) => "bi,i->bi",
                    (_, false) => "bi,oi->bo",
                    (_, true) => "bi,io->bo",
                };
                self.b.product(projection.name.clone(), indices, activity, weight)
            }
        };
        self.b.named(product, projection.name.clone());
        self.products[id.0] = Some(product);
        product
    }

    /// Across one factor and then across the other. Credit comes to the second as it comes to any weight, and crosses the
    /// first as it crosses the projection.
    fn through_factors(&mut self, id: ProjectionId, activity: Value) -> Value {
        let projection = &self.model.projections[id.0];
        let [left, right] = Factor::BOTH.map(|factor| self.factor(id, factor));
        self.b.at(Some(projection.span));
        let (first, second, factor, indices) = match projection.is_transposed() {
            false => (right, left, Factor::Left, ["bi,ri->br", "br,or->bo"]),
            true => (left, right, Factor::Right, ["bi,ir->br", "br,ro->bo"]),
        };
        let between = self.b.product(projection.name.clone(), indices[0], activity, first);
        self.b.product(factor_slot(self.model, id, factor), indices[1], between, second)
    }

    /// A parameter, as it was when the step began, or the time step if it changes within the trial, or as it is in a further pass.
    pub(super) fn parameter(&mut self, slot: Name, shape: &[usize]) -> Value {
        if let Some(other) = self.pass.as_ref().and_then(|pass| pass.weights.get(&slot)) {
            return *other;
        }
        if let Some(now) = self.trial.within.find(&slot) {
            return now;
        }
        let shape = shape.iter().map(|&n| Extent::Const(n)).collect();
        self.b.slot(slot, Type { element: Element::Real, shape }, Role::Parameter)
    }
}
