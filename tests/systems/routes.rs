//! Credit rules that travel the routes back.

use super::super::trained::Trained;
use super::{Slots, cosine, system};

/// The product of matrices, row-major: the first turned, `[inner, rows]`, and `[inner, columns]`.
fn turned_times(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / inner, b.len() / inner);
    let cell = |r: usize, c: usize| (0..inner).map(|i| a[i * rows + r] * b[i * columns + c]).sum::<f64>();
    (0..rows * columns).map(|place| cell(place / columns, place % columns)).collect()
}

/// The angle in degrees between what the error brings over the feedback weights and over the forward weights, in the step between
/// two states of G-03: the change of the last weights is a multiple of e h', and so B' e and W' e are known but for h.
fn angle(before: &Slots, after: &Slots) -> f64 {
    let weights = "Hidden -> Choice.weight";
    let change = super::change(&before[weights], &after[weights]);
    let over = |matrix: &str| turned_times(&before[matrix], &change, 10);
    let (random, exact) = (over("Hidden -> Choice.feedback"), over(weights));
    cosine(&random, &exact).clamp(-1.0, 1.0).acos().to_degrees()
}

#[test]
fn forward_weights_turn_to_the_feedback_weights() {
    let mut first = Vec::new();
    for seed in 0..5 {
        let spec = system("G-03").seed(seed);
        let steps = spec.clone().set("length", "1 step").steps();
        first.push(angle(&steps[0], &steps[1]));
        let almost = spec.clone().set("length", "999 steps").run();
        let life = spec.run();
        let last = angle(&almost.slots, &life.slots);
        assert!(last < 45.0, "seed {seed}: {last}");
        let error = life.value("wrong", "test") / life.value("size", "test");
        assert!(error < 0.01, "seed {seed}: {error}");
        assert_eq!(life.slot("Hidden -> Choice.feedback"), &steps[0]["Hidden -> Choice.feedback"][..]);
    }
    let mean = first.iter().sum::<f64>() / 5.0;
    assert!((75.0..105.0).contains(&mean), "{first:?}");
}

#[test]
fn with_one_hidden_layer_direct_feedback_is_feedback_alignment() {
    let spec = system("G-04").epochs(2);
    let direct = spec.run_both();
    let chained = spec.clone().set("teacher", "feedback_alignment").run();
    assert_eq!(direct.slots, chained.slots);
    let exact = spec.set("teacher", "backprop").run();
    assert_ne!(direct.slot("Retina -> Hidden.weight"), exact.slot("Retina -> Hidden.weight"));
}

#[test]
fn without_feedback_the_hidden_layer_stays_as_it_is() {
    let spec = system("X-10").epochs(1);
    let silent = spec.run_both();
    let born = &spec.steps()[0];
    let frozen = spec.clone().set("teacher", "nothing").run();
    for slot in ["Retina -> Hidden.weight", "Hidden.bias"] {
        assert_eq!(silent.slot(slot), &born[slot][..], "{slot}");
    }
    assert_eq!(silent.slot("Hidden -> Choice.weight"), frozen.slot("Hidden -> Choice.weight"));
    let long = |feedback: f64| -> Trained { system("X-10").epochs(40).single().set("feedback", feedback).run() };
    let (without, with) = (long(0.0).value("accuracy", "test"), long(1.0).value("accuracy", "test"));
    assert!(without < 0.7 && with > 0.88, "{without} {with}");
}

#[test]
fn forward_and_feedback_weights_come_together_as_the_decay_says() {
    let steps = system("G-06").set("length", "1 step").steps();
    let life = system("G-06").run_both();
    for name in ["V1 -> IT", "IT -> Choice"] {
        let apart =
            |slots: &Slots| super::change(&slots[&format!("{name}.feedback")], &slots[&format!("{name}.weight")]);
        let (first, last) = (apart(&steps[0]), apart(&life.slots));
        let factor = 0.98f64.powi(50);
        assert!((factor - 0.36417).abs() < 5e-6);
        for (first, last) in first.iter().zip(&last) {
            assert!((last - factor * first).abs() < 1e-13, "{name}: {first} {last}");
        }
        assert!(super::apart(&life.slots[&format!("{name}.weight")], &steps[0][&format!("{name}.weight")]) > 0.1);
    }
}

#[test]
fn feedback_has_the_signs_of_the_weights_after_every_step() {
    let of = |teacher: Option<&str>| teacher.iter().fold(system("G-05"), |spec, teacher| spec.set("teacher", teacher));
    for teacher in [None, Some("sign_symmetry(magnitude = 0.2)")] {
        of(teacher).run_both();
        let steps = of(teacher).steps();
        for name in ["V1 -> IT", "IT -> Choice"] {
            let (weight, feedback) = (format!("{name}.weight"), format!("{name}.feedback"));
            let mut turned = 0;
            for (number, slots) in steps.iter().enumerate() {
                for (place, (over, weight)) in slots[&feedback].iter().zip(&slots[&weight]).enumerate() {
                    assert_eq!(over.signum(), weight.signum(), "{name} {number}");
                    turned += usize::from(weight.signum() != steps[0][&format!("{name}.weight")][place].signum());
                    let magnitude = if teacher.is_some() { 0.2 } else { steps[0][&format!("{name}.magnitude")][place] };
                    assert!(over.abs() == magnitude && magnitude > 0.0, "{name} {number}");
                }
            }
            assert!(turned > 10, "{name}: {turned}");
        }
        assert_eq!(steps[0].contains_key("V1 -> IT.magnitude"), teacher.is_none());
    }
}

#[test]
fn over_weights_of_one_magnitude_sign_symmetry_is_backpropagation() {
    let signs = system("G-05b").run_both();
    let exact = system("G-05b").set("teacher", "backprop").run();
    for slot in ["Retina -> V1.weight", "V1.bias", "IT.bias", "Choice.bias"] {
        assert_eq!(signs.slot(slot), exact.slot(slot), "{slot}");
    }
    let other = system("G-05b").set("teacher", "sign_symmetry(magnitude = 0.31)").run();
    assert_ne!(other.slot("Retina -> V1.weight"), exact.slot("Retina -> V1.weight"));
}

#[test]
fn a_mirror_comes_to_point_where_the_weights_do_as_the_number_of_samples_says() {
    let mut angles = [const { Vec::new() }; 3];
    for seed in 0..8 {
        let steps = system("G-07").seed(seed).steps();
        for (number, angles) in [1, 10, 100].into_iter().zip(&mut angles) {
            let slots: &Slots = &steps[number];
            angles.push(cosine(&slots["Lower -> Upper.feedback"], &slots["Lower -> Upper.weight"]).acos().to_degrees());
        }
        assert_eq!(steps[0]["Lower -> Upper.weight"], steps[100]["Lower -> Upper.weight"]);
    }
    for (angles, (samples, told)) in angles.iter().zip([(100.0, 29.1), (1000.0, 10.0), (10000.0, 3.2)]) {
        let wanted = (31.0f64 / samples).sqrt().atan().to_degrees();
        assert!((wanted - told).abs() < 0.05);
        let mean = angles.iter().sum::<f64>() / 8.0;
        assert!((mean - wanted).abs() < 0.05 * wanted, "{samples} samples: {mean}, and {wanted} are expected");
    }
}

#[test]
fn what_a_mirror_adds_is_in_the_mean_the_weight_times_the_variance_of_the_noise() {
    for sigma in [1.0f64, 0.5] {
        let life = system("G-07").set("sigma", sigma).run_both();
        let (weight, over) = (life.slot("Lower -> Upper.weight"), life.slot("Lower -> Upper.feedback"));
        // 100 batches of 100 samples were added up; a product has the variance sigma^4 (|w|^2 + w_i^2), w the weights of its unit.
        let (mut along, mut scatter) = (0.0, 0.0);
        for (weights, over) in weight.chunks(30).zip(over.chunks(30)) {
            for (weight, over) in weights.iter().zip(over) {
                let variance = sigma.powi(4) * (super::dot(weights, weights) + weight * weight) / 10000.0;
                let off = over / 100.0 - sigma * sigma * weight;
                along += off * weight;
                scatter += off * off / variance / 600.0;
            }
        }
        let slope = along / super::dot(weight, weight) / (sigma * sigma);
        assert!(slope.abs() < 0.01, "sigma {sigma}: {slope}");
        assert!((scatter - 1.0).abs() < 0.2, "sigma {sigma}: {scatter}");
    }
}

/// What the last step of G-09 changed in a slot.
fn last_change(steps: &[Slots], slot: &str) -> Vec<f64> {
    let [.., before, after] = steps else { panic!("{} steps", steps.len()) };
    super::change(&before[slot], &after[slot])
}

#[test]
fn over_orthogonal_weights_targets_teach_as_backpropagation_does() {
    let teachers = ["target_propagation", "difference_target_propagation"];
    let run = |teacher: &str| system("G-09").set("teacher", teacher).steps();
    let exact = run("backprop");
    system("G-09").set("length", "20 steps").run_both();
    for teacher in teachers {
        let steps = run(&format!("{teacher}(step = 1, rate = 0.2, sigma = 1)"));
        for name in ["Lower -> Middle", "Middle -> Upper"] {
            // The inverse stands in the shape of the weights: of orthogonal ones it is the weights.
            let (early, learnt) = (&steps[21], &steps[steps.len() - 2]);
            let (inverse, weight) = (&learnt[&format!("{name}.inverse")], &learnt[&format!("{name}.weight")]);
            assert!(super::apart(inverse, weight) < 1e-14, "{name}");
            assert!(super::apart(&early[&format!("{name}.inverse")], weight) > 0.1, "{name}");
            assert_eq!(weight, &steps[0][&format!("{name}.weight")], "{name}");
        }
        for slot in ["X -> Lower.weight", "Lower.bias", "Lower -> Middle.weight", "Middle -> Upper.weight"] {
            let (found, wanted) = (last_change(&steps, slot), last_change(&exact, slot));
            assert!(super::apart(&found, &wanted) < 1e-13, "{teacher} {slot}: {}", super::apart(&found, &wanted));
        }
    }
}

#[test]
fn over_any_weights_that_can_be_inverted_targets_teach_within_90_degrees() {
    for seed in 0..3 {
        let spec = system("G-09").seed(seed).set("moved", 0.05).set("length", "4000 steps");
        let rhythm = |teacher: &str| {
            let life = spec.clone().set("teacher", teacher).run();
            let still = spec.clone().set("teacher", teacher).set("weight", 0).run();
            move |slot: &str| super::change(still.slot(slot), life.slot(slot))
        };
        let targets = rhythm("difference_target_propagation(step = 1, rate = 0.2, sigma = 1)");
        let exact = rhythm("backprop");
        // The biases hold the errors' mean over the batch: W^-1 e, and W' e.
        let error = exact("Upper.bias");
        for region in ["Middle.bias", "Lower.bias"] {
            let (inverse, transpose) = (targets(region), exact(region));
            let (product, wanted) = (super::dot(&inverse, &transpose), super::dot(&error, &error));
            assert!((product - wanted).abs() < 1e-9 * wanted, "{region}: {product} {wanted}");
            assert!(super::cosine(&inverse, &transpose) < 0.999, "{region}");
        }
    }
}

#[test]
fn without_an_error_above_a_difference_of_targets_changes_nothing() {
    for (teacher, nothing) in [("difference_target_propagation", true), ("target_propagation", false)] {
        let steps = system("G-09").set("length", "2 steps").set("weight", 0).set("teacher", teacher).steps();
        for slot in ["X -> Lower.weight", "Lower.bias", "Lower -> Middle.weight", "Middle.bias"] {
            let change = last_change(&steps, slot);
            assert_eq!(change.iter().all(|change| *change == 0.0), nothing, "{teacher} {slot}");
        }
        for slot in ["Middle -> Upper.weight", "Upper.bias"] {
            assert!(last_change(&steps, slot).iter().all(|change| *change == 0.0), "{teacher} {slot}");
        }
        assert!(super::norm(&last_change(&steps, "Lower -> Middle.inverse")) > 0.0);
    }
}

#[test]
fn where_influence_has_one_sign_every_unit_moves_with_the_gradient() {
    let names = ["X -> Low", "Low -> Mid", "Mid -> Top", "Top -> Out"].map(|name| format!("{name}.weight"));
    let step = |seed: u64, low: f64, teacher: &str| {
        let steps = system("G-11").seed(seed).set("low", low).set("teacher", teacher).steps();
        names.clone().map(|name| super::change(&steps[0][&name], &steps[1][&name]))
    };
    system("G-11").run_both();
    let mut against = 0;
    for seed in 0..20 {
        let (kicked, exact) = (step(seed, 0.0, "kickback"), step(seed, 0.0, "backprop"));
        for (units, (kicked, exact)) in [6, 12, 10, 8].into_iter().zip(kicked.iter().zip(&exact)) {
            assert!(super::dot(kicked, exact) > 0.0, "seed {seed}");
            for (kicked, exact) in kicked.chunks(units).zip(exact.chunks(units)) {
                assert!(super::dot(kicked, exact) >= 0.0, "seed {seed}");
            }
        }
        // Right below a single unit of output, influence is all that there is.
        assert!(super::apart(&kicked[2], &exact[2]) < 1e-14 && kicked[3] == exact[3], "seed {seed}");
        assert!(super::cosine(&kicked[1], &exact[1]) < 0.999, "seed {seed}");
        let (kicked, exact) = (step(seed, -0.5, "kickback"), step(seed, -0.5, "backprop"));
        let pairs = kicked[0].chunks(6).zip(exact[0].chunks(6));
        against += pairs.filter(|(kicked, exact)| super::dot(kicked, exact) < 0.0).count();
    }
    assert!(against > 20, "{against}");
}

#[test]
fn forward_forward_is_a_cost_of_its_own_in_every_region() {
    let rule = system("G-16b").epochs(1).run_both();
    let costs = system("G-16").set("above", 0.01).epochs(1).run();
    for slot in ["Image -> Lower.weight", "Label -> Lower.weight", "Lower.bias", "Passed -> Upper.weight", "Upper.bias"]
    {
        assert!(super::apart(rule.slot(slot), costs.slot(slot)) < 1e-9, "{slot}");
    }
    let life = system("G-16b").single().run();
    let (right, above) = (life.value("right", "test"), life.value("right_above", "test"));
    assert!(right > 0.8 && above > 0.8, "{right} {above}");
}
