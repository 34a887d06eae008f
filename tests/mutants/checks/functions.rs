//! Functions of the library: activations, costs, statistics.

#![allow(clippy::disallowed_methods, reason = "an independent reference for the library's values")]

use super::{Check, Fault, compare, run};

pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "binary_cross_entropy" => |text| {
            let term = |t: f64, p: f64| -(t * p.ln() + (1.0 - t) * (1.0 - p).ln()) / 4.0;
            let mean = term(0.4, 0.1) + term(0.3, 0.2) + term(0.2, 0.3) + term(0.1, 0.4);
            let edge = -(1e-7f64).ln();
            values(
                text,
                &[
                    ("binary_cross_entropy(Q, R)", mean),
                    ("binary_cross_entropy(0 * Q, 0 * Q + 1)", edge),
                    ("binary_cross_entropy(0 * Q + 1, 0 * Q)", edge),
                ],
            )
        },
        "cross_entropy" => |text| {
            let z = P.iter().map(|x| x.exp()).sum::<f64>().ln();
            let spread: f64 = P.iter().zip(Q).map(|(x, q)| q * (z - x)).sum();
            values(text, &[("cross_entropy(P, d.label)", z - 0.25), ("cross_entropy(P, Q)", spread)])
        },
        "dot" => |text| values(text, &[("dot(P, Q)", 0.375)]),
        "elu" => |text| {
            let below = (-0.5f64).exp() - 1.0;
            values(text, &[("elu(-0.5)", below), ("elu(-0.5, scale = 3)", 3.0 * below), ("elu(2)", 2.0)])
        },
        "hinge" => |text| values(text, &[("hinge(P, d.label)", 2.25), ("hinge(5 * one_hot(d.label), d.label)", 0.0)]),
        "kl" => |text| {
            let terms = Q.iter().zip([0.4, 0.3, 0.2, 0.1]).map(|(q, p): (&f64, f64)| p * (p / q).ln());
            values(
                text,
                &[
                    ("kl(Q, R)", terms.sum()),
                    ("kl(Q, one_hot(d.label))", -(0.3f64).ln()),
                    ("kl(0 * Q, one_hot(d.label))", -(1e-12f64).ln()),
                ],
            )
        },
        "l1" => |text| values(text, &[("l1(P)", 4.25)]),
        "l2" => |text| values(text, &[("l2(P)", 6.5625)]),
        "leaky_relu" => |text| {
            values(text, &[("leaky_relu(-3)", -0.03), ("leaky_relu(-3, slope = 0.5)", -1.5), ("leaky_relu(2)", 2.0)])
        },
        "mean" => |text| values(text, &[("mean(P)", -0.1875)]),
        "mse" => |text| {
            values(text, &[("mse(P, Q)", (2.1f64.powi(2) + 0.7f64.powi(2) + 0.05f64.powi(2) + 1.1f64.powi(2)) / 4.0)])
        },
        "relu" => |text| values(text, &[("relu(-3)", 0.0), ("relu(2)", 2.0)]),
        "softmax" => |text| {
            let sum: f64 = P.iter().map(|x| x.exp()).sum();
            let weighted: f64 = P.iter().zip(Q).map(|(x, q)| q * x.exp() / sum).sum();
            values(text, &[("sum(softmax(P))", 1.0), ("sum(Q * softmax(P))", weighted)])
        },
        "softplus" => |text| {
            let at = |x: f64| x.exp().ln_1p();
            values(text, &[("softplus(-2)", at(-2.0)), ("softplus(3)", at(3.0)), ("softplus(1000)", 1000.0)])
        },
        _ => return None,
    })
}

const P: [f64; 4] = [-2.0, -0.5, 0.25, 1.5];
const Q: [f64; 4] = [0.1, 0.2, 0.3, 0.4];

/// Formulas and their values; the label is 2.
fn values(text: &str, formulas: &[(&str, f64)]) -> Result<(), Fault> {
    let metrics: String =
        formulas.iter().enumerate().map(|(number, (formula, _))| format!("metric m{number} = {formula}\n")).collect();
    let outcome = run(&format!(
        "{text}\nconst P[4] = [-2, -0.5, 0.25, 1.5]\nconst Q[4] = [0.1, 0.2, 0.3, 0.4]\nconst R[4] = [0.4, 0.3, 0.2, 0.1]\n\
         data d {{ samples 1, test 1, batch 1  x = 1  label : class[4] = 2 }}\nregion X[1] = d.x\nregion Z[1] = drive\n\
         connect X -> Z\ncost none in Z = 0 * sum(Z)\n{metrics}\
         development {{ phase p for 1 step {{ learn X -> Z by backprop from none using sgd(rate = 0) }} }}"
    ))?;
    let wanted: Vec<f64> = formulas.iter().map(|(_, value)| *value).collect();
    compare(&outcome, "test", &wanted, 1e-12)
}
