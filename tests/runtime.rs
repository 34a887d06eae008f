//! Runs: the same bits and rows however often one looks, in whichever backend, across interruptions; run folders and
//! damage to them; values that are not finite.

use super::trained::{EXACT, Trained, Way, checked, options, slots, train_in, train_watched, trained};
use neurula::math::Precision;
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use neurula::runtime::{Backend, Measured, Rhythm, RunError, Silent, Watcher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const SPEC: &str = "data world = digits(batch = 32, validation = 10 %)\nregion Retina[8, 8] = world.image\nregion V1[16] = relu(drive)\n\
    region Name[10] = drive\nregion Recall[8, 8] = sigmoid(drive)\nconnect Retina -> V1 -> Name\nconnect V1 -> Recall\n\
    cost rebuild in V1 = mse(Recall, Retina)\ncost wrong in Name = cross_entropy(Name, world.label)\nmetric accuracy = argmax(Name) == world.label\n\
    development {\n phase infancy for 3 epochs unsupervised { learn Retina -> V1 -> Recall by backprop from rebuild using adam(rate = 0.002) }\n\
    phase school for 130 steps { learn V1 -> Name by backprop from wrong using momentum(rate = linear(0.05, 0.01)) freeze V1 -> Recall }\n\
    phase late for 4 epochs until accuracy > 0.999 { learn Retina -> V1 -> Name by backprop from wrong using adam(rate = 0.002) } }";

/// Stops the run after so many looks at its progress.
pub struct Stop {
    pub after: usize,
    pub flag: Arc<AtomicBool>,
}

impl Watcher for Stop {
    fn progress(&mut self, _: u64, _: &dyn Fn() -> Vec<Measured>) {
        match self.after {
            0 => self.flag.store(true, Ordering::Relaxed),
            _ => self.after -= 1,
        }
    }
}

/// Says which parameters and states differ.
fn same_slots(
    found: &std::collections::BTreeMap<String, Vec<f64>>,
    wanted: &std::collections::BTreeMap<String, Vec<f64>>,
) {
    let names: Vec<&String> = wanted.keys().collect();
    assert_eq!(found.keys().collect::<Vec<_>>(), names);
    let differ: Vec<&&String> = names
        .iter()
        .filter(|name| found[**name].iter().zip(&wanted[**name]).any(|(a, b)| a.to_bits() != b.to_bits()))
        .collect();
    assert!(differ.is_empty(), "{differ:?}");
}

fn origin(files: &[SpecFile], resume: bool) -> Origin<'_> {
    Origin { files, set: &[], resume }
}

fn files() -> [SpecFile; 1] {
    [SpecFile { path: "spec.neu".into(), text: SPEC.into() }]
}

#[test]
fn a_run_that_is_interrupted_and_resumed_is_the_run_that_never_was() {
    let whole = trained(SPEC, &EXACT);
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = files();
    for stride in [0, 1, 2, 5] {
        let place = TempDir::new().unwrap();
        let run = place.path().join("run");
        let mut resume = false;
        let mut stops = 0;
        let outcome = loop {
            let options = options(Path::new("."), &run, &EXACT);
            let mut stop = Stop { after: stride + stops % 3, flag: options.interrupted.clone() };
            let outcome = train(&model, &options, &origin(&files, resume), &mut stop).unwrap();
            if !outcome.interrupted {
                break outcome;
            }
            resume = true;
            stops += 1;
            assert!(stops < 2000);
        };
        assert!(stops > if stride == 0 { 3 } else { 0 }, "{stops} interruptions show little");
        same_slots(&slots(&run), &whole.slots);
        assert_eq!(outcome.weights_digest, whole.outcome.weights_digest);
        assert_eq!(outcome.state_digest, whole.outcome.state_digest);
        assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
    }
}

#[test]
fn a_checkpoint_from_any_place_leads_to_the_same_end() {
    let whole = trained(SPEC, &EXACT);
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = files();
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let first = options(Path::new("."), &run, &EXACT);
    let mut stop = Stop { after: 7, flag: first.interrupted.clone() };
    train(&model, &first, &origin(&files, false), &mut stop).unwrap();
    // What a kill leaves behind: rows after the checkpoint, and a checkpoint that was not finished.
    let table = run.join("metrics.csv");
    let torn = std::fs::read_to_string(&table).unwrap() + "99999,school,1,train,accuracy,0.5\n12";
    std::fs::write(&table, torn).unwrap();
    std::fs::write(run.join("checkpoint.new"), b"half of somethi").unwrap();
    let outcome = train(&model, &options(Path::new("."), &run, &EXACT), &origin(&files, true), &mut Silent).unwrap();
    same_slots(&slots(&run), &whole.slots);
    assert_eq!(outcome.state_digest, whole.outcome.state_digest);
    assert_eq!(std::fs::read_to_string(&table).unwrap(), whole.metrics);
}

#[test]
fn a_folder_without_a_checkpoint_starts_from_the_beginning() {
    let whole = trained(SPEC, &EXACT);
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let run = whole.folder.path().join("run");
    std::fs::remove_file(run.join("checkpoint.safetensors")).unwrap();
    let outcome = train(&model, &options(Path::new("."), &run, &EXACT), &origin(&files(), true), &mut Silent).unwrap();
    assert_eq!(outcome.state_digest, whole.outcome.state_digest);
    assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
}

#[test]
fn what_was_changed_is_told() {
    let whole = trained(SPEC, &EXACT);
    let run = whole.folder.path().join("run");
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let refused = |options: neurula::runtime::Options, text: &str, word: &str| {
        let files = [SpecFile { path: "spec.neu".into(), text: text.into() }];
        match train(&model, &options, &origin(&files, true), &mut Silent) {
            Err(RunError::Changed(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{:?}", other.map(|outcome| outcome.weights_digest)),
        }
    };
    let told = |way: &Way| options(Path::new("."), &run, way);
    refused(told(&Way { seed: 1, ..EXACT }), SPEC, "seed");
    refused(told(&Way { precision: Precision::F32, ..EXACT }), SPEC, "precision");
    refused(told(&Way { epochs: Some(9), ..EXACT }), SPEC, "--epochs");
    refused(told(&EXACT), &SPEC.replace("0.002", "0.003"), "spec.neu");
    train(&model, &told(&Way { backend: Backend::Interpreter, ..EXACT }), &origin(&files(), true), &mut Silent)
        .unwrap();
}

#[test]
fn both_backends_give_the_same_bits_in_both_precisions() {
    for precision in [Precision::F32, Precision::F64] {
        let way = Way { epochs: Some(2), precision, ..EXACT };
        let code = trained(SPEC, &way);
        let interpreted = trained(SPEC, &Way { backend: Backend::Interpreter, ..way });
        assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest);
        assert_eq!(code.metrics, interpreted.metrics);
    }
}

#[test]
fn seeds_differ_and_each_repeats() {
    let way = |seed| Way { seed, epochs: Some(1), precision: Precision::F32, ..EXACT };
    let [a, b, c] = [0, 0, 1].map(|seed| trained(SPEC, &way(seed)));
    assert_eq!(a.outcome.state_digest, b.outcome.state_digest);
    assert_ne!(a.outcome.weights_digest, c.outcome.weights_digest);
}

#[test]
fn metrics_that_are_measured_change_nothing_that_is_learnt() {
    let more = SPEC
        .replace("metric accuracy", "metric bright = mean(Retina)\nmetric magnitude = l2(V1 -> Name)\nmetric accuracy");
    let (few, many) = (trained(SPEC, &EXACT), trained(&more, &EXACT));
    assert_eq!(few.outcome.weights_digest, many.outcome.weights_digest);
}

#[test]
fn digests_are_what_the_page_says() {
    let digest = neurula::runtime::digest::digest([("b", vec![1, 2]), ("a", vec![3])].into_iter());
    assert_eq!(digest, sha(&[b'a', 3, b'b', 1, 2]));
}

fn sha(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_value_that_is_not_finite_ends_the_run_with_phase_step_and_cost() {
    let text = "data d = digits(batch = 32)\nregion In[8, 8] = d.image\nregion Y[4] = drive\nconnect In -> Y\ncost big in Y = sum(exp(Y))\n\
        development { phase calm for 1 epoch { learn In -> Y by backprop from big using sgd(rate = 0.001) } phase wild for 5 epochs { learn In -> Y by backprop from -1 * big using sgd(rate = 100) } }";
    let way = Way { precision: Precision::F32, ..EXACT };
    let mut seen = Last::default();
    match train_watched(Path::new("."), text, &way, &mut seen) {
        Err(RunError::NotFinite { phase, step, what, .. }) => {
            assert_eq!((&*phase, what.as_str()), ("wild", "the cost `big`"));
            assert!((45..60).contains(&step), "step {step}");
        }
        other => panic!("{:?}", other.map(|trained: Trained| trained.outcome.weights_digest)),
    }
    assert_eq!(seen.0, ["calm"]);
}

/// The phases that were measured.
#[derive(Default)]
struct Last(Vec<String>);

impl Watcher for Last {
    fn measured(&mut self, _: u64, phase: &str, _: f64, _: &[Measured]) {
        self.0.push(phase.to_string());
    }
}

#[test]
fn a_folder_that_is_there_already_is_not_overwritten() {
    let whole = trained(SPEC, &Way { epochs: Some(1), ..EXACT });
    let run = whole.folder.path().join("run");
    let before = slots(&run);
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let result = train(&model, &options(Path::new("."), &run, &EXACT), &origin(&files(), false), &mut Silent);
    assert!(matches!(result, Err(RunError::Folder { .. })));
    assert_eq!(slots(&run), before);
}

#[test]
fn an_epoch_without_a_step_is_told() {
    let folder = super::trained::little_data(&[(vec![1, 2], 0), (vec![3, 4], 1), (vec![5, 6], 1)], 2);
    let text = "data d = idx(\".\", batch = 8), drop last\nregion X[1, 2] = d.image\nregion Y[1] = drive\nconnect X -> Y\ncost c in Y = sum(Y^2)\nlearn X -> Y by backprop from c using sgd(rate = 0.1)";
    match train_in(folder.path(), text, &EXACT) {
        Err(RunError::Data(said)) => assert_eq!(said[0].code.0, "E0714"),
        other => panic!("{:?}", other.map(|trained| trained.outcome.weights_digest)),
    }
}

/// Takes its time at the end of the first phase, so that a checkpoint is written there, and dies as the second begins.
struct Dies;

impl Watcher for Dies {
    fn phase(&mut self, name: &str, _: u64) {
        if name == "school" {
            panic!("killed as `school` begins");
        }
    }

    fn measured(&mut self, _: u64, phase: &str, epoch: f64, _: &[Measured]) {
        if phase == "infancy" && epoch == 3.0 {
            std::thread::sleep(std::time::Duration::from_millis(1200));
        }
    }
}

#[test]
fn a_checkpoint_at_the_end_of_a_phase_knows_nothing_of_the_next_ones_states() {
    let whole = trained(SPEC, &EXACT);
    let model = checked(Path::new("."), SPEC).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = files();
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let first = options(Path::new("."), &run, &EXACT);
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        train(&model, &first, &origin(&files, false), &mut Dies)
    }));
    assert!(died.is_err());
    assert!(!slots(&run).keys().any(|name| name.contains("momentum")), "the checkpoint is of the second phase");
    let outcome = train(&model, &options(Path::new("."), &run, &EXACT), &origin(&files, true), &mut Silent).unwrap();
    assert_eq!(outcome.state_digest, whole.outcome.state_digest);
    assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
}

/// Keeps a copy of the run folder at each checkpoint.
struct Copies {
    run: std::path::PathBuf,
    copies: TempDir,
    count: usize,
}

impl Watcher for Copies {
    fn checkpoint(&mut self, _: u64) {
        let to = self.copies.path().join(self.count.to_string());
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(&self.run).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        self.count += 1;
    }
}

/// Three phases, each with an optimiser whose state the phases before have not; the first ends with its worst measurement.
const CHANGING: &str = "data world = digits(batch = 256, validation = 10 %)\nregion Retina[8, 8] = world.image\n\
    region Name[10] = drive\nconnect Retina -> Name\ncost wrong in Name = cross_entropy(Name, world.label)\n\
    development { phase one for 2 epochs keep highest wrong { learn Retina -> Name by backprop from wrong using sgd(rate = 0.1) }\n\
    phase two for 4 steps { learn Retina -> Name by backprop from wrong using momentum(rate = 0.05) }\n\
    phase three for 2 epochs keep lowest wrong { learn Retina -> Name by backprop from wrong using adam(rate = 0.002) } }";

#[test]
fn a_run_goes_on_from_the_checkpoint_of_every_step_and_of_every_end_of_a_phase() {
    let whole = trained(CHANGING, &EXACT);
    let model = checked(Path::new("."), CHANGING).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = [SpecFile { path: "spec.neu".into(), text: CHANGING.into() }];
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let mut every = options(Path::new("."), &run, &EXACT);
    every.rhythm = Rhythm { call: Duration::ZERO, checkpoint: Duration::ZERO };
    let mut copies = Copies { run, copies: TempDir::new().unwrap(), count: 0 };
    let outcome = train(&model, &every, &origin(&files, false), &mut copies).unwrap();
    assert_eq!(outcome.state_digest, whole.outcome.state_digest, "how often one looks changes something");
    let steps: u64 = whole.outcome.phases.iter().map(|ended| ended.steps).sum();
    assert!(copies.count as u64 > steps, "{} checkpoints of {steps} steps", copies.count);
    for number in 0..copies.count {
        let run = copies.copies.path().join(number.to_string());
        let options = options(Path::new("."), &run, &EXACT);
        let outcome = train(&model, &options, &origin(&files, true), &mut Silent)
            .unwrap_or_else(|error| panic!("from checkpoint {number}: {error}"));
        assert_eq!(outcome.weights_digest, whole.outcome.weights_digest, "from checkpoint {number}");
        assert_eq!(outcome.state_digest, whole.outcome.state_digest, "from checkpoint {number}");
        assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
    }
}

#[test]
fn times_have_a_file_of_their_own() {
    let whole = trained(SPEC, &Way { epochs: Some(1), ..EXACT });
    let times = std::fs::read_to_string(whole.folder.path().join("run/times.csv")).unwrap();
    let lines: Vec<&str> = times.lines().collect();
    assert_eq!(lines[0], "begun,step,seconds");
    assert_eq!(lines.len(), 1 + whole.outcome.phases.len(), "{times}");
    assert!(lines[1..].iter().all(|line| line.split(',').all(|cell| cell.parse::<f64>().is_ok())), "{times}");
}

/// Interrupts in the middle of a measurement, the first time that there is one.
struct Impatient {
    flag: Arc<AtomicBool>,
    heard: Vec<(String, u64, u64)>,
    rows: usize,
}

impl Watcher for Impatient {
    fn measuring(&mut self, split: &str, done: u64, all: u64) {
        self.heard.push((split.to_string(), done, all));
        self.flag.store(true, Ordering::Relaxed);
    }

    fn measured(&mut self, _: u64, _: &str, _: f64, _: &[Measured]) {
        self.rows += 1;
    }
}

#[test]
fn an_interruption_is_heard_within_a_measurement_and_the_run_measures_anew() {
    let whole = trained(CHANGING, &EXACT);
    let model = checked(Path::new("."), CHANGING).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = [SpecFile { path: "spec.neu".into(), text: CHANGING.into() }];
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let mut first = options(Path::new("."), &run, &EXACT);
    first.rhythm.call = Duration::ZERO;
    let mut impatient = Impatient { flag: first.interrupted.clone(), heard: Vec::new(), rows: 0 };
    let outcome = train(&model, &first, &origin(&files, false), &mut impatient).unwrap();
    // 360 test samples are two batches of 256 at most; validation has fewer than one.
    assert!(outcome.interrupted);
    assert_eq!((impatient.heard, impatient.rows), (vec![("test".to_string(), 1, 2)], 0));
    assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap().lines().count(), 1);
    let outcome = train(&model, &options(Path::new("."), &run, &EXACT), &origin(&files, true), &mut Silent).unwrap();
    assert_eq!(outcome.state_digest, whole.outcome.state_digest);
    assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
}

#[test]
fn a_run_that_is_not_finite_at_once_has_its_first_checkpoint() {
    let text = "data d = digits(batch = 32)\nregion In[8, 8] = d.image\nregion Y[4] = drive\nconnect In -> Y\ncost big in Y = sum(exp(Y))\n\
        learn In -> Y by backprop from -1 * big using sgd(rate = 1e30)";
    let model = checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = [SpecFile { path: "spec.neu".into(), text: text.into() }];
    let place = TempDir::new().unwrap();
    let run = place.path().join("run");
    let way = Way { precision: Precision::F32, ..EXACT };
    let told = options(Path::new("."), &run, &way);
    let first = train(&model, &told, &origin(&files, false), &mut Silent);
    let Err(RunError::NotFinite { step: broke, .. }) = first else { panic!("{:?}", first.map(|o| o.weights_digest)) };
    let stands = slots(&run);
    assert!(stands["In -> Y.weight"].iter().any(|w| *w != 0.0) && stands.values().flatten().all(|x| x.is_finite()));
    assert_eq!(stands["clock.steps"], [0.0]);
    assert!(neurula::runtime::train::evaluate(&model, &told, &run).is_ok());
    // It goes on from there to the same end.
    match train(&model, &told, &origin(&files, true), &mut Silent) {
        Err(RunError::NotFinite { step, .. }) => assert_eq!(step, broke),
        other => panic!("{:?}", other.map(|outcome| outcome.weights_digest)),
    }
    assert_eq!(slots(&run), stands);
}
