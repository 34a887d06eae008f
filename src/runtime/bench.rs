//! How fast a spec trains in steady state.

use super::engine::Made;
use super::phase::ready;
use super::samples::Samples;
use super::store::Store;
use super::{Options, RunError};
use crate::model::Model;
use serde::Serialize;
use std::time::{Duration, Instant};

/// What a bench found.
#[derive(Debug, Clone, Serialize)]
pub struct Bench {
    /// Training samples per second, over the repeats.
    pub samples_per_second: Spread,
    /// What it took to make machine code of the first phase's programs.
    pub compile_ms: f64,
    /// From the entry of the program to the end of the first training step.
    pub first_step_ms: f64,
}

/// A figure over several repeats.
#[derive(Debug, Clone, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// Times the first phase: one stretch to warm up, then `repeats` of about `length` each, of whole epochs.
pub fn bench(model: &Model, options: &Options, repeats: usize, length: Duration) -> Result<Bench, RunError> {
    let samples = Samples::read(model, &options.place, options.seed)?;
    let (mut made, mut store) = (Made::new(options.threads), Store::new(options.precision));
    let ready = ready(model, 0, options, &samples, &mut made, &mut store)?;
    let compile_ms = ready.compiling.as_secs_f64() * 1e3;
    store.set("clock.phase_steps", ready.steps as f64);
    store.set("clock.epoch_steps", ready.epoch_steps as f64);
    let data = &model.data[model.phases[0].data.0];
    let mut epoch = 0;
    let mut first_step_ms = None;
    let mut pass = |store: &mut Store| -> Result<(u64, Duration), RunError> {
        let order = ready.order(data, options.seed, epoch);
        epoch += 1;
        store.set_order(&order);
        store.set("clock.rows", order.len() as f64);
        store.set("clock.position", 0.0);
        let mut steps = ready.epoch_steps;
        if first_step_ms.is_none() {
            ready.learn.run(store, None, 1)?;
            first_step_ms = Some(options.entered.elapsed().as_secs_f64() * 1e3);
            steps -= 1;
        }
        let begun = Instant::now();
        ready.learn.run(store, None, steps)?;
        Ok(((steps * data.batch as u64).min(order.len() as u64), begun.elapsed()))
    };
    pass(&mut store)?;
    let mut rates = Vec::new();
    for _ in 0..repeats.max(1) {
        let (mut done, mut took) = (0, Duration::ZERO);
        while took < length {
            let (samples, time) = pass(&mut store)?;
            done += samples;
            took += time.max(Duration::from_nanos(1));
        }
        rates.push(done as f64 / took.as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    let samples_per_second = Spread { median: rates[rates.len() / 2], min: rates[0], max: rates[rates.len() - 1] };
    Ok(Bench { samples_per_second, compile_ms, first_step_ms: first_step_ms.unwrap_or(0.0) })
}
