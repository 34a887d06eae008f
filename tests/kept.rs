//! What rules keep: traces, averages and states against the same arithmetic by hand, where they lie, and when they stay as they
//! are. And what modulators come to.

#![allow(clippy::disallowed_methods, reason = "by hand, sines are those of the standard library")]

use super::constraints::Stepper;
use super::trained::{EXACT, Trained, Way, trained, trained_both};

fn run(text: &str) -> Trained {
    trained_both(text, &EXACT)
}

/// So many steps of a text with one phase in the tensor interpreter come to what a run of machine code comes to.
pub fn agrees(text: &str, steps: usize) {
    let mut stepper = Stepper::new(text);
    let rows = stepper.slot("order").len();
    stepper.put("order", (0..rows).map(|row| row as f64).collect());
    (0..steps).for_each(|_| stepper.step());
    let found = trained(text, &Way { seed: 5, ..EXACT });
    for (name, wanted) in stepper.parameters() {
        for (found, wanted) in found.slot(&name).iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-10 * (1.0 + wanted.abs()), "{name}: {found} is not {wanted}");
        }
    }
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()), "{found} is not {wanted}");
    }
}

/// Ten samples of three numbers, in batches of four in their own order.
fn spec(rules: &str, rest: &str) -> String {
    format!(
        "{rules}\ndata world {{\n  samples 10, batch 4, ordered\n  x[i = 3] = sin(3 * index + i)\n  s = cos(index)\n}}\n\
         region X[3] = world.x\nregion Y[2] = drive\nconnect X -> Y\nmetric m = sum(Y)\n{rest}"
    )
}

fn x(index: usize, i: usize) -> f64 {
    ((3 * index + i) as f64).sin()
}

/// One pass through the samples by hand: `change` is given the batch's rows of `x`, of `y`, and the weights.
fn by_hand(
    first: &[f64],
    epochs: usize,
    mut change: impl FnMut(&[usize], &[[f64; 3]], &[[f64; 2]], &mut Vec<f64>),
) -> Vec<f64> {
    let mut w = first.to_vec();
    for _ in 0..epochs {
        for rows in [&[0, 1, 2, 3][..], &[4, 5, 6, 7], &[8, 9]] {
            let xs: Vec<[f64; 3]> = rows.iter().map(|row| [0, 1, 2].map(|i| x(*row, i))).collect();
            let ys: Vec<[f64; 2]> =
                xs.iter().map(|x| [0, 1].map(|j| (0..3).map(|i| w[3 * j + i] * x[i]).sum())).collect();
            change(rows, &xs, &ys, &mut w);
        }
    }
    w
}

fn born(text: &str) -> Vec<f64> {
    trained(&text.replace("rate = 0.05", "rate = 0"), &EXACT).slot("X -> Y.weight").to_vec()
}

#[test]
fn traces_averages_and_states_are_what_they_say() {
    let text = spec(
        "rule all(rate = 0.05) {\n  state s = 0.5, r = 1\n  trace e of pre * post : 3 steps\n  average p of pre : 5 steps\n  \
         average q of post - w : 4 steps\n  trace z of q * p : 2 steps\n  dw = rate * (e - s * p * q + z * r)\n  \
         s := 0.5 * s + batch_mean(post) * batch_sum(pre)\n  r := s\n}",
        "development { phase life for 2 epochs { learn X -> Y by all } }",
    );
    agrees(&text, 6);
    let found = run(&text);
    let decay = |tau: f64| -> f64 { (-1.0 / tau).exp() };
    let (mut s, mut r) = ([0.5; 6], [1.0; 6]);
    let (mut e, mut p, mut q, mut z) = ([0.0; 6], [0.0; 3], [0.0; 6], [0.0; 6]);
    let w = by_hand(&born(&text), 2, |rows, xs, ys, w| {
        let n = rows.len() as f64;
        let old = w.clone();
        for i in 0..3 {
            let mean = xs.iter().map(|x| x[i]).sum::<f64>() / n;
            p[i] += (1.0 - decay(5.0)) * (mean - p[i]);
        }
        for j in 0..2 {
            for i in 0..3 {
                let at = 3 * j + i;
                let product = xs.iter().zip(ys).map(|(x, y)| x[i] * y[j]).sum::<f64>() / n;
                let behind = ys.iter().map(|y| y[j]).sum::<f64>() / n;
                e[at] = e[at] * decay(3.0) + product;
                q[at] += (1.0 - decay(4.0)) * (behind - old[at] - q[at]);
                z[at] = z[at] * decay(2.0) + q[at] * p[i];
                w[at] += 0.05 * (e[at] - s[at] * p[i] * q[at] + z[at] * r[at]);
                s[at] = 0.5 * s[at] + behind * xs.iter().map(|x| x[i]).sum::<f64>();
                r[at] = s[at];
            }
        }
    });
    close(found.slot("X -> Y.weight"), &w);
    for (name, wanted) in [("e", &e[..]), ("p", &p[..]), ("q", &q[..]), ("z", &z[..]), ("s", &s[..]), ("r", &r[..])] {
        close(found.slot(&format!("X -> Y|all.{name}")), wanted);
    }
    assert_eq!(found.slot("Y.bias"), [0.0, 0.0]);
}

#[test]
fn with_one_sample_a_step_a_state_may_follow_it() {
    let text = spec(
        "rule follows(rate = 0.05) {\n  state last = 0\n  dw = rate * (post - last) * pre\n  last := post\n}",
        "development { phase life for 20 steps { learn X -> Y by follows } }",
    )
    .replace("batch 4", "batch 1");
    let found = run(&text);
    let still = trained(&text.replace("rate = 0.05", "rate = 0"), &EXACT);
    let mut w = still.slot("X -> Y.weight").to_vec();
    let mut last = [0.0; 2];
    for step in 0..20 {
        let x = [0, 1, 2].map(|i| x(step % 10, i));
        let y = [0, 1].map(|j| (0..3).map(|i| w[3 * j + i] * x[i]).sum::<f64>());
        for (at, w) in w.iter_mut().enumerate() {
            *w += 0.05 * (y[at / 3] - last[at / 3]) * x[at % 3];
        }
        last = y;
    }
    close(found.slot("X -> Y.weight"), &w);
    close(found.slot("X -> Y|follows.last"), &last);
}

#[test]
fn modulators_are_read_per_sample_and_by_the_unit_behind() {
    let text = spec(
        "rule taught(signal, rate = 0.05) {\n  dw = rate * signal * pre\n  db = rate * (signal - post)\n}",
        "modulator both    = world.s\nmodulator each[2] = world.s * Y\nregion Z[2] = drive\nconnect X -> Z\nmetric n = sum(Z) + both + sum(each)\n\
         development { phase life for 1 epoch { learn X -> Y by taught(both + 1) learn X -> Z by taught(2 * each) } }",
    );
    agrees(&text, 3);
    let found = run(&text);
    let first = trained(&text.replace("rate = 0.05", "rate = 0"), &EXACT);
    let (mut w, mut v) = (first.slot("X -> Y.weight").to_vec(), first.slot("X -> Z.weight").to_vec());
    let (mut b, mut c) = ([0.0; 2], [0.0; 2]);
    for rows in [&[0, 1, 2, 3][..], &[4, 5, 6, 7], &[8, 9]] {
        let (old, from, left, right) = (w.clone(), v.clone(), b, c);
        for &row in rows {
            let xs = [0, 1, 2].map(|i| x(row, i));
            let s = (row as f64).cos();
            let share = 0.05 / rows.len() as f64;
            for j in 0..2 {
                let of = |w: &[f64]| (0..3).map(|i| w[3 * j + i] * xs[i]).sum::<f64>();
                let (y, z) = (of(&old) + left[j], of(&from) + right[j]);
                let (all, own) = (s + 1.0, 2.0 * s * y);
                (0..3).for_each(|i| w[3 * j + i] += share * all * xs[i]);
                (0..3).for_each(|i| v[3 * j + i] += share * own * xs[i]);
                b[j] += share * (all - y);
                c[j] += share * (own - z);
            }
        }
    }
    close(found.slot("X -> Y.weight"), &w);
    close(found.slot("Y.bias"), &b);
    close(found.slot("X -> Z.weight"), &v);
    close(found.slot("Z.bias"), &c);
}

#[test]
fn a_group_of_units_reads_one_entry() {
    let text = |modulator: &str, shape: &str| {
        format!(
            "data world {{\n  samples 10, batch 4\n  x[3] = normal(0, 1)\n}}\nregion X[3] = world.x\nregion Y{shape} = drive, no bias\n\
             connect X -> Y : init 0\nmetric m = sum(Y)\nmodulator climbing{modulator}\n\
             rule taught(signal) {{ dw = signal * pre }}\n\
             development {{ phase life for 1 epoch {{ learn X -> Y by taught(climbing) }} }}"
        )
    };
    let grouped = run(&text("[2] = world.x[0..2]", "[2, 2]")).slot("X -> Y.weight").to_vec();
    let each = run(&text("[2] = world.x[0..2]", "[2]")).slot("X -> Y.weight").to_vec();
    assert_ne!(each[..3], each[3..]);
    assert_eq!(grouped, [&each[..3], &each[..3], &each[3..], &each[3..]].concat());
}

#[test]
fn what_is_kept_stays_where_nothing_acts() {
    let rule = "rule slow(rate = 0.05) {\n  average a of post : 4 steps\n  state s = 2\n  s := s + 1\n  dw = rate * a * pre\n}";
    let lived = |how: &str| run(&spec(rule, how));
    let every = lived("development { phase life for 6 steps { learn X -> Y by slow every 2 steps } }");
    assert_eq!(every.slot("X -> Y|slow.s"), [5.0]);
    let frozen = lived(
        "development { phase life for 3 steps { learn X -> Y by slow }\n  phase rest for 3 steps { freeze X -> Y }\n  \
         phase again for 1 steps { learn X -> Y by slow } }",
    );
    assert_eq!(frozen.slot("X -> Y|slow.s"), [6.0]);
    let also = lived("development { phase life for 3 steps { learn X -> Y by slow also learn X -> Y by slow(0.1) } }");
    let (one, two) = (also.slot("X -> Y|slow.a").to_vec(), also.slot("X -> Y|slow|also 1.a").to_vec());
    assert_eq!((one.len(), also.slot("X -> Y|slow|also 1.s")), (2, &[5.0][..]));
    close(&one, &two);
}

#[test]
fn a_window_as_large_as_the_image_is_a_dense_projection() {
    let text = |region: &str, connect: &str| {
        format!(
            "rule keeps(rate = 0.05) {{\n  average m of post : 4 steps\n  trace e of pre * post : 3 steps\n  average p of pre : 2 steps\n  \
             dw = rate * (e - m * p)\n  db = rate * (1 - m)\n}}\ndata world {{\n  samples 10, batch 4\n  x[2, 2] = normal(0, 1)\n}}\n\
             region X[2, 2] = world.x\nregion Y{region} = drive\nconnect X -> Y : {connect}init 0.5\nmetric m = sum(Y)\n\
             development {{ phase life for 3 epochs {{ learn X -> Y by keeps }} }}"
        )
    };
    let (dense, conv) = (run(&text("[2]", "")), run(&text("[2, 1, 1]", "conv(2, 2), ")));
    close(conv.slot("X -> Y.weight"), dense.slot("X -> Y.weight"));
    close(conv.slot("Y.bias"), dense.slot("Y.bias"));
    close(conv.slot("X -> Y|keeps.m"), dense.slot("X -> Y|keeps.m"));
    assert_ne!(dense.slot("Y.bias"), [0.0, 0.0]);
    run(&text("[2, 2, 2]", "conv(2, 1), "));
}
