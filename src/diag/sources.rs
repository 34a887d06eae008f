//! The files of one compilation and places in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file known to [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of `self` to the end of `other` (both in one file).
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One source text.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it came from; library definitions have a path such as `<library>/cost/mse.neu`.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
    /// The byte offset of each line's start.
    lines: Vec<u32>,
}

/// All texts of one compilation: the spec, its imports and the library items that it names.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and gives its identity.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(Source { path: path.into(), text, lines });
        FileId(self.files.len() as u32 - 1)
    }

    /// The path of a file.
    pub fn path(&self, file: FileId) -> &Path {
        &self.files[file.0 as usize].path
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].text
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.files[span.file.0 as usize].text[span.start as usize..span.end as usize]
    }

    /// Line and column (both from 1, the column in characters) of a byte offset.
    pub fn position(&self, file: FileId, offset: u32) -> (usize, usize) {
        let source = &self.files[file.0 as usize];
        let line = source.lines.partition_point(|start| *start <= offset) - 1;
        let start = source.lines[line] as usize;
        let end = (offset as usize).min(source.text.len());
        (line + 1, source.text.get(start..end).map_or(end - start, |t| t.chars().count()) + 1)
    }

    /// All files, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Path)> {
        self.files.iter().enumerate().map(|(i, s)| (FileId(i as u32), s.path.as_path()))
    }
}
