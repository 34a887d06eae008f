//! Which synapses there are and whose weights they have: sparse, local, of low rank, shared, transposed.

use super::constraints::Stepper;
use super::gradients::descends;
use super::trained::{EXACT, Way, checked, trained};
use neurula::diag::Code;
use neurula::math::Precision;
use neurula::model::Model;
use neurula::runtime::Backend;
use proptest::prelude::*;
use std::path::Path;

/// A world of six and a target of four; what is between is written by each test.
fn spec(body: &str, learn: &str) -> String {
    format!(
        "data world {{ samples 40, batch 8, ordered  x[6] = normal(0, 1)  y[4] = normal(0, 1) }}\n\
         region X[6] = world.x\nregion Out[4] = drive\n{body}\ncost wrong in Out = mse(Out, world.y)\n{learn}\n"
    )
}

fn model(text: &str) -> Model {
    checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

/// The codes with which a text is refused.
fn refused(text: &str) -> Vec<Code> {
    checked(Path::new("."), text).err().unwrap_or_default().iter().map(|said| said.code).collect()
}

fn close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-13 * (1.0 + wanted.abs()), "{what}: {found} and {wanted}");
    }
}

const SGD: &str = "learn all by backprop from wrong using sgd(rate = 0.5)";
const RULES: &str = "rule grow { dw = 0.3 * post - 0.2 * pre + 0.1 }\nrule fade { dw = 0.1 * pre * post - 0.3 * w }";

/// Patterns with a weight for each synapse that there is: a model with one against the same with `dense`.
#[test]
fn what_is_not_there_is_a_weight_of_zero_to_the_bit() {
    let ways = [
        SGD.to_string(),
        "learn all by backprop from wrong using momentum(rate = 0.3)".to_string(),
        "learn all by backprop from wrong using adam(rate = 0.1)".to_string(),
        format!("{RULES}\nlearn X -> H by grow\nlearn H -> Out by backprop from wrong using sgd(rate = 0.1)"),
        format!(
            "{RULES}\nlearn X -> H by fade using adam(rate = 0.1)\nlearn H -> Out by backprop from wrong using sgd(rate = 0.1)"
        ),
        format!("{RULES}\nlearn X -> H by fade\nalso learn all by backprop from wrong using sgd(rate = 0.5)"),
    ];
    for pattern in
        ["sparse(0.4)", "sparse(30 %), init he", "local(1)", "local(1.5), excitatory", "sparse(0.7), no self"]
    {
        for way in &ways {
            let body =
                |pattern: &str| format!("region H[6] = tanh(drive)\nconnect X -> H : {pattern}\nconnect H -> Out");
            let mut with = Stepper::new(&spec(&body(pattern), way));
            let dense = if pattern.contains("excitatory") { "dense, excitatory" } else { "dense" };
            let mut without = Stepper::new(&spec(&body(dense), way));
            let there = with.slot("X -> H.synapses");
            assert!(
                there.iter().all(|there| *there == 0.0 || *there == 1.0)
                    && there.contains(&0.0)
                    && there.contains(&1.0)
            );
            for step in 0..10 {
                without.follow(&with);
                with.step();
                without.step();
                let (found, mut wanted) = (with.parameters(), without.parameters());
                for (weight, there) in wanted.get_mut("X -> H.weight").unwrap().iter_mut().zip(&there) {
                    *weight = if *there == 1.0 { *weight } else { 0.0 };
                }
                assert_eq!(found, wanted, "{pattern} after step {step} of {way}");
            }
        }
    }
}

#[test]
fn a_clip_counts_the_synapses_that_there_are() {
    let text = spec("connect X -> Out : sparse(0.5)", "learn all by backprop from wrong using sgd(rate = 1) clip 0.01");
    let mut found = Stepper::new(&text);
    let before = found.parameters();
    found.step();
    let after = found.parameters();
    let moved = before.iter().flat_map(|(name, before)| before.iter().zip(&after[name]).map(|(a, b)| (a - b).powi(2)));
    let moved = moved.sum::<f64>().sqrt();
    assert!((moved - 0.01).abs() < 1e-12, "{moved}");
}

#[test]
fn a_sparse_graph_is_drawn_once_and_its_units_start_by_their_afferents() {
    let text = "data world { samples 20, batch 5  x[80] = normal(0, 1) }\nregion X[80] = world.x\nregion Y[50] = drive\n\
        connect X -> Y : sparse(0.2)\nconnect X -> Y as other : sparse(0.2)\nmetric m = mean(Y)\nlearn X -> Y, X -> Y as other by hebb";
    let text = text.replace("region Y[50] = drive", "region Y[50] = drive + other");
    let found = Stepper::new(&text);
    let there = found.slot("X -> Y.synapses");
    let share = there.iter().sum::<f64>() / 4000.0;
    assert!((share - 0.2).abs() < 4.0 * (0.16f64 / 4000.0).sqrt(), "{share}");
    assert_ne!(there, found.slot("X -> Y as other.synapses"));
    let dense = Stepper::new(&text.replace("connect X -> Y : sparse(0.2)", "connect X -> Y")).slot("X -> Y.weight");
    for (unit, (weights, dense)) in found.slot("X -> Y.weight").chunks(80).zip(dense.chunks(80)).enumerate() {
        let row = &there[80 * unit..][..80];
        let scale = (80.0 / row.iter().sum::<f64>()).sqrt();
        let wanted: Vec<f64> = dense.iter().zip(row).map(|(dense, there)| dense * there * scale).collect();
        close(weights, &wanted, "weights of a unit");
    }
    let seeds: Vec<Vec<f64>> = [1, 2, 1]
        .into_iter()
        .map(|seed| trained(&text, &Way { seed, epochs: Some(2), ..EXACT }).slot("X -> Y.weight").to_vec())
        .collect();
    let holes = |weights: &[f64]| weights.iter().map(|weight| *weight == 0.0).collect::<Vec<bool>>();
    assert_eq!(seeds[0], seeds[2]);
    assert_ne!(holes(&seeds[0]), holes(&seeds[1]));
}

#[test]
fn a_local_projection_reaches_what_lies_near_its_place() {
    let text = |source: &str, target: &str, radius: &str| {
        format!(
            "data world {{ samples 20, batch 5  x{source} = normal(0, 1) }}\nregion X{source} = world.x\nregion Y{target} = drive\n\
             connect X -> Y : local({radius})\nmetric m = mean(Y)\nlearn X -> Y by hebb"
        )
    };
    let there = |source: &str, target: &str, radius: &str| {
        let all = Stepper::new(&text(source, target, radius)).slot("X -> Y.synapses");
        all.iter().map(|there| if *there == 1.0 { '1' } else { '0' }).collect::<String>()
    };
    assert_eq!(there("[4]", "[4]", "1"), "1100111001110011");
    assert_eq!(there("[4]", "[4]", "0.5"), "1000010000100001");
    // The middle of the first of two lies between the first two of four.
    assert_eq!(there("[4]", "[2]", "0.5"), "11000011");
    assert_eq!(there("[4]", "[2]", "1.5"), "11100111");
    assert_eq!(there("[2]", "[4]", "0.5"), "10100101");
    assert_eq!(there("[3]", "[1]", "1"), "111");
    // A cross in a sheet, and a square where the corners are in reach.
    assert_eq!(there("[3, 3]", "[3, 3]", "1").as_bytes()[4 * 9..][..9], *b"010111010");
    assert_eq!(there("[3, 3]", "[3, 3]", "1.5").as_bytes()[4 * 9..][..9], *b"111111111");
    assert_eq!(there("[3, 3]", "[3, 3]", "1").as_bytes()[..9], *b"110100000");
    assert_eq!(there("[4, 2]", "[2, 1]", "0.75"), "1111000000001111");
    // Every place by its distance, on grids that divide each other in no way.
    for (source, target, radius) in [([7, 5], [3, 4], 1.2), ([3, 4], [7, 5], 0.8), ([6, 1], [1, 6], 3.0)] {
        let found = there(&format!("{source:?}"), &format!("{target:?}"), &radius.to_string());
        let place = |unit: usize, axis: usize| {
            let at = if axis == 0 { unit / target[1] } else { unit % target[1] };
            (at as f64 + 0.5) * source[axis] as f64 / target[axis] as f64 - 0.5
        };
        for (cell, found) in found.chars().enumerate() {
            let (post, pre) = (cell / (source[0] * source[1]), cell % (source[0] * source[1]));
            let (y, x) = ((pre / source[1]) as f64 - place(post, 0), (pre % source[1]) as f64 - place(post, 1));
            let far = (y * y + x * x).sqrt();
            assert!((far - radius).abs() > 1e-9, "a border case says nothing");
            assert_eq!(found == '1', far < radius, "{source:?} {target:?} {cell}");
        }
    }
    let refused = |source: &str, target: &str, radius: &str| refused(&text(source, target, radius));
    assert_eq!(refused("[4]", "[2]", "0.49"), [Code::NO_AFFERENTS]);
    assert_eq!(refused("[4]", "[4]", "0"), []);
    assert_eq!(refused("[2, 2]", "[1, 1]", "0.7"), [Code::NO_AFFERENTS]);
    assert_eq!(refused("[2, 2]", "[1, 1]", "0.71"), []);
    assert_eq!(refused("[4]", "[4]", "-1"), [Code::NO_AFFERENTS]);
    assert_eq!(refused("[4]", "[2, 2]", "1"), [Code::SHAPE_MISMATCH]);
    assert_eq!(refused("[1, 2, 2]", "[1, 2, 2]", "1"), [Code::SHAPE_MISMATCH]);
}

/// A product of matrices, row-major.
fn product(a: &[f64], b: &[f64], [rows, between, columns]: [usize; 3]) -> Vec<f64> {
    let cell = |i: usize, j: usize| (0..between).map(|k| a[i * between + k] * b[k * columns + j]).sum();
    (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))).map(|(i, j)| cell(i, j)).collect()
}

fn turned(a: &[f64], [rows, columns]: [usize; 2]) -> Vec<f64> {
    (0..columns).flat_map(|j| (0..rows).map(move |i| a[i * columns + j])).collect()
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// What a step of plain descent at rate 1 takes away from a parameter: its gradient.
fn gradient(stepper: &Stepper, name: &str) -> Vec<f64> {
    let before = stepper.slot(name);
    let mut after = stepper.clone();
    after.step();
    before.iter().zip(after.slot(name)).map(|(before, after)| before - after).collect()
}

const PLAIN: &str = "learn all by backprop from wrong using sgd(rate = 1)";

#[test]
fn factors_of_low_rank_learn_by_the_chain_rule() {
    let body = |pattern: &str| format!("region H[5] = tanh(drive)\nconnect X -> H{pattern}\nconnect H -> Out");
    let low = Stepper::new(&spec(&body(" : lowrank(2)"), PLAIN));
    let (left, right) = (low.slot("X -> H.left"), low.slot("X -> H.right"));
    assert_eq!((left.len(), right.len()), (10, 12));
    let largest = |values: &[f64]| values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    assert!(largest(&left) <= 0.5f64.sqrt() && largest(&left) > 0.5 && largest(&right) <= 6f64.sqrt().recip());
    let mut dense = Stepper::new(&spec(&body(""), PLAIN));
    dense.follow(&low);
    dense.put("X -> H.weight", product(&left, &right, [5, 2, 6]));
    let whole = gradient(&dense, "X -> H.weight");
    close(&gradient(&low, "X -> H.left"), &product(&whole, &turned(&right, [2, 6]), [5, 6, 2]), "left");
    close(&gradient(&low, "X -> H.right"), &product(&turned(&left, [5, 2]), &whole, [2, 5, 6]), "right");
    for name in ["H.bias", "H -> Out.weight", "Out.bias"] {
        close(&gradient(&low, name), &gradient(&dense, name), name);
    }
}

/// A path `X -> A -> B -> C -> Out` with patterns for the two in its middle.
fn path(first: &str, second: &str, [a, b, c]: [&str; 3], learn: &str) -> Stepper {
    let body = format!(
        "region A{a} = tanh(drive)\nregion B{b} = tanh(drive)\nregion C{c} = tanh(drive)\n\
         connect X -> A : dense\nconnect A -> B : {first}\nconnect B -> C : {second}\nconnect C -> Out"
    );
    Stepper::new(&spec(&body, learn))
}

/// Two paths with tied weights, and the same with two weights.
fn tied(pattern: &str, [a, b]: [&str; 2], tie: &str, learn: &str) -> (Stepper, Stepper) {
    let shapes = [a, b, if tie == "shared" { b } else { a }];
    let one = path(pattern, &format!("{tie}(A -> B)"), shapes, learn);
    let mut two = path(pattern, pattern, shapes, learn);
    two.follow(&one);
    (one, two)
}

#[test]
fn tied_weights_get_the_sum_of_both_gradients() {
    for (pattern, shape) in [("dense", "[5]"), ("one_to_one", "[5]"), ("conv(size = 3, padding = 1)", "[1, 3, 4]")] {
        let (one, mut two) = tied(pattern, [shape, shape], "shared", PLAIN);
        assert!(!one.parameters().contains_key("B -> C.weight"));
        two.put("B -> C.weight", one.slot("A -> B.weight"));
        let wanted = sum(&gradient(&two, "A -> B.weight"), &gradient(&two, "B -> C.weight"));
        close(&gradient(&one, "A -> B.weight"), &wanted, pattern);
        for name in ["X -> A.weight", "A.bias", "B.bias", "C.bias"] {
            close(&gradient(&one, name), &gradient(&two, name), name);
        }
    }
    for [from, to] in [["[5]", "[3]"], ["[2, 2]", "[5]"]] {
        let (one, mut two) = tied("dense", [from, to], "transpose", PLAIN);
        let (post, pre) = (two.slot("B.bias").len(), two.slot("A.bias").len());
        two.put("B -> C.weight", turned(&one.slot("A -> B.weight"), [post, pre]));
        let second = turned(&gradient(&two, "B -> C.weight"), [pre, post]);
        close(&gradient(&one, "A -> B.weight"), &sum(&gradient(&two, "A -> B.weight"), &second), "transposed");
        close(&gradient(&one, "X -> A.weight"), &gradient(&two, "X -> A.weight"), "what comes before");
    }
}

#[test]
fn whichever_path_is_taught_the_weights_change_once() {
    let change = |learn: &str| {
        let others = "learn X -> A, C -> Out by backprop from wrong using sgd(rate = 1)";
        let mut one = path("dense", "shared(A -> B)", ["[5]"; 3], &format!("{RULES}\n{learn}\n{others}"));
        let before = one.slot("A -> B.weight");
        one.step();
        sum(&one.slot("A -> B.weight"), &before.iter().map(|w| -w).collect::<Vec<f64>>())
    };
    let by = |paths: &str| change(&format!("learn {paths} by backprop from wrong using sgd(rate = 1)"));
    let first = by("A -> B");
    assert!(first.iter().any(|change| change.abs() > 1e-3));
    assert_eq!(first, by("B -> C"));
    assert_eq!(first, by("A -> B -> C"));
    assert_eq!(first, by("B -> C, A -> B"));
    // A rule is about the activity of the paths that it is given.
    let ruled = |paths: &str| change(&format!("learn {paths} by fade"));
    close(&ruled("A -> B -> C"), &sum(&ruled("A -> B"), &ruled("B -> C")), "both");
    // Transposed, the change of the second is turned.
    let turning = |learn: &str, tie: bool| {
        let (one, mut two) = tied(
            "dense",
            ["[4]", "[3]"],
            "transpose",
            &format!("{RULES}\nlearn X -> A, C -> Out by backprop from wrong using sgd(rate = 1)\n{learn}"),
        );
        two.put("B -> C.weight", turned(&one.slot("A -> B.weight"), [3, 4]));
        if tie {
            gradient(&one, "A -> B.weight")
        } else {
            sum(&gradient(&two, "A -> B.weight"), &turned(&gradient(&two, "B -> C.weight"), [4, 3]))
        }
    };
    let learn = "learn A -> B -> C by fade";
    close(&turning(learn, true), &turning(learn, false), "transposed by a rule");
}

#[test]
fn gradients_are_those_of_the_cost() {
    let bodies = [
        "region H[5] = tanh(drive)\nregion G[3, 4] = tanh(drive)\nconnect X -> H : sparse(0.6)\nconnect H -> G : lowrank(2)\nconnect G -> Out",
        "region H[6] = tanh(drive)\nregion G[6] = tanh(drive)\nregion F[6] = tanh(drive)\nconnect X -> H : lowrank(3)\nconnect H -> G : transpose(X -> H)\n\
         connect G -> F : shared(X -> H)\nconnect F -> Out : local(2)",
        "region H[3] = tanh(drive)\nregion G[6] = tanh(drive)\nregion F[6] = tanh(drive)\nconnect X -> H : local(1)\nconnect H -> G : transpose(X -> H)\n\
         connect G -> F : dense\nconnect F -> Out : dense",
        "region A[1, 3, 4] = tanh(drive)\nregion B[1, 3, 4] = tanh(drive)\nregion C[1, 3, 4] = tanh(drive)\nregion H[6] = tanh(drive) + late\n\
         connect X -> A : dense\nconnect A -> B : conv(size = 3, padding = 1)\nconnect B -> C : shared(A -> B)\nconnect C -> H\n\
         connect X -> H as late : one_to_one\nconnect H -> Out",
    ];
    for body in bodies {
        let costs = "cost small in Out = 0.3 * l2(X -> H) + 0.1 * mean((X -> H) * (X -> H) * (X -> H))";
        let (costs, from) = if body.contains("as late") { ("", "wrong") } else { (costs, "wrong, small") };
        let text =
            spec(&format!("{body}\n{costs}"), &format!("learn all by backprop from {from} using sgd(rate = 0.1)"));
        descends(&model(&text), body);
    }
}

/// What an expression reads of weights is the matrix by which activity is multiplied, whatever the pattern.
#[test]
fn a_path_in_an_expression_is_its_matrix() {
    let wires = [
        "connect X -> H : sparse(0.5)",
        "connect X -> H : local(1)",
        "connect X -> H : lowrank(2)",
        "connect X -> G : dense\nconnect X -> H : shared(X -> G)",
        "connect X -> G : lowrank(3)\nconnect X -> H : shared(X -> G)",
        "connect X -> G : dense\nconnect G -> F : one_to_one\nconnect X -> H : transpose(G -> E)\nconnect G -> E : sparse(0.5)",
        "connect X -> G : dense\nconnect G -> F : one_to_one\nconnect X -> H : transpose(G -> E)\nconnect G -> E : lowrank(2)",
    ];
    for wire in wires {
        let others = if wire.contains("X -> G") { "region G[5] = tanh(drive)\nmetric g = mean(G)\n" } else { "" };
        let more = if wire.contains("G -> E") {
            "region E[6] = drive\nregion F[5] = drive\nmetric e = mean(E) + mean(F)\n"
        } else {
            ""
        };
        let body = format!(
            "{others}{more}region H[5] = drive, no bias\n{wire}\nconnect H -> Out\n\
             metric apart = sum(abs((X -> H) @ X - H))\nmetric size = l2(X -> H)"
        );
        let taught = "learn H -> Out by backprop from wrong using sgd(rate = 0.5)\nlearn X -> H by backprop from wrong using sgd(rate = 0.5)";
        let others = if wire.contains("G -> F") { "\nlearn X -> G, G -> F by nothing" } else { "" };
        let run = trained(&spec(&body, &format!("{taught}{others}")), &Way { epochs: Some(2), ..EXACT });
        let apart = run.value("apart", "train");
        assert!(apart < 1e-13, "{wire}: {apart}");
        assert!(run.value("size", "train") > 0.1);
    }
}

/// Credit does not cross a projection of low rank that says so, and comes to both of its factors.
#[test]
fn what_carries_no_credit_still_learns() {
    let body = |credit: &str| {
        format!(
            "region H[5] = tanh(drive)\nregion G[5] = tanh(drive)\nconnect X -> H : dense\nconnect H -> G : lowrank(2){credit}\nconnect G -> Out\nconnect H -> Out"
        )
    };
    let (open, shut) = (Stepper::new(&spec(&body(""), PLAIN)), Stepper::new(&spec(&body(", no credit"), PLAIN)));
    for name in ["H -> G.left", "H -> G.right"] {
        assert_eq!(gradient(&open, name), gradient(&shut, name), "{name}");
        assert!(gradient(&open, name).iter().any(|part| *part != 0.0));
    }
    assert_ne!(gradient(&open, "X -> H.weight"), gradient(&shut, "X -> H.weight"));
    let without = Stepper::new(&spec(
        &body(", no credit").replace("connect H -> Out", ""),
        "learn H -> G -> Out by backprop from wrong using sgd(rate = 1)\nlearn X -> H by nothing",
    ));
    assert!(gradient(&without, "X -> H.weight").iter().all(|part| *part == 0.0));
}

/// Every pattern at once, in time and without: the loop interpreter and machine code agree to the bit, and the tensor
/// interpreter but for the order of sums.
#[test]
fn three_executions_find_the_same() {
    let still = spec(
        "region S[3, 4] = tanh(drive)\nregion L[3, 4] = tanh(drive)\nregion R[6] = tanh(drive)\nregion T[3, 4] = tanh(drive)\nregion U[3, 4] = tanh(drive)\n\
         connect X -> S : sparse(0.5), normalised\nconnect S -> L : local(1), no self\nconnect L -> R : lowrank(3)\nconnect R -> T : transpose(L -> R)\n\
         connect T -> U : shared(S -> L)\nconnect U -> Out : excitatory, bounded 0..0.5\nconnect R -> Out",
        "learn all by backprop from wrong using adam(rate = 0.02) clip 1.0",
    );
    let timed = "data world { samples 40, batch 8, ordered  x[t, 6] = normal(0, 1)  y[4] = normal(0, 1) }\ntime 4 steps\nregion X[6] = world.x[t]\nregion Out[4] = drive\n\
        region H[6] = tanh(drive)\nregion G[6] = tanh(drive)\nconnect X -> H : sparse(0.6)\nconnect H -> H : lowrank(2), delay 1 step\nconnect H -> G : shared(X -> H)\n\
        connect G -> H : transpose(X -> H), delay 2 steps\nconnect G -> G : local(1), no self, delay 1 step\nconnect G -> Out\n\
        metric m = mean(G) + l2(H -> H)\ncost wrong in Out = mse(Out, world.y) + 0.01 * l2(H -> H) at end\nlearn X -> H -> H, H -> G -> G -> Out by backprop from wrong using adam(rate = 0.02)";
    for text in [&still[..], timed] {
        for precision in [Precision::F32, Precision::F64] {
            let way = Way { epochs: Some(3), precision, seed: 5, ..EXACT };
            let compiled = trained(text, &way);
            let interpreted = trained(text, &Way { backend: Backend::Interpreter, ..way });
            assert_eq!(compiled.outcome.weights_digest, interpreted.outcome.weights_digest, "{precision:?}\n{text}");
        }
        let compiled = trained(text, &Way { epochs: Some(3), seed: 5, ..EXACT });
        let mut stepper = Stepper::new(text);
        stepper.put("order", (0..40).map(f64::from).collect());
        for _ in 0..15 {
            stepper.step();
        }
        for (name, values) in stepper.parameters() {
            for (found, wanted) in compiled.slot(&name).iter().zip(&values) {
                assert!((found - wanted).abs() <= 1e-9 * (1.0 + wanted.abs()), "{name}: {found} and {wanted}\n{text}");
            }
        }
    }
}

#[test]
fn a_tied_weight_is_frozen_and_taught_as_one() {
    let body = "region H[6] = tanh(drive)\nregion G[6] = tanh(drive)\nconnect X -> H\nconnect H -> G : shared(X -> H)\nconnect G -> Out";
    let phases = |first: &str, second: &str| {
        spec(
            body,
            &format!(
                "development {{ phase one for 2 epochs {{ learn all by backprop from wrong using sgd(rate = 0.1) }}\n phase two for 2 epochs {{ {first}  {second} }} }}"
            ),
        )
    };
    let out = "learn G -> Out by backprop from wrong using sgd(rate = 0.1)";
    let half = trained(
        &phases("learn X -> H by nothing", out).replace("phase two for 2 epochs", "phase two for 1 steps"),
        &EXACT,
    );
    let run = trained(&phases("freeze H -> G", out), &EXACT);
    assert_eq!(half.slot("X -> H.weight"), run.slot("X -> H.weight"));
    assert!(!run.slots.contains_key("H -> G.weight"));
    let twice = "learn X -> H by backprop from wrong using sgd(rate = 0.1)  learn H -> G by backprop from wrong using sgd(rate = 0.1)";
    assert_eq!(refused(&phases(twice, out)), [Code::TAUGHT_TWICE]);
    assert_eq!(
        refused(&phases("freeze H -> G", "learn X -> H -> G by backprop from wrong using sgd(rate = 0.1)")),
        [Code::FROZEN_AND_TAUGHT]
    );
    assert_eq!(refused(&spec(body, "learn H -> G -> Out by backprop from wrong using sgd(rate = 0.1)")), []);
}

#[test]
fn patterns_out_of_form_are_told() {
    let body = |pattern: &str| {
        format!(
            "region H[6] = tanh(drive)\nregion P[2, 3] = drive\nregion Q[1, 1, 1] = drive\nconnect X -> P\nconnect P -> Q : pool(max, 2)\nconnect X -> H : {pattern}\nconnect H -> Out, Q -> Out"
        )
    };
    let cases = [
        ("sparse", Code::WRONG_ARGUMENTS),
        ("sparse(0)", Code::WRONG_ARGUMENTS),
        ("sparse(1.5)", Code::WRONG_ARGUMENTS),
        ("sparse(0.1, 0.2)", Code::WRONG_ARGUMENTS),
        ("sparse(10 ms)", Code::UNIT_MISMATCH),
        ("sparse(0.5), init orthogonal", Code::START_OUTSIDE),
        ("local", Code::WRONG_ARGUMENTS),
        ("lowrank(0)", Code::NOT_WHOLE),
        ("lowrank(2.5)", Code::NOT_WHOLE),
        ("lowrank(4_000_000_000)", Code::TOO_LARGE),
        ("lowrank(2), excitatory", Code::FACTORED),
        ("lowrank(2), no self", Code::FACTORED),
        ("lowrank(2), init 0.1", Code::START_OUTSIDE),
        ("shared", Code::WRONG_ARGUMENTS),
        ("shared(H)", Code::WRONG_ARGUMENTS),
        ("shared(X -> H)", Code::TIED_IN_A_CIRCLE),
        ("shared(X -> P -> Q)", Code::NO_SUCH_PATH),
        ("shared(P -> Q)", Code::WRONG_KIND),
        ("shared(X -> Out)", Code::NO_SUCH_PATH),
        ("shared(H -> Out)", Code::SHAPE_MISMATCH),
        ("transpose(H -> Out)", Code::SHAPE_MISMATCH),
        ("shared(X -> P), init he", Code::TIED_WEIGHTS),
        ("shared(X -> P), fixed", Code::TIED_WEIGHTS),
        ("transpose(X -> P), normalised", Code::TIED_WEIGHTS),
        ("sparze(0.1)", Code::UNKNOWN_NAME),
        ("fast(decay = 0.9)", Code::NOT_SUPPORTED),
    ];
    for (pattern, code) in cases {
        assert_eq!(refused(&spec(&body(pattern), SGD)), [code], "{pattern}");
    }
    for fine in [
        "shared(X -> P)",
        "transpose(X -> P), no credit",
        "sparse(100 %)",
        "lowrank(6), init orthogonal",
        "lowrank(1), fixed",
    ] {
        let text = spec(
            &body(fine),
            if fine.contains("fixed") {
                "learn X -> P -> Q -> Out, H -> Out by backprop from wrong using sgd(rate = 0.1)"
            } else {
                SGD
            },
        );
        assert_eq!(refused(&text), [], "{fine}");
    }
    let circle = spec(
        "region H[6] = drive\nregion G[6] = drive\nconnect X -> H : shared(H -> G)\nconnect H -> G : transpose(X -> H)\nconnect G -> Out",
        SGD,
    );
    assert_eq!(refused(&circle), [Code::TIED_IN_A_CIRCLE]);
    let ruled = spec(
        &format!("{RULES}\n{}", body("lowrank(2)")),
        "learn X -> H by fade\nlearn X -> P -> Q -> Out, H -> Out by backprop from wrong using sgd(rate = 0.1)",
    );
    assert_eq!(refused(&ruled), [Code::FACTORED]);
}

/// What may stand behind the `:` of a projection between two sheets of six.
const CLAUSES: &[&str] = &[
    "dense",
    "sparse(0.5)",
    "local(1)",
    "lowrank(2)",
    "one_to_one",
    "conv(size = 3, padding = 1)",
    "pool(max, 1)",
    "fixed(0.2)",
    "shared(A -> B)",
    "transpose(A -> B)",
    "shared(B -> C)",
    "transpose(C -> D)",
    "init he",
    "init glorot",
    "init 0.1",
    "init uniform(-0.1, 0.2)",
    "init orthogonal",
    "excitatory",
    "inhibitory",
    "bounded -0.3..0.3",
    "bounded 0..0.5",
    "normalised",
    "normalised(sum)",
    "no self",
    "no credit",
    "fixed",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put together is refused, or takes a step in which all holds.
    #[test]
    fn any_clauses_go_together_or_are_told(
        wires in prop::collection::vec(prop::collection::vec(0..CLAUSES.len(), 0..4), 3),
        by_rule in any::<bool>(),
    ) {
        let clauses = |wire: &[usize]| match wire {
            [] => String::new(),
            wire => format!(" : {}", wire.iter().map(|clause| CLAUSES[*clause]).collect::<Vec<_>>().join(", ")),
        };
        let by = if by_rule { "by fade using adam(rate = 0.1)" } else { "by backprop from wrong using sgd(rate = 0.5)" };
        let text = spec(
            &format!(
                "{RULES}\nregion A[1, 2, 3] = tanh(drive)\nregion B[1, 2, 3] = tanh(drive)\nregion C[1, 2, 3] = tanh(drive)\nregion D[1, 2, 3] = tanh(drive)\n\
                 connect X -> A\nconnect A -> B{}\nconnect B -> C{}\nconnect C -> D{}\nconnect A -> Out, D -> Out",
                clauses(&wires[0]), clauses(&wires[1]), clauses(&wires[2])
            )
            .replace("[1, 2, 3]", if wires.iter().flatten().any(|clause| CLAUSES[*clause].starts_with("local")) { "[2, 3]" } else { "[1, 2, 3]" }),
            &format!("learn X -> A, A -> Out, D -> Out by backprop from wrong using sgd(rate = 0.1)\nlearn A -> B -> C -> D {by}"),
        );
        if let Ok(model) = checked(Path::new("."), &text) {
            let mut stepper = Stepper::new(&text);
            for _ in 0..3 {
                stepper.step();
            }
            let parameters = stepper.parameters();
            for projection in model.projections.iter().filter(|projection| projection.tied.is_none()) {
                let (low, high) = projection.constraints.limits();
                for weight in parameters.get(&format!("{}.weight", projection.name)).into_iter().flatten() {
                    let gap = *weight == 0.0;
                    prop_assert!(gap || (low - 1e-12..=high + 1e-12).contains(weight), "{weight} in {text}");
                }
            }
        }
    }
}
