//! ARCHITECTURE.md, held true: which room imports which, what each file opens with, where unsafe lives, how long files are,
//! and that folders agree with the lists that name their cases.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder with this ending, sorted.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{ending} below {folder}");
    found
}

/// The rooms, in the order of `lib.rs`.
fn rooms() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_string).collect()
}

#[test]
fn rooms_import_only_rooms_above() {
    let rooms = rooms();
    assert_eq!(rooms.len(), 15);
    let mut broken = Vec::new();
    for (path, text) in files("src", "rs") {
        let Some(room) = path.split('/').nth(1).filter(|room| rooms.iter().any(|known| known == room)) else {
            continue;
        };
        let own = rooms.iter().position(|known| known == room).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for (place, _) in line.match_indices("crate::") {
                let rest = &line[place + 7..];
                let named: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list
                        .split(',')
                        .map(|part| part.trim().split([':', '}', ';', ' ']).next().unwrap_or(""))
                        .collect(),
                    None => vec![rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("")],
                };
                for other in named {
                    if rooms.iter().position(|known| known == other).is_some_and(|other| other > own) {
                        broken.push(format!("{path}:{}: {room} imports {other}", number + 1));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder, "rs") {
            let head = text.lines().next().unwrap_or("");
            assert!(head.starts_with("//! "), "{path} opens with `{head}`");
        }
    }
    for (path, text) in files("src/library", "neu").into_iter().chain(files("examples", "neu")) {
        assert!(text.starts_with("//! "), "{path} does not say what it is");
    }
}

#[test]
fn files_are_small() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder, "rs") {
            let lines = text.lines().count();
            assert!(lines <= 600, "{path} has {lines} lines");
        }
    }
}

#[test]
fn unsafe_lives_in_its_room() {
    for (path, text) in files("src", "rs") {
        let uses = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .any(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "unsafe"));
        let room = path == "src/codegen/jit.rs" || path.starts_with("src/kernels/");
        assert!(!uses || room, "{path} holds unsafe code");
        let blocks = ["unsafe {", "unsafe impl"].map(|block| text.matches(block).count()).iter().sum::<usize>();
        assert_eq!(blocks, text.matches("// SAFETY:").count(), "a block of {path} without its proof");
    }
}

#[test]
fn folders_agree_with_their_lists() {
    for (folder, list) in [
        ("src/model/check", "src/model/check/mod.rs"),
        ("src/credit/by", "src/credit/by/mod.rs"),
        ("src/tensor/op", "src/tensor/op/mod.rs"),
    ] {
        let text = std::fs::read_to_string(root().join(list)).unwrap();
        for (path, _) in files(folder, "rs").iter().filter(|(path, _)| path != list) {
            let name = Path::new(path).file_stem().unwrap().to_string_lossy();
            assert!(text.contains(&format!("mod {name};")), "{list} does not name {path}");
        }
    }
    let library = std::fs::read_to_string(root().join("src/library/mod.rs")).unwrap();
    for (path, _) in files("src/library", "neu") {
        let path = Path::new(&path);
        let (kind, name) = (path.parent().unwrap().file_name().unwrap(), path.file_stem().unwrap());
        let row = format!("{:?} {:?};", kind.to_string_lossy(), name.to_string_lossy());
        assert!(library.contains(&row), "the library's list has no {row}");
    }
}

#[test]
fn lists_are_sorted() {
    let sorted = |names: Vec<&str>| names.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(sorted(neurula::tensor::op::ALL.iter().map(|row| row.name).collect()), "operations");
    assert!(sorted(neurula::credit::by::ALL.iter().map(|by| by.name).collect()), "credit rules");
    assert!(sorted(neurula::data::ALL.iter().map(|source| source.name).collect()), "sources");
    assert!(sorted(neurula::diag::codes::ALL.iter().map(|row| row.code.0).collect()), "codes");
    let entries: Vec<String> =
        neurula::library::ENTRIES.iter().map(|entry| format!("{} {}", entry.kind, entry.name)).collect();
    assert!(sorted(entries.iter().map(String::as_str).collect()), "library");
}

#[test]
fn credit_rules_are_those_that_the_model_knows() {
    let known: Vec<&str> = neurula::credit::by::ALL.iter().map(|by| by.name).collect();
    let named: Vec<&str> = neurula::model::CREDIT_RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(known, named);
}
