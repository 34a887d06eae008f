//! Rules with indices, matrices and competition.

#![allow(clippy::disallowed_methods, reason = "an independent reference for probabilities")]

use super::system;

#[test]
fn sanger_finds_the_first_components_in_order() {
    for seed in 0..3 {
        let run = system("H-03").seed(seed).run();
        let w = run.slot("In -> Code.weight");
        for unit in 0..3 {
            for i in 0..10 {
                let wanted = if i == unit { 1.0 } else { 0.0 };
                let found = w[10 * unit + i].abs();
                assert!((found - wanted).abs() < 1e-9, "seed {seed}: {found} is {i} of unit {unit}");
            }
        }
        // What the three leave over of the variance is nothing of 4 + 2 + 1.
        let power = run.value("power", "train");
        assert!((power - 7.0).abs() < 1e-9, "seed {seed}: {power}");
    }
    system("H-03").epochs(3).run_both();
}

/// How far a product of separation and mixture is from one source per output: 0 if it is there, by rows and columns.
fn amari(w: &[f64], mix: [[f64; 3]; 3]) -> f64 {
    let of = |j: usize, s: usize| (0..3).map(|i| w[3 * j + i] * mix[i][s]).sum::<f64>().abs();
    let line = |values: [f64; 3]| values.iter().sum::<f64>() / values.iter().copied().fold(0.0, f64::max) - 1.0;
    let rows: f64 = (0..3).map(|j| line([0, 1, 2].map(|s| of(j, s)))).sum();
    let columns: f64 = (0..3).map(|s| line([0, 1, 2].map(|j| of(j, s)))).sum();
    (rows + columns) / 12.0
}

#[test]
fn heavy_tails_are_separated_and_normal_ones_are_not() {
    let mix = [[1.0, 0.5, 0.3], [0.4, 1.0, -0.6], [-0.3, 0.2, 1.0]];
    let index = |heavy: u8, seed: u64| {
        amari(system("H-07").set("heavy", heavy).seed(seed).run().slot("Ear -> Out.weight"), mix)
    };
    for seed in 0..3 {
        let (laplacian, normal) = (index(1, seed), index(0, seed));
        assert!(laplacian < 0.02, "seed {seed}: {laplacian}");
        assert!(normal > 0.1, "seed {seed}: normal sources come apart, {normal}");
    }
    system("H-07").epochs(1).run_both();
}

#[test]
fn units_become_the_means_of_their_members() {
    for seed in 0..3 {
        let run = system("H-10").seed(seed).run();
        for unit in 0..3 {
            let share = run.value(&format!("share{unit}"), "train");
            for axis in ["x", "y"] {
                let mean = run.value(&format!("of{unit}{axis}"), "train") / share;
                let w = run.value(&format!("w{unit}{axis}"), "train");
                assert!(share > 0.0 && (w - mean).abs() < 1e-13, "seed {seed}: unit {unit} is {w}, not {mean}");
            }
        }
    }
    system("H-10").epochs(2).run_both();
}

#[test]
fn what_points_are_apart_from_their_units_never_rises() {
    for seed in 0..5 {
        let run = system("H-10").seed(seed).epochs(60).run();
        let rows = run.metrics.lines().filter_map(|line| line.split_once(",train,distortion,"));
        let all: Vec<f64> = rows.map(|(_, value)| value.parse().unwrap()).collect();
        assert_eq!(all.len(), 60);
        assert!(all[59] < all[0], "nothing is learnt");
        assert!(all.windows(2).all(|two| two[1] <= two[0] * (1.0 + 1e-14)), "seed {seed}: {all:?}");
    }
}

#[test]
fn a_chain_orders_itself_and_stays_in_order() {
    let ordered = |w: &[f64]| w.windows(2).all(|two| two[0] < two[1]) || w.windows(2).all(|two| two[0] > two[1]);
    for seed in 0..3 {
        let steps = system("H-11").seed(seed).steps();
        let found: Vec<bool> = steps.iter().map(|slots| ordered(&slots["In -> Map.weight"])).collect();
        let first = found.iter().position(|ordered| *ordered).unwrap_or_else(|| panic!("seed {seed}: never in order"));
        assert!(first > 0, "seed {seed}: in order from the start");
        assert!(found[first..].iter().all(|ordered| *ordered), "seed {seed}: in order at {first}, and not ever after");
    }
    system("H-11").run_both();
}

#[test]
fn weights_become_the_logarithms_of_probabilities() {
    for seed in 0..3 {
        let run = system("H-12").seed(seed).run();
        for unit in 0..2 {
            let p = run.value(&format!("p{unit}"), "train");
            for i in 0..4 {
                let on = run.value(&format!("on{unit}{i}"), "train") / p;
                let (w, not) =
                    (run.slot("On -> Unit.weight")[4 * unit + i], run.slot("Off -> Unit.weight")[4 * unit + i]);
                assert!((w.exp() - on).abs() < 1e-10, "seed {seed}: {} and {on}", w.exp());
                assert!((not.exp() - (1.0 - on)).abs() < 1e-10, "seed {seed}: {} and {}", not.exp(), 1.0 - on);
            }
        }
    }
    system("H-12").epochs(2).run_both();
}
