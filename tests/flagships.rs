//! The flagship examples: the number of each beside its foil's.

use super::trained::{EXACT, Trained, Way, trained};
use std::path::Path;

/// An example, with another value for one of its params.
fn example(name: &str, param: &str, value: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("param {param} "))).unwrap();
    let (head, _) = line.split_once(" = ").unwrap();
    text.replacen(line, &format!("{head} = {value}"), 1)
}

#[test]
fn one_word_changes_the_teacher_and_who_learns() {
    for seed in 0..3 {
        let by = |teacher: &str| -> Trained {
            trained(&example("who_learned.neu", "teacher", teacher), &Way { seed, ..EXACT })
        };
        let accuracy = |run: &Trained| run.value("accuracy", "test");
        let [exact, chained, direct, perturbed, frozen] =
            ["backprop", "feedback_alignment", "direct_feedback_alignment", "node_perturbation", "nothing"].map(by);
        assert!(accuracy(&frozen) <= 0.69, "seed {seed}: {} by nothing", accuracy(&frozen));
        assert!(accuracy(&exact) >= 0.93, "seed {seed}: {} by backprop", accuracy(&exact));
        assert!(accuracy(&chained) >= 0.91, "seed {seed}: {} by feedback alignment", accuracy(&chained));
        for weights in ["Senses -> Hidden.weight", "Hidden -> Choice.weight", "Hidden.bias", "Choice.bias"] {
            assert_eq!(chained.slot(weights), direct.slot(weights), "seed {seed}");
        }
        let noisy = accuracy(&perturbed);
        assert!(noisy >= 0.74 && noisy > accuracy(&frozen) + 0.08, "seed {seed}: {noisy} by node perturbation");
    }
}
