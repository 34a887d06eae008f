//! Checkpoints: every parameter and state by name, and where in development the run is, as one safetensors file.

use super::best;
use super::digest;
use super::metrics::Written;
use super::store::Store;
use super::{Measured, RunError, io};
use crate::bug;
use crate::loops::memory::Values;
use crate::model::Model;
use crate::tensor::{Name, Role};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where a run is. All counts are from birth unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The phase.
    pub phase: usize,
    /// Steps of this phase that are done.
    pub phase_step: u64,
    /// Steps of this epoch that are done; 0 before an epoch begins.
    pub epoch_step: u64,
    /// How many steps this phase, or if it has not begun the one before it, can have at most.
    pub phase_bound: u64,
    /// How many steps an epoch of that phase has.
    pub epoch_bound: u64,
    /// Epochs that have begun.
    pub epochs: u64,
    /// Epochs that have passed, each that ended early by its fraction.
    pub time: f64,
    /// Steps that are done.
    pub steps: u64,
    /// What each ended phase measured last.
    pub ended: Vec<Ended>,
    /// The last measurement of this phase.
    pub last: Vec<Measured>,
    /// The best one, if the phase keeps it.
    pub kept: Option<Kept>,
}

/// The best measurement of a phase so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// After how many steps of the whole run it was made.
    pub step: u64,
    /// What was measured.
    pub values: Vec<Measured>,
}

/// A phase that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Its name.
    pub phase: String,
    /// How many epochs it had.
    pub epochs: f64,
    /// How many steps it had.
    pub steps: u64,
    /// The measurement of the weights with which it ended: its last, or the best if it keeps that.
    pub values: Vec<Measured>,
}

/// The keys of the metadata: where the run is, the metrics' length and SHA-256, and the file's own SHA-256.
const POSITION: &str = "position";
const METRICS: &str = "metrics_bytes";
const METRICS_SUM: &str = "metrics_sha256";
const SEAL: &str = "sha256";

/// What stands before the seal's digits in the file, and how many digits there are.
const BEFORE_SEAL: &[u8] = b"\"sha256\":\"";
const SEAL_DIGITS: usize = 64;

/// The position as the text that the checkpoint holds.
pub(super) fn text(position: &Position) -> Result<String, RunError> {
    serde_json::to_string(position)
        .map_err(|error| RunError::Folder { path: "checkpoint".into(), why: error.to_string() })
}

/// Where the digits of a file's seal are.
fn seal_place(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let start = bytes.windows(BEFORE_SEAL.len()).position(|window| window == BEFORE_SEAL)? + BEFORE_SEAL.len();
    (start + SEAL_DIGITS <= bytes.len()).then_some(start..start + SEAL_DIGITS)
}

/// The SHA-256 of a whole file in which the digits of the seal are read as zeros: no byte can change unnoticed.
fn seal(bytes: &[u8], digits: &std::ops::Range<usize>) -> String {
    let mut hash = Sha256::new();
    hash.update(&bytes[..digits.start]);
    hash.update([b'0'; SEAL_DIGITS]);
    hash.update(&bytes[digits.end..]);
    digest::hexadecimal(hash)
}

/// Writes a checkpoint: beside its place, synced, then renamed, so that there is always a whole one.
pub(super) fn write(
    path: &Path,
    store: &Store,
    best: Option<&Store>,
    position: &Position,
    metrics: &Written,
) -> Result<(), RunError> {
    let kept = store.kept().map(|held| ("", held));
    let best = best.into_iter().flat_map(Store::iter).map(|held| (best::PREFIX, held));
    let slots: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = kept
        .chain(best)
        .map(|(prefix, (slot, storage))| {
            let dtype = match storage.read_logical(slot) {
                Values::F32(_) => Dtype::F32,
                Values::F64(_) => Dtype::F64,
                Values::Int(_) => Dtype::I32,
                Values::Byte(_) => Dtype::U8,
            };
            let shape = slot.ty.shape.iter().map(|extent| extent.bound()).collect();
            (format!("{prefix}{}", slot.name), dtype, shape, storage.logical_bytes(slot))
        })
        .collect();
    let bad = |error: String| RunError::Folder { path: path.to_path_buf(), why: error };
    let views = slots
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| bad(e.to_string()))?))
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    let entries = [
        (POSITION, text(position)?),
        (METRICS, metrics.bytes.to_string()),
        (METRICS_SUM, metrics.sha256.clone()),
        (SEAL, "0".repeat(SEAL_DIGITS)),
    ];
    let metadata = HashMap::from(entries.map(|(key, value)| (key.to_string(), value)));
    let mut bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| bad(error.to_string()))?;
    let Some(place) = seal_place(&bytes) else { bug!("a checkpoint has no place for its seal") };
    let digits = seal(&bytes, &place);
    bytes[place].copy_from_slice(digits.as_bytes());
    replace(path, &bytes)
}

/// Writes a file so that its place always holds a whole one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).map_err(io(&beside))?;
    file.write_all(bytes).map_err(io(&beside))?;
    file.sync_all().map_err(io(&beside))?;
    drop(file);
    std::fs::rename(&beside, path).map_err(io(path))?;
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    }
    Ok(())
}

/// A checkpoint that was read, as it was written.
pub(super) struct Checkpoint {
    pub(super) position: Position,
    pub(super) metrics: Written,
    pub(super) slots: Vec<(Name, Vec<usize>, Values)>,
}

/// Where the checkpoint of a run folder lies.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint.safetensors")
}

/// The checkpoint of a run folder, which must have one.
pub(super) fn of_folder(folder: &Path, model: &Model) -> Result<Checkpoint, RunError> {
    let path = path(folder);
    let found = read(&path, model)?;
    found.ok_or(RunError::Folder { path, why: "is not there: the run has no checkpoint yet".to_string() })
}

/// Reads a checkpoint of a model's run; none if there is no file.
pub(super) fn read(path: &Path, model: &Model) -> Result<Option<Checkpoint>, RunError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path)(error)),
    };
    let bad = |why: String| RunError::Folder { path: path.to_path_buf(), why };
    let Some(place) = seal_place(&bytes) else {
        return Err(bad(format!("is no checkpoint: its {} bytes hold no `{SEAL}`", bytes.len())));
    };
    let found = seal(&bytes, &place);
    if found.as_bytes() != &bytes[place.clone()] {
        let wanted = String::from_utf8_lossy(&bytes[place]);
        return Err(bad(format!("is damaged: its SHA-256 is {found}, and it was written with {wanted}")));
    }
    let (_, metadata) =
        SafeTensors::read_metadata(&bytes).map_err(|error| bad(format!("is no checkpoint: {error}")))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| bad(format!("is no checkpoint: {error}")))?;
    let entry = |key: &str| {
        let found = metadata.metadata().as_ref().and_then(|entries| entries.get(key));
        found.cloned().ok_or_else(|| bad(format!("has no `{key}`")))
    };
    let position: Position = serde_json::from_str(&entry(POSITION)?)
        .map_err(|error| bad(format!("has a position that cannot be read: {error}")))?;
    if !position.possible(model) {
        return Err(bad("has a position that no run of this spec comes to".to_string()));
    }
    let length = entry(METRICS)?.parse().map_err(|_| bad("has no length of the metrics".to_string()))?;
    let metrics = Written { bytes: length, sha256: entry(METRICS_SUM)? };
    let mut slots = Vec::new();
    for (name, view) in tensors.tensors() {
        let values = match view.dtype() {
            Dtype::F32 => Values::F32(numbers(view.data(), f32::from_le_bytes)),
            Dtype::F64 => Values::F64(numbers(view.data(), f64::from_le_bytes)),
            Dtype::I32 => Values::Int(numbers(view.data(), i32::from_le_bytes)),
            Dtype::U8 => Values::Byte(view.data().to_vec()),
            other => return Err(bad(format!("holds `{name}` as {other:?}"))),
        };
        slots.push((name.into(), view.shape().to_vec(), values));
    }
    slots.sort_by(|a: &(Name, _, _), b| a.0.cmp(&b.0));
    Ok(Some(Checkpoint { position, metrics, slots }))
}

impl Position {
    /// Whether the phase has taken a step.
    pub(super) fn begun(&self) -> bool {
        self.phase_step > 0
    }

    /// Whether a run of this model can be there.
    fn possible(&self, model: &Model) -> bool {
        let phases = model.phases.len();
        let inside = self.phase < phases || (self.phase == phases && !self.begun());
        let counts = [self.phase_step, self.epoch_step, self.epochs, self.steps];
        inside
            && self.ended.len() == self.phase
            && self.epoch_step <= self.phase_step
            && self.phase_step <= self.steps
            && (self.epochs > 0 || self.steps == 0)
            && (self.kept.is_none() || self.begun() && model.phases[self.phase].keep.is_some())
            && counts.iter().all(|count| *count < 1 << 53)
    }

    /// Sets the clocks that schedules read, as they stood when the phase that has begun, or the one before, was last measured.
    pub(super) fn set_clocks(&self, store: &mut Store) {
        let ended = self.ended.last().map_or(0, |ended| ended.steps);
        store.set("clock.phase_step", if self.begun() { self.phase_step } else { ended } as f64);
        store.set("clock.phase_steps", self.phase_bound as f64);
        store.set("clock.epoch_steps", self.epoch_bound as f64);
    }

    /// How many phases, from the first, have their slots in a checkpoint: those that have begun, and always the first.
    pub(super) fn reached(&self) -> usize {
        (self.phase + usize::from(self.begun())).max(1)
    }
}

impl Checkpoint {
    /// Writes its slots into a store that has exactly those; gives what learns as it was at the best measurement, if the
    /// phase keeps that.
    pub(super) fn restore(&self, store: &mut Store) -> Result<Option<Store>, RunError> {
        let mut best = self.position.kept.as_ref().map(|_| store.part(best::learns));
        for (name, ..) in &self.slots {
            let known = match name.strip_prefix(best::PREFIX) {
                Some(name) => best.as_ref().is_some_and(|best| best.slot(name).is_some()),
                None => store.slot(name).is_some(),
            };
            if !known {
                return Err(RunError::Changed(format!("its checkpoint holds `{name}`, which this spec has not")));
            }
        }
        self.bring(store, "", &|role| role != Role::Input)?;
        if let Some(best) = &mut best {
            self.bring(best, best::PREFIX, &|_| true)?;
        }
        Ok(best)
    }

    /// Writes those of its parameters that a store has.
    pub(super) fn restore_parameters(&self, store: &mut Store) -> Result<(), RunError> {
        self.bring(store, "", &|role| role == Role::Parameter)
    }

    /// Writes every slot of these roles, each of which it must have under its name with a prefix.
    fn bring(&self, store: &mut Store, prefix: &str, which: &dyn Fn(Role) -> bool) -> Result<(), RunError> {
        let wanted: Vec<(Name, Vec<usize>)> = (store.iter())
            .filter(|(slot, _)| which(slot.role))
            .map(|(slot, _)| (slot.name.clone(), slot.ty.shape.iter().map(|extent| extent.bound()).collect()))
            .collect();
        for (name, wanted) in wanted {
            let found = self.slots.iter().find(|(held, ..)| held.strip_prefix(prefix) == Some(&*name));
            let Some((_, shape, values)) = found else {
                return Err(RunError::Changed(format!("its checkpoint has no `{prefix}{name}`")));
            };
            if *shape != wanted {
                let why = format!("`{name}` is {shape:?} in its checkpoint, and {wanted:?} in this spec");
                return Err(RunError::Changed(why));
            }
            store.put(&name, values)?;
        }
        Ok(())
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}
