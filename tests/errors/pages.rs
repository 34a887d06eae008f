//! The pages of the codes: each code has one, its wrong example raises exactly this code, its right example nothing.

use super::{check, shortcoming};
use crate::data::fence;
use neurula::diag::{Code, Diagnostic, Sources, codes, render};
use neurula::model::Options;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors")
}

pub fn page(code: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{code}.md"))).unwrap()
}

/// The only code block below a heading.
pub fn block<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(&format!("\n## {heading}\n")).expect(heading).1;
    let section = below.split_once("\n## ").map_or(below, |(section, _)| section);
    assert_eq!(section.matches("```neu\n").count(), 1, "{page}");
    section.split_once("```neu\n").unwrap().1.split_once("```").unwrap().0
}

/// What is said of a block that lies in an empty folder beside the files that it describes.
fn said(block: &str) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    fence::write(block, folder.path());
    let mut sources = Sources::new();
    let options = Options { set: Vec::new(), memory: Some(4 << 30), ..Options::default() };
    let (model, said) = check(&mut sources, &folder.path().join("spec.neu"), block, &options);
    assert_eq!(model.is_none(), said.iter().any(Diagnostic::is_error), "{block}");
    for diagnostic in &said {
        let text = render::text(diagnostic, &sources, render::Style::Plain);
        assert_eq!(shortcoming(diagnostic), None, "{text}");
    }
    said
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> =
        names.filter(|name| name != "README.md").map(|name| name.trim_end_matches(".md").to_string()).collect();
    let table: BTreeSet<String> = codes::ALL.iter().map(|row| row.code.to_string()).collect();
    assert_eq!(pages, table);
}

#[test]
fn pages_have_one_form() {
    for row in codes::ALL {
        let page = page(row.code.0);
        let about = page.strip_prefix(&format!("# {} {}\n\n", row.code, row.name)).expect(&page);
        let about = about.split_once("\n\n## Wrong\n").expect(&page).0;
        assert!(about.len() > 20 && !about.contains("\n\n"), "one paragraph: {about}");
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Wrong", "## Right", "## Why"], "{}", row.code);
        let why = page.split_once("\n## Why\n\n").unwrap().1;
        assert!(why.trim().len() > 40, "{page}");
    }
}

/// Whether a code shows only when a model is trained; `finite` trains these pages' examples.
fn in_a_run(code: Code) -> bool {
    [Code::INFINITE_ACTIVITY, Code::INFINITE_GRADIENT, Code::INFINITE_CHANGE].contains(&code)
}

#[test]
fn the_wrong_example_raises_its_code_alone() {
    let mut wrong = Vec::new();
    for row in codes::ALL {
        let raised: Vec<_> = said(block(&page(row.code.0), "Wrong")).iter().map(|said| said.code).collect();
        let shows_later = (row.code.0.starts_with("E07") || in_a_run(row.code)) && raised.is_empty();
        if raised != [row.code] && !shows_later {
            wrong.push(format!("{}: {raised:?}", row.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_right_example_is_silent() {
    for row in codes::ALL {
        assert_eq!(said(block(&page(row.code.0), "Right")), [], "{}", row.code);
    }
}
