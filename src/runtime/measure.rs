//! Measurements: values of metrics and costs on a split, with learning off and a copy of every state.

use super::engine::Engine;
use super::rhythm::{Pace, Rhythm};
use super::store::Store;
use super::{Measured, RunError};
use crate::credit::parameter_at;
use crate::data::{Rows, Split};
use crate::loops::Slot;
use crate::model::Model;
use crate::tensor::{Name, Role};
use std::time::Instant;

/// The names of all sums, with what they are the sums of.
pub(super) fn names(model: &Model) -> Vec<(Name, bool)> {
    let metrics = model.metrics.iter().map(|metric| (metric.name.clone(), false));
    metrics.chain(model.costs.iter().map(|cost| (cost.name.clone(), true))).collect()
}

fn sum_slot(name: &str, cost: bool) -> String {
    format!("{}.{name}", if cost { "cost" } else { "metric" })
}

/// Sets every running sum to 0.
pub(super) fn clear(model: &Model, store: &mut Store) {
    for (name, cost) in names(model) {
        let slot = sum_slot(&name, cost);
        store.set(&format!("{slot}.sum"), 0.0);
        store.set(&format!("{slot}.count"), 0.0);
    }
}

/// The means that the running sums come to.
pub(super) fn means(model: &Model, store: &Store, split: Split) -> Vec<Measured> {
    let mut all = Vec::new();
    for (name, cost) in names(model) {
        let slot = sum_slot(&name, cost);
        let (sum, count) = (store.get(&format!("{slot}.sum")), store.get(&format!("{slot}.count")));
        if let (Some(sum), Some(count)) = (sum, count) {
            let value = if count > 0.0 { sum / count } else { f64::NAN };
            all.push(Measured { name: name.to_string(), cost, split: split.name().to_string(), value });
        }
    }
    all
}

/// A program that measures, with memory of its own for all but parameters, what these once were, and data.
pub(super) struct Measurer {
    engine: Engine,
    own: Store,
    clocks: Vec<Name>,
    pace: Pace,
}

impl Measurer {
    pub(super) fn new(engine: Engine, precision: crate::math::Precision, rhythm: Rhythm) -> Measurer {
        let mut own = Store::new(precision);
        let mut program = (*engine.program).clone();
        let of_trials = |slot: &Slot| slot.role == Role::State && parameter_at(&slot.name).is_none();
        program.slots.retain(|slot| of_trials(slot) || *slot.name == *"order" || slot.name.starts_with("clock."));
        own.admit(&program);
        let clocks =
            program.slots.iter().map(|slot| slot.name.clone()).filter(|name| name.starts_with("clock.")).collect();
        Measurer { engine, own, clocks, pace: Pace::new(rhythm) }
    }

    /// The program.
    pub(super) fn program(&self) -> &crate::loops::Program {
        &self.engine.program
    }

    /// Measures on some rows, in their order, in batches of the training size. Between two calls of compiled code `go_on` is
    /// asked, with the batches that are done and all of them; if it says no, there is no value.
    pub(super) fn measure(
        &mut self,
        model: &Model,
        store: &mut Store,
        rows: &Rows,
        batch: usize,
        split: Split,
        go_on: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Option<Vec<Measured>>, RunError> {
        for clock in &self.clocks {
            if let Some(value) = store.get(clock) {
                self.own.set(clock, value);
            }
        }
        clear(model, &mut self.own);
        self.own.set_order(rows.as_slice());
        self.own.set("clock.rows", rows.len() as f64);
        self.own.set("clock.position", 0.0);
        let (all, mut done) = (rows.len().div_ceil(batch) as u64, 0);
        while done < all {
            let steps = self.pace.next(all - done);
            let begun = Instant::now();
            self.engine.run(store, Some(&mut self.own), steps)?;
            self.pace.took(steps, begun.elapsed());
            done += steps;
            if done < all && !go_on(done, all) {
                return Ok(None);
            }
        }
        Ok(Some(means(model, &self.own, split)))
    }
}
