//! Every diagnostic teaches: the pages of the codes, and specs whose messages are held to the letter.

mod letters;
pub mod pages;

use neurula::diag::{Diagnostic, Sources};
use neurula::driver;
use neurula::model::{Model, Options};
use std::path::Path;

/// Checks a text as a spec that lies at `path`: the model if it is right, and what is said.
pub fn check(sources: &mut Sources, path: &Path, text: &str, options: &Options) -> (Option<Model>, Vec<Diagnostic>) {
    let checked = driver::parse_text(sources, path, text).check(sources, options);
    (checked.model, checked.said)
}

/// What is wrong with a diagnostic as such: it has no place, an empty label, or no help.
pub fn shortcoming(said: &Diagnostic) -> Option<&'static str> {
    let primary = said.labels.iter().filter(|label| label.primary).count();
    if primary != 1 {
        return Some("one place is where the fault shows");
    }
    if said.labels.iter().any(|label| label.text.trim().is_empty()) {
        return Some("a label says nothing");
    }
    if said.help.as_deref().is_none_or(|help| help.trim().is_empty()) {
        return Some("no help");
    }
    if said.message.ends_with('.') || said.message.contains("  ") {
        return Some("a message is a line without a full stop");
    }
    None
}
