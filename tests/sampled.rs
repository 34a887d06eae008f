//! Draws by an estimator: what is drawn is the same whatever the estimator, straight-through and surrogate credit is that of the
//! closed form, and the score function estimator has the mean of the enumerated gradient.

#![allow(clippy::disallowed_methods, reason = "an independent reference")]

use super::trained::{EXACT, Trained, Way, checked, trained};
use neurula::math::Precision;
use neurula::runtime::Backend;
use std::path::Path;

fn codes(text: &str) -> Vec<&'static str> {
    match checked(Path::new("."), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect(),
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// An optimiser that changes nothing and adds up what it is given, and its square.
const GATHER: &str =
    "optimiser gather() { state total = 0, square = 0\n total := total + g\n square := square + g^2\n w := w }";

/// Of a parameter, the mean over the steps of what `gather` was given.
fn gathered(found: &Trained, parameter: &str, rule: &str, steps: f64) -> Vec<f64> {
    found.slot(&format!("{parameter}|{rule}|gather.total")).iter().map(|total| total / steps).collect()
}

#[test]
fn what_is_drawn_is_the_same_to_the_bit_whatever_the_estimator() {
    let run = |code: &str, way: &Way| {
        let text = format!(
            "data d = digits(batch = 50)\nregion In[8, 8] = d.image\nregion Code[12] = {code}\nregion Out[10] = drive\n\
             connect In -> Code -> Out\ncost wrong in Out = cross_entropy(Out, d.label)\nmetric level = mean(Code)\n\
             learn In -> Code by nothing\nlearn Code -> Out by backprop from wrong using sgd(rate = 0.1)"
        );
        trained(&text, &Way { epochs: Some(1), ..way.clone() })
    };
    let estimators = ["straight_through", "score", "none", "surrogate(tanh)"];
    for (draw, estimators) in [
        ("bernoulli(sigmoid(drive))", &estimators[..]),
        ("categorical(softmax(drive))", &estimators[..]),
        ("normal(drive, 0.5)", &["reparameterised", "score", "none"][..]),
    ] {
        for precision in [Precision::F32, Precision::F64] {
            let way = Way { precision, ..EXACT };
            let one = |by: &str, way: &Way| run(&format!("sample {draw} by {by}"), way);
            let first = one(estimators[0], &way);
            let digest = &first.outcome.weights_digest;
            for by in &estimators[1..] {
                assert_eq!(&one(by, &way).outcome.weights_digest, digest, "{draw} by {by}");
            }
            let interpreted = one(estimators[0], &Way { backend: Backend::Interpreter, ..way.clone() });
            assert_eq!(&interpreted.outcome.weights_digest, digest, "{draw}");
            assert_ne!(&one(estimators[0], &Way { seed: 1, ..way.clone() }).outcome.weights_digest, digest, "{draw}");
            // A draw without an estimator is the same draw.
            if !draw.starts_with("categorical") {
                assert_eq!(&run(draw, &way).outcome.weights_digest, digest, "{draw}");
            }
        }
    }
}

#[test]
fn straight_through_and_surrogate_credit_is_that_of_the_closed_form() {
    let run = |estimator: &str, rate: f64, way: &Way| {
        let text = format!(
            "data d {{ samples 1, batch 1\n x[2] = index + normal(0, 1) }}\nfn steep(p, k) = k * p^2\n\
             region X[2] = d.x\nregion P[3] = sigmoid(drive)\n\
             region H[3] = sample bernoulli(P) by {estimator}\nregion Y[2] = drive\nconnect X -> P\nconnect H -> Y\n\
             cost c in Y = sum(Y^2)\nmetric x0 = X[0]\nmetric x1 = X[1]\n\
             metric h0 = H[0]\nmetric h1 = H[1]\nmetric h2 = H[2]\n\
             learn X -> P, H -> Y by backprop from c using sgd(rate = {rate})"
        );
        trained(&text, &Way { epochs: Some(1), ..way.clone() })
    };
    type Slope = fn(f64) -> f64;
    let estimators: [(&str, Slope); 3] = [
        ("straight_through", |_| 1.0),
        ("surrogate(steep(3))", |p| 6.0 * p),
        ("surrogate(sigmoid)", |p| logistic(p) * (1.0 - logistic(p))),
    ];
    for (estimator, slope) in estimators {
        for backend in [Backend::Jit, Backend::Interpreter] {
            let mut drawn = [0.0; 2];
            for seed in 0..4 {
                let way = Way { seed, backend, ..EXACT };
                let (before, after) = (run(estimator, 0.0, &way), run(estimator, 1.0, &way));
                let [x, h] = [&["x0", "x1"][..], &["h0", "h1", "h2"][..]]
                    .map(|names| names.iter().map(|name| before.value(name, "train")).collect::<Vec<f64>>());
                h.iter().for_each(|h| drawn[*h as usize] += 1.0);
                let (w, b) = (before.slot("X -> P.weight"), before.slot("P.bias"));
                let (v, c) = (before.slot("H -> Y.weight"), before.slot("Y.bias"));
                let y: Vec<f64> = (0..2).map(|o| (0..3).map(|j| v[o * 3 + j] * h[j]).sum::<f64>() + c[o]).collect();
                for j in 0..3 {
                    let p = logistic(w[j * 2] * x[0] + w[j * 2 + 1] * x[1] + b[j]);
                    let back: f64 = (0..2).map(|o| 2.0 * y[o] * v[o * 3 + j]).sum();
                    let wanted = back * slope(p) * p * (1.0 - p);
                    let found = |place: usize| w[place] - after.slot("X -> P.weight")[place];
                    for (i, x) in x.iter().enumerate() {
                        let (found, wanted) = (found(j * 2 + i), wanted * x);
                        assert!((found - wanted).abs() < 1e-12, "{estimator}: {found} for {wanted}");
                    }
                    let found = b[j] - after.slot("P.bias")[j];
                    assert!((found - wanted).abs() < 1e-12, "{estimator}: {found} for {wanted}");
                }
            }
            assert!(drawn.iter().all(|times| *times > 1.0), "both are drawn: {drawn:?}");
        }
    }
}

/// Asserts that a mean over draws is what was wanted, to five standard errors of the mean, and that these are small beside it.
fn mean_is(found: f64, wanted: f64, variance: f64, draws: f64, what: &str) {
    let error = (variance / draws).sqrt();
    assert!((found - wanted).abs() < 5.0 * error, "{what}: {found} for {wanted} +- {error}");
    assert!(wanted.abs() > 10.0 * error, "{what}: {wanted} +- {error} would not show");
}

/// What a pair of units, one behind the other, costs.
fn cost_of_pair(a: f64, b: f64) -> f64 {
    1.0 + 2.0 * a - 5.0 * b + 3.0 * a * b
}

#[test]
fn the_score_function_estimator_has_the_mean_of_the_enumerated_gradient() {
    const SAMPLES: usize = 20_000;
    for baseline in [0.0, 1.5] {
        let text = format!(
            "{GATHER}\ndata d {{ samples {SAMPLES}, batch 2000\n x[1] = 1.5 }}\nregion X[1] = d.x\n\
             region A[1] = sample bernoulli(sigmoid(drive)) by score\nregion B[1] = sample bernoulli(sigmoid(drive)) by score\n\
             connect X -> A -> B\ncost c in B = 1 + 2 * A[0] - 5 * B[0] + 3 * A[0] * B[0]\n\
             learn X -> A -> B by reinforce({baseline}) from c using gather()"
        );
        let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
        let interpreted = trained(&text, &Way { epochs: Some(1), backend: Backend::Interpreter, ..EXACT });
        assert_eq!(found.slots, interpreted.slots);
        let parameters = ["X -> A.weight", "A.bias", "A -> B.weight", "B.bias"];
        let [w, a_bias, v, b_bias] = parameters.map(|name| found.slot(name)[0]);
        let (mut means, mut squares) = ([0.0; 4], [0.0; 4]);
        let p = logistic(1.5 * w + a_bias);
        for (a, b) in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
            let q = logistic(v * a + b_bias);
            let chance = (if a == 1.0 { p } else { 1.0 - p }) * if b == 1.0 { q } else { 1.0 - q };
            let above = cost_of_pair(a, b) - baseline;
            let each = [above * (a - p) * 1.5, above * (a - p), above * (b - q) * a, above * (b - q)];
            for (i, each) in each.iter().enumerate() {
                means[i] += chance * each;
                squares[i] += chance * each * each;
            }
        }
        // The gradient of the mean cost itself, by differences: what was enumerated is no other thing.
        let mean_cost = |[w, a_bias, v, b_bias]: [f64; 4]| {
            let (p, on, off) = (logistic(1.5 * w + a_bias), logistic(v + b_bias), logistic(b_bias));
            let given = |a: f64, q: f64| q * cost_of_pair(a, 1.0) + (1.0 - q) * cost_of_pair(a, 0.0);
            p * given(1.0, on) + (1.0 - p) * given(0.0, off)
        };
        for (i, name) in parameters.iter().enumerate() {
            let [mut up, mut down] = [[w, a_bias, v, b_bias]; 2];
            (up[i], down[i]) = (up[i] + 1e-5, down[i] - 1e-5);
            let slope = (mean_cost(up) - mean_cost(down)) / 2e-5;
            assert!((slope - means[i]).abs() < 1e-8, "{name}: {slope} and {}", means[i]);
            let mean = gathered(&found, name, "reinforce", 10.0)[0];
            mean_is(mean, means[i], squares[i] - means[i] * means[i], SAMPLES as f64, name);
        }
    }
}

#[test]
fn a_choice_is_drawn_by_its_probabilities_and_reinforced_without_bias() {
    const SAMPLES: usize = 20_000;
    let text = format!(
        "{GATHER}\ndata d {{ samples {SAMPLES}, batch 2000\n x[1] = 1 }}\nregion X[1] = d.x\n\
         region Arm[2, 2] = sample categorical(softmax(drive)) by score\nconnect X -> Arm : dense, init normal(1)\n\
         cost missed in Arm = -(1 * Arm[0, 0] + 3 * Arm[0, 1] - 2 * Arm[1, 0] + 0.5 * Arm[1, 1])\n\
         metric one = sum(Arm)\nmetric arm_a = Arm[0, 0]\nmetric arm_b = Arm[0, 1]\nmetric arm_c = Arm[1, 0]\nmetric arm_d = Arm[1, 1]\n\
         learn X -> Arm by reinforce(baseline = -0.5) from missed using gather()"
    );
    let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
    let (weights, bias) = (found.slot("X -> Arm.weight"), found.slot("Arm.bias"));
    let grown: Vec<f64> = weights.iter().zip(bias).map(|(w, b)| (w + b).exp()).collect();
    let p: Vec<f64> = grown.iter().map(|x| x / grown.iter().sum::<f64>()).collect();
    assert_eq!(found.value("one", "train"), 1.0);
    for (share, name) in p.iter().zip(["arm_a", "arm_b", "arm_c", "arm_d"]) {
        mean_is(found.value(name, "train"), *share, share * (1.0 - share), SAMPLES as f64, name);
    }
    let costs = [-1.0, -3.0, 2.0, -0.5];
    for i in 0..4 {
        let each = |k: usize| (costs[k] + 0.5) * (if k == i { 1.0 } else { 0.0 } - p[i]);
        let mean: f64 = (0..4).map(|k| p[k] * each(k)).sum();
        let square: f64 = (0..4).map(|k| p[k] * each(k).powi(2)).sum();
        let got = gathered(&found, "X -> Arm.weight", "reinforce", 10.0)[i];
        mean_is(got, mean, square - mean * mean, SAMPLES as f64, "a logit");
    }
}

#[test]
fn a_normal_draw_has_both_estimators_and_both_are_without_bias() {
    const SAMPLES: usize = 40_000;
    let run = |by: &str, rule: &str| {
        let text = format!(
            "{GATHER}\ndata d {{ samples {SAMPLES}, batch 2000\n x[1] = 1 }}\nregion X[1] = d.x\nregion M[1] = drive\n\
             region S[1] = exp(drive)\nregion Z[1] = sample normal(M, S) by {by}\n\
             connect X -> M : dense, init 0.7\nconnect X -> S : dense, init -0.2\nregion Y[1] = Z\n\
             cost c in Y = (Y[0] - 2)^2\nlearn X -> M, X -> S by {rule} from c using gather()"
        );
        trained(&text, &Way { epochs: Some(1), ..EXACT })
    };
    // With z = m + s n and e = m - 2: c = (e + s n)^2, of mean e^2 + s^2, with the derivatives 2 e and 2 s^2 by m and ln s.
    let (e, s) = (0.7 - 2.0, (-0.2_f64).exp());
    let moments = |f: &dyn Fn(f64) -> f64| {
        let (mut mean, mut square, mut total) = (0.0, 0.0, 0.0);
        for i in -8000..=8000 {
            let n = f64::from(i) / 1000.0;
            let weight = (-0.5 * n * n).exp();
            total += weight;
            mean += weight * f(n);
            square += weight * f(n).powi(2);
        }
        (mean / total, square / total - (mean / total).powi(2))
    };
    let score = run("score", "reinforce");
    let moved = run("reparameterised", "backprop");
    for (name, by_score, by_path) in [
        (
            "M.bias",
            &(|n: f64| (e + s * n).powi(2) * n / s) as &dyn Fn(f64) -> f64,
            &(|n: f64| 2.0 * (e + s * n)) as &dyn Fn(f64) -> f64,
        ),
        ("S.bias", &|n| (e + s * n).powi(2) * (n * n - 1.0), &|n| 2.0 * (e + s * n) * s * n),
    ] {
        let wanted = if name == "M.bias" { 2.0 * e } else { 2.0 * s * s };
        for (found, rule, f) in [(&score, "reinforce", by_score), (&moved, "backprop", by_path)] {
            let (mean, variance) = moments(f);
            assert!((mean - wanted).abs() < 1e-9, "{name}: {mean} for {wanted}");
            let got = gathered(found, name, rule, SAMPLES as f64 / 2000.0)[0];
            mean_is(got, wanted, variance, SAMPLES as f64, name);
        }
    }
}

#[test]
fn what_is_sampled_in_every_time_step_is_credited_in_every_time_step() {
    const SAMPLES: usize = 20_000;
    let text = format!(
        "{GATHER}\ntime 3 steps\ndata d {{ samples {SAMPLES}, batch 2000\n x[t, 1] = 1 }}\nregion X[1] = d.x[t]\n\
         region A[1] = sample bernoulli(sigmoid(drive)) by score\nconnect X -> A\n\
         cost c in A = 3 * A[0] * prev(A)[0]\nlearn X -> A by reinforce(0.5) from c using gather()"
    );
    let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
    let p = logistic(found.slot("X -> A.weight")[0] + found.slot("A.bias")[0]);
    let (mut mean, mut square) = (0.0, 0.0);
    for bits in 0..8_usize {
        let a = [0, 1, 2].map(|t| (bits >> t & 1) as f64);
        let chance: f64 = a.iter().map(|a| if *a == 1.0 { p } else { 1.0 - p }).product();
        let each = (a[0] * a[1] + a[1] * a[2] - 0.5) * a.iter().map(|a| a - p).sum::<f64>();
        mean += chance * each;
        square += chance * each * each;
    }
    // The mean cost is 2 p^2.
    assert!((mean - 4.0 * p * p * (1.0 - p)).abs() < 1e-12);
    let got = gathered(&found, "A.bias", "reinforce", 10.0)[0];
    mean_is(got, mean, square - mean * mean, SAMPLES as f64, "A.bias");
}

#[test]
fn reinforce_adds_the_gradient_where_there_is_one_without_chance() {
    // A readout behind a draw is credited as `backprop` credits it: the draw before it has no part in its derivative.
    let run = |rule: &str| {
        let text = format!(
            "data d = digits(batch = 50)\nregion In[8, 8] = d.image\nregion Code[6] = sample bernoulli(sigmoid(drive)) by score\n\
             region Out[10] = drive\nconnect In -> Code -> Out\ncost wrong in Out = cross_entropy(Out, d.label)\n\
             learn In -> Code by nothing\nlearn Code -> Out by {rule} from wrong using sgd(rate = 0.1)"
        );
        trained(&text, &Way { epochs: Some(1), ..EXACT }).outcome.weights_digest.clone()
    };
    assert_eq!(run("reinforce"), run("backprop"));
    assert_eq!(run("reinforce(3)"), run("backprop"));
}

#[test]
fn a_draw_is_refused_where_it_has_no_meaning() {
    let spec = |code: &str, rest: &str, learn: &str| {
        format!(
            "data d = digits(batch = 50)\nregion In[8, 8] = d.image\nregion Code[6] = {code}\nregion Out[10] = drive\n\
             connect In -> Code -> Out\n{rest}\ncost wrong in Out = cross_entropy(Out, d.label)\nlearn {learn} using sgd(rate = 0.1)"
        )
    };
    let whole = "In -> Code -> Out by backprop from wrong";
    let of = |code: &str| codes(&spec(code, "", whole));
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by straight_through"), [""; 0]);
    assert_eq!(of("sample normal(drive, 1) by reparameterized"), [""; 0]);
    assert_eq!(of("sample normal(drive, 1) by straight_through"), ["E0533"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by reparameterised"), ["E0533"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by guess"), ["E0533"]);
    assert_eq!(of("sample pick(drive) by score"), ["E0533"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive), 1) by score"), ["E0203"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by surrogate"), ["E0203"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by score(2)"), ["E0203"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by surrogate(1 + 1)"), ["E0205"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by surrogate(nobody)"), ["E0201"]);
    assert_eq!(of("sample bernoulli(In) by straight_through"), ["E0301"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by none"), ["E0534"]);
    assert_eq!(of("sample bernoulli(sigmoid(drive)) by score"), ["E0534"]);
    assert_eq!(of("no_credit(tanh(drive))"), ["E0504"]);
    let elsewhere = "metric m = mean(sample bernoulli(0.5) by none)";
    assert_eq!(codes(&spec("tanh(drive)", elsewhere, whole)), ["E0207"]);
    // The readout alone waits for nothing that has to come through the draw.
    let readout = "In -> Code by nothing\nlearn Code -> Out by backprop from wrong";
    assert_eq!(codes(&spec("sample bernoulli(sigmoid(drive)) by none", "", readout)), [""; 0]);
    let reinforced = "In -> Code -> Out by reinforce(baseline = 2) from wrong";
    assert_eq!(codes(&spec("sample bernoulli(sigmoid(drive)) by score", "", reinforced)), [""; 0]);
    assert_eq!(codes(&spec("sample bernoulli(sigmoid(drive)) by none", "", reinforced)), ["E0535"]);
    assert_eq!(codes(&spec("tanh(drive)", "", reinforced)), ["E0535"]);
    let shaped = "In -> Code -> Out by reinforce(baseline = Out) from wrong";
    assert_eq!(codes(&spec("sample bernoulli(sigmoid(drive)) by score", "", shaped)), ["E0306"]);
}
