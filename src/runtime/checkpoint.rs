//! Checkpoints: every parameter and state by name, and where in development the run is, as one safetensors file.

use super::store::Store;
use super::{Measured, RunError, io};
use crate::loops::memory::Values;
use crate::tensor::Name;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Where a run is. All counts are from birth unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The phase.
    pub phase: usize,
    /// Steps of this phase that are done.
    pub phase_step: u64,
    /// Steps of this epoch that are done; 0 before an epoch begins.
    pub epoch_step: u64,
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
    /// Its last measurement.
    pub values: Vec<Measured>,
}

/// The key of the metadata under which the position stands, and that of the metrics' length.
const POSITION: &str = "position";
const METRICS: &str = "metrics_bytes";

/// The position as the text that the checkpoint holds.
pub(super) fn text(position: &Position) -> Result<String, RunError> {
    serde_json::to_string(position)
        .map_err(|error| RunError::Folder { path: "checkpoint".into(), why: error.to_string() })
}

/// Writes a checkpoint: beside its place, synced, then renamed, so that there is always a whole one.
pub(super) fn write(path: &Path, store: &Store, position: &Position, metrics_bytes: u64) -> Result<(), RunError> {
    let slots: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = store
        .kept()
        .map(|(slot, storage)| {
            let dtype = match storage.read_logical(slot) {
                Values::F32(_) => Dtype::F32,
                Values::F64(_) => Dtype::F64,
                Values::Int(_) => Dtype::I32,
                Values::Byte(_) => Dtype::U8,
            };
            let shape = slot.ty.shape.iter().map(|extent| extent.bound()).collect();
            (slot.name.to_string(), dtype, shape, storage.logical_bytes(slot))
        })
        .collect();
    let bad = |error: String| RunError::Folder { path: path.to_path_buf(), why: error };
    let views = slots
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).map_err(|e| bad(e.to_string()))?))
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    let metadata =
        HashMap::from([(POSITION.to_string(), text(position)?), (METRICS.to_string(), metrics_bytes.to_string())]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| bad(error.to_string()))?;
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

/// A checkpoint that was read.
pub(super) struct Checkpoint {
    pub(super) position: Position,
    pub(super) metrics_bytes: u64,
    pub(super) slots: Vec<(Name, Vec<usize>, Values)>,
}

/// Reads a checkpoint; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Checkpoint>, RunError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path)(error)),
    };
    let bad = |why: String| RunError::Folder { path: path.to_path_buf(), why };
    let (_, metadata) =
        SafeTensors::read_metadata(&bytes).map_err(|error| bad(format!("is no checkpoint: {error}")))?;
    let entry = |key: &str| {
        let found = metadata.metadata().as_ref().and_then(|entries| entries.get(key));
        found.cloned().ok_or_else(|| bad(format!("has no `{key}`")))
    };
    let position = serde_json::from_str(&entry(POSITION)?)
        .map_err(|error| bad(format!("has a position that cannot be read: {error}")))?;
    let metrics_bytes = entry(METRICS)?.parse().map_err(|_| bad("has no length of the metrics".to_string()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| bad(format!("is damaged: {error}")))?;
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
    Ok(Some(Checkpoint { position, metrics_bytes, slots }))
}

fn numbers<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}
