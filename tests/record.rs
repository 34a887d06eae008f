//! What is kept of each time step, so that credit can go back: which values, each once, and how many bytes they take.

use super::trained::checked;
use neurula::driver::record::{Kept, kept};
use neurula::driver::{memory, plan};
use neurula::math::Precision;
use neurula::model::Model;
use std::path::Path;

fn model(memory: &str) -> Model {
    let text = format!(
        "data world = digits(batch = 32)\ntime 8 steps\nregion Row[8] = world.image[t]\nregion Memory : {memory}\n\
         region Choice[10] = drive\nconnect Row -> Memory -> Choice\n\
         cost wrong in Choice = cross_entropy(Choice, world.label) at end\n\
         learn all by backprop from wrong using adam(rate = 0.001)\n"
    );
    checked(Path::new("."), &text).unwrap_or_else(|said| panic!("{said:#?}"))
}

fn record(memory: &str, precision: Precision) -> Vec<Kept> {
    kept(&plan(&model(memory), 0, 1797).learn, precision)
}

/// Bytes for each time step and sample.
fn bytes(memory: &str) -> u128 {
    record(memory, Precision::F32).iter().map(|kept| kept.bytes).sum()
}

#[test]
fn a_gated_unit_keeps_its_state_its_gates_and_the_new_value_once_each() {
    for (precision, bytes) in [(Precision::F32, 4), (Precision::F64, 8)] {
        let found = record("gru(16)", precision);
        let what: Vec<&str> = found.iter().map(|kept| &*kept.what).collect();
        let of = "of the region `Memory`";
        let wanted =
            ["Memory, as it was before".to_string(), format!("`/` {of}"), format!("`/` {of}"), format!("`tanh` {of}")];
        assert_eq!(what, wanted);
        assert!(found.iter().all(|kept| (kept.rounds, kept.bytes) == (8, 16 * bytes)), "{found:?}");
    }
}

#[test]
fn the_size_of_a_record_is_known_for_each_memory_of_the_library() {
    let units = |memory: &str| bytes(&format!("{memory}(16)")) / (16 * 4);
    assert_eq!(bytes("gru(16)"), 256);
    // The state alone; h, c, three gates, the new value and the tanh of c.
    assert_eq!([units("rnn"), units("gru"), units("lstm")], [1, 4, 7]);
}

#[test]
fn the_table_says_what_is_kept_of_each_time_step() {
    let text = memory(&model("gru(16)"), Precision::F32);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let wanted = "kept in phase `life` for each sample and time step: 256 bytes";
    let begins = lines.iter().position(|line| *line == wanted).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(lines[begins + 1..].len(), 4, "{text}");
    assert_eq!(lines[begins + 1], "64 bytes  Memory, as it was before");
    for kind in ["data as read: world.image", "parameter: Memory.Uh", "record of time:", "in all"] {
        assert!(lines[..begins].iter().any(|line| line.contains(kind)), "no `{kind}` in\n{text}");
    }
}
