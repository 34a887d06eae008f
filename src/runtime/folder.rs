//! The run folder: the spec as it was run, a lock of all that the run depends on, metrics, checkpoints.
//!
//! | file | what it holds |
//! |---|---|
//! | `spec.neu`, `import-1.neu`, … | the spec and its imports, as they were |
//! | `run.json` | versions, seed, precision, flags, params, machine, checksums of spec and data |
//! | `metrics.csv` | a row for each measured number |
//! | `checkpoint.safetensors` | parameters, states, and where the run is |
//! | `times.csv` | wall-clock times, which never repeat: a row for each measurement |

use super::checkpoint::replace;
use super::{Options, RunError, io};
use crate::data::SourceFile;
use crate::model::Model;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of a spec: where each lies, and its text; the spec itself first.
#[derive(Debug, Clone)]
pub struct SpecFile {
    /// Where it was read.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// What a run depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// The version of Neurula.
    pub neurula: String,
    /// The seed.
    pub seed: u64,
    /// `f32` or `f64`.
    pub precision: String,
    /// The cap on the epochs of a phase.
    pub epochs: Option<usize>,
    /// What `--set` said, as it was written.
    pub set: BTreeMap<String, String>,
    /// Every param's value, in the base unit of its dimension.
    pub params: BTreeMap<String, f64>,
    /// The machine's features that matter.
    pub cpu: Vec<String>,
    /// The files of the spec.
    pub spec: Vec<Copied>,
    /// The files of data.
    pub data: Vec<Sum>,
}

/// A file of the spec and its copy in the folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Copied {
    /// Where it was read.
    pub path: PathBuf,
    /// Its copy in the folder.
    pub copy: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// A file of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    /// Where it was read.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl From<&SourceFile> for Sum {
    fn from(file: &SourceFile) -> Sum {
        Sum { path: file.path.clone(), bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The lock of a run.
pub fn lock<'d>(
    model: &Model,
    options: &Options,
    set: &[(String, String)],
    files: &[SpecFile],
    data: impl Iterator<Item = &'d SourceFile>,
) -> Lock {
    let copies = files.iter().enumerate().map(|(number, file)| Copied {
        path: std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone()),
        copy: if number == 0 { "spec.neu".to_string() } else { format!("import-{number}.neu") },
        sha256: sha256(&file.text),
    });
    Lock {
        neurula: env!("CARGO_PKG_VERSION").to_string(),
        seed: options.seed,
        precision: options.precision.name().to_string(),
        epochs: options.epochs,
        set: set.iter().cloned().collect(),
        params: model.params.iter().map(|param| (param.name.to_string(), param.value)).collect(),
        cpu: super::features().iter().map(|feature| feature.to_string()).collect(),
        spec: copies.collect(),
        data: data.map(Sum::from).collect(),
    }
}

/// Makes a run folder: beside its place, with spec and lock inside, then renamed.
pub fn create(folder: &Path, lock: &Lock, files: &[SpecFile]) -> Result<(), RunError> {
    if folder.exists() {
        let why = "is there already; name another folder with `--out`, or go on with `--resume`".to_string();
        return Err(RunError::Folder { path: folder.to_path_buf(), why });
    }
    let name = folder.file_name().map_or_else(|| "run".into(), |name| name.to_os_string());
    let mut beside = std::ffi::OsString::from(".");
    beside.push(&name);
    beside.push(".new");
    let beside = folder.with_file_name(beside);
    if beside.exists() {
        std::fs::remove_dir_all(&beside).map_err(io(&beside))?;
    }
    std::fs::create_dir_all(&beside).map_err(io(&beside))?;
    for (file, copied) in files.iter().zip(&lock.spec) {
        let path = beside.join(&copied.copy);
        std::fs::write(&path, &file.text).map_err(io(&path))?;
    }
    let text = serde_json::to_string_pretty(lock)
        .map_err(|error| RunError::Folder { path: beside.clone(), why: error.to_string() })?;
    replace(&beside.join("run.json"), (text + "\n").as_bytes())?;
    std::fs::rename(&beside, folder).map_err(io(folder))
}

/// The lock of a folder.
pub fn read_lock(folder: &Path) -> Result<Lock, RunError> {
    let path = folder.join("run.json");
    let text = std::fs::read_to_string(&path).map_err(io(&path))?;
    let bad = |why: String| RunError::Folder { path: path.clone(), why };
    let lock: Lock = serde_json::from_str(&text).map_err(|error| bad(format!("cannot be read: {error}")))?;
    if lock.spec.is_empty() {
        return Err(bad("names no spec".to_string()));
    }
    match lock.precision.as_str() {
        "f32" | "f64" => Ok(lock),
        other => Err(bad(format!("says precision `{other}`, which is neither `f32` nor `f64`"))),
    }
}

/// The spec's files as the folder holds them, each under the path where it was read.
pub fn read_spec(folder: &Path, lock: &Lock) -> Result<Vec<SpecFile>, RunError> {
    let mut files = Vec::new();
    for copied in &lock.spec {
        let path = folder.join(&copied.copy);
        let text = std::fs::read_to_string(&path).map_err(io(&path))?;
        if sha256(&text) != copied.sha256 {
            let why = format!(
                "was changed after the run began: its SHA-256 is {}, and `run.json` says {}",
                sha256(&text),
                copied.sha256
            );
            return Err(RunError::Folder { path, why });
        }
        files.push(SpecFile { path: copied.path.clone(), text });
    }
    Ok(files)
}

/// Says what differs between the run in a folder and the one that is asked for.
pub fn differences(there: &Lock, here: &Lock) -> Result<(), RunError> {
    let changed = |what: String| Err(RunError::Changed(what));
    if there.neurula != here.neurula {
        return changed(format!("it was run by version {}, and this is {}", there.neurula, here.neurula));
    }
    if there.seed != here.seed {
        return changed(format!("its seed is {}, and {} is asked for", there.seed, here.seed));
    }
    if there.precision != here.precision {
        return changed(format!("its precision is {}, and {} is asked for", there.precision, here.precision));
    }
    if there.epochs != here.epochs {
        let words = |epochs: Option<usize>| epochs.map_or("no `--epochs`".to_string(), |n| format!("`--epochs {n}`"));
        return changed(format!("it was run with {}, and now with {}", words(there.epochs), words(here.epochs)));
    }
    if there.set != here.set {
        return changed(format!("it was run with `--set` {:?}, and now with {:?}", there.set, here.set));
    }
    for (old, new) in there.spec.iter().zip(&here.spec) {
        if old.sha256 != new.sha256 {
            return changed(format!("`{}` was changed", new.path.display()));
        }
    }
    if there.spec.len() != here.spec.len() {
        return changed("the spec imports other files".to_string());
    }
    for (old, new) in there.data.iter().zip(&here.data) {
        if old.sha256 != new.sha256 {
            return changed(format!("the data file `{}` was changed", new.path));
        }
    }
    Ok(())
}
