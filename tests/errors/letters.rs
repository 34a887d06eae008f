//! Specs with mistakes, each with all that is said about it, to the letter, and a repaired twin about which nothing is
//! said. `BLESS=1` writes the letters anew; they are read before they are committed.

use super::{check, shortcoming};
use neurula::diag::{Diagnostic, Sources, render};
use neurula::model::Options;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn options() -> Options {
    Options { set: Vec::new(), memory: Some(4 << 30), ..Options::default() }
}

/// Everything that is said of a file, which is known by its name alone.
fn said(path: &Path) -> (Vec<Diagnostic>, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut sources = Sources::new();
    let name = Path::new(path.file_name().unwrap());
    let (_, said) = check(&mut sources, name, &text, &options());
    let mut drawn = String::new();
    for diagnostic in &said {
        let text = render::text(diagnostic, &sources, render::Style::Plain);
        assert_eq!(shortcoming(diagnostic), None, "{text}");
        let lines = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        writeln!(drawn, "{}", lines.trim_end()).unwrap();
        drawn.push('\n');
    }
    (said, drawn)
}

fn specs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "neu") && !is_twin(path));
    all.sort();
    assert!(all.len() >= 35, "{} specs", all.len());
    all
}

fn is_twin(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".ok.neu")
}

#[test]
fn what_is_said_is_said_in_these_words() {
    let mut different = Vec::new();
    for path in specs() {
        let (said, drawn) = said(&path);
        assert!(!said.is_empty(), "nothing is said of {}", path.display());
        let letters = path.with_extension("stderr");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&letters, &drawn).unwrap();
        }
        if std::fs::read_to_string(&letters).ok().as_deref() != Some(&drawn) {
            different.push(format!("{}\n{drawn}", path.display()));
        }
    }
    assert!(different.is_empty(), "other words (BLESS=1 takes them):\n{}", different.join("\n"));
}

#[test]
fn nothing_is_said_twice() {
    for path in specs() {
        let (said, _) = said(&path);
        for (i, one) in said.iter().enumerate() {
            let place = |said: &Diagnostic| said.labels.iter().find(|label| label.primary).map(|label| label.span);
            let again = said[..i].iter().find(|other| other.message == one.message && place(other) == place(one));
            assert!(again.is_none(), "{}: {one:?}", path.display());
        }
    }
}

#[test]
fn the_repaired_twin_is_silent() {
    for path in specs() {
        let twin = path.with_extension("ok.neu");
        let (_, drawn) = said(&twin);
        assert!(drawn.is_empty(), "{}\n{drawn}", twin.display());
    }
}
