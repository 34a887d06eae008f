//! Local rules with traces, averages and modulators.

#![allow(clippy::disallowed_methods, reason = "what is expected is computed by the standard library")]

use super::{Slots, cosine, norm, run, system};

fn close(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within, "{found} is not {wanted}");
}

#[test]
fn hebb_grows_anti_hebb_fades_and_covariance_comes_to_rest_where_nothing_covaries() {
    let steps = system("H-01").steps();
    let last = &system("H-01").run_both().slots;
    for (name, sign) in [("Source -> Growing.weight", 1.0), ("Source -> Fading.weight", -1.0)] {
        for (i, moment) in [2.0_f64, 0.5].into_iter().enumerate() {
            for (step, slots) in steps.iter().enumerate().step_by(50) {
                let factor = (1.0 + sign * 0.01 * moment).powi(step as i32);
                close(slots[name][i] / steps[0][name][i] / factor, 1.0, 1e-12);
            }
        }
    }
    let grown = norm(&last["Source -> Growing.weight"]) / steps[0]["Source -> Growing.weight"][0].abs();
    close(grown.ln() / (0.01 * 2.0 * 300.0), 1.0, 0.01);
    let (born, even) = (&steps[0]["Offset -> Even.weight"], &last["Offset -> Even.weight"]);
    assert!((born[0] + 2.0 * born[1]).abs() > 0.05 && norm(even) > 0.05, "{born:?} {even:?}");
    close(even[0] + 2.0 * even[1], 0.0, 1e-12);
    close(last["Offset -> Even|covariance.mean_pre"][1], 3.0, 1e-12);
}

#[test]
fn oja_finds_the_first_component_of_a_stream() {
    let first = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    for (falling, least) in [(20.0, 0.995), (200.0, 0.9995)] {
        for seed in 0..3 {
            let w = system("H-02").set("falling", falling).seed(seed).run().slot("Source -> Cell.weight").to_vec();
            assert!(cosine(&w, &first).abs() > least, "falling {falling}: {w:?}");
            close(norm(&w), 1.0, 10.0 * (1.0 - least));
        }
    }
    system("H-02").set("length", "200 steps").run_both();
}

#[test]
fn bcm_answers_one_of_two_patterns_with_two() {
    let found = run("H-05");
    let (one, other) = (found.value("to_first", "test"), found.value("to_second", "test"));
    close(one.max(other), 2.0, 1e-6);
    close(one.min(other), 0.0, 1e-6);
    close(found.slot("Eye -> Cell|bcm.theta")[0], 2.0, 1e-6);
    system("H-05").set("length", "200 steps").run_both();
}

#[test]
fn homeostasis_meets_its_goal_and_scaling_keeps_ratios() {
    let born = system("H-13").set("length", "1 step").steps().swap_remove(0);
    let found = run("H-13");
    for unit in 0..3 {
        close(found.value(&format!("held_{unit}"), "train"), 0.2, 1e-9);
        close(found.value(&format!("kept_{unit}"), "train"), 0.5, 1e-9);
    }
    assert_eq!(found.slot("Source -> Threshold.weight"), born["Source -> Threshold.weight"]);
    let (before, after) = (&born["Source -> Scaled.weight"], found.slot("Source -> Scaled.weight"));
    for unit in 0..3 {
        let at = unit * 6;
        assert!((after[at] / before[at] - 1.0).abs() > 0.01, "unit {unit} scales");
        for i in 1..6 {
            close(after[at + i] / after[at] / (before[at + i] / before[at]), 1.0, 1e-12);
        }
    }
    system("H-13").set("length", "50 steps").run_both();
}

#[test]
fn a_perceptron_makes_no_more_mistakes_than_its_margin_allows() {
    let found = system("H-16").epochs(60).run();
    let rows = found.metrics.lines().filter(|row| row.contains(",train,mistake,"));
    let per_epoch: Vec<f64> = rows.map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect();
    let mistakes: f64 = per_epoch.iter().map(|share| share * 60.0).sum();
    assert_eq!(*per_epoch.last().unwrap(), 0.0, "{per_epoch:?}");
    assert!(mistakes >= 5.0, "{mistakes}");
    let (radius, margin) = margin(&found.slots);
    let bound = (radius / margin).powi(2);
    assert!(mistakes <= bound, "{mistakes} > {bound}");
    system("H-16").epochs(2).run_both();
}

/// The largest length of an input of the perceptron, with a 1 for the bias, and the margin of the weights that it has come to: any
/// separating direction gives a bound, and the run ends with one.
fn margin(slots: &Slots) -> (f64, f64) {
    let (fixed, w, b) = (&slots["Eye -> Wide.weight"], &slots["Wide -> Answer.weight"], slots["Answer.bias"][0]);
    let length = (w.iter().map(|w| w * w).sum::<f64>() + b * b).sqrt();
    let (mut radius, mut margin) = (0.0_f64, f64::INFINITY);
    for index in 0..60 {
        let x = [0, 1].map(|i| {
            let sign = if (index / (i + 1)) % 2 == 0 { 1.0 } else { -1.0 };
            sign * (0.6 + 0.01 * ((7 * index) % 60) as f64)
        });
        let wide: Vec<f64> = fixed.chunks(2).map(|row| (row[0] * x[0] + row[1] * x[1]).max(0.0)).collect();
        let drive: f64 = wide.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() + b;
        let sign = if x[0] * x[1] > 0.0 { 1.0 } else { -1.0 };
        radius = radius.max((wide.iter().map(|x| x * x).sum::<f64>() + 1.0).sqrt());
        margin = margin.min(sign * drive / length);
    }
    assert!(margin > 0.0);
    (radius, margin)
}

/// The rank of a matrix, by elimination; what is left below a part of 1e-9 of its largest element is rounding.
fn rank(mut rows: Vec<Vec<f64>>) -> usize {
    let largest = rows.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
    let mut rank = 0;
    while rank < rows.len() {
        let places = (rank..rows.len()).flat_map(|row| (0..rows[row].len()).map(move |column| (row, column)));
        let size = |&(row, column): &(usize, usize)| rows[row][column].abs();
        let Some((row, column)) = places.max_by(|a, b| size(a).total_cmp(&size(b))) else { break };
        if rows[row][column].abs() <= 1e-9 * largest {
            break;
        }
        rows.swap(rank, row);
        let pivot = rows[rank].clone();
        for other in &mut rows[rank + 1..] {
            let factor = other[column] / pivot[column];
            other.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
            other[column] = 0.0;
        }
        rank += 1;
    }
    rank
}

#[test]
fn what_is_broadcast_has_rank_one_and_what_is_addressed_has_not() {
    let steps = system("C-12").steps();
    system("C-12").run_both();
    let taught = |slot: &str| -> Vec<Vec<f64>> {
        let change = |pair: &[Slots]| pair[1][slot].iter().zip(&pair[0][slot]).map(|(new, old)| new - old).collect();
        steps.windows(2).map(change).collect()
    };
    assert_eq!(taught("One -> Broadcast.weight").len(), 12);
    assert_eq!(rank(taught("One -> Broadcast.weight")), 1);
    assert_eq!(rank(taught("One -> Addressed.weight")), 4);
}

#[test]
fn a_modulator_of_zero_changes_exactly_nothing() {
    let steps = system("D-11").steps();
    system("D-11").run_both();
    let at = |step: usize, slot: &str| steps[step][slot].clone();
    for slot in ["Retina -> Whole.weight", "Retina -> Sheet.weight"] {
        assert_ne!(at(0, slot), at(20, slot));
        assert_eq!(at(20, slot), at(40, slot), "{slot}");
        assert_ne!(at(40, slot), at(60, slot));
    }
    let zone =
        |step: usize, zone: usize| at(step, "Retina -> Sheet.weight")[zone * 3 * 64..(zone + 1) * 3 * 64].to_vec();
    assert_eq!(zone(0, 0), zone(60, 0));
    assert_ne!(zone(0, 1), zone(60, 1));
    assert_ne!(at(20, "Retina -> Whole|three_factor.e"), at(40, "Retina -> Whole|three_factor.e"));
}

#[test]
fn a_closed_eye_is_lost() {
    let (mut before, mut after) = (0.0, 0.0);
    for seed in 0..5 {
        let found = system("H-06").seed(seed).run();
        let eyes = |phase: &str| ["left", "right"].map(|eye| found.value_in(phase, eye, "test"));
        let index = |[left, right]: [f64; 2]| (right - left) / (right + left);
        let (normal, closed) = (eyes("open"), eyes("closed"));
        assert!(index(normal).abs() < 0.2, "seed {seed}: {normal:?}");
        assert!(index(closed) > 0.6, "seed {seed}: {closed:?}");
        before += index(normal) / 5.0;
        after += index(closed) / 5.0;
    }
    assert!(before.abs() < 0.1 && after > 0.8, "{before} {after}");
    system("H-06").set("rearing", "100 steps").set("deprivation", "100 steps").run_both();
}

#[test]
fn learnt_inhibition_holds_the_cell_at_its_target() {
    let found = run("H-14");
    let decay = (-1.0_f64 / 5.0).exp();
    let target = 2.0 * (1.0 - decay) / 2.0;
    close(found.value("rate", "test"), target, 1e-9);
    assert!((target / (2.0 / (2.0 * 5.0)) - 1.0).abs() < 0.15, "near alpha / (2 tau)");
    system("H-14").set("length", "50 steps").run_both();
}

/// For each orientation, the largest share of its eight places that one cell wins, on average; and how many cells win most of one.
fn invariance(weights: &[f64]) -> (f64, usize) {
    let winner =
        |place: usize| (0..4).max_by(|a, b| weights[a * 32 + place].total_cmp(&weights[b * 32 + place])).unwrap();
    let (mut share, mut cells) = (0.0, Vec::new());
    for orientation in 0..4 {
        let mut won = [0; 4];
        (0..8).for_each(|place| won[winner(8 * orientation + place)] += 1);
        let most = (0..4).max_by_key(|cell| won[*cell]).unwrap();
        share += won[most] as f64 / 32.0;
        cells.push(most);
    }
    cells.sort_unstable();
    cells.dedup();
    (share, cells.len())
}

#[test]
fn what_follows_each_other_comes_to_be_one() {
    for seed in 0..3 {
        let traced = system("H-18").seed(seed).run();
        let (share, cells) = invariance(traced.slot("Simple -> Complex.weight"));
        assert!(share > 0.95 && cells == 4, "seed {seed}: {share}, {cells}");
        let instant = system("H-18").seed(seed).set("teacher", "instant").run();
        let (share, _) = invariance(instant.slot("Simple -> Complex.weight"));
        assert!(share < 0.6, "seed {seed}: {share} without the trace");
    }
}
