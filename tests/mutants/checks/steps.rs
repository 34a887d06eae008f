//! What changes a weight: optimisers, rules with an equation per synapse, schedules.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run, run_with_slots};

pub(super) fn optimiser(name: &str) -> Option<Check> {
    Some(match name {
        "adam" => |text| {
            optimised(text, "adam(rate = 0.1, b1 = 0.8, b2 = 0.7, eps = 0.01)", |w, g, step, [m, v]| {
                *m = 0.8 * *m + 0.2 * g;
                *v = 0.7 * *v + 0.3 * g * g;
                w - 0.1 * (*m / (1.0 - 0.8f64.powi(step))) / ((*v / (1.0 - 0.7f64.powi(step))).sqrt() + 0.01)
            })
        },
        "adamw" => |text| {
            optimised(text, "adamw(rate = 0.1, b1 = 0.8, b2 = 0.7, eps = 0.01, decay = 0.3)", |w, g, step, [m, v]| {
                *m = 0.8 * *m + 0.2 * g;
                *v = 0.7 * *v + 0.3 * g * g;
                let (mean, square) = (*m / (1.0 - 0.8f64.powi(step)), *v / (1.0 - 0.7f64.powi(step)));
                w - 0.1 * mean / (square.sqrt() + 0.01) - 0.1 * 0.3 * w
            })
        },
        "momentum" => |text| {
            optimised(text, "momentum(rate = 0.1, decay = 0.7)", |w, g, _, [v, _]| {
                *v = 0.7 * *v + g;
                w - 0.1 * *v
            })
        },
        "rmsprop" => |text| {
            optimised(text, "rmsprop(rate = 0.1, decay = 0.7, eps = 0.01)", |w, g, _, [v, _]| {
                *v = 0.7 * *v + 0.3 * g * g;
                w - 0.1 * g / (v.sqrt() + 0.01)
            })
        },
        "sgd" => |text| optimised(text, "sgd(rate = 0.1)", |w, g, _, _| w - 0.1 * g),
        _ => return None,
    })
}

/// Two weights go down w^2 / 2, so that each is its own gradient; three steps by hand.
fn optimised(text: &str, call: &str, step: fn(f64, f64, i32, [&mut f64; 2]) -> f64) -> Result<(), Fault> {
    let outcome = run(&format!(
        "{text}\ndata d {{ samples 3, test 1, batch 1  x = 1 }}\nregion X[1] = d.x\nregion A[1] = drive, no bias\n\
         region B[1] = drive, no bias\nconnect X -> A : init 0.8\nconnect X -> B : init -0.3\n\
         cost c in A = 0.5 * A[0]^2 + 0.5 * B[0]^2\nmetric m0 = sum(X -> A)\nmetric m1 = sum(X -> B)\n\
         development {{ phase p for 3 steps {{ learn all by backprop from c using {call} }} }}"
    ))?;
    let wanted = [0.8, -0.3].map(|first| {
        let (mut w, mut m, mut v) = (first, 0.0, 0.0);
        (1..=3).for_each(|number| w = step(w, w, number, [&mut m, &mut v]));
        w
    });
    compare(&outcome, "test", &wanted, 1e-12)
}

pub(super) fn rule(name: &str) -> Option<Check> {
    Some(match name {
        "hebb" => |text| ruled(text, "hebb(rate = 0.1)", |_, pre, post| 0.1 * post * pre),
        "oja" => |text| ruled(text, "oja(rate = 0.1)", |w, pre, post| 0.1 * post * (pre - post * w)),
        "sanger" => |text| {
            indexed(text, "sanger(rate = 0.1)", |w, pre, post, j, i| {
                0.1 * post[j] * (pre[i] - (0..=j).map(|k| post[k] * w[k][i]).sum::<f64>())
            })
        },
        "competitive" => |text| {
            indexed(text, "competitive(rate = 0.1)", |w, pre, post, j, i| {
                match post.iter().all(|other| post[j] >= *other) {
                    true => 0.1 * (pre[i] - w[j][i]),
                    false => 0.0,
                }
            })
        },
        _ => return None,
    })
}

/// The change of a weight, from all weights and activities.
type Dw = fn(&[[f64; 2]; 3], &[f64; 2], &[f64; 3], usize, usize) -> f64;

/// Three linear units behind two; three steps by hand, from where a rule that changes nothing leaves the weights.
fn indexed(text: &str, call: &str, dw: Dw) -> Result<(), Fault> {
    let spec = |call: &str| {
        format!(
            "{text}\ndata d {{ samples 3, test 1, batch 1  x[k = 2] = 1.5 - 2 * k }}\nregion X[2] = d.x\n\
             region Y[3] = drive, no bias\nconnect X -> Y : init normal(0.8)\nmetric seen = Y[0]\n\
             development {{ phase p for 3 steps {{ learn X -> Y by {call} }} }}"
        )
    };
    let weights = |call: &str| run_with_slots(&spec(call)).map(|(_, slots)| slots["X -> Y.weight"].clone());
    let first = weights("hebb(rate = 0)")?;
    let mut w: [[f64; 2]; 3] = std::array::from_fn(|j| [first[2 * j], first[2 * j + 1]]);
    let x = [1.5, -0.5];
    for _ in 0..3 {
        let post = w.map(|w| w[0] * x[0] + w[1] * x[1]);
        let old = w;
        w = std::array::from_fn(|j| std::array::from_fn(|i| old[j][i] + dw(&old, &x, &post, j, i)));
    }
    let (found, wanted) = (weights(call)?, w.concat());
    match found.iter().zip(&wanted).find(|(found, wanted)| (*found - *wanted).abs() > 1e-12 || found.is_nan()) {
        None => Ok(()),
        Some((found, wanted)) => Err(Fault::Wrong(format!("a weight is {found}, not {wanted}"))),
    }
}

/// One linear unit behind two; three steps by hand.
fn ruled(text: &str, call: &str, dw: fn(f64, f64, f64) -> f64) -> Result<(), Fault> {
    let outcome = run(&format!(
        "{text}\nconst First[2] = [1, 0]\ndata d {{ samples 3, test 1, batch 1  x[k = 2] = 1.5 - 2 * k }}\nregion X[2] = d.x\n\
         region Y[1] = drive, no bias\nconnect X -> Y : init 0.8\nmetric m0 = (X -> Y)[0, 0]\nmetric m1 = (X -> Y)[0, 1]\n\
         metric seen = Y[0]\ndevelopment {{ phase p for 3 steps {{ learn X -> Y by {call} }} }}"
    ))?;
    let (mut w, x) = ([0.8, 0.8], [1.5, -0.5]);
    for _ in 0..3 {
        let post = w[0] * x[0] + w[1] * x[1];
        w = [0, 1].map(|i| w[i] + dw(w[i], x[i], post));
    }
    compare(&outcome, "test", &w, 1e-12)
}

pub(super) fn schedule(name: &str) -> Option<Check> {
    Some(match name {
        "cosine" => {
            |text| scheduled(text, "cosine", |a, b, k| b + (a - b) * 0.5 * (1.0 + (std::f64::consts::PI * k).cos()))
        }
        "exponential" => |text| scheduled(text, "exponential", |a, b, k| a * (b / a).powf(k)),
        "linear" => |text| scheduled(text, "linear", |a, b, k| a + (b - a) * k),
        _ => return None,
    })
}

/// Weights that go down by their rates in each of five steps, from and to two pairs of values.
fn scheduled(text: &str, name: &str, rate: fn(f64, f64, f64) -> f64) -> Result<(), Fault> {
    let outcome = run(&format!(
        "{text}\ndata d {{ samples 5, test 1, batch 1  x = 1 }}\nregion X[1] = d.x\nregion A[1] = drive, no bias\n\
         region B[1] = drive, no bias\nconnect X -> A, X -> B : init 0\ncost a in A = sum(A)\ncost b in B = sum(B)\n\
         metric m0 = sum(X -> A)\nmetric m1 = sum(X -> B)\ndevelopment {{ phase p for 5 steps {{\n\
         learn X -> A by backprop from a using sgd(rate = {name}(1, 0.5))\n\
         learn X -> B by backprop from b using sgd(rate = {name}(0.2, 3)) }} }}"
    ))?;
    let down = |a, b| -(0..5).map(|k| rate(a, b, f64::from(k) / 5.0)).sum::<f64>();
    compare(&outcome, "test", &[down(1.0, 0.5), down(0.2, 3.0)], 1e-12)
}
