//! Means over samples, which are taken as products of matrices: rules against the same sums written by hand, in batches of four and of
//! two, by both interpreters and machine code.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the world's cosines")]

use super::constraints::Stepper;
use super::trained::{EXACT, Way, checked, trained, trained_both};
use neurula::credit;
use neurula::data::Place;
use neurula::math::Precision;
use neurula::tensor::pass::simplify;
use std::path::Path;

type Matrix = [[f64; 4]; 3];

/// What three units behind four have learnt.
#[derive(Clone, Copy)]
struct Units {
    w: Matrix,
    b: [f64; 3],
}

/// Samples of cosines, in order, four a batch and two in the last; three linear units; three epochs.
fn spec(rule: &str, call: &str) -> String {
    format!(
        "{rule}\nrule start {{ dw[j, i] = 0.3 * j - 0.2 * i - w[j, i] + 0.05 * i * j  db[j] = 0.1 * j - 0.05 }}\n\
         data world {{ samples 6, batch 4, ordered  x[i = 4] = cos(3 * index + i) }}\n\
         region X[4] = world.x\nregion Y[3] = drive\nconnect X -> Y\nmetric seen = sum(Y)\n\
         development {{ phase birth for 1 step {{ learn X -> Y by start }} phase life for 3 epochs {{ learn X -> Y by {call} }} }}"
    )
}

/// The change that one sample makes.
type Change = fn(&Units, [f64; 4], [f64; 3]) -> Units;

fn nothing() -> Units {
    Units { w: [[0.0; 4]; 3], b: [0.0; 3] }
}

/// A change of weights alone, element by element.
fn weights(dw: impl Fn(usize, usize) -> f64) -> Units {
    let mut all = nothing();
    (0..12).for_each(|place| all.w[place / 4][place % 4] = dw(place / 4, place % 4));
    all
}

fn by_hand(change: Change) -> Units {
    let mut units = weights(|j, i| 0.3 * j as f64 - 0.2 * i as f64 + 0.05 * (i * j) as f64);
    units.b = [-0.05, 0.05, 0.15];
    for _ in 0..3 {
        for batch in [&[0, 1, 2, 3][..], &[4, 5]] {
            let mut mean = nothing();
            for sample in batch {
                let pre = [0, 1, 2, 3].map(|i| f64::from(3 * sample + i).cos());
                let post = [0, 1, 2].map(|j: usize| units.b[j] + (0..4).map(|i| units.w[j][i] * pre[i]).sum::<f64>());
                let one = change(&units, pre, post);
                for j in 0..3 {
                    mean.b[j] += one.b[j] / batch.len() as f64;
                    (0..4).for_each(|i| mean.w[j][i] += one.w[j][i] / batch.len() as f64);
                }
            }
            for j in 0..3 {
                units.b[j] += mean.b[j];
                (0..4).for_each(|i| units.w[j][i] += mean.w[j][i]);
            }
        }
    }
    units
}

fn close(what: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() <= tolerance * (1.0 + wanted.abs()), "{what}: {place} is {found}, not {wanted}");
    }
}

/// A rule in both interpreters and machine code.
fn holds(rule: &str, call: &str, change: Change) {
    let (text, wanted) = (spec(rule, call), by_hand(change));
    let code = trained(&text, &EXACT);
    close(call, code.slot("X -> Y.weight"), wanted.w.as_flattened(), 1e-13);
    close(call, code.slot("Y.bias"), &wanted.b, 1e-13);
    for precision in [Precision::F32, Precision::F64] {
        trained_both(&text, &Way { precision, ..EXACT });
    }
}

/// `sum` over some indices.
fn sum(count: usize, of: impl Fn(usize) -> f64) -> f64 {
    (0..count).map(of).sum()
}

#[test]
fn sanger_takes_away_what_the_units_before_have() {
    holds("", "sanger(rate = 0.1)", |u, pre, post| {
        weights(|j, i| 0.1 * post[j] * (pre[i] - sum(j + 1, |k| post[k] * u.w[k][i])))
    });
}

#[test]
fn the_winner_alone_moves_to_the_input() {
    holds("", "competitive(rate = 0.1)", |u, pre, post| {
        let most = post.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights(|j, i| if post[j] == most { 0.1 * (pre[i] - u.w[j][i]) } else { 0.0 })
    });
}

#[test]
fn whole_vectors_are_reduced() {
    holds(
        "rule own { dw[j, i] = 0.1 * (pre[i] - mean(pre)) * (post[j] - max(post)) + 0.01 * size(pre) * w[j, i] }",
        "own",
        |u, pre, post| {
            let mean = sum(4, |i| pre[i]) / 4.0;
            let most = post.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            weights(|j, i| 0.1 * (pre[i] - mean) * (post[j] - most) + 0.04 * u.w[j][i])
        },
    );
}

#[test]
fn sums_have_conditions_of_indices_and_of_activity() {
    holds("rule own { dw[j, i] = 0.1 * sum(k != j: post[k]) * pre[i] - 0.1 * w[j, i] }", "own", |u, pre, post| {
        weights(|j, i| 0.1 * (sum(3, |k| post[k]) - post[j]) * pre[i] - 0.1 * u.w[j][i])
    });
    holds("rule own { dw[j, i] = 0.1 * sum(k < j and post[k] > 0: post[k] * w[k, i]) }", "own", |u, _, post| {
        weights(|j, i| 0.1 * sum(j, |k| if post[k] > 0.0 { post[k] * u.w[k][i] } else { 0.0 }))
    });
    holds("rule own { dw[j, i] = 0.1 * sum(k != j: log(abs(k - j)) * post[k]) * pre[i] }", "own", |_, pre, post| {
        weights(|j, i| 0.1 * pre[i] * sum(3, |k| if k == j { 0.0 } else { (k as f64 - j as f64).abs().ln() * post[k] }))
    });
    let rule = "rule own { dw[j, i] = 0.1 * mean(k >= i: pre[k] * w[j, k] + 1 / (1 + k)) * min(k >= j: post[k]) \
        - select(any(k < j: post[k] > 0.2), 0.01, 0) * w[j, i] }";
    holds(rule, "own", |u, pre, post| {
        weights(|j, i| {
            let mean = (i..4).map(|k| pre[k] * u.w[j][k] + 1.0 / (1.0 + k as f64)).sum::<f64>() / (4 - i) as f64;
            let least = post[j..].iter().copied().fold(f64::INFINITY, f64::min);
            let decay = if post[..j].iter().any(|y| *y > 0.2) { 0.01 } else { 0.0 };
            0.1 * mean * least - decay * u.w[j][i]
        })
    });
}

#[test]
fn sums_stand_beside_and_within_sums() {
    holds(
        "rule own { let back = sum(k: w[j, k] * pre[k])  dw[j, i] = 0.1 * back * back * sum(l > i: pre[l] * w[j, l]) }",
        "own",
        |u, pre, _| {
            weights(|j, i| {
                let back = sum(4, |k| u.w[j][k] * pre[k]);
                0.1 * back * back * sum(4, |l| if l > i { pre[l] * u.w[j][l] } else { 0.0 })
            })
        },
    );
    holds(
        "rule own { dw[j, i] = 0.1 * sum(k: sum(l: w[k, l] * pre[l]) * w[k, i]) - 0.1 * post[j] * pre[i] }",
        "own",
        |u, pre, post| {
            weights(|j, i| 0.1 * sum(3, |k| sum(4, |l| u.w[k][l] * pre[l]) * u.w[k][i]) - 0.1 * post[j] * pre[i])
        },
    );
}

#[test]
fn biases_have_an_index_too() {
    holds(
        "rule own { dw[j, i] = 0.1 * post[j] * pre[i]  db[j] = 0.1 * (sum(k < j: post[k]) - w[j]) }",
        "own",
        |u, pre, post| {
            let b = [0, 1, 2].map(|j| 0.1 * (sum(j, |k| post[k]) - u.b[j]));
            Units { b, ..weights(|j, i| 0.1 * post[j] * pre[i]) }
        },
    );
}

/// One step from these weights.
fn stepped(call: &str, batch: usize, w: Vec<f64>) -> Vec<f64> {
    let mut brain = Stepper::new(&format!(
        "data world {{ samples 4, batch {batch}, ordered  x[i = 3] = cos(3 * index + i) }}\nregion X[3] = world.x\n\
         region Y[3] = drive, no bias\nconnect X -> Y\nmetric seen = sum(Y)\nlearn X -> Y by {call}"
    ));
    brain.put("X -> Y.weight", w);
    brain.step();
    brain.slot("X -> Y.weight")
}

#[test]
fn who_does_not_win_stays_to_the_bit() {
    let before = vec![0.1, 0.2, 0.3, 0.5, -0.5, 0.25, -0.3, 0.7, 0.6];
    let after = stepped("competitive(rate = 0.5)", 1, before.clone());
    let x = [0.0f64.cos(), 1.0f64.cos(), 2.0f64.cos()];
    let post: Vec<f64> = before.chunks(3).map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum()).collect();
    let winner = (0..3).fold(0, |best, j| if post[j] > post[best] { j } else { best });
    for j in 0..3 {
        let (was, is) = (&before[3 * j..3 * j + 3], &after[3 * j..3 * j + 3]);
        if j == winner {
            close("the winner", is, &[0, 1, 2].map(|i| was[i] + 0.5 * (x[i] - was[i])), 1e-15);
        } else {
            assert_eq!(was, is, "unit {j}");
        }
    }
}

#[test]
fn the_tensor_interpreter_takes_the_same_step_of_sanger() {
    let before = vec![0.1, 0.2, 0.3, 0.5, -0.5, 0.25, -0.3, 0.7, 0.6];
    let after = stepped("sanger(rate = 0.2)", 4, before.clone());
    let mut wanted = before.clone();
    for sample in 0..4 {
        let x = [0, 1, 2].map(|i| f64::from(3 * sample + i).cos());
        let y = [0, 1, 2].map(|j: usize| sum(3, |i| before[3 * j + i] * x[i]));
        for j in 0..3 {
            for i in 0..3 {
                wanted[3 * j + i] += 0.05 * y[j] * (x[i] - sum(j + 1, |k| y[k] * before[3 * k + i]));
            }
        }
    }
    close("sanger", &after, &wanted, 1e-13);
}

#[test]
fn what_is_kept_for_units_and_synapses_is_read_as_it_is() {
    let rule = "rule own { trace e of pre * post : 2 steps  average a of post^2 : 3 steps \
        dw = 0.1 * e * (post - a) / (1 + a) - 0.05 * w * batch_mean(pre * post) }";
    let text = spec(rule, "own");
    let code = trained(&text, &EXACT);
    let mut u = weights(|j, i| 0.3 * j as f64 - 0.2 * i as f64 + 0.05 * (i * j) as f64);
    u.b = [-0.05, 0.05, 0.15];
    let (mut e, mut a) = ([[0.0; 4]; 3], [0.0; 3]);
    for batch in [&[0, 1, 2, 3][..], &[4, 5]].repeat(3) {
        let count = batch.len() as f64;
        let pre: Vec<[f64; 4]> = batch.iter().map(|s| [0, 1, 2, 3].map(|i| f64::from(3 * s + i).cos())).collect();
        let of = |pre: &[f64; 4]| [0, 1, 2].map(|j: usize| u.b[j] + sum(4, |i| u.w[j][i] * pre[i]));
        let post: Vec<[f64; 3]> = pre.iter().map(of).collect();
        let mean = |of: &dyn Fn(usize) -> f64| sum(batch.len(), of) / count;
        for j in 0..3 {
            a[j] += (1.0 - (-1.0f64 / 3.0).exp()) * (mean(&|s| post[s][j].powi(2)) - a[j]);
            for i in 0..4 {
                let product = mean(&|s| pre[s][i] * post[s][j]);
                e[j][i] = e[j][i] * (-0.5f64).exp() + product;
                let change = mean(&|s| 0.1 * e[j][i] * (post[s][j] - a[j]) / (1.0 + a[j]));
                u.w[j][i] += change - 0.05 * u.w[j][i] * product;
            }
        }
    }
    close("kept", code.slot("X -> Y.weight"), u.w.as_flattened(), 1e-13);
    close("the trace", code.slot("X -> Y|own.e"), e.as_flattened(), 1e-13);
}

#[test]
fn shared_weights_sum_over_places_whatever_a_term_reads() {
    let text = "data world { samples 3, batch 3, ordered  x[y = 3, z = 3] = cos(2 * index + y - 3 * z)  s = 1 + index }\n\
        rule own(signal) { dw = 0.1 * post * (pre - signal * w) + 0.01 * signal * w - 0.02 * w  db = 0.1 * post * signal }\n\
        region X[3, 3] = world.x\nregion Y[2, 2, 2] = drive\nconnect X -> Y : conv(2, size = 2)\nmetric seen = sum(Y)\n\
        modulator signal = world.s\nlearn X -> Y by own(signal)";
    let mut brain = Stepper::new(text);
    let before: Vec<f64> = (0..8).map(|k| 0.4 - 0.1 * k as f64).collect();
    brain.put("X -> Y.weight", before.clone());
    brain.put("Y.bias", vec![0.1, -0.2]);
    brain.step();
    let (mut weights, mut biases) = (before.clone(), vec![0.1, -0.2]);
    for sample in 0..3 {
        let signal = 1.0 + sample as f64;
        let x = |y: usize, z: usize| (2.0 * sample as f64 + y as f64 - 3.0 * z as f64).cos();
        for (c, y, z) in (0..8).map(|k| (k / 4, k / 2 % 2, k % 2)) {
            let of = |f: usize| before[4 * c + f] * x(y + f / 2, z + f % 2);
            let post = [0.1, -0.2][c] + sum(4, of);
            for f in 0..4 {
                let (pre, w) = (x(y + f / 2, z + f % 2), before[4 * c + f]);
                weights[4 * c + f] += (0.1 * post * (pre - signal * w) + 0.01 * signal * w - 0.02 * w) / 3.0;
            }
            biases[c] += 0.1 * post * signal / 3.0;
        }
    }
    close("weights", &brain.slot("X -> Y.weight"), &weights, 1e-13);
    close("biases", &brain.slot("Y.bias"), &biases, 1e-13);
}

/// Whether a step of a rule has an array with an element for each of 5 samples and of 7 times 3 synapses.
fn has_an_array_of_samples_and_synapses(call: &str) -> bool {
    let text = format!(
        "data world {{ samples 5, batch 5, ordered  x[i = 7] = cos(3 * index + i)  w[3] = normal(0, 1) }}\n\
         region X[7] = world.x\nregion Y[3] = softmax(drive), no bias\nconnect X -> Y\nmodulator wanted[3] = world.w\n\
         modulator signal = mean(world.w)\nmetric seen = sum(Y)\nlearn X -> Y by {call}"
    );
    let model = checked(Path::new("."), &text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"));
    let set = credit::samples(&model, &model.data[0], &Place::only("."), 5).unwrap();
    let step = simplify(credit::learn(&model, 0, set.rows())).to_string();
    let every = |shape: &str| ["5, ", "3", "7"].iter().all(|part| shape.contains(part));
    step.split(['[', ']']).any(|shape| shape.starts_with("samples<") && every(shape))
}

#[test]
fn no_rule_of_products_has_an_array_of_samples_and_synapses() {
    let products = [
        "hebb",
        "oja",
        "sanger",
        "covariance",
        "bcm",
        "anti_hebb(p = 0.1)",
        "delta(wanted)",
        "three_factor(signal)",
        "three_factor(wanted)",
        "soft_hebb",
        "competitive",
        "ica",
        "synaptic_scaling(goal = 0.2)",
    ];
    for call in products {
        assert!(!has_an_array_of_samples_and_synapses(call), "{call}");
    }
    for call in ["kmeans", "som"] {
        assert!(has_an_array_of_samples_and_synapses(call), "{call} measures how far each sample is from each unit");
    }
}
