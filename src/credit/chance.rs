//! What regions draw: each number is a function of the seed, the region, the training step, the time step, and the places of
//! sample and unit; when something is measured, of the batch instead of the step, under a key of its own.

use super::forward::Step;
use super::perturb::Site;
use crate::bug;
use crate::math::Stream;
use crate::model::{Draw, RegionId};
use crate::tensor::{Element, Extent, Role, Type, Value};

/// The key of a slot of chance under a seed; `None` if it is not one.
pub fn key(slot: &str, seed: u64) -> Option<[f64; 2]> {
    // The words are told as the whole numbers of 32 bits that the slot holds.
    slot.starts_with(SLOT).then(|| Stream::new(seed, slot).key().map(|word| f64::from(word as i32)))
}

/// How the slots of chance begin.
pub(super) const SLOT: &str = "chance:";
/// Half a step between the uniform numbers of single precision in the lower half of [0, 1).
const HALF_STEP: f64 = 1.0 / (1 << 26) as f64;

impl Step<'_> {
    /// A draw for every sample and unit.
    pub(super) fn drawn(&mut self, id: RegionId, number: usize) -> Value {
        let region = &self.model.regions[id.0];
        match region.draws[number] {
            Draw::Uniform => self.uniform(id, number, 0),
            Draw::Normal => self.unit_normal(|step, part| step.uniform(id, number, part)),
        }
    }

    /// A unit normal of two uniform draws, the parts 0 and 1 of a place.
    pub(super) fn unit_normal(&mut self, mut uniform: impl FnMut(&mut Self, i64) -> Value) -> Value {
        // The magnitude is the quantile of a number in (0, 1/2), the sign is drawn apart: so nothing is infinite, and both sides
        // are the same.
        let share = uniform(self, 0);
        let share = self.b.scale(share, 0.5);
        let share = self.b.shift(share, HALF_STEP);
        let below = self.b.normal_quantile(share);
        let above = self.b.negate(below);
        let coin = uniform(self, 1);
        let half = self.b.full_like(coin, 0.5);
        let heads = self.b.less(coin, half);
        self.b.select(heads, above, below)
    }

    /// The nodes of a region's equation that give the probability of what it samples, where a statement of the phase asks.
    pub(super) fn wanted_scores(&self, id: RegionId) -> Vec<usize> {
        if self.pass.is_some() || !self.learning || !self.phase.learns.iter().any(|learn| learn.sampled.contains(&id)) {
            return Vec::new();
        }
        self.model.regions[id.0].sampled.iter().filter_map(|one| one.log_probability).collect()
    }

    /// Asks for the keys of all draws of a region, and for the step, while that can be done outside of the time steps.
    pub(super) fn chance_of(&mut self, id: RegionId) {
        let draws = self.model.regions[id.0].draws.len();
        for number in 0..draws {
            self.words(id, number);
        }
        let sites: Vec<Site> = self.perturbed();
        for site in &sites {
            self.key_words(self.site_key(*site));
        }
        if draws > 0 || !sites.is_empty() {
            self.moment();
        }
    }

    /// The words of a draw's key.
    fn words(&mut self, id: RegionId, number: usize) -> Value {
        let measured = if self.learning { "" } else { ":measured" };
        self.key_words(format!("{SLOT}{}#{number}{measured}", self.model.regions[id.0].name).into())
    }

    /// The uniform draws of one of a draw's parts.
    fn uniform(&mut self, id: RegionId, number: usize, part: i64) -> Value {
        let region = &self.model.regions[id.0];
        let words = self.words(id, number);
        let shape = self.batched_type(&region.shape).shape;
        let place = self.places(&region.shape, &shape, part);
        let time = self.moment();
        self.uniform_at(words, place, time)
    }

    /// Uniform draws of a key at places and a time.
    pub(super) fn uniform_at(&mut self, words: Value, place: Value, time: Value) -> Value {
        let shape = self.b.ty(place).shape.clone();
        let [low, high] = [0, 1].map(|word| {
            let word = self.b.slice(words, 0, word, 1);
            self.b.reshape(word, &[])
        });
        let [low, high, time] = [low, high, time].map(|word| self.b.expand(word, &shape, &[]));
        self.b.uniform(low, high, place, time)
    }

    /// The number of each unit of each sample, two draws apart.
    pub(super) fn places(&mut self, units: &[usize], shape: &[Extent], part: i64) -> Value {
        let size: usize = units.iter().product();
        let own: Vec<Extent> = units.iter().map(|&n| Extent::Const(n)).collect();
        let unit = self.b.iota(Extent::Const(size));
        let unit = self.b.reshape(unit, &own);
        let axes: Vec<usize> = (1..=units.len()).collect();
        let unit = self.b.expand(unit, shape, &axes);
        let extent = self.batch.extent.clone();
        let sample = self.b.iota(extent);
        let sample = self.b.expand(sample, shape, &[0]);
        let [size, two, part] = [size as i64, 2, part].map(|number| {
            let number = self.b.int(number);
            self.b.expand(number, shape, &[])
        });
        let first = self.b.multiply(sample, size);
        let place = self.b.add(first, unit);
        let place = self.b.multiply(place, two);
        self.b.add(place, part)
    }

    /// What time it is: the training step, or the batch that is measured, and the time step in it.
    pub(super) fn moment(&mut self) -> Value {
        let name = if self.learning { "clock.steps" } else { "clock.position" };
        let step = self.b.slot(name, Type::scalar(Element::Int), Role::State);
        let (Some(time), Some(index)) = (self.model.time, self.trial.now()) else { return step };
        let steps = self.b.int(time.steps as i64);
        let first = self.b.multiply(step, steps);
        let moment = self.b.add(first, index);
        match self.b.ty(moment).element {
            Element::Int => moment,
            other => bug!("a moment is {other:?}"),
        }
    }
}
