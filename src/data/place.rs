//! Where files are looked for: the spec's folder, then the folders in which systems install datasets.

use crate::diag::{Code, Diagnostic, Span};
use std::path::{Path, PathBuf};

/// The folders that a path in a spec is relative to, in order. No environment variable plays a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The spec's own folder.
    pub folder: PathBuf,
    /// Folders of installed datasets, looked through when the spec's folder has no such path.
    pub installed: Vec<PathBuf>,
}

/// Where Debian and its kin install datasets.
const INSTALLED: &str = "/usr/share/datasets";

impl Place {
    /// The place of a spec at `path`.
    pub fn of_spec(path: &Path) -> Place {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Place { folder: folder.to_path_buf(), installed: vec![PathBuf::from(INSTALLED)] }
    }

    /// One folder alone, without installed datasets.
    pub fn only(folder: impl Into<PathBuf>) -> Place {
        Place { folder: folder.into(), installed: Vec::new() }
    }

    /// The diagnostic for a path at which there is nothing; `help` says how to come by it.
    pub(super) fn missing(&self, text: &str, what: &str, span: Span, help: &str) -> Diagnostic {
        let tried = self.candidates(text).iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>();
        let message = format!("there is no {what} {}", tried.join(", nor "));
        let fault = Diagnostic::new(Code::MISSING_FILE, message).at(span, "not found");
        if text.starts_with('~') {
            return fault.help("`~` is not read as a home folder: write the whole path");
        }
        fault.help(help)
    }

    /// Every path that `text` may mean, in the order in which they are tried.
    pub fn candidates(&self, text: &str) -> Vec<PathBuf> {
        let given = Path::new(text);
        if given.is_absolute() {
            return vec![given.to_path_buf()];
        }
        std::iter::once(&self.folder).chain(&self.installed).map(|folder| tidy(folder, given)).collect()
    }

    /// The first of the candidates that exists.
    pub fn find(&self, text: &str) -> Option<PathBuf> {
        self.candidates(text).into_iter().find(|path| path.exists())
    }
}

/// `folder/given`, without a leading `./`.
fn tidy(folder: &Path, given: &Path) -> PathBuf {
    if folder == Path::new(".") { given.to_path_buf() } else { folder.join(given) }
}
