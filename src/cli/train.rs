//! `neurula train`: trains a spec, with progress on a terminal and a table at the end.

use super::Ending;
use super::arguments::{Machine, PrecisionName, Setting, TrainArguments};
use super::show::{self, Spec};
use crate::driver::imports;
use crate::report;
use crate::runtime::folder::{self, Lock, SpecFile};
use crate::runtime::train::{Origin, train};
use crate::runtime::{Measured, Options, Rhythm, RunError, Watcher};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(super) fn run(arguments: &TrainArguments, entered: Instant) -> Ending {
    let (lock, files) = match stored_run(arguments) {
        Ok(found) => found,
        Err(error) => return show::run_error(&error, &crate::diag::Sources::new(), arguments.json),
    };
    let (setting, machine, epochs) = as_before(arguments, lock.as_ref());
    let spec = match (&arguments.spec, &files) {
        (Some(path), _) => show::checked(path, &setting, machine.precision, arguments.json, &imports::read),
        (None, Some(files)) => {
            show::checked(&files[0].path.clone(), &setting, machine.precision, arguments.json, &stored(files))
        }
        (None, None) => {
            show::complain("which spec? Write `neurula train SPEC`, or `neurula train --resume DIR`");
            return Ending::Usage;
        }
    };
    let spec = match spec {
        Ok(spec) => spec,
        Err(ending) => return ending,
    };
    let mut options = options(&spec, &machine, epochs, entered);
    options.folder = Some(match (&arguments.resume, &arguments.out) {
        (Some(folder), _) | (None, Some(folder)) => folder.clone(),
        (None, None) => free_folder(&spec.files[0].path, options.seed),
    });
    let interrupted = options.interrupted.clone();
    let _ = ctrlc::set_handler(move || interrupted.store(true, Ordering::Relaxed));
    let set = show::settings(&setting);
    let origin = Origin { files: &spec.files, set: &set, resume: arguments.resume.is_some() };
    let mut watcher = Progress::new(arguments);
    let outcome = train(&spec.model, &options, &origin, &mut watcher);
    watcher.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return show::run_error(&error, &spec.sources, arguments.json),
    };
    if arguments.json {
        show::line(&report::summary(&outcome).to_string());
    } else if !arguments.quiet {
        show::line(&report::run(&outcome, options.folder.as_deref()));
    }
    if outcome.interrupted {
        let folder = options.folder.as_deref().unwrap_or(Path::new("")).display();
        show::complain(&format!("interrupted; go on with `neurula train --resume {folder}`"));
        return Ending::Run;
    }
    Ending::Fine
}

/// The flags, where a run goes on completed by those that it was begun with.
fn as_before(arguments: &TrainArguments, lock: Option<&Lock>) -> (Setting, Machine, Option<usize>) {
    let (mut setting, mut machine) = (arguments.setting.clone(), arguments.machine.clone());
    let mut epochs = arguments.epochs.map(|epochs| epochs as usize);
    if let Some(lock) = lock {
        machine.seed = machine.seed.or(Some(lock.seed));
        machine.precision = machine.precision.or(PrecisionName::of(&lock.precision));
        epochs = epochs.or(lock.epochs);
        if setting.set.is_empty() {
            setting.set = lock.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
        }
    }
    (setting, machine, epochs)
}

/// What a run is told.
pub(super) fn options(spec: &Spec, machine: &Machine, epochs: Option<usize>, entered: Instant) -> Options {
    Options {
        seed: machine.seed.or(spec.model.seed).unwrap_or(0),
        epochs,
        precision: machine.precision.unwrap_or(PrecisionName::F32).into(),
        backend: machine.backend.into(),
        threads: machine.threads.count(),
        folder: None,
        interrupted: Arc::new(AtomicBool::new(false)),
        entered,
        place: spec.place.clone(),
        rhythm: Rhythm::default(),
    }
}

/// The lock and the spec's files of the run that is to go on, if one is.
fn stored_run(arguments: &TrainArguments) -> Result<(Option<Lock>, Option<Vec<SpecFile>>), RunError> {
    let Some(folder) = &arguments.resume else { return Ok((None, None)) };
    let lock = folder::read_lock(folder)?;
    let files = folder::read_spec(folder, &lock)?;
    Ok((Some(lock), Some(files)))
}

/// Reads files as a run folder holds them.
pub(super) fn stored(files: &[SpecFile]) -> impl Fn(&Path) -> std::io::Result<String> {
    move |path| {
        let same =
            |file: &&SpecFile| file.path == path || std::path::absolute(path).is_ok_and(|path| path == file.path);
        match files.iter().find(same) {
            Some(file) => Ok(file.text.clone()),
            None => Err(std::io::Error::new(std::io::ErrorKind::NotFound, "the run folder does not hold it")),
        }
    }
}

/// `runs/NAME-SEED`, or the first with a number behind it that is free.
fn free_folder(spec: &Path, seed: u64) -> PathBuf {
    let name = spec.file_stem().map_or_else(|| "run".to_string(), |stem| stem.to_string_lossy().into_owned());
    let base = format!("{name}-{seed}");
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered).map(|name| Path::new("runs").join(name));
    names.find(|path| !path.exists()).unwrap_or_else(|| Path::new("runs").join(base.clone()))
}

/// A bar on a terminal, a JSON object for each measurement, or nothing.
struct Progress {
    bar: Option<ProgressBar>,
    visible: bool,
    json: bool,
}

impl Progress {
    fn new(arguments: &TrainArguments) -> Progress {
        let visible = !arguments.quiet && !arguments.json && std::io::stderr().is_terminal();
        Progress { bar: None, visible, json: arguments.json }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Watcher for Progress {
    fn phase(&mut self, name: &str, steps: u64) {
        self.finish();
        if self.visible {
            let bar = ProgressBar::new(steps);
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} steps, {eta} left  {msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_string());
            self.bar = Some(bar);
        }
    }

    fn progress(&mut self, done: u64, running: &dyn Fn() -> Vec<Measured>) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            let values: Vec<String> =
                running().iter().map(|measured| format!("{} {:.4}", measured.name, measured.value)).collect();
            bar.set_message(values.join("  "));
        }
    }

    fn measured(&mut self, step: u64, phase: &str, epoch: f64, values: &[Measured]) {
        if self.json {
            let object = serde_json::json!({
                "step": step, "phase": phase, "epoch": epoch,
                "metrics": report::by_split(values, false), "costs": report::by_split(values, true),
            });
            show::line(&object.to_string());
        }
    }
}
