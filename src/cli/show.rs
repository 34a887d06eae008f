//! What several commands show: diagnostics, errors of a run, and a spec that is read and checked.

use super::Ending;
use super::arguments::{PrecisionName, Setting};
use crate::diag::{Diagnostic, Sources, render};
use crate::driver::{self, imports};
use crate::model::{Model, Options};
use crate::runtime::folder::SpecFile;
use crate::runtime::{RunError, machine};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// A spec that is right.
pub(super) struct Spec {
    pub(super) sources: Sources,
    pub(super) model: Model,
    pub(super) files: Vec<SpecFile>,
    pub(super) place: crate::data::Place,
}

/// Reads and checks a spec; what is wrong is shown, on standard error or as JSON on standard output.
pub(super) fn checked(
    path: &Path,
    setting: &Setting,
    precision: Option<PrecisionName>,
    json: bool,
    read: imports::Read<'_>,
) -> Result<Spec, Ending> {
    let mut sources = Sources::new();
    let mut parsed = driver::parse_with(&mut sources, path, read).map_err(|error| {
        complain(&format!("{}: {error}", path.display()));
        Ending::Usage
    })?;
    let mut set = Vec::new();
    for text in &setting.set {
        parsed.also_named(&mut sources, text);
        match driver::parse_setting(&mut sources, text) {
            Ok(setting) => set.push(setting),
            Err(message) => {
                complain(&message);
                return Err(Ending::Usage);
            }
        }
    }
    let place = parsed.place().clone();
    let own: Vec<_> = parsed.files[..parsed.own].iter().map(|ast| ast.file).collect();
    let files = own
        .into_iter()
        .map(|file| SpecFile { path: sources.path(file).to_path_buf(), text: sources.text(file).to_string() });
    let files = files.collect();
    let memory = setting.memory.unwrap_or_else(machine::free_memory);
    let precision = precision.unwrap_or(PrecisionName::F32).into();
    let options = Options { set, memory: Some(memory), precision };
    let checked = parsed.check(&sources, &options);
    diagnostics(&checked.said, &sources, json);
    match checked.model {
        Some(model) => Ok(Spec { sources, model, files, place }),
        None => Err(Ending::Spec),
    }
}

/// Shows diagnostics.
pub(super) fn diagnostics(said: &[Diagnostic], sources: &Sources, json: bool) {
    for diagnostic in said {
        if json {
            line(&render::json(diagnostic, sources));
        } else {
            let style = if std::io::stderr().is_terminal() { render::Style::Colour } else { render::Style::Plain };
            let _ = write!(std::io::stderr(), "{}", render::text(diagnostic, sources, style));
        }
    }
}

/// Shows why a run ended before its time.
pub(super) fn run_error(error: &RunError, sources: &Sources, json: bool) -> Ending {
    match error {
        RunError::Data(said) => diagnostics(said, sources, json),
        RunError::NotFinite { said, .. } => {
            diagnostics(std::slice::from_ref(said), sources, json);
            if !json {
                complain("the run has ended; the last checkpoint stands");
            }
        }
        error if json => line(&serde_json::json!({ "error": error.to_string() }).to_string()),
        error => complain(&error.to_string()),
    }
    Ending::Run
}

/// A line on standard output; a reader that has gone is no error.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "neurula: {text}");
}

/// `--set` as written, for the lock.
pub(super) fn settings(setting: &Setting) -> Vec<(String, String)> {
    let pairs = setting.set.iter().filter_map(|text| text.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_string(), value.trim().to_string())).collect()
}
