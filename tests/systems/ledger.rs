//! docs/systems.md, held true: no row is missing or doubled, every row that works names a spec of this folder and a test
//! that runs it, every spec is named, and the counts at its top are right. Every spec begins the same, however it is carried out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How many rows each letter has.
const LETTERS: [(char, usize); 15] = [
    ('C', 14),
    ('G', 20),
    ('H', 20),
    ('D', 17),
    ('U', 20),
    ('X', 16),
    ('P', 21),
    ('E', 15),
    ('T', 16),
    ('R', 15),
    ('M', 17),
    ('K', 19),
    ('S', 16),
    ('J', 15),
    ('Y', 19),
];

/// A row of the page.
struct Row {
    bundle: String,
    id: String,
    works: bool,
    last: String,
}

impl Row {
    /// What its last column has between backticks.
    fn named(&self) -> impl Iterator<Item = &str> {
        self.last.split('`').skip(1).step_by(2)
    }

    /// The specs that it names.
    fn specs(&self) -> Vec<&str> {
        self.named().filter_map(|name| name.strip_suffix(".neu")).collect()
    }

    /// The tests that it names: a file of this folder and a function.
    fn tests(&self) -> Vec<(&str, &str)> {
        self.named().filter_map(|name| name.split_once("::")).collect()
    }
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/systems.md")
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(page()).unwrap();
    let (mut bundle, mut found) = (String::new(), Vec::new());
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            bundle = head.to_string();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", id, _, state @ ("works" | "not yet"), last, ""] = cells[..]
            && !bundle.is_empty()
        {
            let (id, last) = (id.to_string(), last.to_string());
            found.push(Row { bundle: bundle.clone(), id, works: state == "works", last });
        } else {
            let head = cells.len() == 6 && (cells[1] == "row" || cells[1].starts_with("--"));
            assert!(bundle.is_empty() || head || !line.starts_with('|'), "no row: {line}");
        }
    }
    found
}

/// The source of a test of this folder: from its name to the next function.
fn source(file: &str, test: &str) -> Option<String> {
    let path = super::folder().join(format!("{file}.rs"));
    let text = std::fs::read_to_string(path).ok()?;
    let (before, rest) = text.split_once(&format!("\nfn {test}() {{\n"))?;
    let attributes = before.rsplit("\n\n").next()?;
    attributes.lines().any(|line| line == "#[test]").then(|| rest.split("\n}\n").next().map(str::to_string))?
}

#[test]
fn no_row_is_missing_or_doubled() {
    let wanted: Vec<String> = LETTERS
        .iter()
        .flat_map(|(letter, rows)| (1..=*rows).map(move |number| format!("{letter}-{number:02}")))
        .collect();
    assert_eq!(wanted.len(), 260);
    assert_eq!(rows().into_iter().map(|row| row.id).collect::<Vec<_>>(), wanted);
}

#[test]
fn what_works_names_a_spec_and_a_test_that_runs_it() {
    let mut wrong = String::new();
    for row in rows() {
        let (specs, tests, id) = (row.specs(), row.tests(), &row.id);
        if !row.works {
            if row.last.is_empty() || !specs.is_empty() {
                let _ = writeln!(wrong, "{id} is not yet: say what is missing, and name no spec");
            }
            continue;
        }
        if specs.is_empty() || tests.is_empty() {
            let _ = writeln!(wrong, "{id} works: name its `{id}.neu` and its `file::test`");
        }
        let mut sources = String::new();
        for (file, test) in tests {
            match source(file, test) {
                Some(source) => sources.push_str(&source),
                None => _ = writeln!(wrong, "{id}: tests/systems/{file}.rs has no test `{test}`"),
            }
        }
        for spec in specs {
            if !super::folder().join(format!("{spec}.neu")).is_file() {
                let _ = writeln!(wrong, "{id}: there is no tests/systems/{spec}.neu");
            }
            if !sources.contains(&format!("\"{spec}\"")) {
                let _ = writeln!(wrong, "{id}: no test that it names runs \"{spec}\"");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_spec_is_named_and_says_what_it_is() {
    let rows = rows();
    for entry in std::fs::read_dir(super::folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|ending| ending == "neu") {
            assert!(std::fs::read_to_string(&path).unwrap().starts_with("//! "), "{name} does not say what it is");
            let named = rows.iter().any(|row| row.works && row.specs().contains(&name.as_str()));
            assert!(named, "no row that works names `{name}.neu`");
        }
    }
}

#[test]
fn the_counts_are_right() {
    let mut counts: BTreeMap<usize, (String, usize, usize)> = BTreeMap::new();
    for row in rows() {
        let number = row.bundle[1..row.bundle.find('.').unwrap()].parse().unwrap();
        let short = row.bundle.split([':', ',']).next().unwrap().to_string();
        let (_, all, works) = counts.entry(number).or_insert((short, 0, 0));
        *all += 1;
        *works += usize::from(row.works);
    }
    let head = "| bundle | rows | works | not yet |\n|---|---|---|---|\n";
    let mut table = head.to_string();
    let (mut rows, mut working) = (0, 0);
    for (name, all, works) in counts.values() {
        let _ = writeln!(table, "| {name} | {all} | {works} | {} |", all - works);
        rows += all;
        working += works;
    }
    let _ = writeln!(table, "| all | {rows} | {working} | {} |", rows - working);
    let text = std::fs::read_to_string(page()).unwrap();
    if std::env::var("LEDGER").is_ok_and(|word| word == "write") {
        let (above, below) = (text.find(head).unwrap(), text.find("\n## ").unwrap());
        std::fs::write(page(), format!("{}{table}{}", &text[..above], &text[below..])).unwrap();
    } else {
        assert!(text.contains(&table), "the counts of docs/systems.md should be these:\n{table}");
    }
}

#[test]
fn every_spec_begins_the_same_by_machine_code_and_interpreter() {
    for entry in std::fs::read_dir(super::folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // Files that a spec reads are made by its own test.
        if path.extension().is_some_and(|extension| extension == "neu") && !text.contains(".npy\"") {
            let id = path.file_stem().unwrap().to_str().unwrap().to_string();
            super::system(&id).begins_alike(3);
        }
    }
}
