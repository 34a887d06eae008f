//! Lowering keeps the meaning: random programs, as tensors and as loops.

use super::random::{Case, random_case};
use crate::loops::filetest::{filled, run_everywhere};
use neurula::codegen::Code;
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{self, Precision, verify};
use neurula::tensor::eval::{Array, step};
use neurula::tensor::{Program, pass};

/// Numbers of different sums agree to this, relative to the largest in sight.
const TOLERANCE: f64 = 1e-10;

/// The elements of a slot, row-major.
pub fn numbers(slot: &loops::Slot, storage: &Storage) -> Vec<f64> {
    match storage.read_logical(slot) {
        Values::F64(numbers) => numbers,
        Values::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
        Values::Int(numbers) => numbers.into_iter().map(f64::from).collect(),
        Values::Byte(numbers) => numbers.into_iter().map(f64::from).collect(),
    }
}

/// Runs a program by everything that can; what machine code cannot do yet, the interpreters do alone.
pub fn run(program: &loops::Program, memory: &[Storage], steps: u64) -> Vec<Storage> {
    let expected = run_everywhere(program, memory, steps);
    if let Ok(code) = Code::compile(program) {
        let mut found = memory.to_vec();
        let mut handed: Vec<&mut Storage> = found.iter_mut().collect();
        code.call(&mut handed, steps).unwrap();
        for (slot, (found, expected)) in program.slots.iter().zip(found.iter().zip(&expected)) {
            if let Some(cell) = found.first_difference(expected, slot.cells()) {
                let (found, expected) = (found.get(cell), expected.get(cell));
                panic!("machine code: slot {:?}, cell {cell}: {found:e}, not {expected:e}\n{program}", slot.name);
            }
        }
    }
    expected
}

/// The first difference between a program as a tensor program and as loops.
pub fn difference(program: &Program, slots: &[Vec<f64>], steps: usize) -> Option<String> {
    let arrays = program.slots.iter().zip(slots);
    let mut expected: Vec<Array> =
        arrays.map(|(slot, numbers)| Array::from_numbers(&slot.ty, numbers.iter().copied())).collect();
    let lowered = lower(program, Precision::F64, &mut Layouts::new()).unwrap();
    assert_eq!(verify::verify(&lowered), [], "{lowered}");
    let mut memory: Vec<Storage> =
        lowered.slots.iter().zip(slots).map(|(slot, data)| filled(slot, Precision::F64, data)).collect();
    for round in 0..steps {
        step(program, &mut expected).unwrap();
        memory = run(&lowered, &memory, 1);
        for ((slot, found), expected) in lowered.slots.iter().zip(&memory).zip(&expected) {
            let (found, expected) = (numbers(slot, found), expected.numbers());
            let largest = expected.iter().fold(1.0_f64, |largest, x| largest.max(x.abs()));
            for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                if (found - expected).abs() > TOLERANCE * largest && found != expected {
                    let name = &slot.name;
                    return Some(format!("step {round}, slot {name}, element {place}: {found}, not {expected}"));
                }
            }
        }
    }
    None
}

/// Compares a program as it is and simplified; of one that differs, writes fewer and fewer slots.
fn agrees(Case { program, slots }: &Case) {
    for mut program in [program.clone(), pass::simplify(program.clone())] {
        let Some(mut message) = difference(&program, slots, 2) else { continue };
        let mut number = 0;
        while number < program.writes.len() {
            let mut fewer = program.clone();
            fewer.writes.remove(number);
            fewer.graph.results.remove(number);
            let fewer = (pass::dead_code::PASS.run)(fewer);
            match difference(&fewer, slots, 2) {
                Some(other) => (message, program) = (other, fewer),
                None => number += 1,
            }
        }
        let lowered = lower(&program, Precision::F64, &mut Layouts::new()).unwrap();
        panic!("{message}\n{:#?}\n{lowered}", program.graph);
    }
}

#[test]
fn random_programs_mean_the_same() {
    let one = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in one.map_or(0..400, |seed| seed..seed + 1) {
        println!("seed {seed}");
        agrees(&random_case(seed));
    }
}

#[test]
fn random_programs_come_to_everything_that_is_written() {
    let mut all = String::new();
    for seed in 0..500 {
        let Case { program, .. } = random_case(seed);
        all.push_str(&lower(&program, Precision::F32, &mut Layouts::new()).unwrap().to_string());
    }
    let words =
        ["matrix", "accumulate", "turned", "until", "reverse", "when", "lanes sum", "chain dot", "fma", "remainder"];
    for word in words.into_iter().chain([
        "scatter",
        "overlap",
        "pad",
        "uniform",
        "lanes min",
        "chain max",
        "any",
        "class<10>[1]",
    ]) {
        assert!(all.contains(word), "{word}");
    }
}
