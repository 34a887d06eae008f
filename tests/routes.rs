//! Credit rules that change what credit crosses, on architectures of all kinds: equation by equation, against other rules and by hand.

#![allow(clippy::disallowed_methods, reason = "an independent reference")]

use super::feedback::{At, DATA, DEEP, FORKED, OVER_TIME, at, spec};
use super::model::codes;
use neurula::tensor::eval::Array;

/// Architectures before `Out`: with the projections whose weights credit crosses.
const BODIES: &[(&str, &[&str])] = &[
    (DEEP, &["A -> B", "B -> Out"]),
    (FORKED, &["A -> B", "A -> C", "A -> Out", "B -> C as gate", "B -> Out", "C -> Out"]),
    (
        "region Eye[4, 4] = task.image\nregion Maps[2, 4, 4] = tanh(drive)\nregion Small[2, 2, 2] = drive\n\
         region More[3, 2, 2] = tanh(drive)\nconnect Eye -> Maps : conv(2, 3, 1, 1)\nconnect Maps -> Small : pool(mean, 2)\n\
         connect Small -> More : conv(3, 3, 1, 1)\nconnect More -> Out\nconnect In -> Out",
        &["Small -> More", "More -> Out"],
    ),
    (
        "region A[4] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : sparse(0.5)\nconnect B -> Out",
        &["A -> B", "B -> Out"],
    ),
    (
        "region A[4] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : one_to_one\nconnect B -> Out",
        &["A -> B", "B -> Out"],
    ),
    (
        "region A[5] = tanh(drive)\nregion B[5] = tanh(drive)\nregion C[5] = tanh(drive)\nconnect In -> A -> B\n\
         connect B -> C : transpose(A -> B)\nconnect C -> Out",
        &["A -> B", "B -> C", "C -> Out"],
    ),
];

/// Architectures that not every rule takes.
const FACTORED: &str = "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : lowrank(2)\nconnect B -> Out";
const SETTLING: &str = "region A[4] = tanh(drive + 0.5 * back), settle 6 steps\nregion B[3] = tanh(drive), settle 6 steps\n\
                        connect In -> A -> B -> Out\nconnect B -> A as back";

/// What a step makes of a slot.
fn new(at: &At, slot: &str) -> Vec<f64> {
    at.value(&format!("{slot}.new"))
}

fn close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{what}: {found} {wanted}");
    }
}

#[test]
fn by_kolen_and_pollack_both_paths_change_as_feedback_alignment_changes_the_one_and_decay_alike() {
    let mut texts: Vec<String> = BODIES.iter().map(|(body, _)| spec(body, "RULE")).collect();
    texts.extend([spec(FACTORED, "RULE"), spec(SETTLING, "RULE"), OVER_TIME.to_string()]);
    for text in texts {
        let taught = at(&text.replace("RULE", "kolen_pollack(decay = 0.3)"));
        let random = at(&text.replace("RULE", "feedback_alignment"));
        let found = taught.feedback();
        assert_eq!(found, random.feedback());
        for feedback in &found {
            let weight = taught.stands_for(feedback);
            let (weights, over) = (taught.slot(&weight), taught.slot(feedback));
            let decayed = |of: &[f64]| -> Vec<f64> {
                let moved = new(&random, &weight).into_iter().zip(&weights).map(|(new, old)| new - old);
                moved.zip(of).map(|(moved, of)| of + moved - 0.03 * of).collect()
            };
            close(&new(&taught, &weight), &decayed(&weights), &format!("{weight}\n{text}"));
            close(&new(&taught, feedback), &decayed(&over), &format!("{feedback}\n{text}"));
            assert!(weights.iter().zip(new(&random, &weight)).any(|(old, new)| (old - new).abs() > 1e-6));
        }
        for (name, value) in random.news() {
            let crossed = found.iter().any(|feedback| format!("{}.new", taught.stands_for(feedback)) == name);
            assert!(crossed || taught.value(&name) == value, "{name}\n{text}");
        }
    }
}

#[test]
fn what_changes_forward_and_feedback_weights_alike_teaches_all_that_it_crosses() {
    let two = |first: &str, second: &str| {
        let learn = |paths: &str, rule: &str| format!("learn {paths} by {rule} from wrong using sgd(rate = 0.1)\n");
        let body = spec(DEEP, "RULE").lines().filter(|line| !line.starts_with("learn")).collect::<Vec<_>>().join("\n");
        codes(&format!("{body}\n{}{}", learn("In -> A", first), learn("A -> B -> Out", second)))
    };
    assert_eq!(two("kolen_pollack", "backprop"), ["E0512"]);
    assert_eq!(two("backprop", "kolen_pollack"), [""; 0]);
    assert_eq!(two("feedback_alignment", "kolen_pollack"), ["E0513"]);
    assert_eq!(two("direct_feedback_alignment", "kolen_pollack"), ["E0513"]);
    assert_eq!(two("direct_feedback_alignment", "feedback_alignment"), [""; 0]);
}

/// The step of feedback alignment when its feedback weights are others.
fn over(text: &str, feedback: impl Fn(&str) -> Vec<f64>) -> Vec<(String, Vec<f64>)> {
    let mut random = at(&text.replace("RULE", "feedback_alignment"));
    for name in random.feedback() {
        let place = random.place(&name);
        random.slots[place] = Array::from_numbers(&random.program.slots[place].ty, feedback(&name));
    }
    random.news()
}

/// What a step makes of everything but feedback weights.
fn forward(at: &At) -> Vec<(String, Vec<f64>)> {
    at.news().into_iter().filter(|(name, _)| !name.ends_with("feedback.new")).collect()
}

fn texts() -> Vec<String> {
    BODIES.iter().map(|(body, _)| spec(body, "RULE")).chain([spec(FACTORED, "RULE")]).collect()
}

#[test]
fn by_sign_symmetry_credit_crosses_the_signs_that_the_weights_have_now() {
    let moving = [spec(SETTLING, "RULE"), OVER_TIME.to_string()];
    for text in texts().into_iter().chain(moving) {
        for (rule, given) in [("sign_symmetry", None), ("sign_symmetry(0.7)", Some(0.7))] {
            let mut taught = at(&text.replace("RULE", rule));
            // What the slots held before does not matter: weights may have changed in another phase.
            for name in taught.feedback() {
                let (place, count) = (taught.place(&name), taught.slot(&name).len());
                taught.slots[place] = Array::from_numbers(&taught.program.slots[place].ty, vec![9.0; count]);
            }
            let drawn = at(&text.replace("RULE", "feedback_alignment"));
            let signed = |name: &str, weights: &[f64]| -> Vec<f64> {
                let magnitude = drawn.slot(name).into_iter().map(|drawn| given.unwrap_or(drawn.abs()));
                magnitude.zip(weights).map(|(m, w)| if *w == 0.0 { 0.0 } else { m * w.signum() }).collect()
            };
            let wanted = over(&text, |name| signed(name, &taught.slot(&taught.stands_for(name))));
            assert_eq!(forward(&taught), wanted, "{text}");
            for name in taught.feedback() {
                assert_eq!(
                    new(&taught, &name),
                    signed(&name, &new(&taught, &taught.stands_for(&name))),
                    "{name}\n{text}"
                );
            }
        }
    }
}

#[test]
fn a_mirror_is_crossed_as_it_is_and_moves_by_what_weights_make_of_noise() {
    for text in texts() {
        let taught = at(&text.replace("RULE", "weight_mirror(sigma = 0.5, rate = 0.2, decay = 0.3)"));
        assert_eq!(forward(&taught), over(&text, |name| taught.slot(name)), "{text}");
        for name in taught.feedback() {
            assert_ne!(new(&taught, &name), taught.slot(&name), "{name}");
        }
    }
    let taught = at(&spec(DEEP, "weight_mirror(sigma = 0.5, rate = 0.2, decay = 0.3)"));
    for (name, post, pre) in [("A -> B", 4, 5), ("B -> Out", 2, 4)] {
        let noise = taught.value(&format!("{name}.feedback.noise"));
        let (weight, before) = (taught.slot(&format!("{name}.weight")), taught.slot(&format!("{name}.feedback")));
        assert_eq!(noise.len(), 4 * pre);
        let mut wanted: Vec<f64> = before.iter().map(|old| 0.7 * old).collect();
        for noise in noise.chunks(pre) {
            for o in 0..post {
                let drive: f64 = (0..pre).map(|i| weight[o * pre + i] * noise[i]).sum();
                (0..pre).for_each(|i| wanted[o * pre + i] += 0.2 * drive * noise[i] / 4.0);
            }
        }
        close(&new(&taught, &format!("{name}.feedback")), &wanted, name);
    }
    // Between images: windows of 3 by 3, a border of 1 around 2 by 2 places, and the mean over the four places of a sample.
    let images = at(&spec(BODIES[2].0, "weight_mirror(sigma = 0.5, rate = 0.2, decay = 0.3)"));
    let (weight, noise) = (images.slot("Small -> More.weight"), images.value("Small -> More.feedback.noise"));
    let tap = |n: usize, c: usize, row: usize, column: usize| match (1..3).contains(&row) && (1..3).contains(&column) {
        true => noise[((n * 2 + c) * 2 + row - 1) * 2 + column - 1],
        false => 0.0,
    };
    let mut wanted: Vec<f64> = images.slot("Small -> More.feedback").iter().map(|old| 0.7 * old).collect();
    for (n, o, p) in (0..48).map(|place| (place / 12, place / 4 % 3, place % 4)) {
        let seen: Vec<f64> = (0..18).map(|k| tap(n, k / 9, p / 2 + k % 9 / 3, p % 2 + k % 3)).collect();
        let drive: f64 = seen.iter().zip(&weight[o * 18..]).map(|(seen, weight)| seen * weight).sum();
        (0..18).for_each(|k| wanted[o * 18 + k] += 0.2 * drive * seen[k] / 16.0);
    }
    close(&new(&images, "Small -> More.feedback"), &wanted, "images");
    let sparse = at(&spec(BODIES[3].0, "weight_mirror"));
    let (there, mirror) = (sparse.slot("A -> B.weight"), new(&sparse, "A -> B.feedback"));
    assert!(there.iter().zip(mirror).all(|(weight, mirror)| (*weight == 0.0) == (mirror == 0.0)));
}

#[test]
fn a_statement_that_rests_leaves_its_mirror_alone() {
    let mut taught = at(&spec(DEEP, "weight_mirror").replace("using", "every 2 steps using"));
    let place = taught.place("clock.steps");
    let mut rests = Vec::new();
    for steps in [0.0, 1.0] {
        taught.slots[place] = Array::from_numbers(&taught.program.slots[place].ty, vec![steps]);
        let still = |slot: &str| new(&taught, slot) == taught.slot(slot);
        assert_eq!(still("A -> B.feedback"), still("A -> B.weight"));
        rests.push(still("A -> B.weight"));
    }
    rests.sort();
    assert_eq!(rests, [false, true]);
}

#[test]
fn mirrors_want_one_activity_and_weights_between_regions() {
    assert_eq!(codes(&OVER_TIME.replace("RULE", "weight_mirror")), ["E0512"]);
    assert_eq!(codes(&spec(SETTLING, "weight_mirror")), ["E0512"]);
    let inside = "region A[5] = tanh(drive)\nregion M : mlp(5)\nconnect In -> A -> M -> Out";
    let mlp = "structure mlp(n) {\n  input x\n  weight W[n, x]\n  output tanh(W @ x)\n}\n";
    assert_eq!(codes(&format!("{mlp}{}", spec(inside, "weight_mirror"))), ["E0512"]);
}

/// What the error brings down by hand, in the chain of `DEEP` over inverses: to `B`, and to `A`, as the gradient of the batch's mean
/// takes it. `rest` is where inverses begin: from the activity itself, or from what they make of that above.
fn targets_by_hand(at: &At, step: f64, difference: bool) -> [Vec<f64>; 2] {
    let tanh = |x: f64| x.tanh();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let inverted = |above: &[f64], wire: &str, post: usize, slope: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let (inverse, bias) = (at.slot(&format!("{wire}.inverse")), at.slot(&format!("{wire}.inverse_bias")));
        let pre = bias.len();
        let cell = |b: usize, i: usize| (0..post).map(|o| inverse[o * pre + i] * above[b * post + o]).sum::<f64>();
        (0..4 * pre).map(|place| slope(cell(place / pre, place % pre) + bias[place % pre])).collect()
    };
    let less = |a: &[f64], b: &[f64], by: f64| a.iter().zip(b).map(|(a, b)| a - by * b).collect::<Vec<f64>>();
    let (a, b, out, y) = (at.value("A"), at.value("B"), at.value("Out"), at.value("task.y"));
    let error: Vec<f64> = out.iter().zip(&y).map(|(out, y)| 2.0 * (out - y)).collect();
    let from = |here: &[f64], wire: &str, post: usize, above: &[f64], slope: &dyn Fn(f64) -> f64| match difference {
        true => inverted(above, wire, post, slope),
        false => here.to_vec(),
    };
    let goal = inverted(&less(&out, &error, step), "B -> Out", 2, &sigmoid);
    let off_b = less(&from(&b, "B -> Out", 2, &out, &sigmoid), &goal, 1.0);
    let goal = inverted(&less(&b, &off_b, 1.0), "A -> B", 4, &tanh);
    let off_a = less(&from(&a, "A -> B", 4, &b, &tanh), &goal, 1.0);
    [off_b, off_a].map(|off| off.iter().map(|off| off / (4.0 * step)).collect())
}

#[test]
fn targets_by_hand_in_a_chain() {
    for (rule, difference) in [("target_propagation", false), ("difference_target_propagation", true)] {
        for step in [1.0, 0.25] {
            let mut at = at(&spec(DEEP, &format!("{rule}(step = {step}, rate = 0.3, sigma = 0.2)")));
            for name in ["A -> B.inverse_bias", "B -> Out.inverse_bias"] {
                let place = at.place(name);
                let values: Vec<f64> = (0..at.slot(name).len()).map(|i| 0.1 * i as f64 - 0.2).collect();
                at.slots[place] = Array::from_numbers(&at.program.slots[place].ty, values);
            }
            let [to_b, to_a] = targets_by_hand(&at, step, difference);
            let (a, b, x) = (at.value("A"), at.value("B"), at.value("In"));
            let to_b: Vec<f64> = to_b.iter().zip(&b).map(|(to, b)| to * b * (1.0 - b)).collect();
            let to_a: Vec<f64> = to_a.iter().zip(&a).map(|(to, a)| to * (1.0 - a * a)).collect();
            let product = |to: &[f64], post: usize, before: &[f64]| -> Vec<f64> {
                let pre = before.len() / 4;
                let cell = |o: usize, i: usize| (0..4).map(|n| to[n * post + o] * before[n * pre + i]).sum::<f64>();
                (0..post * pre).map(|place| cell(place / pre, place % pre)).collect()
            };
            let close = |name: &str, wanted: Vec<f64>| {
                let found = at.value(name);
                assert!(wanted.iter().any(|wanted| wanted.abs() > 1e-3), "{name}");
                let pairs = found.iter().zip(&wanted);
                assert!(
                    pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12),
                    "{rule} {step} {name}: {found:?} {wanted:?}"
                );
            };
            close("A -> B.weight.gradient", product(&to_b, 4, &a));
            close("In -> A.weight.gradient", product(&to_a, 5, &x));
            close("A.bias.gradient", product(&to_a, 5, &[1.0; 4]));
            assert_eq!(
                at.value("B -> Out.weight.gradient"),
                super::feedback::at(&spec(DEEP, "backprop")).value("B -> Out.weight.gradient")
            );
        }
    }
}

#[test]
fn inverses_learn_to_bring_noise_back_by_hand() {
    let at = at(&spec(DEEP, "target_propagation(step = 1, rate = 0.3, sigma = 0.2)"));
    let (weight, bias) = (at.slot("A -> B.weight"), at.slot("B.bias"));
    let (inverse, noise, a) = (at.slot("A -> B.inverse"), at.value("A -> B.inverse.noise"), at.value("A"));
    let (mut wanted, mut shifted) = (inverse.clone(), vec![0.0; 5]);
    for n in 0..4 {
        let moved: Vec<f64> = (0..5).map(|i| a[n * 5 + i] + noise[n * 5 + i]).collect();
        let above: Vec<f64> = (0..4)
            .map(|o| bias[o] + (0..5).map(|i| weight[o * 5 + i] * moved[i]).sum::<f64>())
            .map(|drive| 1.0 / (1.0 + (-drive).exp()))
            .collect();
        for i in 0..5 {
            let back = (0..4).map(|o| inverse[o * 5 + i] * above[o]).sum::<f64>().tanh();
            let error = (back - moved[i]) * (1.0 - back * back) / 4.0;
            shifted[i] -= 0.3 * error;
            (0..4).for_each(|o| wanted[o * 5 + i] -= 0.3 * error * above[o]);
        }
    }
    close(&new(&at, "A -> B.inverse"), &wanted, "inverse");
    close(&new(&at, "A -> B.inverse_bias"), &shifted, "bias");
}

/// The projections whose weights are crossed have inverses; nothing else has.
fn inverses(at: &At) -> Vec<String> {
    let all = at.program.slots.iter().filter_map(|slot| slot.name.strip_suffix(".inverse"));
    let mut found: Vec<String> = all.filter(|name| !name.starts_with("chance:")).map(str::to_string).collect();
    found.sort();
    found
}

#[test]
fn every_projection_that_is_crossed_has_an_inverse_and_without_an_error_nothing_moves() {
    for (body, crossed) in BODIES {
        let silent = |rule: &str| at(&spec(body, rule).replace("from wrong", "from 0 * wrong"));
        let difference = silent("difference_target_propagation");
        let mut wanted: Vec<String> = crossed.iter().map(|name| name.to_string()).collect();
        wanted.sort();
        assert_eq!(inverses(&difference), wanted, "{body}");
        for (name, value) in difference.news() {
            let slot = name.strip_suffix(".new").unwrap();
            let learns = slot.ends_with(".inverse") || slot.ends_with(".inverse_bias");
            assert_eq!(value == difference.slot(slot), !learns, "{slot}\n{body}");
        }
        if body.contains("sparse") {
            let (weight, inverse) = (difference.slot("A -> B.weight"), new(&difference, "A -> B.inverse"));
            assert!(weight.iter().zip(inverse).all(|(weight, inverse)| (*weight == 0.0) == (inverse == 0.0)));
        }
        let plain = silent("target_propagation");
        let last = if body.contains("Eye") { "More.bias" } else { "A.bias" };
        assert_ne!(new(&plain, last), plain.slot(last), "{body}");
    }
}

#[test]
fn over_the_weights_in_the_place_of_inverses_linear_targets_are_backprop() {
    for (body, crossed) in BODIES.iter().filter(|(body, _)| !body.contains("gate")) {
        let body = body.replace("tanh(drive)", "drive").replace("sigmoid(drive)", "drive");
        let exact = at(&spec(&body, "backprop"));
        let mut targets = at(&spec(&body, "difference_target_propagation(step = 1)"));
        for name in *crossed {
            let weights = targets.slot(&targets.stands_for(&format!("{name}.feedback")));
            let place = targets.place(&format!("{name}.inverse"));
            targets.slots[place] = Array::from_numbers(&targets.program.slots[place].ty, weights);
        }
        for (name, value) in exact.news() {
            close(&targets.value(&name), &value, &format!("{name}\n{body}"));
        }
    }
}

/// The same with one unit of output.
fn single(text: &str) -> String {
    text.replace("region Out[2]", "region Out[1]").replace("y[2]", "y[1]")
}

#[test]
fn kickback_by_hand_in_a_chain() {
    let at = at(&single(&spec(DEEP, "kickback")));
    let (a, b, x) = (at.value("A"), at.value("B"), at.value("In"));
    let (up, out) = (at.slot("A -> B.weight"), at.slot("B -> Out.weight"));
    let errors: Vec<f64> = at.value("Out").iter().zip(at.value("task.y")).map(|(out, y)| 0.5 * (out - y)).collect();
    let (mut to_up, mut to_in) = (vec![0.0; 20], vec![0.0; 80]);
    for n in 0..4 {
        let error = errors[n];
        let slope = |k: usize| b[n * 4 + k] * (1.0 - b[n * 4 + k]);
        for k in 0..4 {
            let kick = error * out[k] * slope(k);
            (0..5).for_each(|i| to_up[k * 5 + i] += kick * a[n * 5 + i]);
        }
        for j in 0..5 {
            let influence: f64 = (0..4).map(|k| up[k * 5 + j] * slope(k)).sum();
            let kick = error * influence * (1.0 - a[n * 5 + j] * a[n * 5 + j]);
            (0..16).for_each(|i| to_in[j * 16 + i] += kick * x[n * 16 + i]);
        }
    }
    close(&at.value("A -> B.weight.gradient"), &to_up, "A -> B");
    close(&at.value("In -> A.weight.gradient"), &to_in, "In -> A");
    for slot in ["B -> Out.weight.gradient", "Out.bias.gradient"] {
        assert_eq!(at.value(slot), super::feedback::at(&single(&spec(DEEP, "backprop"))).value(slot));
    }
    // The errors of all costs add up, and influence on what a cost reads is that on its drive.
    let body = "region A[5] = tanh(drive)\nregion Side[1] = tanh(drive)\ncost other in Side = sum(Side^2)\n\
                connect In -> A -> Out\nconnect A -> Side";
    let at = super::feedback::at(&single(&spec(body, "kickback")).replace("from wrong", "from wrong, other"));
    let (a, x, side) = (at.value("A"), at.value("In"), at.value("Side"));
    let (out, aside) = (at.slot("A -> Out.weight"), at.slot("A -> Side.weight"));
    let errors: Vec<f64> = at.value("Out").iter().zip(at.value("task.y")).map(|(out, y)| 0.5 * (out - y)).collect();
    let mut to_in = vec![0.0; 80];
    for n in 0..4 {
        let error = errors[n] + 0.5 * side[n] * (1.0 - side[n] * side[n]);
        for j in 0..5 {
            let influence = out[j] + aside[j];
            let kick = error * influence * (1.0 - a[n * 5 + j] * a[n * 5 + j]);
            (0..16).for_each(|i| to_in[j * 16 + i] += kick * x[n * 16 + i]);
        }
    }
    close(&at.value("In -> A.weight.gradient"), &to_in, "two outputs");
    for text in texts().iter().map(|text| single(text)) {
        let kicked = super::feedback::at(&text.replace("RULE", "kickback"));
        assert_ne!(kicked.news(), super::feedback::at(&text.replace("RULE", "backprop")).news(), "{text}");
    }
}

#[test]
fn forward_forward_is_backprop_from_costs_of_each_region() {
    for (body, regions) in [
        (DEEP, &["A", "B", "Out"][..]),
        (BODIES[2].0, &["Maps", "More", "Out"]),
        (BODIES[1].0, &["A", "B", "C", "Out"]),
    ] {
        let base: Vec<&str> = DATA.lines().filter(|line| !line.starts_with("cost")).collect();
        let mut costs = format!("{}\n{body}\n", base.join("\n"));
        let rule = format!(
            "{costs}learn all by forward_forward(positive = select(task.y[0] > 0, 1, 0), threshold = 0.4) using sgd(rate = 0.1)\n"
        );
        for region in regions {
            costs += &format!(
                "cost good{region} in {region} = softplus((1 - 2 * select(task.y[0] > 0, 1, 0)) * (mean({region}^2) - 0.4))\n"
            );
        }
        costs += "learn each by backprop using sgd(rate = 0.1)\n";
        let (rule, costs) = (at(&rule), at(&costs));
        assert_eq!(rule.news().len(), costs.news().len());
        for (name, value) in costs.news() {
            assert_ne!(value, costs.slot(name.strip_suffix(".new").unwrap()), "{name}");
            close(&rule.value(&name), &value, &format!("{name}\n{body}"));
        }
    }
}

#[test]
fn what_these_rules_need_is_told() {
    for rule in ["target_propagation", "difference_target_propagation", "kickback"] {
        assert_eq!(codes(&single(&OVER_TIME.replace("RULE", rule))), ["E0512"], "{rule}");
        assert_eq!(codes(&single(&spec(SETTLING, rule))), ["E0512"], "{rule}");
    }
    assert_eq!(codes(&spec(DEEP, "kickback")), ["E0512"]);
    assert_eq!(codes(&spec(FACTORED, "target_propagation")), ["E0512"]);
    assert_eq!(codes(&single(&spec(FACTORED, "kickback"))), [""; 0]);
    assert_eq!(codes(&spec(DEEP, "forward_forward(1)")), ["E0508"]);
    let bare = |learn: &str| {
        codes(&spec(DEEP, "backprop").replace("learn all by backprop from wrong using sgd(rate = 0.1)", learn))
    };
    assert_eq!(bare("learn all by forward_forward using sgd(rate = 0.1)"), ["E0203"]);
    assert_eq!(bare("learn all by forward_forward(positive = 1)"), ["E0506"]);
}
