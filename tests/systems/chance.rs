//! Chance and perturbation: rows whose credit comes from noise.

use super::{apart, change, cosine, norm, run, system};

/// What an optimiser that adds up was given, in the mean over so many steps.
fn mean(found: &super::Trained, state: &str, steps: f64) -> Vec<f64> {
    found.slot(state).iter().map(|total| total / steps).collect()
}

#[test]
fn a_weight_at_a_time_gives_the_gradient_to_the_square_of_the_distance() {
    let off = |distance: f64| {
        let found = system("P-01").set("distance", distance).run_both();
        ["In -> Hidden.weight", "Hidden.bias", "Hidden -> Out.weight", "Out.bias"].map(|name| {
            let exact = found.slot(&format!("{name}|backprop|gather.total"));
            apart(exact, found.slot(&format!("{name}|serial_perturbation|gather|also 1.total")))
        })
    };
    assert!(off(1e-5).iter().all(|off| *off < 1e-9), "{:?}", off(1e-5));
    // Of the weights into the hidden units; the cost is a square of those behind, where nothing is off.
    let (near, far) = (off(0.02), off(0.04));
    assert!((far[0] / near[0] - 4.0).abs() < 0.02, "{far:?} {near:?}");
    assert!(far[2] < 1e-12, "{far:?}");
}

/// The second moment of what a rule gives over the square of its mean, which is that of `gradient`.
fn constant(found: &super::Trained, rule: &str, gradient: &[f64], steps: f64) -> f64 {
    let square: f64 = mean(found, &format!("In -> Out.weight|{rule}.square"), steps).iter().sum();
    square / norm(gradient).powi(2)
}

#[test]
fn noise_on_all_weights_has_a_second_moment_of_nm_plus_2_times_n_plus_2() {
    const STEPS: f64 = 100_000.0;
    let found = run("P-02");
    // The inputs are independent with variance 1, so the gradient of the mean cost is the matrix itself.
    let gradient = found.slot("In -> Out.weight");
    let wanted = (5.0 * 3.0 + 2.0) * (5.0 + 2.0);
    let found_constant = constant(&found, "weight_perturbation|gather", gradient, STEPS);
    // The relative standard deviation of the square is below 6, so the standard error below 2 per cent.
    assert!((found_constant / wanted - 1.0).abs() < 0.05, "{found_constant} for {wanted}");
    let given = mean(&found, "In -> Out.weight|weight_perturbation|gather.total", STEPS);
    let away: Vec<f64> = given.iter().zip(gradient).map(|(given, gradient)| given - gradient).collect();
    let error = norm(gradient) * (wanted / STEPS).sqrt();
    assert!(norm(&away) < 1.5 * error, "{} +- {error}", norm(&away));
}

#[test]
fn noise_on_units_has_a_second_moment_of_m_plus_2_times_n_plus_2() {
    const STEPS: f64 = 100_000.0;
    let found = run("P-03");
    let gradient = found.slot("In -> Out.weight");
    // A step of size s leaves 1 - 2 s + s^2 c of the square of a matrix, in the mean: at best, with s = 1 / c, 1 - 1 / c.
    for (rule, wanted) in
        [("node_perturbation|gather", (3.0 + 2.0) * (5.0 + 2.0)), ("backprop|gather|also 1", 5.0 + 2.0)]
    {
        let found_constant = constant(&found, rule, gradient, STEPS);
        assert!((found_constant / wanted - 1.0).abs() < 0.04, "{rule}: {found_constant} for {wanted}");
        let given = mean(&found, &format!("In -> Out.weight|{rule}.total"), STEPS);
        let away: Vec<f64> = given.iter().zip(gradient).map(|(given, gradient)| given - gradient).collect();
        let error = norm(gradient) * (wanted / STEPS).sqrt();
        assert!(norm(&away) < 1.5 * error, "{rule}: {} +- {error}", norm(&away));
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn reinforce_has_the_mean_of_the_gradient_for_any_baseline_and_not_the_same_variance() {
    const STEPS: f64 = 40_000.0;
    let grown = [2.0_f64.exp(), 1.0, 1.0];
    let p = grown.map(|x| x / (2.0_f64.exp() + 2.0));
    let mut variances = Vec::new();
    for baseline in [0.0, p[0], 5.0] {
        let found = system("P-04").set("baseline", baseline).run();
        let (mut means, mut squares) = ([0.0; 3], [0.0; 3]);
        for (arm, reward) in [1.0, 0.0, 0.0].into_iter().enumerate() {
            for i in 0..3 {
                let each = -(reward - baseline) * (f64::from(u8::from(i == arm)) - p[i]);
                means[i] += p[arm] * each;
                squares[i] += p[arm] * each * each;
            }
        }
        let of = |state: &str| mean(&found, &format!("Here -> Arm.weight|reinforce|gather.{state}"), STEPS);
        let (given, square) = (of("total"), of("square"));
        let mut variance = 0.0;
        for i in 0..3 {
            // The gradient of minus the mean reward is the same whatever the baseline.
            let gradient = -p[0] * (f64::from(u8::from(i == 0)) - p[i]);
            assert!((means[i] - gradient).abs() < 1e-12);
            let error = ((squares[i] - means[i].powi(2)) / STEPS).sqrt();
            assert!((given[i] - gradient).abs() < 4.0 * error, "{baseline}: {} for {gradient} +- {error}", given[i]);
            variance += square[i] - given[i].powi(2);
        }
        let wanted: f64 = (0..3).map(|i| squares[i] - means[i].powi(2)).sum();
        assert!((variance / wanted - 1.0).abs() < 0.03, "{baseline}: {variance} for {wanted}");
        variances.push(variance);
    }
    assert!(variances[0] < variances[1] && variances[1] < variances[2], "{variances:?}");
}

#[test]
fn the_expected_update_of_gated_credit_is_that_of_the_supervised_softmax() {
    let steps = system("G-12").steps();
    for name in ["In -> Hidden.weight", "Hidden.bias", "Hidden -> Out.weight", "Out.bias"] {
        let state = format!("{name}|backprop|gather.total");
        let attended = &steps[1][&state];
        let supervised = change(attended, &steps[2][&state]);
        assert!(norm(attended) > 0.01, "{name}");
        assert!(apart(attended, &supervised) < 1e-12, "{name}: {attended:?} {supervised:?}");
    }
}

#[test]
fn dropout_keeps_the_mean_and_its_variance_is_p_over_1_minus_p_times_the_square() {
    for p in [0.25_f64, 0.5] {
        let found = system("G-18").set("p", p).epochs(1).run();
        let draws = 40.0 * 1437.0;
        let variance = p / (1.0 - p) * 4.0;
        let error = (variance / draws).sqrt();
        let level = found.value("level", "train");
        assert!((level - 2.0).abs() < 4.0 * error, "{level} +- {error}");
        // Of the square, which is 4 with probability p and the square of 2 p / (1 - p) else.
        let error = (p * (1.0 - p) / draws).sqrt() * (4.0 - (2.0 * p / (1.0 - p)).powi(2));
        let spread = found.value("spread", "train");
        assert!((spread - variance).abs() < 4.0 * error + 1e-12, "{spread} for {variance} +- {error}");
        assert_eq!((found.value("level", "test"), found.value("spread", "test")), (2.0, 0.0));
    }
}

/// Of a restricted Boltzmann machine without biases, the gradient of the mean of minus the logarithm of the likelihood of states
/// of its four visible units, by enumeration of all states of all units.
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn two_phases(weights: &[f64], seen: &[usize]) -> Vec<f64> {
    let bit = |state: usize, k: usize| (state >> k & 1) as f64;
    let energy = |v: usize, h: usize| -> f64 {
        (0..3).flat_map(|j| (0..4).map(move |i| (i, j))).map(|(i, j)| -weights[j * 4 + i] * bit(v, i) * bit(h, j)).sum()
    };
    let phase = |visible: &[usize]| {
        let (mut total, mut both) = (0.0, [0.0; 12]);
        for (v, h) in visible.iter().flat_map(|v| (0..8).map(move |h| (*v, h))) {
            let weight = (-energy(v, h)).exp();
            total += weight;
            for (place, both) in both.iter_mut().enumerate() {
                *both += weight * bit(v, place % 4) * bit(h, place / 4);
            }
        }
        both.map(|both| both / total)
    };
    let all: Vec<usize> = (0..16).collect();
    let free = phase(&all);
    let clamped = seen.iter().map(|v| phase(&[*v]));
    let mut gradient = free.to_vec();
    for each in clamped {
        gradient.iter_mut().zip(each).for_each(|(sum, each)| *sum -= each / seen.len() as f64);
    }
    gradient
}

#[test]
fn clamped_less_free_is_the_gradient_of_the_likelihood_and_one_step_points_its_way() {
    for spread in [0.01, 1.0] {
        let found = system("U-04").set("spread", spread).run();
        let weights = found.slot("Seen -> Drive.weight");
        let exact = two_phases(weights, &[3, 6, 7, 6]);
        let likelihood = mean(&found, "Seen -> Drive.weight|backprop|gather|also 1.total", 100.0);
        assert!(apart(&likelihood, &exact) < 1e-10, "{likelihood:?} {exact:?}");
        let contrast = mean(&found, "Seen -> Drive.weight|backprop|gather.total", 100.0);
        let cosine = cosine(&contrast, &exact);
        if spread == 0.01 {
            assert!(cosine > 0.9995, "{cosine}");
        } else {
            // With large weights one step from the data does not reach what the machine dreams of by itself.
            assert!((0.5..0.999).contains(&cosine), "{cosine}");
        }
    }
}

/// The weights of the Helmholtz machine of `U-03.neu`: recognition, its bias, prior, dream, its bias.
type Machine = [Vec<f64>; 5];

/// The probabilities of hidden units by recognition, and of everything by the generative weights: `[visible][hidden]`.
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn machine(weights: &Machine) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let bit = |state: usize, k: usize| (state >> k & 1) as f64;
    let unit = |drive: f64, on: f64| if on == 1.0 { 1.0 / (1.0 + (-drive).exp()) } else { 1.0 / (1.0 + drive.exp()) };
    let [guess, guess_bias, prior, dream, dream_bias] = weights;
    let recognised = |v: usize, h: usize| -> f64 {
        let drive = |j: usize| guess_bias[j] + (0..3).map(|i| guess[j * 3 + i] * bit(v, i)).sum::<f64>();
        (0..2).map(|j| unit(drive(j), bit(h, j))).product()
    };
    let dreamt = |v: usize, h: usize| -> f64 {
        let drive = |i: usize| dream_bias[i] + (0..2).map(|j| dream[i * 2 + j] * bit(h, j)).sum::<f64>();
        let hidden: f64 = (0..2).map(|j| unit(prior[j], bit(h, j))).product();
        hidden * (0..3).map(|i| unit(drive(i), bit(v, i))).product::<f64>()
    };
    let table = |of: &dyn Fn(usize, usize) -> f64| (0..8).map(|v| (0..4).map(|h| of(v, h)).collect()).collect();
    (table(&recognised), table(&dreamt))
}

#[test]
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn awake_the_free_energy_falls_and_asleep_the_divergence_from_what_is_dreamt() {
    let found = run("U-03");
    let names = ["Seen -> Guess.weight", "Guess.bias", "One -> Prior.weight", "Hidden -> Dream.weight", "Dream.bias"];
    let weights: Machine = names.map(|name| found.slot(name).to_vec());
    let free_energy = |weights: &Machine| -> f64 {
        let (q, p) = machine(weights);
        let each = |v: usize, h: usize| (1 + v) as f64 / 36.0 * q[v][h] * (q[v][h] / p[v][h]).ln();
        (0..8).flat_map(|v| (0..4).map(move |h| (v, h))).map(|(v, h)| each(v, h)).sum()
    };
    let divergence = |weights: &Machine| -> f64 {
        let (q, p) = machine(weights);
        let whole = |v: usize| p[v].iter().sum::<f64>();
        let each = |v: usize, h: usize| p[v][h] * (p[v][h] / whole(v) / q[v][h]).ln();
        (0..8).flat_map(|v| (0..4).map(move |h| (v, h))).map(|(v, h)| each(v, h)).sum()
    };
    for (place, name) in names.iter().enumerate() {
        let given = found.slot(&format!("{name}|backprop|gather.total"));
        let slope = |i: usize| {
            let [mut up, mut down] = [weights.clone(), weights.clone()];
            up[place][i] += 1e-5;
            down[place][i] -= 1e-5;
            let of: &dyn Fn(&Machine) -> f64 = if place < 2 { &divergence } else { &free_energy };
            (of(&up) - of(&down)) / 2e-5
        };
        let wanted: Vec<f64> = (0..given.len()).map(slope).collect();
        assert!(norm(&wanted) > 0.003, "{name}: {wanted:?}");
        assert!(apart(given, &wanted) < 1e-6, "{name}: {given:?} {wanted:?}");
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn what_two_units_cannot_say_is_noise_with_the_mean_of_the_other_variances() {
    let found = run("U-02");
    let variance = found.value("variance", "train");
    assert!((variance - 0.5).abs() < 0.005, "{variance}");
    // A unit says a direction of variance 5 or 3 with what is left of it: 1/2 over 5, or over 3.
    let mut spreads = ["spread0", "spread1"].map(|name| found.value(name, "train").powi(2));
    spreads.sort_by(f64::total_cmp);
    for (spread, wanted) in spreads.iter().zip([0.1, 0.5 / 3.0]) {
        assert!((spread / wanted - 1.0).abs() < 0.02, "{spread} for {wanted}");
    }
    // The least that minus the logarithm of the likelihood can be, with the variances 5, 3, 1/2, 1/2, 1/2, 1/2.
    let least = 0.5 * (6.0 * (2.0 * std::f64::consts::PI).ln() + (15.0_f64 / 16.0).ln() + 6.0);
    let energy = found.value("energy", "train");
    assert!((least..least + 0.01).contains(&energy), "{energy}, least {least}");
}

#[test]
fn a_layer_of_forward_forward_knows_nothing_of_the_layers_above() {
    let one = run("G-16");
    let other = system("G-16").set("above", 0.003).run();
    for name in ["Image -> Lower.weight", "Label -> Lower.weight", "Lower.bias"] {
        assert_eq!(one.slot(name), other.slot(name), "{name}");
    }
    assert_ne!(one.slot("Passed -> Upper.weight"), other.slot("Passed -> Upper.weight"));
    for layer in ["right", "right_above"] {
        assert!(one.value(layer, "test") > 0.8, "{layer}: {}", one.value(layer, "test"));
    }
    system("G-16").epochs(1).run_both();
}

#[test]
fn two_stochastic_units_learn_the_exclusive_or_from_one_reward() {
    let right: Vec<f64> = (0..5).map(|seed| system("P-07").seed(seed).run().value("right", "train")).collect();
    assert!(right.iter().all(|right| *right > 0.98), "{right:?}");
}

#[test]
fn a_machine_that_dreams_long_enough_learns_by_clamped_less_free() {
    let found = run("E-08");
    let exact = two_phases(found.slot("Seen -> Clamped.weight"), &[3, 6, 7, 6]);
    let given = mean(&found, "Seen -> Clamped.weight|backprop|gather.total", 50.0);
    // A product of two units has a standard deviation of at most 1/2, so a mean over 20,000 errs by 0.0035, with both phases by 0.005.
    assert!(cosine(&given, &exact) > 0.9995, "{}", cosine(&given, &exact));
    for (given, exact) in given.iter().zip(&exact) {
        assert!((given - exact).abs() < 3.0 * 0.005, "{given} for {exact}");
    }
}
