//! The paper's systems: each row of docs/systems.md that works is a spec in this folder, `C-02.neu`, and a test that runs it
//! from its text and asserts the value that proves it. What a test looks at comes out of the run: metrics and costs by name
//! and split, parameters and states by slot name, at the end or after each step.

#![allow(dead_code, reason = "each room takes what its rows need")]

mod binding;
mod chance;
mod control;
mod core;
mod credit;
mod development;
mod indexed;
mod innate;
mod ledger;
mod local;
mod memory;
mod recurrent;
mod routes;
mod settling;
mod unsupervised;

use super::trained::{EXACT, Trained, Way, options, slots, train_with};
use neurula::math::Precision;
use neurula::runtime::{Backend, Options, Rhythm, RunError, Silent, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Where the specs lie.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems")
}

/// Every parameter and state by slot name.
pub type Slots = BTreeMap<String, Vec<f64>>;

/// A spec of this folder and how it is run: in `f64`, by machine code, with seed 0, unless something else is said.
#[derive(Clone)]
pub struct System {
    id: String,
    /// Where the spec's files are looked for.
    files: PathBuf,
    set: Vec<(String, String)>,
    way: Way,
}

/// The spec of a row: `system("C-02")` is `tests/systems/C-02.neu`.
pub fn system(id: &str) -> System {
    System { id: id.to_string(), files: folder(), set: Vec::new(), way: EXACT }
}

/// Runs the spec of a row as it is written.
pub fn run(id: &str) -> Trained {
    system(id).run()
}

impl System {
    /// What `--set NAME=VALUE` would: a number with its unit, the name of a rule, …
    pub fn set(mut self, name: &str, value: impl std::fmt::Display) -> System {
        self.set.push((name.to_string(), value.to_string()));
        self
    }

    /// As if the spec lay in this folder, beside files that the test made.
    pub fn beside(mut self, files: &Path) -> System {
        self.files = files.to_path_buf();
        self
    }

    /// With another seed.
    pub fn seed(mut self, seed: u64) -> System {
        self.way.seed = seed;
        self
    }

    /// With at most so many epochs a phase; so many if the spec has no `development`.
    pub fn epochs(mut self, epochs: usize) -> System {
        self.way.epochs = Some(epochs);
        self
    }

    /// In `f32`.
    pub fn single(mut self) -> System {
        self.way.precision = Precision::F32;
        self
    }

    /// By the loop interpreter.
    pub fn interpreted(mut self) -> System {
        self.way.backend = Backend::Interpreter;
        self
    }

    /// With so many threads.
    pub fn threads(mut self, threads: usize) -> System {
        self.way.threads = threads;
        self
    }

    /// Runs it.
    pub fn run(&self) -> Trained {
        self.try_run().unwrap_or_else(|error| panic!("{}: {error}", self.id))
    }

    /// Runs it by machine code and by the loop interpreter, which must agree to the bit in every parameter and state.
    pub fn run_both(&self) -> Trained {
        let (code, interpreted) = (self.run(), self.clone().interpreted().run());
        assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest, "{}: interpreter", self.id);
        code
    }

    /// Runs it, where the run may fail.
    pub fn try_run(&self) -> Result<Trained, RunError> {
        self.run_in(TempDir::new().unwrap(), Rhythm::default(), Arc::default(), &mut Silent)
    }

    /// Runs the first steps by machine code and by the loop interpreter, which must agree to the bit in every parameter and state.
    pub fn begins_alike(&self, steps: u64) {
        let (code, interpreted) = (self.begin(steps), self.clone().interpreted().begin(steps));
        assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest, "{}: interpreter", self.id);
        assert_eq!(code.slots, interpreted.slots, "{}: interpreter", self.id);
    }

    fn begin(&self, steps: u64) -> Trained {
        let mut brief = Brief { interrupted: Arc::default(), after: steps };
        let (place, interrupted) = (TempDir::new().unwrap(), brief.interrupted.clone());
        let found = self.run_in(place, EACH_STEP, interrupted, &mut brief);
        found.unwrap_or_else(|error| panic!("{}: {error}", self.id))
    }

    /// Every parameter and state before the first step and after each step.
    pub fn steps(&self) -> Vec<Slots> {
        let place = TempDir::new().unwrap();
        let mut trail = Trail { run: place.path().join("run"), seen: Vec::new() };
        self.run_in(place, EACH_STEP, Arc::default(), &mut trail)
            .unwrap_or_else(|error| panic!("{}: {error}", self.id));
        trail.seen
    }

    fn run_in(
        &self,
        place: TempDir,
        rhythm: Rhythm,
        interrupted: Arc<AtomicBool>,
        watcher: &mut dyn Watcher,
    ) -> Result<Trained, RunError> {
        let path = folder().join(format!("{}.neu", self.id));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let told = Options { rhythm, interrupted, ..options(&self.files, &place.path().join("run"), &self.way) };
        train_with(&self.files, &text, &self.set, &told, place, watcher)
    }
}

/// A look and a checkpoint after every step.
const EACH_STEP: Rhythm = Rhythm { call: Duration::ZERO, checkpoint: Duration::ZERO };

/// Ends a run early.
struct Brief {
    interrupted: Arc<AtomicBool>,
    after: u64,
}

impl Watcher for Brief {
    fn checkpoint(&mut self, step: u64) {
        self.interrupted.store(step >= self.after, Ordering::Relaxed);
    }
}

/// Reads each checkpoint.
struct Trail {
    run: PathBuf,
    seen: Vec<Slots>,
}

impl Watcher for Trail {
    fn checkpoint(&mut self, step: u64) {
        self.seen.truncate(step as usize);
        self.seen.push(slots(&self.run));
    }
}

/// The largest difference between two arrays, as a part of the larger of their largest elements.
pub fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().chain(b).fold(0.0, |most: f64, x| most.max(x.abs()));
    let most = a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
    if largest == 0.0 { 0.0 } else { most / largest }
}

/// What an array became less what it was.
pub fn change(before: &[f64], after: &[f64]) -> Vec<f64> {
    assert_eq!(before.len(), after.len());
    before.iter().zip(after).map(|(before, after)| after - before).collect()
}

/// The length of a vector.
pub fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// The scalar product of two vectors.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The cosine of the angle between two vectors.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (norm(a) * norm(b))
}

/// The middle value, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { 0.5 * (sorted[half - 1] + sorted[half]) }
}
