//! Rules in models with time, against the same arithmetic by hand: they act in every time step, the next one has the new weights,
//! traces belong to the sample and begin at 0 in each trial, and `every trial` sums and waits.

#![allow(clippy::disallowed_methods, reason = "by hand, sines are those of the standard library")]

use super::kept::agrees;
use super::trained::{EXACT, Trained, trained, trained_both};

fn run(text: &str) -> Trained {
    trained_both(text, &EXACT)
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()), "{found} is not {wanted}");
    }
}

const STEPS: usize = 4;
const BATCHES: [&[usize]; 3] = [&[0, 1], &[2, 3], &[4]];

/// Five samples of three numbers in each of four time steps, in batches of two in their own order.
fn spec(rules: &str, rest: &str) -> String {
    format!(
        "{rules}\ntime 4 steps\ndata world {{\n  samples 5, batch 2, ordered\n  x[t, i = 3] = sin(3 * index + i + 7 * t)\n}}\n\
         region X[3] = world.x[t]\nregion Y[2] = drive\nconnect X -> Y\nmetric m = sum(Y) at end\nmetric n = sum(Y)\n{rest}"
    )
}

fn x(index: usize, t: usize) -> [f64; 3] {
    [0, 1, 2].map(|i| ((3 * index + i + 7 * t) as f64).sin())
}

fn y(w: &[f64], x: &[f64; 3]) -> [f64; 2] {
    [0, 1].map(|j| (0..3).map(|i| w[3 * j + i] * x[i]).sum())
}

fn born(text: &str) -> Vec<f64> {
    trained(&text.replace("rate = 0.05", "rate = 0"), &EXACT).slot("X -> Y.weight").to_vec()
}

#[test]
fn a_rule_acts_in_every_time_step_and_the_next_has_the_new_weights() {
    let text = spec(
        "rule all(rate = 0.05) {\n  state s = 1\n  trace e of pre * post : 3 steps\n  average q of post : 2 steps\n  \
         dw = rate * s * (e - q * pre)\n  db = 0.1 * rate * (q - post)\n  s := 0.9 * s + 0.1 * batch_mean(post^2)\n}",
        "development { phase life for 2 epochs { learn X -> Y by all } }",
    );
    agrees(&text, 6);
    let found = run(&text);
    let (mut w, mut b, mut s) = (born(&text), [0.0; 2], [1.0; 2]);
    for rows in [BATCHES, BATCHES].concat() {
        let n = rows.len() as f64;
        let (mut e, mut q) = (vec![[0.0; 6]; rows.len()], vec![[0.0; 2]; rows.len()]);
        for t in 0..STEPS {
            let (mut dw, mut db, mut power) = ([0.0; 6], [0.0; 2], [0.0; 2]);
            for (place, &row) in rows.iter().enumerate() {
                let x = x(row, t);
                let y = y(&w, &x);
                for j in 0..2 {
                    let post = y[j] + b[j];
                    q[place][j] += (1.0 - (-0.5_f64).exp()) * (post - q[place][j]);
                    db[j] += 0.1 * 0.05 * (q[place][j] - post) / n;
                    power[j] += post * post / n;
                    for (i, x) in x.iter().enumerate() {
                        let at = 3 * j + i;
                        e[place][at] = e[place][at] * (-1.0_f64 / 3.0).exp() + x * post;
                        dw[at] += 0.05 * s[j] * (e[place][at] - q[place][j] * x) / n;
                    }
                }
            }
            w.iter_mut().zip(dw).for_each(|(w, dw)| *w += dw);
            (0..2).for_each(|j| b[j] += db[j]);
            (0..2).for_each(|j| s[j] = 0.9 * s[j] + 0.1 * power[j]);
        }
    }
    close(found.slot("X -> Y.weight"), &w);
    close(found.slot("Y.bias"), &b);
    close(found.slot("X -> Y|all.s"), &s);
    assert!(!found.slots.keys().any(|name| name.ends_with(".e") || name.ends_with(".q")), "{:?}", found.slots.keys());
}

#[test]
fn an_optimiser_moves_in_every_time_step_and_every_trial_sums_and_waits() {
    let how = |every: &str| {
        spec(
            "",
            &format!(
                "development {{ phase life for 2 epochs {{ learn X -> Y by hebb(rate = 1) using adam(rate = 0.05){every} }} }}"
            ),
        )
    };
    for (text, waits) in [(how(""), false), (how(" every trial"), true)] {
        agrees(&text, 6);
        let found = run(&text);
        let mut w = born(&text);
        let (mut m, mut v, mut count) = ([0.0; 6], [0.0; 6], 0);
        let mut adam = |w: &mut Vec<f64>, g: &[f64; 6]| {
            count += 1;
            for at in 0..6 {
                m[at] = 0.9 * m[at] + (1.0 - 0.9) * g[at];
                v[at] = 0.999 * v[at] + (1.0 - 0.999) * g[at] * g[at];
                let (first, second) = (m[at] / (1.0 - 0.9_f64.powi(count)), v[at] / (1.0 - 0.999_f64.powi(count)));
                w[at] -= 0.05 * first / (second.sqrt() + 1e-8);
            }
        };
        for rows in [BATCHES, BATCHES].concat() {
            let mut sum = [0.0; 6];
            for t in 0..STEPS {
                let mut g = [0.0; 6];
                for &row in rows {
                    let x = x(row, t);
                    let y = y(&w, &x);
                    (0..6).for_each(|at| g[at] -= x[at % 3] * y[at / 3] / rows.len() as f64);
                }
                match waits {
                    true => (0..6).for_each(|at| sum[at] += g[at]),
                    false => adam(&mut w, &g),
                }
            }
            if waits {
                adam(&mut w, &sum);
            }
        }
        let apart = found.slot("X -> Y.weight").iter().zip(&w).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        assert!(apart < 1e-9, "{apart}");
        assert_eq!(found.slot("X -> Y.weight|hebb|adam.step"), [if waits { 6.0 } else { 24.0 }]);
    }
}

#[test]
fn before_a_delayed_projection_stands_what_it_brings() {
    let text = spec(
        "",
        "region Z[2] = tanh(drive), no bias\nconnect X -> Z : delay 1 step, init 0.2\nmetric o = sum(Z)\n\
         development { phase life for 1 epoch { learn X -> Y by nothing learn X -> Z by hebb(0.05) } }",
    )
    .replace("time 4 steps", "time 2 steps");
    let mut w = [0.2; 6].to_vec();
    for rows in BATCHES {
        let mut dw = [0.0; 6];
        for &row in rows {
            let x = x(row, 0);
            let post = y(&w, &x).map(f64::tanh);
            (0..6).for_each(|at| dw[at] += 0.05 * x[at % 3] * post[at / 3] / rows.len() as f64);
        }
        w.iter_mut().zip(dw).for_each(|(w, dw)| *w += dw);
    }
    close(run(&text).slot("X -> Z.weight"), &w);
}

#[test]
fn constraints_hold_in_every_time_step() {
    let text = spec(
        "",
        "region Z[2] = tanh(drive)\nconnect X -> Z : normalised, no self\nconnect Y -> Z : excitatory, bounded 0..0.3\n\
         metric o = sum(Z)\ndevelopment { phase life for 2 epochs { learn X -> Y by nothing learn X -> Z by hebb(0.5) learn Y -> Z by hebb(0.5) } }",
    )
    .replace("region Y[2]", "region Y[3]")
    .replace("region Z[2]", "region Z[3]");
    agrees(&text, 6);
    let (found, first) = (run(&text), trained(&text.replace("hebb(0.5)", "hebb(0)"), &EXACT));
    let length = |w: &[f64]| w.iter().map(|w| w * w).sum::<f64>().sqrt();
    let (after, before) = (found.slot("X -> Z.weight"), first.slot("X -> Z.weight"));
    for unit in 0..3 {
        let rows = unit * 3..unit * 3 + 3;
        assert!((length(&after[rows.clone()]) - length(&before[rows])).abs() < 1e-12);
        assert_eq!(after[unit * 4], 0.0);
    }
    assert_ne!(after, before);
    assert!(found.slot("Y -> Z.weight").iter().all(|w| (0.0..=0.3).contains(w)));
    assert!(found.slot("Y -> Z.weight").contains(&0.3));
}

#[test]
fn credit_comes_to_what_stands_behind_a_plastic_projection() {
    let text = |learn: &str| {
        spec(
            "",
            &format!(
                "region Z[1] = drive\nconnect Y -> Z\ncost wrong in Z = (Z[0] - 1)^2\n\
             development {{ phase life for 2 epochs {{ learn X -> Y by oja(rate = 0.05){learn} learn Y -> Z by backprop from wrong using sgd(rate = 0.1) }} }}"
            ),
        )
    };
    let found = run(&text(""));
    let (mut w, mut v, mut c) = (born(&text("")), vec![], 0.0);
    v.extend_from_slice(trained(&text("").replace("sgd(rate = 0.1)", "sgd(rate = 0)"), &EXACT).slot("Y -> Z.weight"));
    for rows in [BATCHES, BATCHES].concat() {
        let (mut gv, mut gc) = ([0.0; 2], 0.0);
        for t in 0..STEPS {
            let mut dw = [0.0; 6];
            for &row in rows {
                let x = x(row, t);
                let y = y(&w, &x);
                let error = 2.0 * (v[0] * y[0] + v[1] * y[1] + c - 1.0) / (STEPS * rows.len()) as f64;
                (0..2).for_each(|j| gv[j] += error * y[j]);
                gc += error;
                for at in 0..6 {
                    dw[at] += 0.05 * y[at / 3] * (x[at % 3] - y[at / 3] * w[at]) / rows.len() as f64;
                }
            }
            w.iter_mut().zip(dw).for_each(|(w, dw)| *w += dw);
        }
        (0..2).for_each(|j| v[j] -= 0.1 * gv[j]);
        c -= 0.1 * gc;
    }
    close(found.slot("X -> Y.weight"), &w);
    close(found.slot("Y -> Z.weight"), &v);
    run(&text(" every trial"));
}
