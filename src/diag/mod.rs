//! What is said to the user: files, spans, codes and diagnostics, as data.
//!
//! Every other room builds [`Diagnostic`] values; only `diag/render.rs` turns them into text or JSON,
//! and only `cli` prints. A span always belongs to a file known to [`Sources`].

pub mod codes;
pub mod render;
pub mod size;
mod sources;

pub use codes::Code;
pub use sources::{FileId, Sources, Span};

use std::fmt;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong (also what `allow` makes of an error).
    Note,
    /// Probably a slip; the spec still compiles.
    Warning,
    /// The spec does not compile.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// A place in a source with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What holds there.
    pub text: String,
    /// Whether this is where the fault shows (the first place to look) or a reason for it.
    pub primary: bool,
}

/// One thing said to the user: a code, what is wrong, why (the labels), and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code, which has a page in `docs/errors`.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// One sentence: what is wrong.
    pub message: String,
    /// Places, the primary ones first.
    pub labels: Vec<Label>,
    /// What to do, ideally text that can be pasted.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic of the severity that its code usually has.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { code, severity: code.severity(), message: message.into(), labels: Vec::new(), help: None }
    }

    /// Adds the place where the fault shows.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        let place = self.labels.iter().take_while(|l| l.primary).count();
        self.labels.insert(place, Label { span, text: text.into(), primary: true });
        self
    }

    /// Adds a place that explains why it is a fault (the other side of a conflict).
    #[must_use]
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Whether it keeps the spec from compiling.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Stops with a message that says the fault is Neurula's own, not the user's.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)*) => {
        panic!(
            "this is a bug in Neurula {} ({}:{}), not a fault of your spec: {}",
            env!("CARGO_PKG_VERSION"), file!(), line!(), format_args!($($arg)*)
        )
    };
}
