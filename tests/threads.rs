//! However many threads carry a program out, the bits are the same.

use super::loops::cut::cut;
use super::loops::random_loops::random_case;
use super::trained::{EXACT, Trained, Way, checked, options, slots, train_in};
use neurula::codegen::{Code, Team};
use neurula::loops::memory::Storage;
use neurula::loops::walk::is_split;
use neurula::loops::{Precision, eval, parse};
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, evaluate, train};
use neurula::runtime::{Measured, Rhythm, Silent, Watcher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const THREADS: [usize; 3] = [1, 2, 4];
const IN_F32: Way = Way { epochs: Some(1), precision: Precision::F32, ..EXACT };

/// A folder with the files that an example asks for, and its text.
fn example(name: &str) -> (TempDir, String) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let text = std::fs::read_to_string(examples.join(name)).unwrap();
    let folder = TempDir::new().unwrap();
    std::fs::copy(examples.join("regression.csv"), folder.path().join("regression.csv")).unwrap();
    let number = |n: usize| (n as u32).to_be_bytes();
    for (split, samples) in [("train", 200), ("t10k", 70)] {
        let mut images = [&[0, 0, 8, 3][..], &number(samples), &number(28), &number(28)].concat();
        let mut labels = [&[0, 0, 8, 1][..], &number(samples)].concat();
        for sample in 0..samples {
            let class = sample * 7 % 10;
            labels.push(class as u8);
            let point = |place: usize| (place * (class + 3) + sample * sample * 31) % 251;
            images.extend((0..784).map(|place| point(place) as u8));
        }
        std::fs::write(folder.path().join(format!("{split}-images-idx3-ubyte")), images).unwrap();
        std::fs::write(folder.path().join(format!("{split}-labels-idx1-ubyte")), labels).unwrap();
    }
    (folder, text.replace("\"fashion-mnist\"", "\".\"").replace("10_000", "200"))
}

fn names() -> Vec<String> {
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap();
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".neu"));
    names.sort();
    names
}

fn with(threads: usize, folder: &TempDir, text: &str) -> Trained {
    train_in(folder.path(), text, &Way { threads, ..IN_F32 }).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn every_example_comes_to_the_same_state_with_one_thread_two_and_four() {
    for name in names() {
        let (folder, text) = example(&name);
        let [one, two, four] = THREADS.map(|threads| with(threads, &folder, &text));
        for (threads, other) in [(2, two), (4, four)] {
            assert_eq!(other.outcome.state_digest, one.outcome.state_digest, "{name} with {threads} threads");
            assert_eq!(other.metrics, one.metrics, "{name} with {threads} threads");
        }
    }
}

/// Stops the run after so many looks at its progress.
struct Stop(usize, Arc<AtomicBool>);

impl Watcher for Stop {
    fn progress(&mut self, _: u64, _: &dyn Fn() -> Vec<Measured>) {
        self.0 = self.0.saturating_sub(1);
        self.1.fetch_or(self.0 == 0, Ordering::Relaxed);
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_threads() {
    let (folder, text) = example("fashion.neu");
    let whole = with(1, &folder, &text);
    let model = checked(folder.path(), &text).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = [SpecFile { path: folder.path().join("spec.neu"), text: text.clone() }];
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let mut resume = false;
    for threads in [1, 4, 2, 3, 1] {
        let mut told = options(folder.path(), &run, &Way { threads, ..IN_F32 });
        told.rhythm = Rhythm { call: Duration::ZERO, checkpoint: Duration::ZERO };
        let mut stop = Stop(if threads == 1 && resume { usize::MAX } else { 1 }, told.interrupted.clone());
        let outcome = train(&model, &told, &Origin { files: &files, set: &[], resume }, &mut stop).unwrap();
        if !outcome.interrupted {
            assert_eq!(outcome.state_digest, whole.outcome.state_digest);
        }
        resume = true;
    }
    assert_eq!(slots(&run), whole.slots);
    let told = |threads| options(folder.path(), &run, &Way { threads, ..IN_F32 });
    let [one, two, four] = THREADS.map(|threads| evaluate(&model, &told(threads), &run).unwrap());
    assert_eq!(one, two);
    assert_eq!(one, four);
    train(&model, &told(2), &Origin { files: &files, set: &[], resume }, &mut Silent).unwrap();
}

/// What slots hold after some steps by a team.
fn by(team: &Team, code: &Code, slots: &[Storage], steps: u64) -> Vec<Storage> {
    let mut own = slots.to_vec();
    let mut handed: Vec<&mut Storage> = own.iter_mut().collect();
    code.call_with(team, &mut handed, steps).unwrap();
    own
}

#[test]
fn a_team_may_have_more_threads_than_the_machine_has_cores() {
    let team = Team::new(4 * std::thread::available_parallelism().unwrap().get() + 3);
    let mut cases = 0;
    for seed in 0..40 {
        let case = random_case(seed, Precision::F32);
        let Some(program) = cut(&case.program) else { continue };
        cases += 1;
        let code = Code::compile(&program).unwrap();
        let mut alone = case.slots.clone();
        eval::run(&program, &mut alone.iter_mut().collect::<Vec<_>>(), 20).unwrap();
        let found = by(&team, &code, &case.slots, 20);
        for ((found, wanted), slot) in found.iter().zip(&alone).zip(&program.slots) {
            assert_eq!(found.first_difference(wanted, slot.cells()), None, "seed {seed}: {}\n{program}", slot.name);
        }
    }
    assert!(cases > 20, "{cases} programs show little");
}

/// A step that is nothing but pieces: each hands on what the one before has stored, from the other end.
const HANDING_ON: &str = "loops on f32 scratch 0 {
  slot 0 x: real[64] state strides [1] len 64
  slot 1 y: real[64] state strides [1] len 64
  buffer b0 real[64] slot 0 x
  buffer b1 real[64] slot 1 y
  nest there split i0 by 1 {
    r0: real = constant 1.0
    loop i0 < 64 serial {
      r1: real = fold i1 < 64 chain sum r2 {
        r2: real = load b0[i1]
      }
      r3: real = fma r1 r1 r0
      r4: real = divide r1 r3
      store b1[i0] r4
    }
  }
  nest back split i2 by 1 {
    loop i2 < 64 serial {
      r5: real = fold i3 < 64 chain sum r6 {
        r6: real = load b1[i3]
      }
      store b0[i2] r5
    }
  }
}";

#[test]
fn nobody_begins_before_all_have_finished_what_comes_before() {
    let program = parse::parse(HANDING_ON).unwrap_or_else(|error| panic!("{error}"));
    let mut first = Storage::for_slot(&program.slots[0], Precision::F32);
    (0..64).for_each(|cell| first.set(cell, 1.0 / (1 + cell) as f64));
    let slots = [first, Storage::for_slot(&program.slots[1], Precision::F32)];
    let mut wanted = slots.to_vec();
    eval::run(&program, &mut wanted.iter_mut().collect::<Vec<_>>(), 500).unwrap();
    let code = Code::compile(&program).unwrap();
    for threads in [1, 2, 3, 16] {
        let team = Team::new(threads);
        for calls in [1, 5] {
            let mut found = slots.to_vec();
            (0..calls).for_each(|_| found = by(&team, &code, &found, 500 / calls));
            assert_eq!(found, wanted, "{threads} threads, {calls} calls");
        }
    }
}

#[test]
fn a_team_that_is_at_work_is_not_waited_for() {
    let case = (0..).map(|seed| random_case(seed, Precision::F64)).find(|case| cut(&case.program).is_some()).unwrap();
    let program = cut(&case.program).unwrap();
    assert!(is_split(&program));
    let (code, team) = (Code::compile(&program).unwrap(), Team::new(2));
    let wanted = by(&team, &code, &case.slots, 300);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let found = by(&team, &code, &case.slots, 300);
                    for ((found, wanted), slot) in found.iter().zip(&wanted).zip(&program.slots) {
                        assert_eq!(found.first_difference(wanted, slot.cells()), None, "{}", slot.name);
                    }
                }
            });
        }
    });
}
