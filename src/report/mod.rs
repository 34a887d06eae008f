//! Numbers out of a run, as tables, as JSON and as arrays.

pub mod credit;
pub mod npz;
pub mod picture;

use crate::data::Summary;
use crate::runtime::{Measured, Outcome};
use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Measured values as `{"accuracy": {"train": …, "test": …}}`; a value that is not finite is null.
pub fn by_split(values: &[Measured], costs: bool) -> Value {
    let mut all = Map::new();
    for measured in values.iter().filter(|measured| measured.cost == costs) {
        let entry = all.entry(measured.name.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(splits) = entry {
            splits.insert(measured.split.clone(), json!(measured.value));
        }
    }
    Value::Object(all)
}

/// The summary of a run, as `docs/json.md` describes it.
pub fn summary(outcome: &Outcome) -> Value {
    let last = outcome.phases.last().map_or(&[][..], |ended| &ended.values);
    let phases: Vec<Value> = outcome
        .phases
        .iter()
        .map(|ended| {
            json!({
                "phase": ended.phase, "epochs": ended.epochs, "steps": ended.steps,
                "metrics": by_split(&ended.values, false), "costs": by_split(&ended.values, true),
            })
        })
        .collect();
    json!({
        "metrics": by_split(last, false),
        "costs": by_split(last, true),
        "phases": phases,
        "samples_per_second": outcome.samples_per_second,
        "compile_ms": outcome.compile_ms,
        "first_step_ms": outcome.first_step_ms,
        "weights_digest": outcome.weights_digest,
        "state_digest": outcome.state_digest,
        "interrupted": outcome.interrupted,
    })
}

/// The table of a run: a row for each metric and cost of each phase.
pub fn run(outcome: &Outcome, folder: Option<&Path>) -> String {
    let mut text = String::new();
    for ended in &outcome.phases {
        let head = format!("{} ({} epochs, {} steps)", ended.phase, rounded(ended.epochs), ended.steps);
        text += &measurements(&head, &ended.values);
        text += "\n";
    }
    text += &format!(
        "{:.0} samples per second; compiled in {:.1} ms, first step after {:.1} ms\n",
        outcome.samples_per_second, outcome.compile_ms, outcome.first_step_ms
    );
    text += &format!("weights {}", &outcome.weights_digest[..16.min(outcome.weights_digest.len())]);
    if let Some(folder) = folder {
        text += &format!("; run folder {}", folder.display());
    }
    text
}

/// Metrics and costs by split.
pub fn measurements(head: &str, values: &[Measured]) -> String {
    let splits: Vec<&str> =
        ["train", "validation", "test"].into_iter().filter(|split| values.iter().any(|m| m.split == *split)).collect();
    let mut table = plain(std::iter::once(head).chain(splits.iter().copied()));
    let mut names: Vec<&str> = Vec::new();
    for measured in values {
        if !names.contains(&measured.name.as_str()) {
            names.push(&measured.name);
        }
    }
    for name in names {
        let cell = |split: &str| {
            let found = values.iter().find(|m| m.name == name && m.split == split);
            found.map_or(String::new(), |m| format!("{:.4}", m.value))
        };
        table.add_row(std::iter::once(name.to_string()).chain(splits.iter().map(|split| cell(split))));
    }
    table.to_string()
}

fn plain<'h>(head: impl Iterator<Item = &'h str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_BORDERS_ONLY_CONDENSED);
    table.set_header(head.map(str::to_string));
    table
}

fn rounded(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// A number in about six digits.
fn rough(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 || (size < 1e-4 && size > 0.0) => format!("{value:.4e}"),
        _ => ((value * 1e6).round() / 1e6).to_string(),
    }
}

/// A number, or the least and the greatest of several.
fn between(values: impl Iterator<Item = f64> + Clone) -> String {
    let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
        (if value < least { value } else { least }, if value > most { value } else { most })
    });
    match ends {
        (least, most) if least > most => String::new(),
        (least, most) if least == most => rough(least),
        (least, most) => format!("{} to {}", rough(least), rough(most)),
    }
}

/// What a source of data holds.
pub fn dataset(summary: &Summary) -> String {
    let prepared = summary.fields.iter().any(|field| !field.prepared.is_empty());
    let head = ["field", "shape", "element", "least", "greatest", "missing", "classes"];
    let mut fields = plain(head.into_iter().chain(["mean", "spread"].into_iter().filter(|_| prepared)));
    for field in &summary.fields {
        let classes = match field.classes.len() {
            0 => String::new(),
            count => {
                let sizes = field.classes.iter().map(|class| class.train + class.validation + class.test);
                let (least, most) =
                    sizes.fold((usize::MAX, 0), |(least, most), size| (least.min(size), most.max(size)));
                format!("{count}, of {least} to {most} samples")
            }
        };
        let shape = format!("{:?}", field.shape);
        let mut row = vec![
            field.name.clone(),
            shape,
            field.element.clone(),
            rough(field.least),
            rough(field.greatest),
            field.missing.to_string(),
            classes,
        ];
        if prepared {
            row.push(between(field.prepared.iter().map(|by| by.0)));
            row.push(between(field.prepared.iter().map(|by| by.1)));
        }
        fields.add_row(row);
    }
    let mut text = format!(
        "{}: {} training, {} validation, {} test samples, {} bytes in memory\n",
        summary.source, summary.train, summary.validation, summary.test, summary.bytes
    );
    text += &format!("{fields}\n");
    for file in &summary.files {
        text += &format!("{}  {} bytes  sha256 {}\n", file.path, file.bytes, file.sha256);
    }
    for note in &summary.notes {
        text += &format!("{note}\n");
    }
    if let Some(licence) = summary.licence {
        text += licence.trim_end();
    }
    text.trim_end().to_string()
}
