//! Rules that settle more than once in a trial.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, run_with_slots};

const RATE: f64 = 0.3;
const BETA: f64 = 0.2;
/// The weights, the input and the target.
const WEIGHTS: [f64; 2] = [0.8, 0.6];
const INPUT: f64 = 0.7;
const TARGET: f64 = 0.4;

/// What is before and behind a synapse in two passes, the second of which is the one that pulls or clamps.
type Change = fn([f64; 2], [f64; 2]) -> f64;

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "contrastive_hebbian" => |text| passed(text, "contrastive_hebbian(rate = 0.3", [free(), clamped()], contrast),
        "generec_symmetric" => |text| passed(text, "generec_symmetric(rate = 0.3", [free(), clamped()], contrast),
        "generec" => |text| {
            passed(text, "generec(rate = 0.3", [free(), clamped()], |[before, minus], [_, plus]| {
                before * (plus - minus)
            })
        },
        "equilibrium_propagation" => |text| {
            let call = "equilibrium_propagation(rate = 0.3, beta = 0.2";
            passed(text, call, [free(), rest(BETA, None)], |free, nudged| contrast(free, nudged) / BETA)
        },
        "equilibrium_propagation_symmetric" => |text| {
            let call = "equilibrium_propagation_symmetric(rate = 0.3, beta = 0.2";
            let both = [rest(-BETA, None), rest(BETA, None)];
            passed(text, call, both, |upper, lower| contrast(upper, lower) / (2.0 * BETA))
        },
        _ => return None,
    })
}

fn contrast(one: [f64; 2], other: [f64; 2]) -> f64 {
    other[0] * other[1] - one[0] * one[1]
}

fn free() -> [f64; 3] {
    rest(0.0, None)
}

fn clamped() -> [f64; 3] {
    rest(0.0, Some(TARGET))
}

/// Where input, hidden unit and output come to rest, the output pulled by its squared error or held.
fn rest(beta: f64, held: Option<f64>) -> [f64; 3] {
    let (mut hidden, mut out): (f64, f64) = (0.0, 0.0);
    for _ in 0..500 {
        out = held.unwrap_or((WEIGHTS[1] * hidden - 2.0 * beta * (out - TARGET)).tanh());
        hidden = (WEIGHTS[0] * INPUT + WEIGHTS[1] * out).tanh();
    }
    [INPUT, hidden, out]
}

/// One input, one hidden unit, one output, one step.
fn passed(text: &str, call: &str, [one, other]: [[f64; 3]; 2], change: Change) -> Result<(), Fault> {
    let [low, high] = WEIGHTS;
    let (_, slots) = run_with_slots(&format!(
        "{text}\ndata d {{ samples 1, test 1, batch 1  x = {INPUT}  y = {TARGET} }}\nregion X[1] = d.x\n\
         region H[1] = tanh(drive)\nregion O[1] = tanh(drive)\nconnect X -> H : init {low}\nconnect H -> O : init {high}\n\
         connect O -> H : transpose(H -> O)\ncost c in O = mse(O, d.y)\n\
         development {{ phase p for 1 step {{ learn X -> H -> O by {call}, duration = 400 steps, tolerance = 1e-13) from c }} }}"
    ))?;
    for (slot, first, wanted) in [
        ("X -> H.weight", low, change([one[0], one[1]], [other[0], other[1]])),
        ("H -> O.weight", high, change([one[1], one[2]], [other[1], other[2]])),
        ("H.bias", 0.0, change([1.0, one[1]], [1.0, other[1]])),
        ("O.bias", 0.0, change([1.0, one[2]], [1.0, other[2]])),
    ] {
        let (found, wanted) = (slots[slot][0], first + RATE * wanted);
        if (found - wanted).abs() > 1e-10 || found.is_nan() {
            return Err(Fault::Wrong(format!("{slot} is {found}, not {wanted}")));
        }
    }
    Ok(())
}
