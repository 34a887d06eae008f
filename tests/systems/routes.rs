//! Credit rules that travel the routes back.

use super::super::trained::Trained;
use super::{Slots, cosine, system};

/// The product of matrices, row-major: the first turned, `[inner, rows]`, and `[inner, columns]`.
fn turned_times(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / inner, b.len() / inner);
    let cell = |r: usize, c: usize| (0..inner).map(|i| a[i * rows + r] * b[i * columns + c]).sum::<f64>();
    (0..rows * columns).map(|place| cell(place / columns, place % columns)).collect()
}

/// The angle in degrees between what the error brings over the feedback weights and over the forward weights, in the step between
/// two states of G-03: the change of the last weights is a multiple of e h', and so B' e and W' e are known but for h.
fn angle(before: &Slots, after: &Slots) -> f64 {
    let weights = "Hidden -> Choice.weight";
    let change = super::change(&before[weights], &after[weights]);
    let over = |matrix: &str| turned_times(&before[matrix], &change, 10);
    let (random, exact) = (over("Hidden -> Choice.feedback"), over(weights));
    cosine(&random, &exact).clamp(-1.0, 1.0).acos().to_degrees()
}

#[test]
fn forward_weights_turn_to_the_feedback_weights() {
    let mut first = Vec::new();
    for seed in 0..5 {
        let spec = system("G-03").seed(seed);
        let steps = spec.clone().set("length", "1 step").steps();
        first.push(angle(&steps[0], &steps[1]));
        let almost = spec.clone().set("length", "999 steps").run();
        let life = spec.run();
        let last = angle(&almost.slots, &life.slots);
        assert!(last < 45.0, "seed {seed}: {last}");
        let error = life.value("wrong", "test") / life.value("size", "test");
        assert!(error < 0.01, "seed {seed}: {error}");
        assert_eq!(life.slot("Hidden -> Choice.feedback"), &steps[0]["Hidden -> Choice.feedback"][..]);
    }
    let mean = first.iter().sum::<f64>() / 5.0;
    assert!((75.0..105.0).contains(&mean), "{first:?}");
}

#[test]
fn with_one_hidden_layer_direct_feedback_is_feedback_alignment() {
    let spec = system("G-04").epochs(2);
    let direct = spec.run_both();
    let chained = spec.clone().set("teacher", "feedback_alignment").run();
    assert_eq!(direct.slots, chained.slots);
    let exact = spec.set("teacher", "backprop").run();
    assert_ne!(direct.slot("Retina -> Hidden.weight"), exact.slot("Retina -> Hidden.weight"));
}

#[test]
fn without_feedback_the_hidden_layer_stays_as_it_is() {
    let spec = system("X-10").epochs(1);
    let silent = spec.run_both();
    let born = &spec.steps()[0];
    let frozen = spec.clone().set("teacher", "nothing").run();
    for slot in ["Retina -> Hidden.weight", "Hidden.bias"] {
        assert_eq!(silent.slot(slot), &born[slot][..], "{slot}");
    }
    assert_eq!(silent.slot("Hidden -> Choice.weight"), frozen.slot("Hidden -> Choice.weight"));
    let long = |feedback: f64| -> Trained { system("X-10").epochs(40).single().set("feedback", feedback).run() };
    let (without, with) = (long(0.0).value("accuracy", "test"), long(1.0).value("accuracy", "test"));
    assert!(without < 0.7 && with > 0.88, "{without} {with}");
}

#[test]
fn forward_and_feedback_weights_come_together_as_the_decay_says() {
    let steps = system("G-06").set("length", "1 step").steps();
    let life = system("G-06").run_both();
    for name in ["V1 -> IT", "IT -> Choice"] {
        let apart =
            |slots: &Slots| super::change(&slots[&format!("{name}.feedback")], &slots[&format!("{name}.weight")]);
        let (first, last) = (apart(&steps[0]), apart(&life.slots));
        let factor = 0.98f64.powi(50);
        assert!((factor - 0.36417).abs() < 5e-6);
        for (first, last) in first.iter().zip(&last) {
            assert!((last - factor * first).abs() < 1e-13, "{name}: {first} {last}");
        }
        assert!(super::apart(&life.slots[&format!("{name}.weight")], &steps[0][&format!("{name}.weight")]) > 0.1);
    }
}
