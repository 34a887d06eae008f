//! Structures: what comes out of one in three steps, from the weights that it had.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run_with_slots};
use std::collections::BTreeMap;

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "gru" => |text| {
            in_time(text, "gru", |w, x, [h, _]| {
                let z = w.gate("Wz", x, "Uz", h, "bz").map(sigmoid);
                let r = w.gate("Wr", x, "Ur", h, "br").map(sigmoid);
                let new = w.gate("Wh", x, "Uh", &[r[0] * h[0], r[1] * h[1]], "bh").map(f64::tanh);
                *h = [0, 1].map(|i| (1.0 - z[i]) * h[i] + z[i] * new[i]);
            })
        },
        "layer_norm" => layer_norm,
        "lstm" => |text| {
            in_time(text, "lstm", |w, x, [h, c]| {
                let i = w.gate("Wi", x, "Ui", h, "bi").map(sigmoid);
                let f = w.gate("Wf", x, "Uf", h, "bf").map(sigmoid);
                let o = w.gate("Wo", x, "Uo", h, "bo").map(sigmoid);
                let new = w.gate("Wc", x, "Uc", h, "bc").map(f64::tanh);
                *c = [0, 1].map(|k| f[k] * c[k] + i[k] * new[k]);
                *h = [0, 1].map(|k| o[k] * c[k].tanh());
            })
        },
        "rnn" => |text| in_time(text, "rnn", |w, x, [h, _]| *h = w.gate("W", x, "U", h, "b").map(f64::tanh)),
        _ => return None,
    })
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The weights of a structure of two units that reads two numbers.
struct Weights(BTreeMap<String, Vec<f64>>);

impl Weights {
    fn of(&self, name: &str) -> &[f64] {
        &self.0[&format!("Memory.{name}")]
    }

    /// Whether training moved all that began with one value: what nothing depends on stays.
    fn all_moved(&self, from: &str, began: f64) -> Result<(), Fault> {
        let mut still = self.0.iter().filter(|(name, _)| name.starts_with(from));
        match still.find(|(_, values)| values.contains(&began) || values.len() < 2) {
            Some((name, _)) => Err(Fault::Wrong(format!("{name} did not move"))),
            None => Ok(()),
        }
    }

    /// W @ x + U @ h + b.
    fn gate(&self, w: &str, x: &[f64; 2], u: &str, h: &[f64; 2], b: &str) -> [f64; 2] {
        let (w, u, b) = (self.of(w), self.of(u), self.of(b));
        [0, 1].map(|i| w[2 * i] * x[0] + w[2 * i + 1] * x[1] + u[2 * i] * h[0] + u[2 * i + 1] * h[1] + b[i])
    }
}

/// One time step: the weights, the input, the states.
type Step = fn(&Weights, &[f64; 2], [&mut [f64; 2]; 2]);

/// Two steps of training, after which no bias is 0; then three time steps by hand.
fn in_time(text: &str, name: &str, step: Step) -> Result<(), Fault> {
    let (outcome, slots) = run_with_slots(&format!(
        "{text}\ntime 3 steps\ndata d {{ samples 2, test 1, batch 1  x[t, k = 2] = 0.7 * t - 0.9 * k + 0.4 }}\nregion X[2] = d.x[t]\n\
         region Memory : {name}(2)\nconnect X -> Memory\ncost c in Memory = (Memory[0] - 2)^2 + (Memory[1] + 1)^2 at end\n\
         metric m0 = Memory[0] at end\nmetric m1 = Memory[1] at end\n\
         development {{ phase p for 2 steps {{ learn X -> Memory by backprop from c using sgd(rate = 1) }} }}"
    ))?;
    let (mut h, mut c) = ([0.0; 2], [0.0; 2]);
    let weights = Weights(slots);
    weights.all_moved("Memory.b", 0.0)?;
    for t in 0..3 {
        let x = [0, 1].map(|k| 0.7 * f64::from(t) - 0.9 * f64::from(k) + 0.4);
        step(&weights, &x, [&mut h, &mut c]);
    }
    compare(&outcome, "test", &h, 1e-12)
}

fn layer_norm(text: &str) -> Result<(), Fault> {
    let (outcome, slots) = run_with_slots(&format!(
        "{text}\ndata d {{ samples 2, test 1, batch 1  x[k = 3] = 0.1 * k^2 - 0.2 }}\nregion X[3] = d.x\nregion Memory : layer_norm(epsilon = 0.1)\n\
         connect X -> Memory\ncost c in Memory = (Memory[0] - 2)^2 + (Memory[1] + 1)^2 + Memory[2]^2\n\
         metric m0 = Memory[0]\nmetric m1 = Memory[1]\nmetric m2 = Memory[2]\n\
         development {{ phase p for 2 steps {{ learn X -> Memory by backprop from c using sgd(rate = 0.1) }} }}"
    ))?;
    let weights = Weights(slots);
    weights.all_moved("Memory.bias", 0.0)?;
    weights.all_moved("Memory.gain", 1.0)?;
    let x = [-0.2, -0.1, 0.2];
    let mean = x.iter().sum::<f64>() / 3.0;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0;
    let out =
        [0, 1, 2].map(|k| weights.of("gain")[k] * (x[k] - mean) / (variance + 0.1).sqrt() + weights.of("bias")[k]);
    compare(&outcome, "test", &out, 1e-12)
}
