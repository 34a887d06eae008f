//! `tests/ir/*.loop`: programs with what goes in and what must come out, run by everything that can run them.
//!
//! Comment lines say what is done: `set NAME = VALUES` fills a slot (row-major; else it is 0), `steps N` says how
//! often the program runs (once, if not said), `expect NAME = VALUES` what a slot then holds, to the bit; `near` is
//! `expect` with a relative tolerance of 1e-6. `both` runs the program in the other precision too. `error: TEXT` says
//! that the program is refused with this text in a message.

use super::cut::cut;
use neurula::codegen::{Code, Team};
use neurula::kernels::Vectors;
use neurula::loops::memory::{Storage, Values};
use neurula::loops::walk::walk;
use neurula::loops::{Precision, Program, Slot, Stmt, eval, parse, print, verify};
use std::path::{Path, PathBuf};

/// Runs a program so many times on its slots.
pub type Execution = fn(&Program, &mut [&mut Storage], u64) -> Result<(), String>;

/// All that can run a program; each must give the bits of the first.
pub const EXECUTIONS: &[(&str, Execution)] = &[
    ("interpreter", interpret),
    ("one by one", super::plain::run),
    ("machine code", machine),
    ("machine code by vectors of 128 bits", |program, slots, steps| by(Vectors::Narrow, program, slots, steps)),
    ("machine code by vectors of 256 bits", |program, slots, steps| by(Vectors::Avx2, program, slots, steps)),
    ("pieces from the last to the first", backwards),
    ("pieces by three threads", pieces),
];

fn interpret(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    eval::run(program, slots, steps).map_err(|fault| fault.to_string())
}

fn machine(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    let code = Code::compile(program).map_err(|unsupported| unsupported.to_string())?;
    code.call(slots, steps).map_err(|error| error.to_string())
}

/// For vectors that are not the widest. Where the machine has no others or no product uses them, `machine` has shown all.
fn by(vectors: Vectors, program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    let mut products = false;
    walk(&program.body, &mut |stmt| products |= matches!(stmt, Stmt::Matrix(_)));
    if !products || !vectors.here() || vectors == Vectors::best() {
        return interpret(program, slots, steps);
    }
    let code = Code::compile_for(&[program], vectors).map_err(|unsupported| unsupported.to_string())?;
    code[0].call(slots, steps).map_err(|error| error.to_string())
}

/// Where nothing can be cut, the others have shown all.
fn backwards(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    super::plain::run(cut(program).as_ref().unwrap_or(program), slots, steps)
}

fn pieces(program: &Program, slots: &mut [&mut Storage], steps: u64) -> Result<(), String> {
    let cut = cut(program);
    let code = Code::compile(cut.as_ref().unwrap_or(program)).map_err(|unsupported| unsupported.to_string())?;
    code.call_with(&Team::new(3), slots, steps).map_err(|error| error.to_string())
}

/// Runs a program by everything on copies of its memory, and compares; gives the memory afterwards.
pub fn run_everywhere(program: &Program, slots: &[Storage], steps: u64) -> Vec<Storage> {
    let mut first: Option<Vec<Storage>> = None;
    for (name, execution) in EXECUTIONS {
        let mut copy = slots.to_vec();
        let mut handed: Vec<&mut Storage> = copy.iter_mut().collect();
        execution(program, &mut handed, steps).unwrap_or_else(|error| panic!("{name}: {error}\n{program}"));
        let expected = first.get_or_insert_with(|| copy.clone());
        for (slot, (found, expected)) in program.slots.iter().zip(copy.iter().zip(expected.iter())) {
            if let Some(cell) = found.first_difference(expected, slot.cells()) {
                let (found, expected) = (found.get(cell), expected.get(cell));
                panic!("{name}: slot {:?}, cell {cell}: {found:e}, not {expected:e}\n{program}", slot.name);
            }
        }
    }
    first.expect("there is an execution")
}

/// A file's orders.
#[derive(Default)]
pub struct Orders {
    pub set: Vec<(String, Vec<f64>)>,
    pub expect: Vec<(String, Vec<f64>, bool)>,
    pub errors: Vec<String>,
    pub steps: u64,
    both: bool,
}

/// What the comment lines of a text say.
pub fn orders(text: &str) -> Orders {
    let mut orders = Orders { steps: 1, ..Orders::default() };
    for line in text.lines().filter_map(|line| line.strip_prefix("# ")) {
        let numbers = |rest: &str| {
            let (name, numbers) = rest.split_once(" = ").unwrap_or_else(|| panic!("no ` = ` in {rest:?}"));
            let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
            (name.to_string(), numbers.split_whitespace().map(number).collect::<Vec<f64>>())
        };
        if let Some(rest) = line.strip_prefix("set ") {
            orders.set.push(numbers(rest));
        } else if let Some(rest) = line.strip_prefix("expect ") {
            let (name, numbers) = numbers(rest);
            orders.expect.push((name, numbers, true));
        } else if let Some(rest) = line.strip_prefix("near ") {
            let (name, numbers) = numbers(rest);
            orders.expect.push((name, numbers, false));
        } else if let Some(rest) = line.strip_prefix("steps ") {
            orders.steps = rest.parse().expect("steps and a number");
        } else if let Some(rest) = line.strip_prefix("error: ") {
            orders.errors.push(rest.to_string());
        } else if line == "both" {
            orders.both = true;
        }
    }
    orders
}

/// The slot's memory with these numbers.
pub fn filled(slot: &Slot, precision: Precision, numbers: &[f64]) -> Storage {
    let mut storage = Storage::for_slot(slot, precision);
    let values = match &storage {
        Storage::F32(_) => Values::F32(numbers.iter().map(|x| *x as f32).collect()),
        Storage::F64(_) => Values::F64(numbers.to_vec()),
        Storage::Int(_) => Values::Int(numbers.iter().map(|x| *x as i32).collect()),
        Storage::Byte(_) => Values::Byte(numbers.iter().map(|x| *x as u8).collect()),
    };
    storage.write_logical(slot, &values).unwrap_or_else(|error| panic!("{error}"));
    storage
}

fn run(program: &Program, orders: &Orders) {
    assert_eq!(verify::verify(program), [], "{program}");
    assert_eq!(&parse::parse(&print::print(program)).expect("what is printed can be read"), program);
    let find = |name: &str| {
        program.slots.iter().position(|slot| &*slot.name == name).unwrap_or_else(|| panic!("no slot {name:?}"))
    };
    let mut slots: Vec<_> = program.slots.iter().map(|slot| Storage::for_slot(slot, program.precision)).collect();
    for (name, numbers) in &orders.set {
        let at = find(name);
        slots[at] = filled(&program.slots[at], program.precision, numbers);
    }
    let after = run_everywhere(program, &slots, orders.steps);
    assert!(!orders.expect.is_empty(), "nothing is expected");
    for (name, numbers, exact) in &orders.expect {
        let slot = &program.slots[find(name)];
        let (found, expected) = (&after[find(name)], filled(slot, program.precision, numbers));
        let same = |cell: &usize| {
            let (found, expected) = (found.get(*cell), expected.get(*cell));
            !exact && (found - expected).abs() <= 1e-6 * expected.abs()
        };
        let cells = slot.cells();
        if found.first_difference(&expected, cells.iter().copied().filter(|cell| !same(cell))).is_some() {
            let found: Vec<_> = cells.iter().map(|cell| found.get(*cell)).collect();
            panic!("{}: {name} is {found:?}, not {numbers:?}", program.precision);
        }
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
    run(&program, &orders);
    if orders.both {
        let precision = if program.precision == Precision::F32 { Precision::F64 } else { Precision::F32 };
        run(&Program { precision, ..program }, &orders);
    }
}

/// The files of `tests/ir` with this extension.
pub fn files(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir");
    let entries = std::fs::read_dir(folder).expect("tests/ir");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// Runs them all and tells of all that fail.
pub fn report(files: &[PathBuf], run: fn(&Path)) {
    let mut failures = Vec::new();
    for file in files {
        if let Err(panic) = std::panic::catch_unwind(|| run(file)) {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            failures.push(format!("{}: {}", file.display(), message.unwrap_or_default()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_loop_file_does_what_it_says() {
    let files = files("loop");
    assert!(files.len() >= 10, "{files:?}");
    report(&files, run_file);
}

/// `PROGRAMS=20000 cargo test` tries more of them.
#[test]
fn random_programs_give_the_same_bits_everywhere() {
    let (mut kinds, mut nans, mut numbers) = ([0; 6], 0, 0);
    let programs = std::env::var("PROGRAMS").ok().and_then(|programs| programs.parse().ok()).unwrap_or(300);
    for seed in 0..programs {
        for precision in [Precision::F32, Precision::F64] {
            let case = super::random_loops::random_case(seed, precision);
            let after = run_everywhere(&case.program, &case.slots, 2);
            for (after, before) in after.iter().zip(&case.slots).filter(|(after, before)| after != before) {
                let changed = |cell: &usize| after.get(*cell).to_bits() != before.get(*cell).to_bits();
                let (nan, number): (Vec<_>, Vec<_>) =
                    (0..after.len()).filter(changed).partition(|cell| after.get(*cell).is_nan());
                numbers += number.len();
                nans += nan.len();
            }
            kinds.iter_mut().zip(super::plain::kinds(&case.program)).for_each(|(sum, more)| *sum += more);
        }
    }
    assert!(kinds.iter().all(|count| *count >= 50), "{kinds:?}");
    assert!(numbers > 4 * nans, "{numbers} numbers, but {nans} NaNs");
}
