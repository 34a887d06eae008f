//! The pages of this room's codes: the files of their examples are read, and the code is theirs.

use super::fence;
use crate::trained::checked;
use neurula::credit;
use neurula::data::Place;
use neurula::diag::{Code, codes};

/// The first code block below a heading.
fn block<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(&format!("## {heading}\n")).expect(heading).1;
    let open = below.split_once("```neu\n").expect("a block").1;
    open.split_once("```").expect("an end").0
}

/// Checks the spec of a block and reads all its data: the codes that are raised.
fn run(block: &str) -> Vec<Code> {
    let folder = tempfile::tempdir().unwrap();
    fence::write(block, folder.path());
    let model = match checked(folder.path(), block) {
        Ok(model) => model,
        Err(said) => return said.iter().map(|said| said.code).collect(),
    };
    let place = Place::only(folder.path());
    let read = model.data.iter().map(|data| credit::samples(&model, data, &place, 0));
    read.filter_map(Result::err).flatten().map(|said| said.code).collect()
}

#[test]
fn the_wrong_example_raises_its_code_and_the_right_one_nothing() {
    let rows: Vec<_> = codes::ALL.iter().filter(|row| row.code.0.starts_with("E07")).collect();
    assert!(rows.len() >= 15);
    for row in rows {
        assert!(row.page.starts_with(&format!("# {} {}\n", row.code, row.name)), "{}", row.page);
        assert_eq!(run(block(row.page, "Wrong")), [row.code], "{}", row.page);
        assert_eq!(run(block(row.page, "Right")), [], "{}", row.page);
    }
}
