//! What each definition of the library gives, by hand: a few values that any mistake in it changes. Each check runs the
//! definition's text, as a user's own, in a model of a few numbers.

use super::super::trained::{EXACT, Way, checked, options, train_with};
use neurula::runtime::train::{Origin, Outcome, train};
use neurula::runtime::{Backend, Options, Silent};
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

/// Why a definition does not pass.
pub enum Fault {
    /// The spec that uses it is refused.
    Refused,
    /// The run ends before its time.
    Ended,
    /// A value is not what it should be.
    Wrong(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Refused => write!(f, "the spec is refused"),
            Fault::Ended => write!(f, "the run ended before its time"),
            Fault::Wrong(what) => write!(f, "{what}"),
        }
    }
}

/// A check of a definition's text.
pub type Check = fn(&str) -> Result<(), Fault>;

/// The check of a definition.
pub fn check(kind: &str, name: &str) -> Option<Check> {
    Some(match (kind, name) {
        ("activation", "dropout") => dropout,
        ("activation" | "cost" | "statistic", _) => functions::check(name)?,
        ("optimiser", _) => steps::optimiser(name)?,
        ("rule", _) => rules::check(name)
            .or_else(|| settling::check(name))
            .or_else(|| passes::check(name))
            .or_else(|| maps::check(name))?,
        ("schedule", _) => steps::schedule(name)?,
        ("structure", _) => structures::check(name)?,
        _ => return None,
    })
}

mod functions;
mod maps;
mod passes;
mod rules;
mod settling;
mod steps;
mod structures;

/// Carried out by the loop interpreter: nothing is worth being compiled here.
const WAY: Way = Way { backend: Backend::Interpreter, threads: 1, ..EXACT };

/// Runs a spec and leaves nothing behind.
fn run(spec: &str) -> Result<Outcome, Fault> {
    let model = checked(Path::new("."), spec).map_err(|_| Fault::Refused)?;
    let told = Options { folder: None, ..options(Path::new("."), Path::new("."), &WAY) };
    let origin = Origin { files: &[], set: &[], resume: false };
    train(&model, &told, &origin, &mut Silent).map_err(|_| Fault::Ended)
}

/// Runs a spec and gives what it learnt, too.
fn run_with_slots(spec: &str) -> Result<(Outcome, BTreeMap<String, Vec<f64>>), Fault> {
    checked(Path::new("."), spec).map_err(|_| Fault::Refused)?;
    let place = TempDir::new().unwrap();
    let told = options(Path::new("."), &place.path().join("run"), &WAY);
    let trained = train_with(Path::new("."), spec, &[], &told, place, &mut Silent).map_err(|_| Fault::Ended)?;
    Ok((trained.outcome, trained.slots))
}

/// Compares measured values with what they should be: in the order of the metrics `m0`, `m1`, …
fn compare(outcome: &Outcome, split: &str, wanted: &[f64], tolerance: f64) -> Result<(), Fault> {
    let values = &outcome.phases.last().unwrap().values;
    for (number, wanted) in wanted.iter().enumerate() {
        let name = format!("m{number}");
        let found = values.iter().find(|value| value.name == name && value.split == split).unwrap().value;
        if (found - wanted).abs() > tolerance * (1.0 + wanted.abs()) || found.is_nan() {
            return Err(Fault::Wrong(format!("{name} is {found}, not {wanted}")));
        }
    }
    Ok(())
}

/// Ten thousand units: none of them between, the mean where it was; and all as they were when something is measured.
fn dropout(text: &str) -> Result<(), Fault> {
    let outcome = run(&format!(
        "{text}\ndata d {{ samples 1, test 1, batch 1  x = 2 }}\nregion X[1] = d.x\nregion Y[10000] = drive\nregion Left[10000] = dropout(Y, 0.2)\n\
         region Z[1] = drive\nconnect X -> Y : fixed(1)\nconnect X -> Z\ncost none in Z = 0 * sum(Z)\n\
         metric m0 = min(Left)\nmetric m1 = max(Left)\nmetric mean_ = mean(Left)\n\
         development {{ phase p for 1 step {{ learn X -> Z by backprop from none using sgd(rate = 0) }} }}"
    ))?;
    compare(&outcome, "train", &[0.0, 2.5], 1e-12)?;
    compare(&outcome, "test", &[2.0, 2.0], 1e-12)?;
    let mean = outcome.phases[0].values.iter().find(|value| value.name == "mean_" && value.split == "train").unwrap();
    if (mean.value - 2.0).abs() < 0.05 { Ok(()) } else { Err(Fault::Wrong(format!("a mean of {}", mean.value))) }
}
