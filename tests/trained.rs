//! Trains a text and gives what came of it: for tests that look at parameters, rows of metrics and digests.

#![allow(clippy::disallowed_methods, reason = "a run is told when it was entered")]

use neurula::diag::{Diagnostic, Sources};
use neurula::driver;
use neurula::math::Precision;
use neurula::model::{self, Model};
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use neurula::runtime::{Backend, Measured, Options, Outcome, Rhythm, RunError, Silent, Watcher};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;

/// A finished run.
pub struct Trained {
    /// What the run tells.
    pub outcome: Outcome,
    /// Every parameter and state of the last checkpoint, as numbers.
    pub slots: BTreeMap<String, Vec<f64>>,
    /// The metrics' table.
    pub metrics: String,
    /// The folder, which lives as long as this does.
    pub folder: TempDir,
}

impl Trained {
    /// A parameter or state.
    pub fn slot(&self, name: &str) -> &[f64] {
        match self.slots.get(name) {
            Some(values) => values,
            None => panic!("no `{name}` among {:?}", self.slots.keys()),
        }
    }

    /// A measured value of the last phase.
    pub fn value(&self, name: &str, split: &str) -> f64 {
        measured(&self.outcome.phases.last().unwrap().values, name, split)
    }

    /// A measured value of the end of a phase.
    pub fn value_in(&self, phase: &str, name: &str, split: &str) -> f64 {
        match self.outcome.phases.iter().find(|ended| ended.phase == phase) {
            Some(ended) => measured(&ended.values, name, split),
            None => panic!("no phase {phase}"),
        }
    }
}

/// A value among those of a measurement.
fn measured(values: &[Measured], name: &str, split: &str) -> f64 {
    match values.iter().find(|value| value.name == name && value.split == split) {
        Some(found) => found.value,
        None => panic!("no {name} on {split}"),
    }
}

/// How a text is run.
#[derive(Clone)]
pub struct Way {
    pub seed: u64,
    pub epochs: Option<usize>,
    pub precision: Precision,
    pub backend: Backend,
    pub threads: usize,
}

/// In `f64`, by machine code of two threads, with seed 0.
pub const EXACT: Way = Way { seed: 0, epochs: None, precision: Precision::F64, backend: Backend::Jit, threads: 2 };

/// The model of a text that lies in a folder, or what is wrong with it.
pub fn checked(folder: &Path, text: &str) -> Result<Model, Vec<Diagnostic>> {
    checked_with(folder, text, &[])
}

/// The same, with `--set NAME=VALUE`.
pub fn checked_with(folder: &Path, text: &str, set: &[(String, String)]) -> Result<Model, Vec<Diagnostic>> {
    let mut sources = Sources::new();
    let mut parsed = driver::parse_text(&mut sources, &folder.join("spec.neu"), text);
    let mut options = model::Options::default();
    for (name, value) in set {
        let setting = format!("{name}={value}");
        parsed.also_named(&mut sources, &setting);
        options.set.push(driver::parse_setting(&mut sources, &setting).unwrap_or_else(|why| panic!("{why}")));
    }
    let checked = parsed.check(&sources, &options);
    checked.model.ok_or(checked.said)
}

/// What a run in a folder is told.
pub fn options(folder: &Path, run: &Path, way: &Way) -> Options {
    Options {
        seed: way.seed,
        epochs: way.epochs,
        precision: way.precision,
        backend: way.backend,
        threads: way.threads,
        folder: Some(run.to_path_buf()),
        interrupted: Arc::new(AtomicBool::new(false)),
        entered: std::time::Instant::now(),
        place: neurula::data::Place::only(folder),
        rhythm: Rhythm::default(),
    }
}

/// Trains a text whose files lie in a folder.
pub fn train_in(folder: &Path, text: &str, way: &Way) -> Result<Trained, RunError> {
    train_watched(folder, text, way, &mut Silent)
}

/// The same, with somebody who watches.
pub fn train_watched(folder: &Path, text: &str, way: &Way, watcher: &mut dyn Watcher) -> Result<Trained, RunError> {
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    train_with(folder, text, &[], &options(folder, &run, way), place, watcher)
}

/// The same, with `--set NAME=VALUE` and whatever a run can be told; its folder lies in `place`.
pub fn train_with(
    folder: &Path,
    text: &str,
    set: &[(String, String)],
    options: &Options,
    place: TempDir,
    watcher: &mut dyn Watcher,
) -> Result<Trained, RunError> {
    let model = checked_with(folder, text, set).unwrap_or_else(|said| panic!("{said:#?}\n{text}"));
    let run = options.folder.clone().unwrap();
    let files = [SpecFile { path: folder.join("spec.neu"), text: text.to_string() }];
    let origin = Origin { files: &files, set, resume: false };
    let outcome = train(&model, options, &origin, watcher)?;
    Ok(Trained {
        outcome,
        slots: slots(&run),
        metrics: std::fs::read_to_string(run.join("metrics.csv")).unwrap(),
        folder: place,
    })
}

/// Trains a text that needs no files.
pub fn trained(text: &str, way: &Way) -> Trained {
    train_in(Path::new("."), text, way).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The same by machine code and by the loop interpreter, which agree to the bit.
pub fn trained_both(text: &str, way: &Way) -> Trained {
    let found = trained(text, way);
    let interpreted = trained(text, &Way { backend: Backend::Interpreter, ..way.clone() });
    assert_eq!(found.outcome.state_digest, interpreted.outcome.state_digest, "{text}");
    found
}

/// Everything that a run folder's checkpoint holds, as numbers.
pub fn slots(run: &Path) -> BTreeMap<String, Vec<f64>> {
    let bytes = std::fs::read(run.join("checkpoint.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |view: &safetensors::tensor::TensorView<'_>| -> Vec<f64> {
        match view.dtype() {
            safetensors::Dtype::F32 => {
                view.data().as_chunks::<4>().0.iter().map(|c| f64::from(f32::from_le_bytes(*c))).collect()
            }
            safetensors::Dtype::F64 => view.data().as_chunks::<8>().0.iter().map(|c| f64::from_le_bytes(*c)).collect(),
            _ => view.data().as_chunks::<4>().0.iter().map(|c| f64::from(i32::from_le_bytes(*c))).collect(),
        }
    };
    tensors.tensors().iter().map(|(name, view)| (name.clone(), numbers(view))).collect()
}

/// A folder with images of one row and labels: each sample its bytes and its label; the first `train` are for training, and
/// the rest for the test.
pub fn little_data(samples: &[(Vec<u8>, u8)], train: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    let number = |n: usize| (n as u32).to_be_bytes();
    for (name, part) in [("train", &samples[..train]), ("t10k", &samples[train..])] {
        let wide = samples[0].0.len();
        let mut images = [&[0, 0, 8, 3][..], &number(part.len()), &number(1), &number(wide)].concat();
        part.iter().for_each(|(bytes, _)| images.extend(bytes));
        let mut labels = [&[0, 0, 8, 1][..], &number(part.len())].concat();
        labels.extend(part.iter().map(|(_, label)| label));
        std::fs::write(folder.path().join(format!("{name}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.path().join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    folder
}
