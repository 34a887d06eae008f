//! What rules keep along axes that are written out: matrices and vectors of a projection against the same arithmetic by hand, and
//! recursive least squares against the closed form.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the world's cosines")]

use super::trained::{EXACT, Way, checked, trained, trained_both};
use neurula::diag::Code;
use neurula::math::Precision;
use std::path::Path;

fn close(what: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() <= tolerance * (1.0 + wanted.abs()), "{what}: {place} is {found}, not {wanted}");
    }
}

/// Three inputs, two linear units, so many samples of cosines, one at a time and in order.
fn spec(rule: &str, call: &str, samples: usize) -> String {
    format!(
        "{rule}\ndata world {{ samples {samples}, batch 1, ordered  x[i = 3] = cos(3 * index + i^2)  f[j = 2] = cos(2 * index - j) }}\n\
         region X[3] = world.x\nregion Y[2] = drive\nconnect X -> Y\nmodulator wanted[2] = world.f\nmetric seen = sum(Y)\n\
         development {{ phase life for 1 epoch {{ learn X -> Y by {call} }} }}"
    )
}

fn pre(index: usize) -> [f64; 3] {
    [0, 1, 2].map(|i| (3.0 * index as f64 + (i * i) as f64).cos())
}

fn sum(count: usize, of: impl Fn(usize) -> f64) -> f64 {
    (0..count).map(of).sum()
}

/// The weights with which a text begins, those with which it ends, and something else that is there in the end; seen to be the same
/// in the interpreter and in machine code, in both precisions.
fn run(text: &str, slot: &str) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (before, _) = text.rsplit_once(" by ").unwrap();
    let still = format!("rule still {{ dw = 0 * pre }}\n{before} by still }} }}");
    let none = trained(&still, &EXACT);
    let code = trained(text, &EXACT);
    for precision in [Precision::F32, Precision::F64] {
        trained_both(text, &Way { precision, ..EXACT });
    }
    (none.slot("X -> Y.weight").to_vec(), code.slot("X -> Y.weight").to_vec(), code.slot(slot).to_vec())
}

#[test]
fn recursive_least_squares_is_ridge_regression() {
    let samples = 40;
    let (start, found, inverse) = run(&spec("", "rls(wanted, alpha = 0.3)", samples), "X -> Y|rls.P");
    let x: Vec<[f64; 3]> = (0..samples).map(pre).collect();
    let correlation = |a: usize, b: usize| sum(samples, |s| x[s][a] * x[s][b]) + if a == b { 0.3 } else { 0.0 };
    for j in 0..2 {
        // The normal equations hold: (sum of x x' + alpha) (w - start) = sum of x (f - start x).
        for a in 0..3 {
            let left = sum(3, |b| correlation(a, b) * (found[3 * j + b] - start[3 * j + b]));
            let missing = |s: usize| (2.0 * s as f64 - j as f64).cos() - sum(3, |i| start[3 * j + i] * x[s][i]);
            let right = sum(samples, |s| x[s][a] * missing(s));
            assert!((left - right).abs() < 1e-10, "unit {j}, input {a}: {left} is not {right}");
        }
    }
    for (a, c) in (0..9).map(|place| (place / 3, place % 3)) {
        let product = sum(3, |b| correlation(a, b) * inverse[3 * b + c]);
        assert!((product - f64::from(u8::from(a == c))).abs() < 1e-10, "P is no inverse at {a}, {c}: {product}");
    }
    let moved = found.iter().zip(&start).map(|(found, start)| (found - start).abs()).fold(0.0, f64::max);
    assert!(moved > 0.1, "it has learnt");
}

#[test]
fn tables_are_read_by_any_index_and_written_line_by_line() {
    let rule = "rule own(rate = 0.1) {\n  state M[post, pre] = 0.5, v[pre] = 1, S[post, post] = -2 * identity\n  \
        M[b, a] := 0.9 * M[b, a] + post[b] * pre[a] + 0.01 * sum(k: S[k, b])\n  \
        v[a] := 0.5 * v[a] + sum(k: M[k, a] * post[k])\n  \
        S[a, b] := 0.8 * S[b, a] + 0.1 * (a - b) * post[a]\n  \
        dw[j, i] = rate * (M[j, i] * v[i] + sum(k: S[j, k] * w[k, i]) - S[j, j] * pre[i])\n  \
        db[j] = rate * (S[j, j] + sum(k: S[k, j] * post[k]))\n}";
    let (start, found, table) = run(&spec(rule, "own", 5), "X -> Y|own.S");
    let (mut w, mut b) = ([[0.0; 3]; 2], [0.0; 2]);
    (0..6).for_each(|place| w[place / 3][place % 3] = start[place]);
    let (mut m, mut v, mut s) = ([[0.5; 3]; 2], [1.0; 3], [[-2.0, 0.0], [0.0, -2.0]]);
    for index in 0..5 {
        let x = pre(index);
        let y = [0, 1].map(|j: usize| b[j] + sum(3, |i| w[j][i] * x[i]));
        m = [0, 1].map(|j| [0, 1, 2].map(|i| 0.9 * m[j][i] + y[j] * x[i] + 0.01 * (s[0][j] + s[1][j])));
        v = [0, 1, 2].map(|i| 0.5 * v[i] + m[0][i] * y[0] + m[1][i] * y[1]);
        s = [0, 1].map(|a| [0, 1].map(|c| 0.8 * s[c][a] + 0.1 * (a as f64 - c as f64) * y[a]));
        let old = w;
        w = [0, 1].map(|j: usize| {
            [0, 1, 2].map(|i: usize| {
                let through = s[j][0] * old[0][i] + s[j][1] * old[1][i];
                old[j][i] + 0.1 * (m[j][i] * v[i] + through - s[j][j] * x[i])
            })
        });
        b = [0, 1].map(|j: usize| b[j] + 0.1 * (s[j][j] + s[0][j] * y[0] + s[1][j] * y[1]));
    }
    close("weights", &found, w.as_flattened(), 1e-12);
    close("S", &table, s.as_flattened(), 1e-12);
}

#[test]
fn in_time_a_table_is_one_for_all_trials() {
    let text = "data world { samples 3, batch 1, ordered  x[t, 2] = cos(3 * t + index)  f[t, 1] = cos(2 * t - index) }\ntime 4 steps\n\
        region X[2] = world.x[t]\nregion Y[1] = drive, no bias\nconnect X -> Y : init 0.25\n\
        modulator wanted[1] = world.f[t]\nmetric seen = sum(Y)\n\
        development { phase life for 1 epoch { learn X -> Y by rls(wanted, alpha = 2) } }";
    let code = trained(text, &EXACT);
    let (mut w, mut p) = ([0.25; 2], [[0.5, 0.0], [0.0, 0.5]]);
    for (index, t) in (0..12).map(|place| (place / 4, place % 4)) {
        let x = [(3.0 * f64::from(t) + f64::from(index)).cos(); 2];
        let error = (2.0 * f64::from(t) - f64::from(index)).cos() - w[0] * x[0] - w[1] * x[1];
        let px = [0, 1].map(|a: usize| p[a][0] * x[0] + p[a][1] * x[1]);
        let share = 1.0 + x[0] * px[0] + x[1] * px[1];
        p = [0, 1].map(|a| [0, 1].map(|b| p[a][b] - px[a] * px[b] / share));
        w = [0, 1].map(|i| w[i] + error * (p[i][0] * x[0] + p[i][1] * x[1]));
    }
    close("weights", code.slot("X -> Y.weight"), &w, 1e-12);
    close("P", code.slot("X -> Y|rls.P"), p.as_flattened(), 1e-12);
}

/// What is wrong with a rule of batches of one.
fn wrong(rule: &str) -> Vec<Code> {
    let said = checked(Path::new("."), &spec(rule, "own", 5)).err().unwrap_or_default();
    said.iter().map(|said| said.code).collect()
}

#[test]
fn what_no_table_can_be_is_refused() {
    let own = |body: &str| format!("rule own {{ state P[pre, pre] = identity\n{body}\ndw[j, i] = P[i, i] * post[j] }}");
    assert_eq!(wrong(&own("P[a, b] := P[b, a] * pre[a]")), []);
    assert_eq!(wrong(&own("P := 2")), [Code::BAD_INDEX]);
    assert_eq!(wrong(&own("P[a] := 2")), [Code::BAD_INDEX]);
    assert_eq!(wrong(&own("P[a, a] := 2")), [Code::DUPLICATE_NAME]);
    assert_eq!(wrong(&own("P[a, b] := P[a, b] * pre")), [Code::MISSING_INDEX]);
    assert_eq!(wrong(&own("P[a, b] := P")), [Code::MISSING_INDEX]);
    assert_eq!(wrong(&own("P[a, b] := P[a, c]")), [Code::UNBOUND_INDEX]);
    assert_eq!(wrong(&own("Q[a, b] := 2")), [Code::UNKNOWN_NAME]);
    assert_eq!(wrong(&own("let l = pre[i]\nP[a, b] := l")), [Code::UNBOUND_INDEX]);
    assert_eq!(wrong(&own("average m of pre : 3 steps\nP[a, b] := m")), [Code::UNBOUND_INDEX]);
    assert_eq!(wrong(&own("P[a, b] := P[a, b] + post[a] * pre[b]")), [Code::INDEX_LENGTHS]);
    let first = |first: &str| wrong(&format!("rule own {{ state P{first}\ndw[j, i] = post[j] * pre[i] }}"));
    assert_eq!(first("[pre, pre] = -0.5 * identity / 2"), []);
    assert_eq!(first("[pre, pre] = identity + 1"), [Code::NOT_CONSTANT]);
    assert_eq!(first("[pre, pre] = 1 / identity"), [Code::NOT_CONSTANT]);
    assert_eq!(first("[post, pre] = identity"), [Code::NOT_CONSTANT]);
    assert_eq!(first("[pre] = identity"), [Code::NOT_CONSTANT]);
    assert_eq!(first("[3, pre] = 0"), [Code::NOT_SUPPORTED]);
    assert_eq!(first("[pre, pre, pre] = 0"), [Code::NOT_SUPPORTED]);
    let plain = "rule own { state v[pre] = 0\nv[a] := pre[a]\ndw = v * post }";
    assert_eq!(wrong(plain), [Code::MISSING_INDEX]);
    let batches = spec("", "rls(wanted)", 4).replace("batch 1", "batch 2");
    let said = checked(Path::new("."), &batches).err().unwrap_or_default();
    assert_eq!(said.iter().map(|said| said.code).collect::<Vec<_>>(), [Code::MIXED_SAMPLES]);
}
