//! Rules with indices: units that find their place among others, by hand.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, run_with_slots};

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "ica" => |text| {
            indexed(text, "ica(rate = 0.1)", |w, _, post, j, i| {
                0.1 * (w[j][i] - post[j].tanh() * (0..3).map(|k| post[k] * w[k][i]).sum::<f64>())
            })
        },
        "kmeans" => |text| {
            mapped(text, "kmeans(rate = 0.1)", |w, pre, _, j, i| match nearest(w, pre) == j {
                true => 0.1 * (pre[i] - w[j][i]),
                false => 0.0,
            })
        },
        "soft_hebb" => |text| {
            indexed(text, "soft_hebb(rate = 0.1)", |w, pre, post, j, i| {
                0.1 * post[j] * (pre[i] * (-w[j][i]).exp() - 1.0)
            })
        },
        "som" => |text| {
            mapped(text, "som(rate = 0.1, width = 0.7)", |w, pre, _, j, i| {
                let far = nearest(w, pre).abs_diff(j).pow(2) as f64;
                0.1 * (-far / (2.0 * 0.7 * 0.7)).exp() * (pre[i] - w[j][i])
            })?;
            mapped(text, "som(rate = 0.1, width = 0.7, columns = 2)", |w, pre, _, j, i| {
                let (won, place) = (nearest(w, pre), |unit: usize| (unit / 2, unit % 2));
                let far = place(won).0.abs_diff(place(j).0).pow(2) + place(won).1.abs_diff(place(j).1).pow(2);
                0.1 * (-(far as f64) / (2.0 * 0.7 * 0.7)).exp() * (pre[i] - w[j][i])
            })
        },
        _ => return None,
    })
}

/// The unit whose weights are nearest to the input.
fn nearest(w: &[[f64; 2]; 3], pre: &[f64; 2]) -> usize {
    let far = |j: usize| (w[j][0] - pre[0]).powi(2) + (w[j][1] - pre[1]).powi(2);
    (0..3).fold(0, |best, j| if far(j) < far(best) { j } else { best })
}

/// The change of a weight, from all weights and activities.
type Dw = fn(&[[f64; 2]; 3], &[f64; 2], &[f64; 3], usize, usize) -> f64;

/// Three linear units behind two; three steps by hand, with the same input.
fn indexed(text: &str, call: &str, dw: Dw) -> Result<(), Fault> {
    units(text, call, "1.5 - 2 * k", &[[1.5, -0.5]; 3], dw)
}

/// The same with sixty inputs all round, so that who is nearest is often a near thing.
fn mapped(text: &str, call: &str, dw: Dw) -> Result<(), Fault> {
    let inputs: Vec<[f64; 2]> =
        (0..60).map(|n| [0.0, 1.0].map(|k| 2.0 * (2.0 * f64::from(n) + 1.5 * k).cos())).collect();
    units(text, call, "2 * cos(2 * index + 1.5 * k)", &inputs, dw)
}

/// From where a rule that changes nothing leaves the weights.
fn units(text: &str, call: &str, x: &str, inputs: &[[f64; 2]], dw: Dw) -> Result<(), Fault> {
    let steps = inputs.len();
    let spec = |call: &str| {
        format!(
            "{text}\ndata d {{ samples {steps}, test 1, batch 1, ordered  x[k = 2] = {x} }}\nregion X[2] = d.x\n\
             region Y[3] = drive, no bias\nconnect X -> Y : init normal(0.8)\nmetric seen = Y[0]\n\
             development {{ phase p for {steps} steps {{ learn X -> Y by {call} }} }}"
        )
    };
    let weights = |call: &str| run_with_slots(&spec(call)).map(|(_, slots)| slots["X -> Y.weight"].clone());
    let first = weights("hebb(rate = 0)")?;
    let mut w: [[f64; 2]; 3] = std::array::from_fn(|j| [first[2 * j], first[2 * j + 1]]);
    for x in inputs {
        let post = w.map(|w| w[0] * x[0] + w[1] * x[1]);
        let old = w;
        w = std::array::from_fn(|j| std::array::from_fn(|i| old[j][i] + dw(&old, x, &post, j, i)));
    }
    let (found, wanted) = (weights(call)?, w.concat());
    match found.iter().zip(&wanted).find(|(found, wanted)| (*found - *wanted).abs() > 1e-12 || found.is_nan()) {
        None => Ok(()),
        Some((found, wanted)) => Err(Fault::Wrong(format!("a weight is {found}, not {wanted}"))),
    }
}
