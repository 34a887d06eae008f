//! A run: state, batches, phases, measurements, checkpoints and the run folder.
//!
//! The clock and the number of threads are read here and nowhere above; nothing that is computed depends on either.
//! A run is driven in calls of compiled code that last a fraction of a second; how long each is changes nothing.

#![allow(clippy::disallowed_methods, reason = "the clock belongs to this room")]

pub mod bench;
mod best;
pub mod checkpoint;
mod cpu;
pub mod digest;
mod engine;
pub mod folder;
mod guilty;
pub mod machine;
mod measure;
pub mod metrics;
mod phase;
pub mod predict;
mod probe;
mod rhythm;
mod samples;
mod spectrum;
mod store;
mod times;
pub mod train;

pub use cpu::{features, has_fused_multiply_add};
pub use rhythm::Rhythm;
pub use train::{Outcome, train};

use crate::diag::Diagnostic;
use crate::math::Precision;
use crate::tensor::Name;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Who carries the loops out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Machine code.
    Jit,
    /// The loop interpreter: the same bits, slowly.
    Interpreter,
}

impl Backend {
    /// As the command line writes it.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Jit => "jit",
            Backend::Interpreter => "interpreter",
        }
    }
}

/// What a run is told beside its model.
#[derive(Clone)]
pub struct Options {
    /// The run's seed.
    pub seed: u64,
    /// A cap on the epochs of every phase; the length of a spec without `development`.
    pub epochs: Option<usize>,
    /// What a real is.
    pub precision: Precision,
    /// Who carries it out.
    pub backend: Backend,
    /// How many threads carry it out, at most: programs that are small are carried out by one. Changes no bit.
    pub threads: usize,
    /// The run folder, if one is written.
    pub folder: Option<PathBuf>,
    /// Set from outside when the run is to end at the next chance.
    pub interrupted: Arc<AtomicBool>,
    /// When the program was entered.
    pub entered: Instant,
    /// Where the spec's files are looked for.
    pub place: crate::data::Place,
    /// When the host looks up; changes no bit.
    pub rhythm: Rhythm,
}

/// How many epochs a spec without `development` lasts if nobody says.
pub const EPOCHS: usize = 30;

/// As many threads as the process may use at once.
pub fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Why a run ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of data, or a split, is not what it should be.
    #[error("the data cannot be used")]
    Data(Vec<Diagnostic>),
    /// Something is not supported by this version.
    #[error("{0}")]
    NotYet(String),
    /// A cost, a parameter or a state is no finite number any more.
    #[error("{}; the last checkpoint stands", said.message)]
    NotFinite {
        /// The phase.
        phase: Name,
        /// The training step since birth, from 0, in which it became so.
        step: u64,
        /// The cost, or the parameter or state.
        what: String,
        /// The first operation that gave such a value, with its place.
        said: Box<Diagnostic>,
    },
    /// The world outside.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// A run folder that is not what it should be.
    #[error("{path}: {why}")]
    Folder {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A run is resumed or read with something changed.
    #[error("the run in this folder is not the one that is asked for: {0}")]
    Changed(String),
    /// Data that are brought to a trained model are not such as it knows.
    #[error("these data cannot be used: {0}")]
    OtherData(String),
    /// Machine code could not be made or entered.
    #[error("machine code: {0}")]
    Code(String),
}

/// Makes an error of the world say which file it is about.
pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> RunError + '_ {
    move |error| RunError::Io { path: path.to_path_buf(), error }
}

/// One measured number.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Measured {
    /// The metric's or the cost's name.
    pub name: String,
    /// Whether it is a cost.
    pub cost: bool,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Its value.
    #[serde(with = "whole_number_line")]
    pub value: f64,
}

/// JSON has no word for infinities and NaN: a value is written as the text of the number.
mod whole_number_line {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_string())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What a run tells while it goes on. Nothing of it changes the run.
pub trait Watcher {
    /// A phase begins: its name, and the bound of its steps.
    fn phase(&mut self, _name: &str, _steps: u64) {}
    /// Steps of the phase that are done, and the running means of this epoch for whoever asks.
    fn progress(&mut self, _done: u64, _running: &dyn Fn() -> Vec<Measured>) {}
    /// A measurement goes on: batches of a split that are done, and all of them.
    fn measuring(&mut self, _split: &str, _done: u64, _all: u64) {}
    /// A measurement, after so many steps of the whole run; the epoch counts from birth.
    fn measured(&mut self, _step: u64, _phase: &str, _epoch: f64, _values: &[Measured]) {}
    /// A checkpoint was written, after so many steps of the whole run.
    fn checkpoint(&mut self, _step: u64) {}
}

/// Watches nothing.
pub struct Silent;

impl Watcher for Silent {}
