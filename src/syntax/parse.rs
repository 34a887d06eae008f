//! The whole way from a file to its tree.

use super::build::Build;
use super::explain;
use super::grammar::{Grammar, Rule};
use super::scan::{self, Piece};
use super::tree::{Ast, Broken, Item, ItemKind, Name};
use super::words;
use crate::diag::{Code, Diagnostic, FileId, Sources, Span};
use pest::Parser;

/// The largest text that is parsed, in bytes.
pub const SIZE_LIMIT: usize = 16 << 20;

/// The most diagnostics of one file; a file with more is not a spec.
const DIAGNOSTIC_LIMIT: usize = 200;

/// The tree of a file, and what is wrong with its text.
pub fn parse(sources: &Sources, file: FileId) -> (Ast, Vec<Diagnostic>) {
    let text = sources.text(file);
    let mut ast = Ast { file, head: Vec::new(), items: Vec::new(), comments: Vec::new() };
    if text.len() >= SIZE_LIMIT {
        let whole = Span { file, start: 0, end: 0 };
        ast.items.push(broken(String::new(), None, whole));
        let message = format!("this file has {} bytes, and a spec has fewer than {SIZE_LIMIT}", text.len());
        let said = Diagnostic::new(Code::TOO_LONG, message)
            .at(whole, "too large to be a spec")
            .help("data stand in files of their own, which a `data` item names");
        return (ast, vec![said]);
    }
    pest::set_error_detail(true);
    let scan = scan::scan(file, text);
    ast.head = scan.head;
    ast.comments = scan.comments;
    let mut said = Vec::new();
    let comments = std::mem::take(&mut ast.comments);
    let mut build = Build::new(file, text, &comments);
    for piece in scan.pieces {
        piece_items(&mut build, file, text, piece, &mut said, &mut ast.items);
        if said.len() > DIAGNOSTIC_LIMIT {
            break;
        }
    }
    ast.comments = comments;
    (ast, said)
}

/// The item of a piece, broken if its letters or its form are; two of them if a misspelt item word is in it.
fn piece_items(
    build: &mut Build<'_>,
    file: FileId,
    text: &str,
    piece: Piece,
    said: &mut Vec<Diagnostic>,
    items: &mut Vec<Item>,
) {
    let span = Span { file, start: piece.range.start as u32, end: piece.range.end as u32 };
    let keyword = piece.keyword.clone().map(|range| &text[range]);
    if !piece.faults.is_empty() {
        said.extend(piece.faults.into_iter().map(|fault| fault.diagnostic));
        items.push(remains(file, text, keyword, piece.keyword.map(|range| range.end), span));
        return;
    }
    let Some(word) = keyword else {
        said.push(explain::no_item(file, text, piece.range.clone()));
        let (end, near) = explain::nearest_item(text, &piece.range);
        items.push(remains(file, text, near, Some(end), span));
        return;
    };
    let written = &text[piece.range.clone()];
    match Grammar::parse(Rule::piece, written) {
        Ok(mut pairs) => {
            let Some(pair) = pairs.next() else { return };
            let before = build.diagnostics.len();
            let item = build.piece(pair, piece.range.start);
            let faults = build.diagnostics.split_off(before);
            let bad = !faults.is_empty();
            said.extend(faults);
            items.push(match bad {
                true => Item { kind: ItemKind::Broken(broken_of(&item, word)), ..item },
                false => item,
            });
        }
        Err(error) => {
            let end = piece.keyword.as_ref().map(|range| range.end);
            match explain::misspelt_item(&error, file, text, piece.range.clone()) {
                Some(misspelt) if !piece.accidental && misspelt.splits => {
                    let front = piece.range.start
                        ..piece.range.start + text[piece.range.start..misspelt.word.start].trim_end().len();
                    let front = Piece { range: front, keyword: piece.keyword, faults: Vec::new(), accidental: false };
                    piece_items(build, file, text, front, said, items);
                    said.push(misspelt.diagnostic);
                    let span = Span { start: misspelt.word.start as u32, ..span };
                    items.push(remains(file, text, Some(misspelt.near), Some(misspelt.word.end), span));
                }
                Some(misspelt) if !piece.accidental => {
                    said.push(misspelt.diagnostic);
                    items.push(remains(file, text, keyword, end, span));
                }
                _ => {
                    if !piece.accidental {
                        said.push(explain::error(&error, file, text, piece.range.clone(), word));
                    }
                    items.push(remains(file, text, keyword, end, span));
                }
            }
        }
    }
}

/// What is left of an item whose tree has a mistake.
fn broken_of(item: &Item, word: &str) -> Broken {
    let keyword = words::item_word(word).unwrap_or(word).to_string();
    Broken { keyword, name: item.name().cloned(), span: item.span }
}

fn broken(keyword: String, name: Option<Name>, span: Span) -> Item {
    Item { span, keyword_span: span, allow: Vec::new(), kind: ItemKind::Broken(Broken { keyword, name, span }) }
}

/// A broken item that keeps its keyword and the name that it would have defined.
fn remains(file: FileId, text: &str, keyword: Option<&str>, end: Option<usize>, span: Span) -> Item {
    let keyword = keyword.and_then(words::item_word).unwrap_or_default();
    let name = end.filter(|_| words::defines_name(keyword)).and_then(|end| {
        let rest = &text[end..span.end as usize];
        let start = end + (rest.len() - rest.trim_start().len());
        let length =
            text[start..span.end as usize].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let word = &text[start..start + length];
        let good = word.bytes().next().is_some_and(|b| !b.is_ascii_digit()) && !words::is_reserved(word);
        good.then(|| Name { text: word.into(), span: Span { file, start: start as u32, end: (start + length) as u32 } })
    });
    broken(keyword.to_string(), name, span)
}
