//! The files of a spec: its imports, each once, and the library files that they name.

use super::LARGEST_SPEC;
use crate::diag::{Code, Diagnostic, FileId, Sources};
use crate::library;
use crate::syntax::{self, tree::Ast, tree::ItemKind, tree::Text};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How the text of a file is had.
pub type Read<'r> = &'r dyn Fn(&Path) -> std::io::Result<String>;

/// The text of a file that is not too large.
pub fn read(path: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(path)?;
    let mut text = Vec::new();
    file.take(LARGEST_SPEC + 1).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The spec and everything that it imports, each file once.
pub(super) fn own_files(
    sources: &mut Sources,
    path: &Path,
    text: &str,
    read: Read<'_>,
    said: &mut Vec<Diagnostic>,
) -> Vec<Ast> {
    let file = sources.add(path, text);
    let mut walk =
        Walk { sources, read, said, files: Vec::new(), known: vec![identity(path)], open: vec![identity(path)] };
    walk.visit(file, path);
    walk.files
}

/// A walk through imports.
struct Walk<'w> {
    sources: &'w mut Sources,
    read: Read<'w>,
    said: &'w mut Vec<Diagnostic>,
    files: Vec<Ast>,
    /// Files that were read.
    known: Vec<PathBuf>,
    /// Files whose imports are being read, the outermost first.
    open: Vec<PathBuf>,
}

fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

impl Walk<'_> {
    fn visit(&mut self, file: FileId, path: &Path) {
        let (ast, faults) = syntax::parse(self.sources, file);
        self.said.extend(faults);
        let imports = ast
            .items
            .iter()
            .filter_map(|item| if let ItemKind::Import(text) = &item.kind { Some(text.clone()) } else { None });
        let imports: Vec<Text> = imports.collect();
        self.files.push(ast);
        for import in imports {
            self.import(&import, path);
        }
    }

    fn import(&mut self, import: &Text, path: &Path) {
        let target = path.parent().unwrap_or(Path::new("")).join(&import.value);
        let id = identity(&target);
        if self.open.contains(&id) {
            let cycle =
                Diagnostic::new(Code::IMPORT, format!("`{}` imports itself, directly or by others", import.value))
                    .at(import.span, "this closes a cycle of imports")
                    .help("put what both need into a third file");
            self.said.push(cycle);
            return;
        }
        if self.known.contains(&id) {
            return;
        }
        match (self.read)(&target) {
            Ok(text) => {
                self.known.push(id.clone());
                let file = self.sources.add(&target, text.as_str());
                self.open.push(id);
                self.visit(file, &target);
                self.open.pop();
            }
            Err(error) => self.said.push(
                Diagnostic::new(Code::IMPORT, format!("`{}` cannot be read: {error}", target.display()))
                    .at(import.span, "imported here")
                    .help("paths are relative to the file that imports"),
            ),
        }
    }
}

/// Adds the library files that these files can mean, and those that they can mean in turn.
pub(super) fn library(sources: &mut Sources, files: &mut Vec<Ast>, said: &mut Vec<Diagnostic>) {
    let mut next = 0;
    while next < files.len() {
        let text = sources.text(files[next].file).clone();
        named(sources, files, said, &text);
        next += 1;
    }
}

/// Adds the library files that a text can mean and that are not there yet.
pub(super) fn named(sources: &mut Sources, files: &mut Vec<Ast>, said: &mut Vec<Diagnostic>, text: &str) {
    for entry in library::named_in(text) {
        let path = entry.path();
        if files.iter().any(|ast| *sources.path(ast.file) == *Path::new(&path)) {
            continue;
        }
        let file = sources.add(path, entry.text);
        let (ast, faults) = syntax::parse(sources, file);
        said.extend(faults);
        files.push(ast);
    }
}
