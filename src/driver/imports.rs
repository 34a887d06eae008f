//! The files of a spec: its imports, each once, and the library files that they name.

use super::LARGEST_SPEC;
use crate::diag::{Code, Diagnostic, FileId, Sources, Span};
use crate::library;
use crate::syntax::{self, tree::Ast, tree::ItemKind};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The text of a file that is not too large.
pub(super) fn read(path: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(path)?;
    let mut text = Vec::new();
    file.take(LARGEST_SPEC + 1).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The spec and everything that it imports, each file once.
pub(super) fn own_files(sources: &mut Sources, path: &Path, text: &str, said: &mut Vec<Diagnostic>) -> Vec<Ast> {
    let mut files = Vec::new();
    let mut known: Vec<(PathBuf, Span)> = Vec::new();
    let file = sources.add(path, text);
    let whole = Span { file, start: 0, end: 0 };
    known.push((identity(path), whole));
    let mut open = vec![identity(path)];
    visit(sources, file, path, &mut files, &mut known, &mut open, said);
    files
}

fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn visit(
    sources: &mut Sources,
    file: FileId,
    path: &Path,
    files: &mut Vec<Ast>,
    known: &mut Vec<(PathBuf, Span)>,
    open: &mut Vec<PathBuf>,
    said: &mut Vec<Diagnostic>,
) {
    let (ast, faults) = syntax::parse(sources, file);
    said.extend(faults);
    let imports: Vec<_> = ast
        .items
        .iter()
        .filter_map(|item| if let ItemKind::Import(text) = &item.kind { Some(text.clone()) } else { None })
        .collect();
    files.push(ast);
    for import in imports {
        let target = path.parent().unwrap_or(Path::new("")).join(&import.value);
        let id = identity(&target);
        if open.contains(&id) {
            let cycle =
                Diagnostic::new(Code::IMPORT, format!("`{}` imports itself, directly or by others", import.value))
                    .at(import.span, "this closes a cycle of imports")
                    .help("put what both need into a third file");
            said.push(cycle);
            continue;
        }
        if known.iter().any(|(other, _)| *other == id) {
            continue;
        }
        match read(&target) {
            Ok(text) => {
                known.push((id.clone(), import.span));
                let file = sources.add(&target, text.as_str());
                open.push(id);
                visit(sources, file, &target, files, known, open, said);
                open.pop();
            }
            Err(error) => said.push(
                Diagnostic::new(Code::IMPORT, format!("`{}` cannot be read: {error}", target.display()))
                    .at(import.span, "imported here")
                    .help("paths are relative to the file that imports"),
            ),
        }
    }
}

/// Adds the library files that these files can mean, and those that they can mean in turn.
pub(super) fn library(sources: &mut Sources, files: &mut Vec<Ast>, said: &mut Vec<Diagnostic>) {
    let mut taken: Vec<&'static library::Entry> = Vec::new();
    let mut next = 0;
    while next < files.len() {
        let text = sources.text(files[next].file).clone();
        for entry in library::named_in(&text) {
            if !taken.contains(&entry) {
                taken.push(entry);
                let file = sources.add(entry.path(), entry.text);
                let (ast, faults) = syntax::parse(sources, file);
                said.extend(faults);
                files.push(ast);
            }
        }
        next += 1;
    }
}
