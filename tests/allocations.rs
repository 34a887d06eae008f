//! No loop of a run allocates: between two looks at it, a run that trains or measures asks for no memory, whatever its model.
//! The allocator of this test program counts, for each thread by itself, how often it is asked.

#![allow(unsafe_code, reason = "an allocator is unsafe by its nature; this one hands on to the system's")]

use super::trained::{EXACT, Way, checked, options};
use neurula::codegen::{Code, Team};
use neurula::driver;
use neurula::loops::lower::Layouts;
use neurula::loops::memory::Storage;
use neurula::math::Precision;
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use neurula::runtime::{Measured, Rhythm, Watcher};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no count any more; it is not one that is asked for it.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

/// How often this thread has asked for memory.
fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: see above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: see above.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: see above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const DENSE: &str = "data world = digits(batch = 32, validation = 10 %)
region Retina[8, 8] = world.image
region Hidden[32] = relu(dropout(drive, 0.2))
region Choice[10] = drive
connect Retina -> Hidden -> Choice
cost wrong in Choice = cross_entropy(Choice, world.label)
metric accuracy = argmax(Choice) == world.label
learn all by backprop from wrong using adam(rate = 0.001) clip 1.0
";
const ROWS: &str = "data world = digits(batch = 64), drop last
time 8 steps
region Row[8] = world.image[t]
region Memory : gru(16)
region Choice[10] = drive
connect Row -> Memory -> Choice
cost wrong in Choice = cross_entropy(Choice, world.label) at end
metric accuracy = argmax(Choice) == world.label at end
learn all by backprop from wrong using adam(rate = 0.001)
";
const PICTURES: &str = "data world = digits(batch = 32)
region Retina[8, 8] = world.image
region Edges[8, 8, 8] = relu(drive)
region Coarse[8, 4, 4] = drive
region Shapes[16, 4, 4] = relu(drive)
region Few[16, 2, 2] = drive
region Choice[10] = drive
connect Retina -> Edges : conv(size = 3, padding = 1), init he
connect Edges -> Coarse : pool(max, 2)
connect Coarse -> Shapes : conv(size = 3, padding = 1), init he
connect Shapes -> Few : pool(max, 2)
connect Few -> Choice
cost wrong in Choice = cross_entropy(Choice, world.label)
metric accuracy = argmax(Choice) == world.label
learn all by backprop from wrong using momentum(rate = 0.01)
";
const OJA: &str = include_str!("../examples/oja.neu");
const ADDING: &str = include_str!("../examples/adding.neu");

/// Each with its name.
fn models() -> Vec<(&'static str, String)> {
    let adding = ADDING.replace("10_000", "500").replace("test 1000", "test 300");
    assert_ne!(adding, ADDING);
    vec![
        ("dense", DENSE.to_string()),
        ("dense, a sample at a time", DENSE.replace("batch = 32", "batch = 1")),
        ("gru", ROWS.to_string()),
        ("convolutions and pools", PICTURES.to_string()),
        ("a local rule", OJA.to_string()),
        ("a user's memory and world", adding),
    ]
}

#[test]
fn the_allocator_counts() {
    let before = allocations();
    let mut some: Vec<u64> = Vec::with_capacity(3);
    assert_eq!(allocations(), before + 1);
    some.extend([1, 2, 3]);
    assert_eq!(allocations(), before + 1);
    some.push(4);
    assert_eq!(allocations(), before + 2);
    let aside = std::thread::spawn(allocations);
    let own = allocations();
    assert!(aside.join().unwrap() < own);
}

#[test]
fn compiled_code_allocates_for_its_first_call_alone() {
    for (name, text) in models() {
        let model = checked(Path::new("."), &text).unwrap_or_else(|said| panic!("{said:#?}"));
        let lowered = driver::plan(&model, 0, 100).lower(Precision::F32, &mut Layouts::new()).unwrap();
        let programs = [&lowered.learn, &lowered.measure];
        for (program, code) in programs.into_iter().zip(Code::compile_all(&programs).unwrap()) {
            let mut slots: Vec<Storage> =
                program.slots.iter().map(|slot| Storage::for_slot(slot, Precision::F32)).collect();
            for team in [None, Some(Team::new(2))] {
                let mut call = |steps: u64| match &team {
                    Some(team) => code.call_with(team, &mut slots, steps).unwrap(),
                    None => code.call(&mut slots, steps).unwrap(),
                };
                call(1);
                let before = allocations();
                (0..20).for_each(|_| call(1));
                call(20);
                let threads = team.as_ref().map_or(1, Team::threads);
                assert_eq!(allocations(), before, "{name}, {}, {threads} threads", program.name);
            }
        }
    }
}

/// Counts how often a run allocates between one look at it and the next.
#[derive(Default)]
struct Looks {
    last: Option<u64>,
    /// Looks that were compared with the one before.
    compared: u64,
    /// How many allocations lay between them.
    found: u64,
}

impl Looks {
    fn look(&mut self) {
        let now = allocations();
        if let Some(last) = self.last {
            self.compared += 1;
            self.found += now - last;
        }
        self.last = Some(now);
    }
}

#[derive(Default)]
struct Counts {
    training: Looks,
    measuring: Looks,
}

impl Watcher for Counts {
    fn phase(&mut self, _: &str, _: u64) {
        self.training.last = None;
    }

    fn progress(&mut self, done: u64, _: &dyn Fn() -> Vec<Measured>) {
        // What the first step asks for is there afterwards.
        if done > 1 {
            self.training.look();
        }
        self.measuring.last = None;
    }

    fn measuring(&mut self, _: &str, done: u64, _: u64) {
        self.training.last = None;
        if done == 1 {
            self.measuring.last = None;
        }
        self.measuring.look();
    }

    fn measured(&mut self, _: u64, _: &str, _: f64, _: &[Measured]) {
        self.training.last = None;
    }

    fn checkpoint(&mut self, _: u64) {
        self.training.last = None;
    }
}

#[test]
fn a_run_allocates_in_none_of_its_loops() {
    for (name, text) in models() {
        for threads in [1, 2] {
            let mut counts = Counts::default();
            let way = Way { epochs: Some(2), precision: Precision::F32, threads, ..EXACT };
            step_by_step(&text, &way, &mut counts);
            assert!(counts.training.compared > 15, "{name}: {} steps show little", counts.training.compared);
            assert!(counts.measuring.compared > 1, "{name}: {} batches show little", counts.measuring.compared);
            assert_eq!((counts.training.found, counts.measuring.found), (0, 0), "{name}, {threads} threads");
        }
    }
}

/// Trains a text with a look at the run after each step.
fn step_by_step(text: &str, way: &Way, watcher: &mut dyn Watcher) {
    let place = TempDir::new().unwrap();
    let folder = Path::new(".");
    let model = checked(folder, text).unwrap_or_else(|said| panic!("{said:#?}"));
    let mut told = options(folder, &place.path().join("run"), way);
    told.rhythm = Rhythm { call: Duration::ZERO, checkpoint: Duration::MAX };
    let files = [SpecFile { path: folder.join("spec.neu"), text: text.to_string() }];
    train(&model, &told, &Origin { files: &files, set: &[], resume: false }, watcher).unwrap();
}

#[test]
fn what_allocates_is_found() {
    let mut counts = Counts::default();
    let way = Way { epochs: Some(1), backend: neurula::runtime::Backend::Interpreter, ..EXACT };
    step_by_step(&DENSE.replace("batch = 32", "batch = 200"), &way, &mut counts);
    assert!(counts.training.found > 0);
}
