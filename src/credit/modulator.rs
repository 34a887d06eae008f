//! Modulators: computed once in a step, and read by rules as the entry of the unit behind a synapse.

use super::formula::Batched;
use super::forward::Step;
use super::pointwise::{SAMPLES, Spread};
use super::whose;
use crate::bug;
use crate::model::{ModulatorId, RegionId, units_per_entry};
use crate::tensor::Extent;

/// The axes that an equation has for the units behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// One for the units.
    Units,
    /// One for the places of a channel, then one for the channels.
    PlacesOfChannels,
    /// One for the channels, then one for their places.
    ChannelsOfPlaces,
}

impl Step<'_> {
    /// A modulator's value.
    fn modulator(&mut self, id: ModulatorId) -> Batched {
        if let Some(value) = self.modulators[id.0] {
            return value;
        }
        let model = self.model;
        let place = self.b.place();
        self.b.of(whose::modulator(model, id));
        let value = self.formula(&model.modulators[id.0].formula);
        self.b.back_to(place);
        self.b.named(value.value, format!("modulator.{}", model.modulators[id.0].name));
        self.modulators[id.0] = Some(value);
        value
    }

    /// A modulator as a rule reads it at synapses into a region.
    pub(super) fn modulator_behind(&mut self, id: ModulatorId, region: RegionId, behind: Behind) -> Spread {
        let Batched { value, batched } = self.modulator(id);
        let samples: Vec<usize> = if batched { vec![SAMPLES] } else { Vec::new() };
        let (shape, units) = (&self.model.modulators[id.0].shape, &self.model.regions[region.0].shape);
        if shape.is_empty() {
            return Spread { value, axes: samples };
        }
        let Some(each) = units_per_entry(shape, units) else { bug!("a modulator that does not fit") };
        let (entries, all): (usize, usize) = (shape.iter().product(), units.iter().product());
        let with = |sizes: &[usize]| -> Vec<Extent> {
            let samples = batched.then(|| self.batch.extent.clone());
            samples.into_iter().chain(sizes.iter().map(|&n| Extent::Const(n))).collect()
        };
        let (flat, grouped, whole) = (with(&[entries]), with(&[entries, each]), with(&[all]));
        let by_channel = with(&[units[0], all / units[0]]);
        let mut value = self.b.reshape(value, &flat);
        if each > 1 {
            let axes: Vec<usize> = (0..flat.len()).collect();
            let repeated = self.b.expand(value, &grouped, &axes);
            value = self.b.reshape(repeated, &whole);
        }
        let first = samples.len();
        let axes = |count: usize| samples.iter().copied().chain(1..=count).collect::<Vec<usize>>();
        match behind {
            Behind::Units => Spread { value, axes: axes(1) },
            Behind::ChannelsOfPlaces => Spread { value: self.b.reshape(value, &by_channel), axes: axes(2) },
            Behind::PlacesOfChannels => {
                let value = self.b.reshape(value, &by_channel);
                let turned: Vec<usize> = (0..first).chain([first + 1, first]).collect();
                Spread { value: self.b.permute(value, &turned), axes: axes(2) }
            }
        }
    }
}
