//! Noise by which a step finds out what lowers its costs: on weights, one draw for all samples of a step, and on drives, for each
//! sample, unit and time step its own.

use super::by::{Changed, changed_by};
use super::chance::SLOT;
use super::formula::{Batched, widened};
use super::forward::Step;
use super::learn::slot_of;
use crate::model::{Learn, Model, Need, ProjectionId, RegionId};
use crate::tensor::{Element, Extent, Name, Role, Type, Value};
use indexmap::IndexSet;

/// What is added up per sample, over the time steps, for credit to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tally {
    /// The logarithm of the probability of what a region has sampled by `score`.
    Score(RegionId),
    /// The noise at a site times what is there.
    Noise(Site),
}

/// Where noise is added to what comes into units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Site {
    /// The drive of a region.
    Drive(RegionId),
    /// A named projection.
    Wire(ProjectionId),
}

/// Where a statement perturbs the units that its paths end in.
pub(super) fn sites(model: &Model, learn: &Learn) -> Vec<Site> {
    let ends = learn.projections.iter().map(|id| match model.projections[id.0].named {
        Some(_) => Site::Wire(*id),
        None => Site::Drive(model.projections[id.0].target),
    });
    let biases = learn.biases.iter().map(|id| Site::Drive(*id));
    ends.chain(biases).collect::<IndexSet<Site>>().into_iter().collect()
}

impl Step<'_> {
    /// All sites that some statement of the phase perturbs.
    pub(super) fn perturbed(&self) -> Vec<Site> {
        if !self.learning {
            return Vec::new();
        }
        let learns = self.phase.learns.iter().filter(|learn| learn.teacher.needs(Need::Noise));
        learns.flat_map(|learn| sites(self.model, learn)).collect::<IndexSet<Site>>().into_iter().collect()
    }

    /// What comes to a site: with noise, if this pass adds some; else it is noted how it lies to the noise.
    pub(super) fn at_site(&mut self, site: Site, value: Value) -> Value {
        match self.pass.as_ref().map(|pass| pass.pushed.clone()) {
            Some(Some((deviation, sites))) if sites.contains(&site) => {
                let noise = self.site_noise(site, value);
                let noise = self.b.scale(noise, deviation);
                self.b.add(value, noise)
            }
            Some(_) => value,
            None if self.perturbed().contains(&site) => {
                let noise = self.site_noise(site, value);
                let along = self.b.multiply(noise, value);
                let axes: Vec<usize> = (1..self.b.ty(along).shape.len()).collect();
                let along = self.b.sum(along, &axes);
                self.tallies.insert(Tally::Noise(site), along);
                value
            }
            None => value,
        }
    }

    /// Unit normal noise for everything at a site.
    fn site_noise(&mut self, site: Site, like: Value) -> Value {
        let units: Vec<usize> = self.b.ty(like).shape[1..].iter().map(Extent::bound).collect();
        self.noise_at(self.site_key(site), &units)
    }

    /// Unit normal noise under a key of its own for so many units of each sample, at the moment.
    pub(super) fn noise_at(&mut self, key: Name, units: &[usize]) -> Value {
        let shape = self.batched_type(units).shape;
        let (words, time) = (self.key_words(key), self.moment());
        self.unit_normal(|step, part| {
            let place = step.places(units, &shape, part);
            step.uniform_at(words, place, time)
        })
    }

    /// The slot of the key of the noise at a site.
    pub(super) fn site_key(&self, site: Site) -> Name {
        match site {
            Site::Drive(id) => format!("{SLOT}{}.drive", self.model.regions[id.0].name),
            Site::Wire(id) => format!("{SLOT}{}.product", self.model.projections[id.0].name),
        }
        .into()
    }

    /// The key of a kind of chance.
    pub(super) fn key_words(&mut self, slot: Name) -> Value {
        self.b.slot(slot, Type::new(Element::Int, vec![Extent::Const(2)]), Role::Input)
    }

    /// Unit normal noise for a parameter, in its shape, at a time; where there is no synapse there is none.
    pub(super) fn weight_noise(&mut self, changed: &Changed, time: Value) -> Value {
        let old = self.changed(changed);
        let shape = self.b.ty(old).shape.clone();
        let size: usize = shape.iter().map(Extent::bound).product();
        let slot = slot_of(self.model, changed);
        let words = self.key_words(format!("{SLOT}{slot}").into());
        let noise = self.unit_normal(|step, part| {
            let place = step.b.iota(Extent::Const(size));
            let place = step.b.reshape(place, &shape);
            let [two, part] = [2, part].map(|number| {
                let number = step.b.int(number);
                step.b.expand(number, &shape, &[])
            });
            let place = step.b.multiply(place, two);
            let place = step.b.add(place, part);
            step.uniform_at(words, place, time)
        });
        let Changed::Weight(id) = changed else { return noise };
        match self.synapses(*id) {
            Some(there) => {
                let none = self.b.zeros_like(noise);
                self.b.select(there, noise, none)
            }
            None => noise,
        }
    }

    /// All that a statement changes, with its noise at a time.
    pub(super) fn noises(&mut self, learn: &Learn, time: Value) -> Vec<(Changed, Value)> {
        let changed = changed_by(self.model, learn);
        changed
            .into_iter()
            .map(|changed| {
                let noise = self.weight_noise(&changed, time);
                (changed, noise)
            })
            .collect()
    }

    /// Parameters with so much of their noise added, by slot.
    pub(super) fn shifted(&mut self, noises: &[(Changed, Value)], by: f64) -> indexmap::IndexMap<Name, Value> {
        let mut all = indexmap::IndexMap::new();
        for (changed, noise) in noises {
            let old = self.changed(changed);
            let noise = self.b.scale(*noise, by);
            let new = self.b.add(old, noise);
            all.insert(slot_of(self.model, changed), new);
        }
        all
    }

    /// What a statement lowers, per sample: its costs with their weights; those that are the same for all samples too.
    pub(super) fn lowered_each(&mut self, learn: &Learn, costs: &[Batched]) -> Value {
        let extent = self.batch.extent.clone();
        let mut total: Option<Value> = None;
        for ((weight, cost), value) in learn.from.iter().zip(costs) {
            let factor = super::by::factor(self, weight, *cost);
            let each = widened(&mut self.b, *value, &extent);
            let factor = self.b.expand_like(factor, each, &[]);
            let weighted = self.b.multiply(factor, each);
            total = Some(match total {
                Some(total) => self.b.add(total, weighted),
                None => weighted,
            });
        }
        match total {
            Some(total) => total,
            None => crate::bug!("a statement lowers no cost"),
        }
    }

    /// Their mean over the batch.
    pub(super) fn lowered(&mut self, learn: &Learn, costs: &[Batched]) -> Value {
        let each = self.lowered_each(learn, costs);
        let total = self.b.sum(each, &[0]);
        self.b.divide(total, self.batch.count)
    }
}
