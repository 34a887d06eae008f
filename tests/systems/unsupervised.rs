//! Costs that need no teacher: rebuilding, predicting, deceiving, agreeing.

use super::{cosine, system};

/// The logarithm of 4.
const LN_4: f64 = 2.0 * std::f64::consts::LN_2;

#[test]
fn a_linear_autoencoder_leaves_the_small_directions() {
    // 4, 2, 1, 1/2, …: what is left of ten after three is 1 - 2^-7.
    let wanted = 1.0 - 0.5f64.powi(7);
    for seed in 0..3 {
        let left = system("U-01").seed(seed).run().value("rebuild", "train");
        assert!((left - wanted).abs() < 1e-6, "seed {seed}: {left}");
    }
    system("U-01").epochs(2).run_both();
}

#[test]
fn a_judge_of_forgeries_comes_to_the_divergence() {
    for (shift, wanted) in [(0.0, -LN_4), (1.0, -1.16345), (3.0, -0.33274)] {
        let value = -system("U-06").set("shift", shift).run().value("value", "train");
        assert!((value - wanted).abs() < 1e-5, "{shift}: {value}, not {wanted}");
    }
    // The best judge of two normals a shift apart leans by it, and doubts halfway.
    let run = system("U-06").run();
    assert!((run.slot("X -> Real.weight")[0] + 1.0).abs() < 1e-4, "{:?}", run.slot("X -> Real.weight"));
    // A forger who raises what the judge lowers ends where nobody can tell.
    let forged = system("U-06").set("forger", "backprop").run();
    assert!(forged.slot("One -> Shift.weight")[0].abs() < 1e-3);
    assert!((-forged.value("value", "train") + LN_4).abs() < 1e-5);
    system("U-06").epochs(3).run_both();
}

#[test]
fn nobody_foresees_more_than_there_is_to_foresee() {
    let run = system("U-07").run();
    // Twenty steps of 2,000 walks: a mean of squares is off by less than .02.
    let (least, copied) = (run.value("floor_", "test"), run.value("copied", "test"));
    assert!((least - 1.0).abs() < 0.02 && (copied - 2.0 / 1.9).abs() < 0.02 && copied > least, "{least} {copied}");
    assert!((run.value("keeps", "test") - 0.9).abs() < 0.01);
    system("U-07").epochs(1).run_both();
}

#[test]
fn a_pool_over_an_orbit_does_not_see_the_shift() {
    let run = system("U-15").run_both();
    assert!(run.value("changes", "test") < 1e-14 && run.value("filter", "test") > 1.0);
}

#[test]
fn who_knows_what_he_did_foresees_it() {
    let run = system("U-16").run();
    let (knows, blind) = (run.value("knows", "test"), run.value("blind", "test"));
    assert!((knows - 0.25).abs() < 0.015 && (blind - 2.5).abs() < 0.15, "{knows} {blind}");
    system("U-16").epochs(1).run_both();
}

#[test]
fn a_learnt_inverse_is_the_pseudo_inverse() {
    let run = system("G-08").run();
    let (w, d) = (run.slot("X -> Up.weight"), run.slot("Up -> Down.weight"));
    let entry = |a: &[f64], columns: usize, b: &[f64], of: usize, i: usize, j: usize| -> f64 {
        (0..columns).map(|k| a[i * columns + k] * b[k * of + j]).sum()
    };
    // Penrose's conditions: back after there is nothing lost, and there after back is a projection at right angles.
    for i in 0..4 {
        for j in 0..4 {
            let wanted = if i == j { 1.0 } else { 0.0 };
            assert!((entry(d, 6, w, 4, i, j) - wanted).abs() < 1e-9);
        }
    }
    for i in 0..6 {
        for j in 0..i {
            assert!((entry(w, 4, d, 6, i, j) - entry(w, 4, d, 6, j, i)).abs() < 1e-9);
        }
    }
    system("G-08").epochs(3).run_both();
}

#[test]
fn contrast_tells_as_much_as_is_shared() {
    let run = system("U-12").run();
    let most = 3.0 * LN_4;
    assert!((run.value_in("birth", "contrast", "test") - most).abs() < 1e-12);
    // Two normals with a correlation of .9 share .8304 nat. Of 64 the best critic finds about .8304 - ln(1 + 4.26 / 64) + 4.26 / 128.
    let found = most - run.value("contrast", "test");
    assert!((found - 0.799).abs() < 0.02 && found < 0.8304, "{found}");
    system("U-12").epochs(1).run_both();
}

#[test]
fn a_code_that_settles_is_the_posterior_mean() {
    let run = system("U-17").run();
    for split in ["train", "test"] {
        assert!(run.value("apart", split) < 1e-11 && run.value("behind", split) < 1e-8);
        assert_eq!(run.value("unsettled", split), 0.0);
    }
    assert!(run.value("size_", "test") > 0.5 && run.value("error", "test") < 0.6 * run.value("plain", "test"));
    system("U-17").epochs(2).run_both();
}

#[test]
fn the_slowest_feature_of_two_fast_signals_is_the_sine_they_hide() {
    let run = system("U-09").run();
    assert!(run.value("alike", "train") > 0.9999995, "{}", run.value("alike", "train"));
    system("U-09").epochs(2).run_both();
}

#[test]
fn a_price_on_activity_is_a_soft_threshold() {
    for price in [0.1, 0.5, 1.0] {
        let run = system("U-08").set("price", price).run();
        assert!(run.value("wrong", "test") < 1e-6, "{price}: {}", run.value("wrong", "test"));
        assert!((run.value("moved", "test") - price).abs() < 1e-6);
    }
    system("U-08").epochs(3).run_both();
}

#[test]
fn infomax_whitens_and_fills_the_clear_channels_first() {
    let run = system("U-14").run();
    let value = |name: &str| run.value(name, "test");
    assert!((value("first") - 1.0).abs() < 1e-9 && (value("second") - 1.0).abs() < 1e-9 && value("both").abs() < 1e-9);
    assert!((value("before") - 0.3).abs() < 1e-12);
    // The water stands at 13/16: so much less the noise of each channel, and nothing in the third.
    for (power, wanted) in [("power_0", 0.6875), ("power_1", 0.3125), ("power_2", 0.0)] {
        assert!((value(power) - wanted).abs() < 1e-9, "{power}: {}", value(power));
    }
    system("U-14").epochs(3).run_both();
}

#[test]
fn who_foresees_the_next_place_thinks_of_neighbours_alike() {
    for seed in 0..3 {
        let run = system("U-20").seed(seed).run();
        let more = run.value("surprise", "train") - LN_4;
        assert!((0.0..0.004).contains(&more), "{seed}: {more}");
        let (w, bias) = (run.slot("Here -> Think.weight"), run.slot("Think.bias"));
        let thought = |place: usize| -> Vec<f64> { (0..6).map(|unit| w[unit * 15 + place] + bias[unit]).collect() };
        let mut alike = [(0.0, 0.0); 2];
        for one in 0..15 {
            for other in (0..15).filter(|other| *other != one) {
                let (sum, count) = &mut alike[usize::from(one / 5 == other / 5)];
                *sum += cosine(&thought(one), &thought(other));
                *count += 1.0;
            }
        }
        let [across, within] = alike.map(|(sum, count)| sum / count);
        assert!(within > across + 0.2, "{seed}: {within}, {across}");
    }
    system("U-20").epochs(3).run_both();
}
