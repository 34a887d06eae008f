//! The tree as text, for `emit --stage ast`: an item a paragraph, its parts indented, without spans.

use super::tree::Ast;
use std::fmt::Write;

/// The whole tree.
pub fn print(ast: &Ast) -> String {
    let mut out = String::new();
    for line in &ast.head {
        let _ = writeln!(out, "//! {line}");
    }
    for item in &ast.items {
        let _ = writeln!(out, "{}", without_spans(&format!("{:#?}", item.kind)));
    }
    out
}

/// Leaves out the lines that say where something stands.
fn without_spans(text: &str) -> String {
    let mut kept = Vec::new();
    let mut skip: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some(depth) = skip {
            if indent <= depth {
                skip = None;
            }
            continue;
        }
        let trimmed = line.trim_start();
        let names_span = trimmed.split_once(": Span {").is_some_and(|(name, _)| name.ends_with("span"));
        if names_span || trimmed == "Span {" {
            skip = Some(indent);
            continue;
        }
        kept.push(line);
    }
    kept.join("\n")
}
