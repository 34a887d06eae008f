//! `neurula eval`: a trained model measured on every split.

use super::arguments::{EvalArguments, Machine, PrecisionName, Setting};
use super::show::Spec;
use super::train::{options, stored};
use super::{Ending, show};
use crate::report;
use crate::runtime::folder::Lock;
use crate::runtime::{folder, train};
use std::path::Path;
use std::time::Instant;

pub(super) fn run(arguments: &EvalArguments, entered: Instant) -> Ending {
    let Stored { spec, lock, precision } = match stored_spec(&arguments.run, arguments.json) {
        Ok(found) => found,
        Err(ending) => return ending,
    };
    let (backend, seed, threads) = (arguments.backend, Some(lock.seed), arguments.threads);
    let machine = Machine { precision, backend, seed, threads };
    let options = options(&spec, &machine, lock.epochs, entered);
    match train::evaluate(&spec.model, &options, &arguments.run) {
        Ok(values) if arguments.json => {
            show::line(&serde_json::json!({ "metrics": report::by_split(&values, false), "costs": report::by_split(&values, true) }).to_string());
            Ending::Fine
        }
        Ok(values) => {
            show::line(&report::measurements("checkpoint", &values));
            Ending::Fine
        }
        Err(error) => show::run_error(&error, &spec.sources, arguments.json),
    }
}

/// The spec of a run folder, as it was run.
pub(super) struct Stored {
    pub(super) spec: Spec,
    pub(super) lock: Lock,
    pub(super) precision: Option<PrecisionName>,
}

/// Reads a run folder's spec; what is wrong is shown.
pub(super) fn stored_spec(run: &Path, json: bool) -> Result<Stored, Ending> {
    let told = |error| show::run_error(&error, &crate::diag::Sources::new(), json);
    let lock = folder::read_lock(run).map_err(told)?;
    let files = folder::read_spec(run, &lock).map_err(told)?;
    let set = lock.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let setting = Setting { set, memory: Some(u64::MAX) };
    let spec = show::checked(&files[0].path.clone(), &setting, None, json, &stored(&files))?;
    let precision = PrecisionName::of(&lock.precision);
    Ok(Stored { spec, lock, precision })
}
