//! Optimisers and schedules: a few steps by hand.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run};

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
