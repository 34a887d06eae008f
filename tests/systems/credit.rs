//! Accounts and probes of credit: rows that ask who learns from what, and how well.

use super::super::trained::{Trained, checked_with};
use super::{folder, system};
use assert_cmd::Command;
use neurula::diag::{Code, Diagnostic};
use serde_json::Value;
use std::collections::BTreeSet;

/// What `neurula credit` tells of the spec of a row.
fn account(id: &str) -> Value {
    told_with(id, &[])
}

/// The same with another teacher.
fn told(id: &str, teacher: &str) -> Value {
    told_with(id, &["--set", &format!("teacher={teacher}")])
}

fn told_with(id: &str, flags: &[&str]) -> Value {
    let spec = folder().join(format!("{id}.neu"));
    let found =
        Command::cargo_bin("neurula").unwrap().arg("credit").arg(spec).arg("--json").args(flags).output().unwrap();
    assert_eq!(found.status.code(), Some(0), "{}", String::from_utf8_lossy(&found.stderr));
    serde_json::from_slice(&found.stdout).unwrap()
}

/// The parameters that learn in a phase.
fn learn_in(phase: &Value) -> BTreeSet<String> {
    let all = phase["parameters"].as_array().unwrap().iter();
    let learn = all.filter(|parameter| !parameter["learns"].as_array().unwrap().is_empty());
    learn.map(|parameter| parameter["parameter"].as_str().unwrap().to_string()).collect()
}

#[test]
fn the_account_lists_all_that_changes_in_a_run_and_nothing_else() {
    let told = account("C-01");
    let phases = told["phases"].as_array().unwrap();
    let seen = system("C-01").steps();
    assert_eq!((phases.len(), seen.len()), (3, 13));
    let parameters: Vec<String> =
        phases[0]["parameters"].as_array().unwrap().iter().map(|it| it["parameter"].as_str().unwrap().into()).collect();
    let mut union = BTreeSet::new();
    for (number, phase) in phases.iter().enumerate() {
        let (before, after) = (&seen[4 * number], &seen[4 * number + 4]);
        let changed = parameters.iter().filter(|name| before[*name] != after[*name]).cloned().collect::<BTreeSet<_>>();
        assert_eq!(learn_in(phase), changed, "{}", phase["phase"]);
        union.extend(changed);
    }
    let plastic: Vec<&str> = told["plastic"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(plastic.iter().map(|name| name.to_string()).collect::<BTreeSet<_>>(), union);
    assert_eq!(told["never"], serde_json::json!(["Retina -> Reflex.weight", "Reflex -> PFC.weight", "Reflex.bias"]));
    let kept: BTreeSet<&str> = seen[0]
        .keys()
        .map(String::as_str)
        .filter(|name| name.ends_with(".weight") || name.ends_with(".bias"))
        .collect();
    assert_eq!(parameters.iter().map(String::as_str).collect::<BTreeSet<_>>(), kept);
}

#[test]
fn the_account_says_by_what_from_which_cost_and_along_which_way() {
    let told = account("C-01");
    let of = |phase: usize, name: &str| -> Value {
        let all = told["phases"][phase]["parameters"].as_array().unwrap();
        all.iter().find(|parameter| parameter["parameter"] == name).unwrap().clone()
    };
    let womb = of(0, "Retina -> V1.weight");
    assert_eq!((&womb["learns"][0]["rule"], &womb["learns"][0]["equation"]), (&"oja".into(), &true.into()));
    assert_eq!(womb["learns"][0]["costs"], serde_json::json!([]));
    assert_eq!(womb["shape"], serde_json::json!([12, 64]));
    let infancy = &of(1, "Retina -> V1.weight")["learns"][0];
    assert_eq!(infancy["statement"], "learn Retina -> V1 by backprop from rebuild, economy using sgd(rate = 0.1)");
    assert_eq!(infancy["optimiser"], "sgd");
    assert_eq!(
        infancy["costs"],
        serde_json::json!([
            { "cost": "rebuild", "in": "Recall", "way": ["Recall", "IT", "V1"], "ways": 1, "more": false },
            { "cost": "economy", "in": "V1", "way": ["V1"], "ways": 1, "more": false },
        ])
    );
    assert_eq!(of(1, "Reflex -> PFC.weight")["stays"], "nothing");
    assert_eq!(of(1, "V1 -> PFC.weight")["stays"], "unnamed");
    assert_eq!(of(2, "Retina -> V1.weight")["stays"], "frozen");
    assert_eq!(of(2, "V1.bias")["stays"], "frozen");
    assert_eq!(of(2, "Retina -> Reflex.weight")["stays"], "fixed");
    assert_eq!(of(2, "V1 -> IT.weight")["learns"][0]["costs"][0]["way"], serde_json::json!(["PFC", "IT"]));
}

/// What is said of the spec of a row with another teacher.
fn said_with(id: &str, teacher: &str) -> Vec<Diagnostic> {
    let text = std::fs::read_to_string(folder().join(format!("{id}.neu"))).unwrap();
    match checked_with(&folder(), &text, &[("teacher".to_string(), teacher.to_string())]) {
        Ok(_) => Vec::new(),
        Err(said) => said,
    }
}

#[test]
fn who_reads_the_weights_behind_is_refused_and_who_has_feedback_weights_learns() {
    for teacher in [
        "backprop",
        "predictive_coding",
        "predictive_coding_fixed",
        "sign_symmetry",
        "zero_divergence_inference_learning",
    ] {
        let said = said_with("G-02", teacher);
        assert_eq!(said.iter().map(|said| said.code).collect::<Vec<_>>(), [Code::WEIGHT_TRANSPORT], "{teacher}");
        assert!(said[0].message.contains("`Hidden -> Choice.weight`"), "{}", said[0].message);
    }
    for teacher in [
        "difference_target_propagation",
        "direct_feedback_alignment",
        "kolen_pollack",
        "node_perturbation",
        "target_propagation",
        "weight_mirror",
        "weight_perturbation",
    ] {
        assert!(said_with("G-02", teacher).is_empty(), "{teacher}");
    }
    let read = |teacher: &str| -> Vec<(String, Value)> {
        let told = told("G-02", teacher);
        let reads = told["phases"][0]["parameters"][0]["learns"][0]["reads"].as_array().unwrap().clone();
        let away = reads.into_iter().filter(|read| ["transport", "feedback"].contains(&read["what"].as_str().unwrap()));
        away.map(|read| (read["what"].as_str().unwrap().to_string(), read["of"].clone())).collect()
    };
    assert_eq!(read("feedback_alignment"), [("feedback".to_string(), "Hidden -> Choice.feedback".into())]);
    assert_eq!(read("node_perturbation"), []);
    let life = system("G-02").run();
    assert!(life.value("accuracy", "test") > 0.85, "{}", life.value("accuracy", "test"));
}

/// What a probe saw during a run, step by step, the end last.
fn seen(run: &Trained, probe: &str) -> Vec<f64> {
    let mut rows = csv::Reader::from_reader(run.metrics.as_bytes());
    let rows = rows.records().map(|row| row.unwrap()).filter(|row| &row[4] == probe);
    rows.map(|row| row[5].parse().unwrap()).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn degrees(cosine: f64) -> f64 {
    cosine.clamp(-1.0, 1.0).acos().to_degrees()
}

const TO_HIDDEN: &str = "alignment(Senses -> Hidden, backprop from wrong)";

#[test]
fn an_update_that_follows_the_gradient_is_told_from_one_that_does_not() {
    let exact = system("X-01").set("teacher", "backprop").set("length", "101 steps").run_both();
    let along = seen(&exact, TO_HIDDEN);
    assert_eq!(along.len(), 4);
    assert!(along.iter().all(|cosine| (cosine - 1.0).abs() < 1e-12), "{along:?}");
    let (mut first, mut turned) = (Vec::new(), Vec::new());
    for seed in 0..5 {
        let cosines = seen(&system("X-01").seed(seed).run(), TO_HIDDEN);
        assert_eq!(cosines.len(), 21);
        first.push(degrees(cosines[0]));
        turned.push(cosines[11..].iter().map(|cosine| degrees(*cosine)).sum::<f64>() / 10.0);
    }
    let mean = first.iter().sum::<f64>() / 5.0;
    assert!((75.0..105.0).contains(&mean), "{first:?}");
    assert!(turned.iter().all(|angle| *angle < 45.0), "{turned:?}");
}

#[test]
fn what_has_nothing_to_do_with_the_error_goes_across_the_gradient() {
    let mut all = Vec::new();
    for seed in 0..10 {
        all.extend(seen(&system("X-01b").seed(seed).run(), TO_HIDDEN));
    }
    let count = all.len() as f64;
    let mean = all.iter().sum::<f64>() / count;
    let spread = (all.iter().map(|cosine| cosine * cosine).sum::<f64>() / count).sqrt();
    // A fixed direction among 20: its cosine with a direction that does not know of it has the deviation 1 / sqrt(20).
    let wanted = 1.0 / 20f64.sqrt();
    assert!(mean.abs() < 0.1, "{mean}");
    assert!((spread / wanted - 1.0).abs() < 0.3, "{spread} {wanted}");
}

#[test]
fn what_a_probe_sees_is_what_the_steps_show() {
    let step = |teacher: &str| -> Vec<f64> {
        let seen = system("X-01").set("teacher", teacher).set("length", "1 step").steps();
        super::change(&seen[0]["Senses -> Hidden.weight"], &seen[1]["Senses -> Hidden.weight"])
    };
    let by_hand = cosine(&step("feedback_alignment"), &step("backprop"));
    let told = seen(&system("X-01").set("length", "1 step").run(), TO_HIDDEN)[0];
    assert!((told - by_hand).abs() < 1e-9, "{told} {by_hand}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "angles that are asked for, not computed by a run")]
fn the_cost_changes_by_the_cosine_that_the_probe_tells() {
    let rate = 1e-6;
    let with = |along: f64, aside: f64| system("G-19").set("along", along).set("aside", aside);
    let update = |along: f64, aside: f64| -> Vec<f64> {
        let seen = with(along, aside).steps();
        let change = super::change(&seen[0]["In -> Hidden.weight"], &seen[1]["In -> Hidden.weight"]);
        change.into_iter().map(|change| -change / rate).collect()
    };
    let length = |a: &[f64]| a.iter().map(|a| a * a).sum::<f64>().sqrt();
    let (gradient, away) = (update(1.0, 0.0), update(0.0, 1.0));
    let (norm, cos) = (length(&gradient), cosine(&gradient, &away));
    let across = length(&away) * (1.0 - cos * cos).sqrt();
    for angle in [0.0, 45.0, 85.0, 90.0, 95.0, 135.0f64] {
        let aside = norm * angle.to_radians().sin() / across;
        let along = angle.to_radians().cos() - aside * length(&away) * cos / norm;
        let run = with(along, aside).run();
        let told = seen(&run, "alignment(In -> Hidden, backprop from wrong)")[0];
        assert!((degrees(told) - angle).abs() < 1e-4, "{angle}: {told}");
        let costs = seen_in(&run, "wrong", "train");
        let slope = (costs[1] - costs[0]) / rate;
        let wanted = -told * norm * length(&update(along, aside));
        assert!((slope - wanted).abs() < 1e-5 * norm * norm, "{angle}: {slope} {wanted}");
        assert!(angle == 90.0 || (slope < 0.0) == (angle < 90.0), "{angle}: {slope}");
    }
}

/// A measured value after each epoch.
fn seen_in(run: &Trained, name: &str, split: &str) -> Vec<f64> {
    let mut rows = csv::Reader::from_reader(run.metrics.as_bytes());
    let rows = rows.records().map(|row| row.unwrap()).filter(|row| &row[4] == name && &row[3] == split);
    rows.map(|row| row[5].parse().unwrap()).collect()
}

#[test]
fn signals_have_as_many_directions_as_their_source() {
    let run = system("X-05").run();
    let ranks = [
        ("rank(softmax(Choice) - one_hot(world.label))", 9.0),
        ("rank(Hidden, backprop from wrong)", 9.0),
        ("rank(Hidden, feedback_alignment from wrong)", 9.0),
        ("rank(Hidden, direct_feedback_alignment from wrong)", 9.0),
        ("rank(Hidden, backprop from missed)", 1.0),
        ("rank(Hidden, node_perturbation from wrong)", 50.0),
    ];
    for (probe, rank) in ranks {
        let found = seen(&run, probe);
        assert_eq!(found.len(), 4, "{probe}");
        assert!(found.iter().all(|found| *found == rank), "{probe}: {found:?}");
        assert_eq!(run.value(probe, "train"), rank, "{probe}");
    }
    let participation = |of: &str| *seen(&run, &format!("participation(Hidden, {of})")).last().unwrap();
    let (dense, scalar, noise) = (
        participation("backprop from wrong"),
        participation("backprop from missed"),
        participation("node_perturbation from wrong"),
    );
    assert!((scalar - 1.0).abs() < 1e-9, "{scalar}");
    assert!(1.5 < dense && dense < 9.0 && noise > 20.0, "{dense} {noise}");
    let single = system("X-05").single().run();
    for (probe, rank) in ranks {
        assert_eq!(single.value(probe, "train"), rank, "{probe} in f32");
    }
}

#[test]
fn dense_errors_and_a_scalar_add_their_directions_on_one_path() {
    let run = system("P-15").run();
    let of = |cost: &str| seen(&run, &format!("rank(Hidden, backprop from {cost})"));
    assert!(of("wrong").iter().all(|rank| *rank == 9.0), "{:?}", of("wrong"));
    assert!(of("missed").iter().all(|rank| *rank == 1.0), "{:?}", of("missed"));
    assert!(of("wrong + missed").iter().all(|rank| *rank == 10.0), "{:?}", of("wrong + missed"));
    assert!(run.value("accuracy", "test") > 0.9, "{}", run.value("accuracy", "test"));
}
