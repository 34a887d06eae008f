//! Probes: a program that sees what the next training step will do, and writes only what it sees.

use super::engine::Engine;
use super::spectrum::{participation, rank, strength};
use super::store::Store;
use super::{Measured, RunError};
use crate::bug;
use crate::credit::{PROBE, probe_slot};
use crate::data::Split;
use crate::loops::Program;
use crate::loops::memory::Values;
use crate::model::{Phase, Probe, ProbeKind};

/// When one looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before the step of this number in the phase.
    Before(u64),
    /// When all of them are done.
    End,
}

/// The probes of a phase, with memory of their own for what they see and for what no training step has heard of.
pub(super) struct Prober {
    engine: Engine,
    own: Store,
    probes: Vec<Probe>,
}

impl Prober {
    /// The part of the program's slots that are no slots of the run.
    pub(super) fn apart(program: &Program, store: &Store) -> Program {
        let mut apart = program.clone();
        apart.slots.retain(|slot| {
            slot.name.starts_with(PROBE) || *slot.name == *"clock.position" || store.slot(&slot.name).is_none()
        });
        apart
    }

    pub(super) fn new(engine: Engine, own: Store, phase: &Phase) -> Prober {
        Prober { engine, own, probes: phase.probes.clone() }
    }

    /// How many steps there are from one step of the phase to the next before which one looks.
    pub(super) fn until_next(&self, step: u64) -> u64 {
        let every = self.probes.iter().filter_map(|probe| probe.every);
        every.map(|every| every as u64 - step % every as u64).min().unwrap_or(u64::MAX)
    }

    /// What is due, seen in the batch of this number of the epoch.
    pub(super) fn look(&mut self, store: &mut Store, when: When, batch: u64) -> Result<Vec<Measured>, RunError> {
        let due = |probe: &Probe| match when {
            When::Before(step) => probe.every.is_some_and(|every| step % every as u64 == 0),
            When::End => true,
        };
        if !self.probes.iter().any(due) {
            return Ok(Vec::new());
        }
        self.own.set("clock.position", batch as f64);
        self.engine.run(store, Some(&mut self.own), 1)?;
        let mut seen = Vec::new();
        for (number, probe) in self.probes.iter().enumerate().filter(|(_, probe)| due(probe)) {
            seen.push(Measured {
                name: probe.name.to_string(),
                cost: false,
                split: Split::Train.name().to_string(),
                value: self.value(number, &probe.kind),
            });
        }
        Ok(seen)
    }

    fn value(&self, number: usize, kind: &ProbeKind) -> f64 {
        let slot = probe_slot(number);
        if let ProbeKind::Alignment(_) = kind {
            return self.own.get(&slot).unwrap_or(f64::NAN);
        }
        let moments: Vec<f64> = match self.own.read(&slot) {
            Some(Values::F32(cells)) => cells.into_iter().map(f64::from).collect(),
            Some(Values::F64(cells)) => cells,
            _ => Vec::new(),
        };
        let size = moments.len().isqrt();
        match kind {
            ProbeKind::Alignment(_) => bug!("an alignment is one number"),
            ProbeKind::Strength(_) => strength(&moments, size),
            ProbeKind::Participation(_) => participation(&moments, size),
            ProbeKind::Rank(_) => rank(&moments, size, self.own.precision),
        }
    }
}
