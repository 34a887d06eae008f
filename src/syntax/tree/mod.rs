//! The syntax tree of one file: what was written, with the place of everything, and nothing resolved.
//!
//! [`item`] holds the items, [`statement`] what stands in their braces, [`expression`] what has a value.
//! Whether a name exists, a shape fits or a clause makes sense is for `model` to say. All types are public
//! data; only `syntax` builds them.

pub mod expression;
pub mod item;
pub mod statement;

pub use expression::*;
pub use item::*;
pub use statement::*;

use crate::diag::{FileId, Span};

/// One parsed file.
#[derive(Debug, Clone, PartialEq)]
pub struct Ast {
    /// The file.
    pub file: FileId,
    /// The `//!` lines at its head, without the mark.
    pub head: Vec<String>,
    /// Its items in the order of the text; what could not be read is [`ItemKind::Broken`].
    pub items: Vec<Item>,
    /// Its comments in the order of the text, the `//!` lines of the head apart.
    pub comments: Vec<Comment>,
}

/// A `//` comment, kept for a formatter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From its `//` to the end of the line.
    pub span: Span,
    /// What stands behind the `//`.
    pub text: String,
    /// Whether it has its line for itself (else it trails code).
    pub own_line: bool,
}

/// One item of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The whole item, without comments around it.
    pub span: Span,
    /// The word that begins it.
    pub keyword_span: Span,
    /// Each `allow(…)` before it.
    pub allow: Vec<Allow>,
    /// What it is.
    pub kind: ItemKind,
}

/// `allow(NAME, "reason")` before an item or a statement: turns that one rejection into a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Allow {
    /// The whole of it.
    pub span: Span,
    /// The code's name, or the code itself.
    pub code: Name,
    /// Why it is allowed.
    pub reason: Text,
}

impl Ast {
    /// Whether any item could not be read; then what seems to be missing may not be.
    pub fn is_broken(&self) -> bool {
        self.items.iter().any(|item| matches!(item.kind, ItemKind::Broken(_)))
    }
}
