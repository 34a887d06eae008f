//! Estimates, plans and maps: filters, adaptation, control, space, what is expected.

use super::{apart, change, norm, system};

#[test]
fn the_delta_rule_finds_wieners_weights_below_its_limit() {
    for rate in [0.2, 0.95] {
        let run = system("J-01").set("rate", rate).run();
        let found = [run.value("first", "test") / 2.0, run.value("second", "test") / 2.0];
        assert!((found[0] - 3.0).abs() < 1e-9 && (found[1] + 2.0).abs() < 1e-9, "{rate}: {found:?}");
        assert!((run.value("climbing", "test") - 0.0625).abs() < 1e-9);
    }
    // The largest power behind the expansion is 2: from a rate of 1 on, what is wrong grows.
    assert!(system("J-01").set("rate", 1.01).run().value("climbing", "test") > 1000.0);
    system("J-01").run_both();
}

#[test]
fn a_filter_trusts_what_it_sees_as_riccati_says() {
    let run = system("J-03").run_both();
    let (prior, gain) = (run.value("prior", "test"), run.value("gain", "test"));
    // The root of the equation for the variance of what is expected.
    let b = 0.5 * (1.0 - 0.95 * 0.95) - 0.1;
    let root = (-b + (b * b + 4.0 * 0.05f64).sqrt()) / 2.0;
    assert!((prior - root).abs() < 1e-12 && (prior - 0.250695).abs() < 5e-7, "{prior}");
    assert!((gain - root / (root + 0.5)).abs() < 1e-12 && (gain - 0.333951).abs() < 5e-7, "{gain}");
    let (error, left) = (run.value("error", "test"), run.value("left", "test"));
    assert!((error - left).abs() < 0.05 * left && run.value("naive", "test") > 2.5 * error, "{error}, {left}");
}

#[test]
fn what_was_learnt_first_comes_back() {
    let run = system("J-04").run_both();
    let value = |name: &str| run.value(name, "test");
    assert!(value("reversed") < -0.2 && value("recovered") > 0.05);
    // Held at no error, each process falls by its own factor: their sum is two exponentials.
    let power = |base: f64, steps: i32| base.powi(steps);
    for (fast, slow, steps) in [("fast_140", "slow_140", 21), ("fast_end", "slow_end", 80)] {
        assert!((value(fast) - value("fast_119") * power(0.6, steps)).abs() < 1e-14, "{fast}");
        assert!((value(slow) - value("slow_119") * power(0.99, steps)).abs() < 1e-14, "{slow}");
    }
    assert!((value("aim_end") - value("fast_end") - value("slow_end")).abs() < 1e-15);
}

#[test]
fn planning_through_a_model_finds_riccatis_gain() {
    let gain = -system("J-05").run().slot("Plant -> Push.weight")[0];
    // The gain for which what it costs from a place on is the same, one step later.
    let mut worth = 1.0;
    let mut wanted = 0.0;
    for _ in 0..1000 {
        wanted = 0.5 * worth * 1.1 / (0.3 + 0.25 * worth);
        worth = 1.0 + 1.21 * worth - 1.1 * 0.5 * worth * wanted;
    }
    assert!((gain - wanted).abs() < 1e-8, "{gain}, not {wanted}");
    system("J-05").epochs(3).run_both();
}

#[test]
fn a_path_is_integrated_exactly_and_blurred_by_noise() {
    let exact = system("J-09").run_both();
    assert_eq!([exact.value("early", "test"), exact.value("late", "test")], [0.0; 2]);
    let noisy = system("J-09").set("noise_sd", 0.1).run();
    for (metric, steps) in [("early", 25.0), ("late", 100.0)] {
        // Of 2,000 squares of normal numbers the mean is off by sqrt(2 / 2000) of itself.
        let (found, wanted) = (noisy.value(metric, "test"), 0.01 * steps);
        assert!((found / wanted - 1.0).abs() < 0.1, "{metric}: {found}, not {wanted}");
    }
}

#[test]
fn grids_repeat_and_four_of_them_tell_all_places_apart() {
    let run = system("J-10").run();
    assert_eq!([run.value("same", "train"), run.value("self", "train")], [0.0, 1.0]);
    assert!(run.value("coarse", "train") > 0.01);
    let grid = |away: f64, angle: f64| {
        system("J-10").set("away", away).set("angle", angle).epochs(1).run().value("grid", "test")
    };
    let (spacing, sixth) = (2.0 / 3f64.sqrt(), std::f64::consts::PI / 3.0);
    for direction in 0..2 {
        assert!((grid(spacing, f64::from(direction) * sixth) - 1.0).abs() < 1e-14);
    }
    // Nearer there is no field, and between two directions none at this distance.
    assert!(grid(0.5 * spacing, 0.0) < 0.0 && grid(0.9 * spacing, 0.0) < 0.9 && grid(spacing, 0.5 * sixth) < 0.0);
}

#[test]
fn a_successor_map_is_learnt_by_temporal_differences() {
    let run = system("J-11").run();
    assert!((run.value("row", "test") - 10.0).abs() < 1e-9);
    for wave in ["wave1", "wave2", "wave6"] {
        assert!(run.value(wave, "test") < 1e-8, "{wave}: {}", run.value(wave, "test"));
    }
    let walked = system("J-11").set("chance", 1).set("batch_", 1).set("length", "400000 steps").set("rate", 0.01).run();
    let (exact, found) = (run.slot("Now -> Error.weight"), walked.slot("Now -> Error.weight"));
    let error = norm(&change(exact, found)) / norm(exact);
    assert!(error < 0.05, "{error}");
    system("J-11").set("length", "20 steps").run_both();
}

#[test]
fn an_asymmetric_learner_comes_to_an_expectile() {
    let run = system("P-16").run();
    let value = |name: &str| run.value(name, "train");
    for (unit, tau) in [0.1, 0.3, 0.5, 0.7, 0.9].into_iter().enumerate() {
        let (above, below) = (value(&format!("above_{unit}")), value(&format!("below_{unit}")));
        assert!((tau * above - (1.0 - tau) * below).abs() < 1e-10, "{tau}: {above} {below}");
        assert!(above > 0.5 && below > 0.5);
    }
    assert!(apart(&[value("mean_")], &[value("reward")]) < 1e-12);
    system("P-16").epochs(3).run_both();
}
