//! Rules with indices: `dw[j, i]`, sums over bound indices, and what is over a whole vector.

use super::trained::{EXACT, Trained, Way, checked, trained};
use neurula::math::Precision;
use neurula::runtime::Backend;
use std::path::Path;

/// Five inputs, of variance 4, 2, 1, 1/2 and 1/4, and so many outputs, taught for a while.
fn spec(outputs: usize, batch: usize, rule: &str, bound: &str, definitions: &str) -> String {
    format!(
        "{definitions}\ndata world {{\n  samples 4000, test 10, batch {batch}\n  x[k = 5] = 2 * 2^(-k / 2) * normal(0, 1)\n}}\n\
         region In[5] = world.x\nregion Out[{outputs}] = drive, no bias\nconnect In -> Out\nmetric seen = Out[0]\n\
         development {{ phase life for {bound} {{ learn In -> Out by {rule} }} }}"
    )
}

const WEIGHT: &str = "In -> Out.weight";

fn near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found} is not {expected}");
    }
}

#[test]
fn sanger_with_one_output_is_oja() {
    let [sanger, oja] =
        ["sanger", "oja"].map(|rule| trained(&spec(1, 8, &format!("{rule}(rate = 0.01)"), "2 epochs", ""), &EXACT));
    near(sanger.slot(WEIGHT), oja.slot(WEIGHT), 1e-12);
    assert!((sanger.slot(WEIGHT).iter().map(|w| w * w).sum::<f64>() - 1.0).abs() < 0.1, "it has learnt");
}

/// The change of each weight in one step of a batch that is all samples, over `rate`, and the weights and samples before it:
/// the rule's mean over the samples is read by itself at another rate, so what is compared is its equation.
struct OneStep {
    before: Vec<f64>,
    after: Vec<f64>,
}

const RATE: f64 = 0.125;

/// Four samples of three numbers that anybody can compute: `x[i] = (i + 1) / 2 - index * (2 - i) / 4`.
const INPUTS: usize = 3;

fn sample(number: usize) -> [f64; INPUTS] {
    std::array::from_fn(|i| (i as f64 + 1.0) / 2.0 - number as f64 * (2.0 - i as f64) / 4.0)
}

fn one_step(rule: &str, definitions: &str, way: &Way) -> OneStep {
    let run = |rate: f64| {
        let text = format!(
            "{definitions}\ndata world {{\n  samples 4, test 4, batch 4\n  x[i = 3] = (i + 1) / 2 - index * (2 - i) / 4\n}}\n\
             region In[3] = world.x\nregion Out[3] = drive, no bias\nconnect In -> Out\nmetric seen = Out[0]\n\
             development {{ phase life for 1 steps {{ learn In -> Out by {rule}(rate = {rate}) }} }}"
        );
        trained(&text, way).slot(WEIGHT).to_vec()
    };
    OneStep { before: run(0.0), after: run(RATE) }
}

/// What a step must come to: the mean over the samples of what an equation says for samples, outputs and weights.
fn expected(step: &OneStep, dw: impl Fn(&[f64], &[f64], &[f64], usize, usize) -> f64) -> Vec<f64> {
    let w = &step.before;
    let mut after = w.clone();
    for number in 0..4 {
        let pre = sample(number);
        let post: Vec<f64> = (0..3).map(|j| (0..INPUTS).map(|i| w[j * INPUTS + i] * pre[i]).sum()).collect();
        for j in 0..3 {
            for i in 0..INPUTS {
                after[j * INPUTS + i] += RATE * dw(&pre, &post, w, j, i) / 4.0;
            }
        }
    }
    after
}

#[test]
fn a_step_of_sanger_is_its_equation() {
    let step = one_step("sanger", "", &EXACT);
    let sanger = |pre: &[f64], post: &[f64], w: &[f64], j: usize, i: usize| {
        post[j] * (pre[i] - (0..=j).map(|k| post[k] * w[k * INPUTS + i]).sum::<f64>())
    };
    near(&step.after, &expected(&step, sanger), 1e-14);
    let wrong = |pre: &[f64], post: &[f64], w: &[f64], j: usize, i: usize| {
        post[j] * (pre[i] - (0..j).map(|k| post[k] * w[k * INPUTS + i]).sum::<f64>())
    };
    let other = expected(&step, wrong);
    assert!(step.after.iter().zip(&other).any(|(found, wrong)| (found - wrong).abs() > 1e-4), "nothing is shown");
}

#[test]
fn only_the_winner_moves() {
    let step = one_step("competitive", "", &EXACT);
    let competitive = |pre: &[f64], post: &[f64], w: &[f64], j: usize, i: usize| {
        let won = post.iter().all(|other| post[j] >= *other);
        if won { pre[i] - w[j * INPUTS + i] } else { 0.0 }
    };
    near(&step.after, &expected(&step, competitive), 1e-14);
}

/// Rules of a user's own, each with its equation in Rust.
type Equation = fn(&[f64], &[f64], &[f64], usize, usize) -> f64;

const OWN: &[(&str, Equation)] = &[
    // Transposed: `w[i, j]` where there are as many units behind as before.
    ("dw[j, i] = rate * (post[i] * pre[j] - w[i, j])", |pre, post, w, j, i| post[i] * pre[j] - w[i * 3 + j]),
    // The diagonal, a sum with another condition, and one with none.
    ("dw[j, i] = rate * (w[j, j] - sum(k > i: w[j, k] * pre[k]))", |pre, _, w, j, i| {
        w[j * 3 + j] - (i + 1..3).map(|k| w[j * 3 + k] * pre[k]).sum::<f64>()
    }),
    ("dw[j, i] = rate * sum(k: w[k, i] * post[k] * post[j])", |_, post, w, j, i| {
        (0..3).map(|k| w[k * 3 + i] * post[k] * post[j]).sum()
    }),
    // Two sums, one in the other.
    ("dw[j, i] = rate * sum(k: post[k] * sum(l != k: w[k, l] * pre[l])) * pre[i]", |pre, post, w, _, i| {
        let inner = |k: usize| (0..3).filter(|l| *l != k).map(|l| w[k * 3 + l] * pre[l]).sum::<f64>();
        (0..3).map(|k| post[k] * inner(k)).sum::<f64>() * pre[i]
    }),
    // Folds that are no sums, and whole vectors.
    ("dw[j, i] = rate * (max(k != j: post[k]) - mean(pre) * w[j, i])", |pre, post, w, j, i| {
        let most = (0..3).filter(|k| *k != j).map(|k| post[k]).fold(f64::NEG_INFINITY, f64::max);
        most - pre.iter().sum::<f64>() / 3.0 * w[j * 3 + i]
    }),
    ("dw[j, i] = rate * (select(j == i, 1, 0) - w[j, i]) * sum(post)", |_, post, w, j, i| {
        (f64::from(u8::from(j == i)) - w[j * 3 + i]) * post.iter().sum::<f64>()
    }),
];

#[test]
fn rules_of_a_users_own_are_their_equations() {
    for (number, (equation, formula)) in OWN.iter().enumerate() {
        let definition = format!("rule own(rate = 0.1) {{ {equation} }}");
        let step = one_step("own", &definition, &EXACT);
        assert_ne!(step.before, step.after, "{equation} changes nothing");
        near(&step.after, &expected(&step, formula), 1e-13);
        for precision in [Precision::F32, Precision::F64] {
            let [machine, interpreted] = [Backend::Jit, Backend::Interpreter]
                .map(|backend| one_step("own", &definition, &Way { backend, precision, ..EXACT }).after);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&machine), bits(&interpreted), "{number}: {equation}");
        }
    }
}

/// The cosine of a row of the weights with an axis, which is an eigenvector of the inputs' covariance; and the row's length.
fn along(run: &Trained, row: usize, axis: usize) -> (f64, f64) {
    let row = &run.slot(WEIGHT)[5 * row..5 * (row + 1)];
    let length = row.iter().map(|w| w * w).sum::<f64>().sqrt();
    (row[axis].abs() / length, length)
}

#[test]
fn sanger_finds_the_first_three_eigenvectors_in_order() {
    for seed in 0..3 {
        let text = spec(3, 1, "sanger(rate = exponential(0.02, 0.0002))", "10 epochs", "");
        let run = trained(&text, &Way { seed, ..EXACT });
        for axis in 0..3 {
            let (cosine, length) = along(&run, axis, axis);
            assert!(cosine > 0.997 && (length - 1.0).abs() < 0.02, "seed {seed}, {axis}: {cosine}, {length}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    for (equation, code) in [
        ("dw = rate * post[j] * pre", "E0210"),
        ("dw[j, i] = rate * post[k] * pre[i]", "E0210"),
        ("dw[j, i] = rate * w[j]", "E0307"),
    ] {
        let text = spec(3, 4, "own(rate = 0.1)", "1 steps", &format!("rule own(rate = 0.1) {{ {equation} }}"));
        let said = checked(Path::new("."), &text).err().unwrap_or_else(|| panic!("taken: {equation}"));
        assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), [code], "{equation}: {said:?}");
    }
    let text = spec(3, 4, "own(rate = 0.1)", "1 steps", "rule own(rate = 0.1) { dw[j, i] = rate * w[i, j] }");
    let said = checked(Path::new("."), &text).err().unwrap();
    assert_eq!(said.iter().map(|said| said.code.0).collect::<Vec<_>>(), ["E0309"]);
}
