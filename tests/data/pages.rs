//! The pages of this room's codes: the files of their examples are read, the data line bound, and the code is theirs.

use super::{CALL, argument, fence, load, span};
use neurula::data::{self, Argument, Call, Outcome, Place, Value};
use neurula::diag::{Code, codes};

/// The first code block below a heading.
fn block<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(&format!("## {heading}\n")).expect(heading).1;
    let open = below.split_once("```neu\n").expect("a block").1;
    open.split_once("```").expect("an end").0
}

/// Runs `data world = NAME(name = value, …)` of a block.
fn run(block: &str) -> Outcome<()> {
    let folder = tempfile::tempdir().unwrap();
    fence::write(block, folder.path());
    let place = Place::only(folder.path());
    let (name, rest) = block.split_once("data world = ").unwrap().1.split_once('(').unwrap();
    let source = data::find(name, span(CALL)).map_err(|fault| vec![fault])?;
    let inside = rest.split_once(')').unwrap().0.split(',').enumerate();
    let arguments: Vec<Argument> = inside.map(|(i, text)| read(i, text.trim())).collect();
    let call = Call::bind(source, span(CALL), &arguments)?;
    let (signature, _) = load(&call, &place, 0)?;
    for reading in block.split("world.").skip(1) {
        let field = reading.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        if signature.position(field).is_none() {
            return Err(vec![signature.unknown_field("world", field, span(80), span(CALL))]);
        }
    }
    Ok(())
}

fn read(i: usize, text: &str) -> Argument {
    let (name, value) = text.split_once(" = ").unwrap_or(("", text));
    let value = match (value.strip_prefix('"'), value.strip_suffix(" %")) {
        (Some(text), _) => Value::Text(text.trim_end_matches('"').to_string()),
        (_, Some(percent)) => Value::Percent(percent.parse().unwrap()),
        _ => Value::Number(value.parse().unwrap()),
    };
    argument(i, name, value)
}

#[test]
fn the_wrong_example_raises_its_code_and_the_right_one_nothing() {
    let rows: Vec<_> = codes::ALL.iter().filter(|row| row.code.0.starts_with("E07")).collect();
    assert!(rows.len() >= 15);
    for row in rows {
        assert!(row.page.starts_with(&format!("# {} {}\n", row.code, row.name)), "{}", row.page);
        let faults = run(block(row.page, "Wrong")).expect_err(row.code.0);
        let raised: Vec<Code> = faults.iter().map(|fault| fault.code).collect();
        assert_eq!(raised, [row.code], "{faults:?}");
        assert_eq!(run(block(row.page, "Right")), Ok(()), "{}", row.code);
    }
}
