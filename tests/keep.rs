//! `keep highest METRIC`: a phase ends with the weights of its best measurement, across interruptions too.

use super::damage::Parts;
use super::trained::{EXACT, Trained, checked, options, slots, trained};
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, evaluate, train};
use neurula::runtime::{Measured, RunError, Silent, Watcher};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// A model whose phases are these; its rate is so high that accuracy goes up and down.
fn spec(phases: &str) -> String {
    format!(
        "data world = digits(batch = 128, validation = 10 %)\nregion Retina[8, 8] = world.image\nregion Hidden[12] = tanh(drive)\n\
         region Name[10] = drive\nconnect Retina -> Hidden -> Name\ncost wrong in Name = cross_entropy(Name, world.label)\n\
         metric accuracy = argmax(Name) == world.label\nmetric never = Name[0] where world.label > 9\ndevelopment {{ {phases} }}"
    )
}

const LEARN: &str = "learn Retina -> Hidden -> Name by backprop from wrong using adam(rate = 0.2)";

/// The values of a metric or cost on a split, in the order of the table, of one phase.
fn column(run: &Trained, phase: &str, split: &str, name: &str) -> Vec<f64> {
    let rows = run.metrics.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let wanted = rows.filter(|row| row[1] == phase && row[3] == split && row[4] == name);
    wanted.map(|row| row[5].parse().unwrap()).collect()
}

/// Where the first of the best values stands.
fn best(values: &[f64], highest: bool) -> usize {
    (0..values.len()).fold(0, |best, place| {
        let better = if highest { values[place] > values[best] } else { values[place] < values[best] };
        if better { place } else { best }
    })
}

/// What learns: parameters and the states of optimisers.
fn learnt(slots: &BTreeMap<String, Vec<f64>>) -> BTreeMap<&str, Vec<u64>> {
    let all = slots.iter().filter(|(name, _)| ["clock", "cost", "metric"].iter().all(|head| !name.starts_with(head)));
    all.map(|(name, values)| (name.as_str(), values.iter().map(|value| value.to_bits()).collect())).collect()
}

#[test]
fn a_phase_ends_with_the_weights_of_its_best_measurement() {
    for (keep, split, name, highest) in [
        ("keep highest accuracy", "validation", "accuracy", true),
        ("keep lowest wrong", "validation", "wrong", false),
        ("keep lowest wrong(train)", "train", "wrong", false),
        ("keep highest wrong(validation)", "validation", "wrong", true),
    ] {
        let text = spec(&format!("phase only for 9 epochs {keep} {{ {LEARN} }}"));
        let whole = trained(&text, &EXACT);
        let values = column(&whole, "only", split, name);
        assert_eq!(values.len(), 9, "every measurement has its row");
        let place = best(&values, highest);
        let short = trained(&spec(&format!("phase only for {} epochs {{ {LEARN} }}", place + 1)), &EXACT);
        assert_eq!(learnt(&whole.slots), learnt(&short.slots), "{keep}: epoch {place} of {values:?}");
        assert_eq!(whole.value(name, split), values[place]);
        assert_eq!(whole.value("accuracy", "test"), short.value("accuracy", "test"));
        let model = checked(Path::new("."), &text).unwrap();
        let run = whole.folder.path().join("run");
        let measured = evaluate(&model, &options(Path::new("."), &run, &EXACT), &run).unwrap();
        let of = |name: &str| measured.iter().find(|m| m.name == name && m.split == "validation").unwrap().value;
        assert_eq!(of("accuracy"), whole.value("accuracy", "validation"));
        assert!(whole.slots.keys().all(|name| !name.starts_with("best:")));
    }
    let fall = column(
        &trained(&spec(&format!("phase only for 9 epochs {{ {LEARN} }}")), &EXACT),
        "only",
        "validation",
        "accuracy",
    );
    assert!(best(&fall, true) < 8, "the last measurement is the best, so that nothing is shown: {fall:?}");
}

#[test]
fn the_next_phase_begins_with_them() {
    let still = "learn Retina -> Hidden -> Name by backprop from wrong using sgd(rate = 0)";
    let first = |keep: &str| format!("phase first for 6 epochs {keep} {{ {LEARN} }}");
    let both =
        trained(&spec(&format!("{} phase then for 3 epochs {{ {still} }}", first("keep highest wrong"))), &EXACT);
    let alone = trained(&spec(&first("keep highest wrong")), &EXACT);
    let without = trained(&spec(&first("")), &EXACT);
    assert_eq!(both.outcome.weights_digest, alone.outcome.weights_digest);
    assert_ne!(both.outcome.weights_digest, without.outcome.weights_digest);
    assert_eq!(both.value("wrong", "test"), alone.value("wrong", "test"));
}

#[test]
fn what_is_never_a_number_is_never_the_best() {
    let last = trained(&spec(&format!("phase only for 2 epochs {{ {LEARN} }}")), &EXACT);
    let never = trained(&spec(&format!("phase only for 2 epochs keep highest never {{ {LEARN} }}")), &EXACT);
    assert!(column(&never, "only", "validation", "never").iter().all(|value| value.is_nan()));
    assert_eq!(never.outcome.weights_digest, last.outcome.weights_digest);
}

/// Interrupts after so many measurements.
pub struct Stop(pub usize, pub Arc<AtomicBool>);

impl Watcher for Stop {
    fn measured(&mut self, _: u64, _: &str, _: f64, _: &[Measured]) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn the_best_is_in_the_checkpoint() {
    let text = spec(&format!("phase only for 6 epochs keep highest wrong {{ {LEARN} }}"));
    let whole = trained(&text, &EXACT);
    let model = checked(Path::new("."), &text).unwrap();
    let files = [SpecFile { path: "spec.neu".into(), text: text.clone() }];
    for after in 1..6 {
        let place = TempDir::new().unwrap();
        let run = place.path().join("run");
        let told = || options(Path::new("."), &run, &EXACT);
        let first = told();
        let mut stop = Stop(after, first.interrupted.clone());
        let stopped = train(&model, &first, &Origin { files: &files, set: &[], resume: false }, &mut stop).unwrap();
        assert!(stopped.interrupted);
        let held = slots(&run);
        let learns = |name: &&String| name.contains(".weight") || name.contains(".bias");
        let (kept, all) = (held.keys().filter(|name| name.starts_with("best:")), held.keys());
        assert_eq!(kept.count(), all.filter(|name| !name.starts_with("best:")).filter(learns).count());
        let resume = || train(&model, &told(), &Origin { files: &files, set: &[], resume: true }, &mut Silent);
        let path = run.join("checkpoint.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        let rows = std::fs::read(run.join("metrics.csv")).unwrap();
        type Harm = fn(&mut Parts);
        let harms: [(&str, Harm); 4] = [
            ("has no `best:Name.bias`", |parts| drop(parts.slots.remove("best:Name.bias"))),
            ("in this spec", |parts| parts.slot("best:Hidden -> Name.weight").1.reverse()),
            ("`best:clock.steps`", |parts| {
                let clock = parts.slots["clock.steps"].clone();
                parts.slots.insert("best:clock.steps".into(), clock);
            }),
            ("`best:", |parts| parts.position(|position| position["kept"] = serde_json::Value::Null)),
        ];
        for (word, harm) in harms {
            let mut parts = Parts::read(&bytes);
            harm(&mut parts);
            std::fs::write(&path, parts.write()).unwrap();
            match resume() {
                Err(RunError::Changed(why)) => assert!(why.contains(word), "{why}"),
                other => panic!("{word}: {:?}", other.map(|outcome| outcome.weights_digest)),
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        std::fs::write(run.join("metrics.csv"), &rows).unwrap();
        let outcome = resume().unwrap();
        assert_eq!(outcome.state_digest, whole.outcome.state_digest, "after {after}");
        assert_eq!(std::fs::read_to_string(run.join("metrics.csv")).unwrap(), whole.metrics);
    }
}

#[test]
fn what_cannot_be_kept_is_told() {
    for (keep, code) in [
        ("keep highest accuracy(test)", "E0602"),
        ("keep lowest wrong(test)", "E0602"),
        ("keep highest speed", "E0205"),
        ("keep highest acuracy", "E0201"),
    ] {
        let text = format!("param speed = 1\n{}", spec(&format!("phase only for 2 epochs {keep} {{ {LEARN} }}")));
        let said = checked(Path::new("."), &text).err().unwrap_or_else(|| panic!("{keep} is taken"));
        assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), [code], "{keep}: {said:#?}");
    }
}
