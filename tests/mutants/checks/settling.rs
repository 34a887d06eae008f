//! Rules that let a network settle more than once: a chain of two units that rest against each other, two steps by hand.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run};

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "contrastive_hebbian" => |text| {
            settled(text, "contrastive_hebbian(rate = 0.3, ", |net| {
                let (free, clamped) = (net.rest(Out::Free), net.rest(Out::Clamped));
                net.change(
                    |k| 0.3 * (clamped[k] * clamped[k + 1] - free[k] * free[k + 1]),
                    |k| 0.3 * (clamped[k] - free[k]),
                );
            })
        },
        "equilibrium_propagation" => |text| {
            settled(text, "equilibrium_propagation(rate = 0.3, beta = 0.2, ", |net| {
                let (free, nudged) = (net.rest(Out::Free), net.rest(Out::Nudged(0.2)));
                net.change(
                    |k| 1.5 * (nudged[k] * nudged[k + 1] - free[k] * free[k + 1]),
                    |k| 1.5 * (nudged[k] - free[k]),
                );
            })
        },
        "equilibrium_propagation_symmetric" => |text| {
            settled(text, "equilibrium_propagation_symmetric(rate = 0.3, beta = 0.2, ", |net| {
                let (lower, upper) = (net.rest(Out::Nudged(0.2)), net.rest(Out::Nudged(-0.2)));
                net.change(
                    |k| 0.75 * (lower[k] * lower[k + 1] - upper[k] * upper[k + 1]),
                    |k| 0.75 * (lower[k] - upper[k]),
                );
            })
        },
        "generec" => |text| {
            settled(text, "generec(rate = 0.3, ", |net| {
                let (minus, plus) = (net.rest(Out::Free), net.rest(Out::Clamped));
                net.change(|k| 0.3 * minus[k] * (plus[k + 1] - minus[k + 1]), |k| 0.3 * (plus[k] - minus[k]));
            })
        },
        "generec_symmetric" => |text| {
            settled(text, "generec_symmetric(rate = 0.3, ", |net| {
                let (minus, plus) = (net.rest(Out::Free), net.rest(Out::Clamped));
                let middle = |k: usize| 0.5 * (minus[k] + plus[k]);
                let grown = |k: usize| plus[k] - minus[k];
                net.change(|k| 0.3 * (middle(k) * grown(k + 1) + middle(k + 1) * grown(k)), |k| 0.3 * grown(k));
            })
        },
        _ => return None,
    })
}

/// What happens to the last unit.
enum Out {
    Free,
    Clamped,
    Nudged(f64),
}

/// The weights of the chain, and the biases of its last two units.
struct Net {
    w: [f64; 2],
    b: [f64; 2],
}

const X: f64 = 0.9;
const TARGET: f64 = 0.6;

impl Net {
    /// All three activities where they come to rest.
    fn rest(&self, out: Out) -> [f64; 3] {
        let (mut h, mut o) = (0.0f64, 0.0f64);
        for _ in 0..2000 {
            let drive = self.w[1] * h + self.b[1];
            let wants = match out {
                Out::Free => drive.tanh(),
                Out::Clamped => TARGET,
                Out::Nudged(beta) => (drive - beta * 2.0 * (o - TARGET)).tanh(),
            };
            h += 0.5 * ((self.w[0] * X + self.w[1] * o + self.b[0]).tanh() - h);
            o += 0.5 * (wants - o);
        }
        [X, h, o]
    }

    fn change(&mut self, dw: impl Fn(usize) -> f64, db: impl Fn(usize) -> f64) {
        self.w = [0, 1].map(|k| self.w[k] + dw(k));
        self.b = [0, 1].map(|k| self.b[k] + db(k + 1));
    }
}

fn settled(text: &str, call: &str, step: fn(&mut Net)) -> Result<(), Fault> {
    let settle = "settle(400 steps, rate = 0.5, tolerance = 1e-14)";
    let outcome = run(&format!(
        "{text}\ndata d {{ samples 2, test 1, batch 1  x = {X}  y = {TARGET} }}\nregion X[1] = d.x\n\
         region H[1] = tanh(drive), {settle}\nregion O[1] = tanh(drive), {settle}\nconnect X -> H : init 0.7\n\
         connect H -> O : init -0.4\nconnect O -> H : transpose(H -> O)\ncost c in O = mse(O, d.y)\n\
         metric m0 = (X -> H)[0, 0]\nmetric m1 = (H -> O)[0, 0]\nmetric m2 = H[0]\nmetric m3 = O[0]\n\
         development {{ phase p for 2 steps {{ learn X -> H -> O by {call}duration = 400 steps, tolerance = 1e-14) from c }} }}"
    ))?;
    let mut net = Net { w: [0.7, -0.4], b: [0.0; 2] };
    step(&mut net);
    step(&mut net);
    let [_, h, o] = net.rest(Out::Free);
    compare(&outcome, "test", &[net.w[0], net.w[1], h, o], 1e-10)
}
