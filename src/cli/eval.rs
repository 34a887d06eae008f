//! `neurula eval`: a trained model measured on every split.

use super::arguments::{EvalArguments, Machine, PrecisionName, Setting};
use super::train::{options, stored};
use super::{Ending, show};
use crate::report;
use crate::runtime::{folder, train};
use std::time::Instant;

pub(super) fn run(arguments: &EvalArguments, entered: Instant) -> Ending {
    let lock = match folder::read_lock(&arguments.run) {
        Ok(lock) => lock,
        Err(error) => return show::run_error(&error, &crate::diag::Sources::new(), arguments.json),
    };
    let files = match folder::read_spec(&arguments.run, &lock) {
        Ok(files) => files,
        Err(error) => return show::run_error(&error, &crate::diag::Sources::new(), arguments.json),
    };
    let set = lock.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let setting = Setting { set, memory: u64::MAX };
    let spec = match show::checked(&files[0].path.clone(), &setting, arguments.json, &stored(&files)) {
        Ok(spec) => spec,
        Err(ending) => return ending,
    };
    let precision = PrecisionName::of(&lock.precision);
    let machine = Machine { precision, backend: arguments.backend, seed: Some(lock.seed) };
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
