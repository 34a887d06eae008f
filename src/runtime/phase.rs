//! What a phase needs to run: its programs, its rows, how long it lasts.

use super::engine::{Engine, Made};
use super::measure::Measurer;
use super::probe::Prober;
use super::rhythm::Pace;
use super::samples::Samples;
use super::store::Store;
use super::{EPOCHS, Options, RunError};
use crate::credit;
use crate::data::{Rows, Split, split};
use crate::model::{Bound, Model, SelectionKind};
use crate::tensor;
use std::time::{Duration, Instant};

/// A phase that is ready to be run.
pub(super) struct Ready {
    pub(super) learn: Engine,
    pub(super) pace: Pace,
    pub(super) measurer: Measurer,
    pub(super) prober: Option<Prober>,
    pub(super) train: Rows,
    pub(super) validation: Rows,
    pub(super) test: Rows,
    pub(super) batch: usize,
    /// Whether every epoch takes the training samples in their order.
    pub(super) ordered: bool,
    pub(super) epoch_steps: u64,
    pub(super) steps: u64,
    /// What it took to make machine code of its programs.
    pub(super) compiling: Duration,
}

/// Makes a phase ready: programs, memory, first values of what is new, data.
pub(super) fn ready(
    model: &Model,
    phase: usize,
    options: &Options,
    samples: &Samples,
    made: &mut Made,
    store: &mut Store,
) -> Result<Ready, RunError> {
    let data = &model.data[model.phases[phase].data.0];
    let rows = samples.set(model, phase).rows();
    let begun = Instant::now();
    let programs = [credit::learn(model, phase, rows), credit::measure(model, phase, rows)];
    let [learn, measure] = made.engines(programs, options.precision, options.backend)?;
    let compiling = begun.elapsed();
    let measurer = Measurer::new(measure, options.precision, options.rhythm);
    admit(model, options.seed, &learn.program, store)?;
    admit(model, options.seed, measurer.program(), store)?;
    samples.fill(model, phase, &learn.program, store)?;
    samples.fill(model, phase, measurer.program(), store)?;
    let prober = prober(model, phase, options, samples, made, store)?;
    let [train, validation, test] =
        [Split::Train, Split::Validation, Split::Test].map(|split| samples.rows(model, phase, split));
    let (train, validation, test) = (train?, validation?, test?);
    let epoch_steps = split::steps_per_epoch(train.len(), data.batch, data.drop_last) as u64;
    if epoch_steps == 0 {
        let said = crate::diag::Diagnostic::new(
            crate::diag::Code::EMPTY_SPLIT,
            "an epoch has no step: there are fewer samples than a batch, and the last batch is dropped",
        )
        .at(data.span, format!("{} samples, {} a batch", train.len(), data.batch))
        .help("make the batch smaller, or leave out `drop last`");
        return Err(RunError::Data(vec![said]));
    }
    let steps = steps(model.phases[phase].bound, options.epochs, train.len(), data.batch, epoch_steps);
    let pace = Pace::new(options.rhythm);
    let selections = model.phases[phase].selections.as_ref().unwrap_or(&data.selections);
    let sorted = selections.iter().any(|selection| matches!(selection.kind, SelectionKind::OrderBy(_)));
    let (ordered, batch) = (data.ordered || sorted, data.batch);
    Ok(Ready { learn, pace, measurer, prober, train, validation, test, batch, ordered, epoch_steps, steps, compiling })
}

/// What looks at a phase, if something does.
fn prober(
    model: &Model,
    phase: usize,
    options: &Options,
    samples: &Samples,
    made: &mut Made,
    store: &Store,
) -> Result<Option<Prober>, RunError> {
    if model.phases[phase].probes.is_empty() {
        return Ok(None);
    }
    let rows = samples.set(model, phase).rows();
    let [engine] = made.engines([credit::probe(model, phase, rows)], options.precision, options.backend)?;
    let apart = Prober::apart(&engine.program, store);
    let mut own = Store::new(options.precision);
    admit(model, options.seed, &apart, &mut own)?;
    samples.fill(model, phase, &apart, &mut own)?;
    Ok(Some(Prober::new(engine, own, &model.phases[phase])))
}

impl Ready {
    /// The rows of an epoch (counted from birth), in the order in which they are trained on.
    pub(super) fn order(&self, data: &crate::model::Data, seed: u64, epoch: u64) -> Vec<u32> {
        match self.ordered {
            true => self.train.as_slice().to_vec(),
            false => split::order(seed, &data.name, epoch, self.train.as_slice()),
        }
    }
}

/// Room for a program's slots, with first values for those that are new.
fn admit(model: &Model, seed: u64, program: &crate::loops::Program, store: &mut Store) -> Result<(), RunError> {
    for name in store.admit(program) {
        let Some(slot) = store.slot(&name) else { continue };
        if let Some(key) = credit::key(&name, seed) {
            store.fill(&name, &key)?;
            continue;
        }
        if slot.role == tensor::Role::Input {
            continue;
        }
        let slot = tensor::Slot { name: slot.name.clone(), ty: slot.ty.clone(), role: slot.role };
        store.fill(&name, &credit::initial(model, &slot, seed))?;
    }
    Ok(())
}

/// How many steps a phase has at most; `cap` is the most epochs that any phase may have.
fn steps(bound: Bound, cap: Option<usize>, samples: usize, batch: usize, epoch_steps: u64) -> u64 {
    let most = cap.map_or(u64::MAX, |epochs| epoch_steps.saturating_mul(epochs as u64));
    let wanted = match bound {
        Bound::Epochs(epochs) => epoch_steps.saturating_mul(epochs as u64),
        Bound::Open => epoch_steps.saturating_mul(cap.unwrap_or(EPOCHS) as u64),
        Bound::Steps(steps) => steps as u64,
        Bound::Trials(trials) => {
            // With the last batch dropped, an epoch is as many samples as its steps take.
            let whole = samples.min(epoch_steps as usize * batch);
            let (epochs, rest) = (trials / whole, trials % whole);
            epoch_steps.saturating_mul(epochs as u64).saturating_add(rest.div_ceil(batch) as u64)
        }
    };
    wanted.min(most)
}
