//! Core: costs that live somewhere, who learns from what, wiring, and what never changes.

use super::{Slots, System, apart, change, norm, system};
use crate::data::numpy::{doubles, head, npy};
use tempfile::TempDir;

#[test]
fn a_cost_reaches_only_what_learns_from_it() {
    let light = system("C-02").epochs(2).run_both();
    let heavy = system("C-02").epochs(2).set("weight", 7).run();
    for slot in ["Retina -> V1.weight", "V1.bias", "V1 -> Recall.weight", "Recall.bias"] {
        assert_eq!(light.slot(slot), heavy.slot(slot), "{slot}");
    }
    assert_eq!(light.value_in("life", "rebuild", "test"), heavy.value_in("life", "rebuild", "test"));
    assert_ne!(light.slot("V1 -> Choice.weight"), heavy.slot("V1 -> Choice.weight"));
    assert_ne!(light.slot("Choice.bias"), heavy.slot("Choice.bias"));
}

#[test]
fn each_region_learns_from_its_own_cost_and_nothing_above() {
    let one = system("C-04").epochs(2).run_both();
    let other = system("C-04").epochs(2).set("top", 2).run();
    for slot in ["Retina -> Low.weight", "Low.bias", "Low -> High.weight", "High.bias"] {
        assert_eq!(one.slot(slot), other.slot(slot), "{slot}");
    }
    assert_ne!(one.slot("High -> Choice.weight"), other.slot("High -> Choice.weight"));
}

/// All weights and biases of a moment, one behind the other.
fn parameters(slots: &Slots) -> Vec<f64> {
    let learned = |name: &&String| name.ends_with(".weight") || name.ends_with(".bias");
    slots.iter().filter(|(name, _)| learned(name)).flat_map(|(_, values)| values.clone()).collect()
}

/// What the first step of a run changed.
fn first_change(system: &System) -> Vec<f64> {
    let steps = system.steps();
    change(&parameters(&steps[0]), &parameters(&steps[1]))
}

#[test]
fn what_learns_from_several_costs_adds_their_gradients() {
    for (how, linear) in [("sgd(rate = 0.1)", true), ("adam(rate = 0.1)", false)] {
        let by = |a: f64, b: f64| first_change(&system("C-03").set("a", a).set("b", b).set("how", how));
        let (one, other, both) = (by(1.0, 0.0), by(0.0, 1.0), by(0.3, 0.7));
        let sum: Vec<f64> = one.iter().zip(&other).map(|(one, other)| 0.3 * one + 0.7 * other).collect();
        let apart = apart(&sum, &both);
        assert!(if linear { apart < 1e-14 } else { apart > 0.1 }, "{how}: {apart}");
        assert!(norm(&both) > 0.0);
    }
    system("C-03").run_both();
}

#[test]
fn one_trunk_trades_rebuilding_against_naming() {
    let mut sums = [[0.0; 2]; 2];
    for (sum, naming) in sums.iter_mut().zip([0.0, 0.5]) {
        for seed in 0..3 {
            let run = system("C-05").set("naming", naming).seed(seed).single().run();
            sum[0] += run.value("accuracy", "test") / 3.0;
            sum[1] += run.value("error", "test") / run.value("power", "test") / 3.0;
        }
    }
    for (found, wanted) in sums.iter().zip([[0.946, 0.235], [0.985, 0.278]]) {
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 0.02, "{sums:?}");
        }
    }
    assert!(sums[1][0] > sums[0][0] + 0.02 && sums[1][1] > sums[0][1] + 0.02, "{sums:?}");
    system("C-05").epochs(1).run_both();
}

/// The slope of a cost along what a param pushes, from both sides.
fn slope(system: &System, push: &str, cost: &str) -> f64 {
    let by = 1e-5;
    let cost = |by: f64| system.clone().set(push, format!("{by:?}")).run().value(cost, "train");
    (cost(by) - cost(-by)) / (2.0 * by)
}

#[test]
fn one_cost_has_the_gradient_that_its_own_values_show() {
    for seed in 0..2 {
        let still = system("C-06").seed(seed);
        let (before, after) = (still.run(), still.clone().set("rate", 1).run());
        let moved = |metric: &str| before.value(metric, "test") - after.value(metric, "test");
        let bias = |slot: &str, along: fn(usize) -> usize, less: f64| -> f64 {
            let moved = change(after.slot(slot), before.slot(slot));
            moved.iter().enumerate().map(|(i, moved)| moved * (along(i) as f64 - less)).sum()
        };
        for (push, gradient) in [
            ("low", moved("along_low")),
            ("high", moved("along_high")),
            ("bend", bias("Hidden.bias", |i| 7 * i % 5, 2.0)),
            ("tilt", bias("Choice.bias", |i| 3 * i % 4, 1.0)),
        ] {
            let slope = slope(&still, push, "wrong");
            assert!((slope - gradient).abs() < 1e-6 * gradient.abs(), "{push}: {gradient}, the slope is {slope}");
        }
    }
    system("C-06").set("rate", 1).run_both();
}

#[test]
fn a_critic_changes_only_if_somebody_says_so() {
    let names = ["Actor -> Critic.weight", "Critic.bias", "Critic -> Verdict.weight", "Verdict.bias"];
    let steps = system("C-07").epochs(1).steps();
    let taught = system("C-07").epochs(1).set("critic", "backprop").steps();
    for name in names {
        assert!(steps.iter().all(|slots| slots[name] == steps[0][name]), "{name}");
        assert_ne!(taught[1][name], taught[0][name], "{name}");
    }
    assert_ne!(steps[1]["Retina -> Actor.weight"], steps[0]["Retina -> Actor.weight"]);
    let (still, moved) = (system("C-07").epochs(2).set("rate", 0).run(), system("C-07").epochs(2).run_both());
    assert!(moved.value("complaint", "test") < 0.8 * still.value("complaint", "test"));
}

#[test]
fn an_impulse_comes_as_late_as_its_delays() {
    for moment in 0..16 {
        let run = system("C-08").set("moment", moment).run();
        // The eight clicks are 1 to 8.
        let seen = |metric: &str| run.value(metric, "test") / 4.5;
        let at = |wanted: i32| if moment == wanted { 1.0 } else { 0.0 };
        assert_eq!([seen("click"), seen("near"), seen("far")], [at(1), at(4), at(6)], "step {moment}");
        let loops = at(1) + 0.5 * at(5) + 0.25 * at(9) + 0.125 * at(13);
        assert_eq!(seen("loop"), loops, "step {moment}");
    }
    system("C-08").set("moment", 6).run_both();
}

#[test]
fn a_convolution_is_local_wiring_with_equal_synapses() {
    let kernel: Vec<f64> = (0..9).map(|k| f64::from(k * k % 7) / 10.0 - 0.25).collect();
    // The synapses of each place: its nine neighbours, where there are any.
    let places =
        || (0..64i32).flat_map(|post| (0..9).map(move |k| (post, k, (post / 8 + k / 3 - 1, post % 8 + k % 3 - 1))));
    let inside = |(y, x): (i32, i32)| (0..8).contains(&y) && (0..8).contains(&x);
    let all: Vec<(usize, usize)> = places()
        .filter(|(_, _, from)| inside(*from))
        .map(|(post, k, (y, x))| ((post * 64 + y * 8 + x) as usize, k as usize))
        .collect();
    let mut local = vec![0.0; 64 * 64];
    all.iter().for_each(|(synapse, k)| local[*synapse] = kernel[*k]);
    let folder = TempDir::new().unwrap();
    let array = |shape: &str, values: &[f64]| npy(&head("<f8", shape), &doubles(values));
    std::fs::write(folder.path().join("local.npy"), array("(64, 64)", &local)).unwrap();
    std::fs::write(folder.path().join("kernel.npy"), array("(1, 1, 3, 3)", &kernel)).unwrap();
    let spec = system("C-09").beside(folder.path());
    assert!(spec.run().value("apart", "test") < 1e-15);
    let learns = spec.set("rate", 1);
    let steps = learns.steps();
    let moved = |name: &str| change(&steps[0][name], &steps[1][name]);
    let (local, shared) = (moved("Retina -> Local.weight"), moved("Retina -> Shared.weight"));
    let mut summed = vec![0.0; 9];
    all.iter().for_each(|(synapse, k)| summed[*k] += local[*synapse]);
    assert!(apart(&summed, &shared) < 1e-13, "{summed:?} {shared:?}");
    assert!(norm(&shared) > 0.1);
    learns.run_both();
}

#[test]
fn signs_stay_whatever_teaches() {
    let signs = [
        ("Retina -> Excited.weight", 1.0),
        ("Retina -> Quiet.weight", 1.0),
        ("Retina -> Rest.weight", -1.0),
        ("Excited -> Choice.weight", 1.0),
        ("Quiet -> Choice.weight", -1.0),
        ("Rest -> Choice.weight", -1.0),
    ];
    for (own, how) in [
        ("hebb(rate = 0.01)", "sgd(rate = 0.5)"),
        ("oja(rate = 0.1)", "momentum(rate = 0.1)"),
        ("swing", "adam(rate = 0.05)"),
        ("swing", "rmsprop(rate = 0.05)"),
        ("swing", "adamw(rate = 0.05)"),
    ] {
        let steps = system("C-10").set("own", own).set("how", how).steps();
        assert_eq!(steps.len(), 13);
        for (name, sign) in signs {
            for slots in &steps {
                assert!(slots[name].iter().all(|w| w * sign >= 0.0), "{name} by {own} and {how}");
            }
            assert_ne!(steps[0][name], steps[12][name]);
        }
        // Somebody wanted to cross: there are weights that have come to rest at 0.
        let ends = signs.iter().flat_map(|(name, _)| &steps[12][*name]).filter(|w| **w == 0.0).count();
        assert!(ends > 20, "{own} and {how}: {ends}");
    }
    system("C-10").set("own", "swing").run_both();
}

#[test]
fn what_is_not_there_or_fixed_stays_so() {
    for how in ["sgd(rate = 0.5)", "momentum(rate = 0.1)", "adam(rate = 0.01)", "adamw(rate = 0.01)"] {
        let steps = system("C-11").set("how", how).steps();
        let (fixed, few) = ("Retina -> Granule.weight", "Granule -> Purkinje.weight");
        let absent: Vec<usize> =
            (0..steps[0][few].len()).filter(|i| steps[0]["Granule -> Purkinje.synapses"][*i] == 0.0).collect();
        let share = 1.0 - absent.len() as f64 / steps[0][few].len() as f64;
        assert!((share - 0.2).abs() < 0.03, "{share}");
        for slots in &steps {
            assert_eq!(slots[fixed], steps[0][fixed], "{how}");
            assert_eq!(slots["Granule.bias"], steps[0]["Granule.bias"], "{how}");
            assert!(absent.iter().all(|i| slots[few][*i] == 0.0), "{how}");
        }
        let there = |slots: &Slots| slots[few].iter().filter(|w| **w != 0.0).count();
        assert_eq!(there(&steps[12]) + absent.len(), steps[0][few].len());
        assert!(steps[0][fixed].contains(&0.0) && norm(&steps[0][fixed]) > 0.1);
        assert_ne!(steps[12][few], steps[0][few]);
        assert_ne!(steps[12]["Purkinje -> Choice.left"], steps[0]["Purkinje -> Choice.left"]);
        assert_ne!(steps[12]["Purkinje -> Choice.right"], steps[0]["Purkinje -> Choice.right"]);
    }
    system("C-11").run_both();
}

#[test]
fn pathways_have_rates_and_optimisers_of_their_own() {
    let first = |fast: &str, slow: &str| {
        let steps = system("C-13").set("fast", fast).set("slow", slow).steps();
        assert_eq!(steps[0]["Retina -> Left.weight"], steps[0]["Retina -> Right.weight"]);
        ["Retina -> Left.weight", "Retina -> Right.weight"].map(|name| change(&steps[0][name], &steps[1][name]))
    };
    let [left, right] = first("sgd(rate = 0.3)", "sgd(rate = 0.1)");
    assert!(norm(&right) > 0.0);
    let tripled: Vec<f64> = right.iter().map(|x| 3.0 * x).collect();
    assert!(apart(&left, &tripled) < 1e-14);
    // The first step of adam has the rate's size, whatever the gradient's.
    let [left, right] = first("adam(rate = 0.01, eps = 1e-30)", "sgd(rate = 0.1)");
    for (left, right) in left.iter().zip(&right).filter(|(_, right)| right.abs() > 1e-12) {
        assert!((left - 0.01 * right.signum()).abs() < 1e-12, "{left} {right}");
    }
    system("C-13").set("fast", "adam(rate = 0.01)").run_both();
}

#[test]
fn credit_passes_through_what_is_frozen() {
    let steps = system("C-14").steps();
    for name in ["Retina -> Innate.weight", "Innate.bias", "V1 -> V2.weight", "V2.bias"] {
        assert!(steps.iter().all(|slots| slots[name] == steps[0][name]), "{name}");
    }
    for name in ["Retina -> V1.weight", "V2 -> Choice.weight", "Innate -> Choice.weight"] {
        assert!(norm(&change(&steps[0][name], &steps[1][name])) > 1e-4, "{name}");
    }
    system("C-14").run_both();
}

#[test]
fn backpropagation_fills_a_bottleneck_that_chance_does_not() {
    let mean = |hidden: &str| -> f64 {
        let runs = (0..5).map(|seed| system("G-01").set("hidden", hidden).seed(seed).single().run());
        runs.map(|run| run.value("accuracy", "test")).sum::<f64>() / 5.0
    };
    let (taught, frozen) = (mean("backprop"), mean("nothing"));
    assert!((taught - 0.968).abs() < 0.02 && (frozen - 0.543).abs() < 0.02, "{taught}, frozen {frozen}");
    system("G-01").epochs(1).run_both();
}

#[test]
fn only_a_bottleneck_tells_whether_depth_learns() {
    for (units, frozen, taught) in [(64, 0.947, 0.985), (8, 0.543, 0.968)] {
        for (hidden, wanted) in [("nothing", frozen), ("backprop", taught)] {
            let runs =
                (0..5).map(|seed| system("H-20").set("units", units).set("hidden", hidden).seed(seed).single().run());
            let accuracy = runs.map(|run| run.value("accuracy", "test")).sum::<f64>() / 5.0;
            assert!((accuracy - wanted).abs() < 0.03, "{units} {hidden}: {accuracy}, not {wanted}");
        }
    }
    system("H-20").epochs(1).run_both();
}
