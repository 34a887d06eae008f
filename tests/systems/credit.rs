//! Accounts and probes of credit: rows that ask who learns from what, and how well.

use super::super::trained::checked_with;
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
    for teacher in ["backprop", "predictive_coding", "predictive_coding_fixed", "zero_divergence_inference_learning"] {
        let said = said_with("G-02", teacher);
        assert_eq!(said.iter().map(|said| said.code).collect::<Vec<_>>(), [Code::WEIGHT_TRANSPORT], "{teacher}");
        assert!(said[0].message.contains("`Hidden -> Choice.weight`"), "{}", said[0].message);
    }
    for teacher in ["direct_feedback_alignment", "kolen_pollack", "node_perturbation", "weight_perturbation"] {
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
