//! `tests/ir/*.tensor`: programs with what goes in and what must come out, as tensors, as loops and as machine code.
//!
//! The comment lines are those of the loop files, which are told there; both precisions are always run.

use crate::loops::filetest::{Orders, files, filled, orders, report, run_everywhere};
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::memory::Storage;
use neurula::loops::{Precision, Slot};
use neurula::tensor::eval::{Array, step};
use neurula::tensor::{Program, parse, pass, print, verify};
use std::path::Path;

/// What a slot holds at the beginning.
fn given<'a>(orders: &'a Orders, name: &str) -> &'a [f64] {
    orders.set.iter().find(|(other, _)| other == name).map_or(&[], |(_, numbers)| numbers)
}

fn expect(name: &str, found: &[f64], expected: &[f64], exact: bool, who: &str) {
    let same = |(found, expected): (&f64, &f64)| {
        found.to_bits() == expected.to_bits() || !exact && (found - expected).abs() <= 1e-6 * expected.abs()
    };
    let all = found.len() == expected.len() && found.iter().zip(expected).all(same);
    assert!(all, "{who}: {name} is {found:?}, not {expected:?}");
}

fn as_tensors(program: &Program, orders: &Orders) {
    let slots = program.slots.iter();
    let mut arrays: Vec<Array> =
        slots.map(|slot| Array::from_numbers(&slot.ty, given(orders, &slot.name).iter().copied())).collect();
    for _ in 0..orders.steps {
        step(program, &mut arrays).unwrap_or_else(|fault| panic!("{fault}"));
    }
    for (name, numbers, exact) in &orders.expect {
        let at = program.slots.iter().position(|slot| &*slot.name == name).unwrap_or_else(|| panic!("no slot {name}"));
        expect(name, &arrays[at].numbers(), numbers, *exact, "tensors");
    }
}

fn as_loops(program: &Program, orders: &Orders, precision: Precision) {
    let loops = lower(program, precision, &mut Layouts::new()).unwrap_or_else(|error| panic!("{error}"));
    let memory = |slot: &Slot| match given(orders, &slot.name) {
        [] => Storage::for_slot(slot, precision),
        numbers => filled(slot, precision, numbers),
    };
    let memory: Vec<Storage> = loops.slots.iter().map(memory).collect();
    let after = run_everywhere(&loops, &memory, orders.steps);
    for (name, numbers, exact) in &orders.expect {
        let at = loops.slots.iter().position(|slot| &*slot.name == name).unwrap_or_else(|| panic!("no slot {name}"));
        let found: Vec<f64> = loops.slots[at].cells().iter().map(|cell| after[at].get(*cell)).collect();
        expect(name, &found, numbers, *exact, &format!("loops in {precision}"));
    }
}

fn refused(text: &str, errors: &[String]) {
    let messages: Vec<String> = match parse::parse(text) {
        Err(error) => vec![error.to_string()],
        Ok(program) => verify::verify(&program).iter().map(ToString::to_string).collect(),
    };
    for error in errors {
        assert!(messages.iter().any(|message| message.contains(error)), "no {error:?} in {messages:?}");
    }
    assert_eq!(messages.len(), errors.len(), "{messages:?}");
}

fn run_file(path: &Path) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let orders = orders(&text);
    if !orders.errors.is_empty() {
        return refused(&text, &orders.errors);
    }
    let program = parse::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(verify::verify(&program), [], "{text}");
    assert_eq!(parse::parse(&print::print(&program)).as_ref(), Ok(&program), "what is printed can be read");
    assert!(!orders.expect.is_empty(), "nothing is expected");
    for (name, _) in &orders.set {
        assert!(program.slots.iter().any(|slot| &*slot.name == name), "no slot {name}");
    }
    let expanded = pass::run_these(program.clone(), &[pass::find("expand_composites").expect("a pass")]);
    for program in [&expanded, &pass::simplify(program.clone())] {
        as_tensors(program, &orders);
        for precision in [Precision::F32, Precision::F64] {
            as_loops(program, &orders, precision);
        }
    }
    as_tensors(&program, &orders);
}

#[test]
fn every_tensor_file_does_what_it_says() {
    let files = files("tensor");
    assert!(files.len() >= 9, "{files:?}");
    report(&files, run_file);
}
