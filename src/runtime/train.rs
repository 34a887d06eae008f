//! The run itself: phases, epochs, stretches of steps, measurements, checkpoints.

use super::best;
use super::checkpoint::{self, Ended, Position};
use super::engine::Made;
use super::guilty::Guilty;
use super::metrics::Metrics;
use super::phase::{Ready, ready};
use super::probe::When;
use super::samples::Samples;
use super::store::{Snapshot, Store};
use super::times::Times;
use super::{Measured, Options, RunError, Watcher, digest, folder, measure};
use crate::credit;
use crate::data::Split;
use crate::model::Model;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Each phase with its last measurement.
    pub phases: Vec<Ended>,
    /// Training samples per second, measurements left out.
    pub samples_per_second: f64,
    /// What it took to make machine code of the programs.
    pub compile_ms: f64,
    /// From the entry of the program to the end of the first training step.
    pub first_step_ms: f64,
    /// See [`digest`].
    pub weights_digest: String,
    /// See [`digest`].
    pub state_digest: String,
    /// Whether it was stopped from outside.
    pub interrupted: bool,
}

/// The files of the spec and what `--set` said, for the run folder.
pub struct Origin<'o> {
    /// The spec and its imports.
    pub files: &'o [folder::SpecFile],
    /// `--set NAME=VALUE`, as written.
    pub set: &'o [(String, String)],
    /// Whether the folder holds a run to go on with.
    pub resume: bool,
}

struct Run<'r> {
    model: &'r Model,
    options: &'r Options,
    store: Store,
    /// What learns as it was at the best measurement of this phase, if the phase keeps that.
    best: Option<Store>,
    /// What the last call of compiled code found.
    before: Snapshot,
    position: Position,
    metrics: Option<Metrics>,
    times: Option<Times>,
    checkpointed: Instant,
    samples_done: u64,
    learning: Duration,
    first_step: Option<Duration>,
}

/// Trains a model from birth, or from the checkpoint of its folder.
pub fn train(
    model: &Model,
    options: &Options,
    origin: &Origin<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Outcome, RunError> {
    let samples = Samples::read(model, &options.place, options.seed)?;
    let lock = folder::lock(model, options, origin.set, origin.files, samples.iter().flat_map(|set| &set.files));
    let mut found = None;
    if let Some(path) = &options.folder {
        if origin.resume {
            folder::differences(&folder::read_lock(path)?, &lock)?;
            found = checkpoint::read(&checkpoint::path(path), model)?;
        } else {
            folder::create(path, &lock, origin.files)?;
        }
    }
    let mut run = Run {
        model,
        options,
        store: Store::new(options.precision),
        best: None,
        before: Snapshot::new(),
        position: Position::default(),
        metrics: None,
        times: None,
        checkpointed: Instant::now(),
        samples_done: 0,
        learning: Duration::ZERO,
        first_step: None,
    };
    if let Some(path) = &options.folder {
        let table = path.join("metrics.csv");
        run.metrics = Some(match &found {
            Some(checkpoint) => Metrics::reopen(&table, &checkpoint.metrics)?,
            None => Metrics::create(&table)?,
        });
        run.times = Some(Times::open(&path.join("times.csv"), options.entered)?);
    }
    if let Some(checkpoint) = &found {
        run.position = checkpoint.position.clone();
    }
    run.develop(&samples, found, watcher)
}

impl Run<'_> {
    fn develop(
        mut self,
        samples: &Samples,
        mut found: Option<checkpoint::Checkpoint>,
        watcher: &mut dyn Watcher,
    ) -> Result<Outcome, RunError> {
        let (mut made, mut compiling) = (Made::new(self.options.threads), Duration::ZERO);
        let mut interrupted = false;
        for phase in 0..self.model.phases.len() {
            let mut ready = ready(self.model, phase, self.options, samples, &mut made, &mut self.store)?;
            compiling += ready.compiling;
            if phase + 1 == self.position.reached() {
                // Here the state has exactly what a checkpoint holds; a phase that has not begun adds to it afterwards.
                match found.take() {
                    Some(checkpoint) => self.best = checkpoint.restore(&mut self.store)?,
                    None if phase == self.position.phase && !self.position.begun() => self.checkpoint(watcher)?,
                    None => {}
                }
            }
            if phase < self.position.phase {
                continue;
            }
            if !self.position.begun() {
                self.store.set("clock.phase_step", 0.0);
            }
            watcher.phase(&self.model.phases[phase].name, ready.steps);
            interrupted = self.live(phase, &mut ready, watcher)?;
            if interrupted {
                break;
            }
        }
        self.checkpoint(watcher)?;
        let (done, seconds) = (self.samples_done as f64, self.learning.as_secs_f64());
        Ok(Outcome {
            phases: self.position.ended.clone(),
            samples_per_second: if seconds > 0.0 { done / seconds } else { 0.0 },
            compile_ms: compiling.as_secs_f64() * 1e3,
            first_step_ms: self.first_step.map_or(0.0, |time| time.as_secs_f64() * 1e3),
            weights_digest: digest::weights(&self.store),
            state_digest: digest::state(&self.store, self.best.as_ref(), &checkpoint::text(&self.position)?),
            interrupted,
        })
    }

    /// One phase, from where it stands to its end; tells whether it was stopped from outside.
    fn live(&mut self, phase: usize, ready: &mut Ready, watcher: &mut dyn Watcher) -> Result<bool, RunError> {
        self.position.phase_bound = ready.steps;
        self.position.epoch_bound = ready.epoch_steps;
        self.store.set("clock.phase_steps", ready.steps as f64);
        self.store.set("clock.epoch_steps", ready.epoch_steps as f64);
        let data = &self.model.data[self.model.phases[phase].data.0];
        loop {
            if self.position.epoch_step == 0 {
                self.position.epochs += 1;
                self.store.set("clock.position", 0.0);
                measure::clear(self.model, &mut self.store);
            }
            let order = ready.order(data, self.options.seed, self.position.epochs - 1);
            self.store.set_order(&order);
            self.store.set("clock.rows", order.len() as f64);
            while self.position.epoch_step < ready.epoch_steps && self.position.phase_step < ready.steps {
                let next = self.probe(phase, ready)?;
                self.stretch(phase, ready, next)?;
                watcher.progress(self.position.phase_step, &|| measure::means(self.model, &self.store, Split::Train));
                if self.options.interrupted.load(Ordering::Relaxed) {
                    return Ok(true);
                }
                self.checkpoint_in_time(watcher)?;
            }
            let Some(enough) = self.look(phase, ready, watcher)? else { return Ok(true) };
            if enough || self.position.phase_step >= ready.steps {
                self.end(phase, ready)?;
                self.checkpoint_in_time(watcher)?;
                return Ok(false);
            }
            self.checkpoint_in_time(watcher)?;
        }
    }

    /// Looks at the step that comes, if a probe is due; gives after how many steps one looks again.
    fn probe(&mut self, phase: usize, ready: &mut Ready) -> Result<u64, RunError> {
        let Some(prober) = &mut ready.prober else { return Ok(u64::MAX) };
        let at = &self.position;
        let seen = prober.look(&mut self.store, When::Before(at.phase_step), at.epoch_step)?;
        let epoch = at.time + at.epoch_step as f64 / ready.epoch_steps as f64;
        if let (Some(metrics), false) = (&mut self.metrics, seen.is_empty()) {
            metrics.append(at.steps, &self.model.phases[phase].name, epoch, &seen)?;
        }
        Ok(prober.until_next(at.phase_step))
    }

    /// One call of compiled code: some steps of one epoch, at most so many.
    fn stretch(&mut self, phase: usize, ready: &mut Ready, most: u64) -> Result<(), RunError> {
        let left = (ready.epoch_steps - self.position.epoch_step).min(ready.steps - self.position.phase_step);
        let steps = ready.pace.next(left.min(most));
        self.store.take_down(&mut self.before);
        let begun = Instant::now();
        ready.learn.run(&mut self.store, None, steps)?;
        let took = begun.elapsed();
        if self.store.not_finite().is_some() {
            return Err(self.replay(phase, ready, steps));
        }
        self.first_step.get_or_insert_with(|| self.options.entered.elapsed());
        let batch = ready.batch as u64;
        let first = self.position.epoch_step * batch;
        let last = ((self.position.epoch_step + steps) * batch).min(ready.train.len() as u64);
        self.samples_done += last - first;
        self.learning += took;
        self.position.epoch_step += steps;
        self.position.phase_step += steps;
        self.position.steps += steps;
        ready.pace.took(steps, took);
        Ok(())
    }

    /// Runs a bad stretch again, a step at a time, and says which operation in which step gave the first value that is not
    /// finite.
    fn replay(&mut self, phase: usize, ready: &Ready, steps: u64) -> RunError {
        self.store.restore(&self.before);
        let phase = &self.model.phases[phase];
        for step in self.position.steps..self.position.steps + steps {
            self.store.take_down(&mut self.before);
            if let Err(error) = ready.learn.run(&mut self.store, None, 1) {
                return error;
            }
            if let Some(bad) = self.store.not_finite() {
                self.store.restore(&self.before);
                let guilty = Guilty { model: self.model, phase, step, bad };
                return match guilty.explain(&ready.learn, &mut self.store) {
                    Ok(said) => {
                        let (phase, what) = (phase.name.clone(), guilty.bad.what);
                        RunError::NotFinite { phase, step, what, said: Box::new(said) }
                    }
                    Err(error) => error,
                };
            }
        }
        RunError::Code("a stretch that went wrong came out right when it was run again".to_string())
    }

    /// Measures at the end of an epoch (or of the phase), and tells whether the phase's condition is fulfilled. If it is
    /// interrupted, nothing has changed, and a run that goes on measures anew.
    fn look(&mut self, phase: usize, ready: &mut Ready, watcher: &mut dyn Watcher) -> Result<Option<bool>, RunError> {
        let mut values = measure::means(self.model, &self.store, Split::Train);
        for (rows, split) in [(&ready.validation, Split::Validation), (&ready.test, Split::Test)] {
            if !rows.is_empty() {
                let mut go_on = |done: u64, all: u64| {
                    watcher.measuring(split.name(), done, all);
                    !self.options.interrupted.load(Ordering::Relaxed)
                };
                let measured =
                    ready.measurer.measure(self.model, &mut self.store, rows, ready.batch, split, &mut go_on)?;
                match measured {
                    Some(measured) => values.extend(measured),
                    None => return Ok(None),
                }
            }
        }
        self.position.time += self.position.epoch_step as f64 / ready.epoch_steps as f64;
        self.position.epoch_step = 0;
        let name = &self.model.phases[phase].name;
        if let Some(metrics) = &mut self.metrics {
            metrics.append(self.position.steps, name, self.position.time, &values)?;
        }
        if let Some(times) = &mut self.times {
            times.append(self.position.steps)?;
        }
        watcher.measured(self.position.steps, name, self.position.time, &values);
        let enough = self.model.phases[phase].until.as_ref().is_some_and(|until| {
            credit::fulfilled(self.model, until, &|leaf| best::measured(self.model, &values, leaf))
        });
        if let Some(best) = best::look(self.model, &mut self.position, &self.store, &values) {
            self.best = Some(best);
        }
        self.position.last = values;
        Ok(Some(enough))
    }

    /// Goes on to the next phase, with the weights of the best measurement if this one keeps them.
    fn end(&mut self, phase: usize, ready: &mut Ready) -> Result<(), RunError> {
        let epochs = self.position.phase_step as f64 / ready.epoch_steps as f64;
        let mut values = std::mem::take(&mut self.position.last);
        if let (Some(kept), Some(best)) = (self.position.kept.take(), self.best.take()) {
            values = kept.values;
            self.store.take_over(best);
        }
        let name = self.model.phases[phase].name.to_string();
        if let Some(prober) = &mut ready.prober {
            // The last batch is looked at once more.
            let last = self.position.phase_step.saturating_sub(1) % ready.epoch_steps;
            let seen = prober.look(&mut self.store, When::End, last)?;
            if let Some(metrics) = &mut self.metrics {
                metrics.append(self.position.steps, &name, self.position.time, &seen)?;
            }
            values.extend(seen);
        }
        self.store.remember(&name)?;
        self.position.ended.push(Ended { phase: name, epochs, steps: self.position.phase_step, values });
        self.position.phase += 1;
        self.position.phase_step = 0;
        self.store.set("clock.phase_step", 0.0);
        Ok(())
    }

    fn checkpoint_in_time(&mut self, watcher: &mut dyn Watcher) -> Result<(), RunError> {
        if self.checkpointed.elapsed() < self.options.rhythm.checkpoint { Ok(()) } else { self.checkpoint(watcher) }
    }

    fn checkpoint(&mut self, watcher: &mut dyn Watcher) -> Result<(), RunError> {
        if let (Some(folder), Some(metrics)) = (&self.options.folder, &mut self.metrics) {
            let written = metrics.sync()?;
            let best = self.best.as_ref();
            checkpoint::write(&checkpoint::path(folder), &self.store, best, &self.position, &written)?;
            watcher.checkpoint(self.position.steps);
        }
        self.checkpointed = Instant::now();
        Ok(())
    }
}

/// Measures every split with the state of a run folder's checkpoint.
pub fn evaluate(model: &Model, options: &Options, folder: &Path) -> Result<Vec<Measured>, RunError> {
    let samples = Samples::read(model, &options.place, options.seed)?;
    let checkpoint = checkpoint::of_folder(folder, model)?;
    let mut made = Made::new(options.threads);
    let mut store = Store::new(options.precision);
    let mut last = None;
    for phase in 0..checkpoint.position.reached() {
        last = Some(ready(model, phase, options, &samples, &mut made, &mut store)?);
    }
    let Some(mut ready) = last else { return Ok(Vec::new()) };
    checkpoint.restore(&mut store)?;
    checkpoint.position.set_clocks(&mut store);
    let mut values = Vec::new();
    for (rows, split) in
        [(&ready.train, Split::Train), (&ready.validation, Split::Validation), (&ready.test, Split::Test)]
    {
        if !rows.is_empty() {
            let measured = ready.measurer.measure(model, &mut store, rows, ready.batch, split, &mut |_, _| true)?;
            values.extend(measured.unwrap_or_default());
        }
    }
    Ok(values)
}
