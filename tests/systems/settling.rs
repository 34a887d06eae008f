//! Networks that settle: energy, predictive coding, equilibrium.

use super::super::trained::{EXACT, trained};
use super::{Slots, System, Trained, apart, change, cosine, median, norm, system};

/// What the first step changes in some slots, one behind the other.
fn first_changes(seen: &[Slots], slots: &[&str]) -> Vec<f64> {
    slots.iter().flat_map(|slot| change(&seen[0][*slot], &seen[1][*slot])).collect()
}

/// How far what a rule changes is from the gradient, as a part of it, and the cosine of the angle between them.
fn from_gradient(system: &System, rule: &[&str], backprop: &[&str]) -> (f64, f64) {
    let seen = system.steps();
    let (found, wanted) = (first_changes(&seen, rule), first_changes(&seen, backprop));
    let apart: Vec<f64> = found.iter().zip(&wanted).map(|(found, wanted)| found - wanted).collect();
    (norm(&apart) / norm(&wanted), cosine(&found, &wanted))
}

const CONTRAST: [&str; 4] = ["In -> Hc.weight", "Hc -> Oc.weight", "Hc.bias", "Oc.bias"];
const EQUILIBRIUM: [&str; 4] = ["In -> He.weight", "He -> Oe.weight", "He.bias", "Oe.bias"];
const GRADIENT: [&str; 4] = ["In -> Hb.weight", "Hb -> Ob.weight", "Hb.bias", "Ob.bias"];

/// Each value over the next.
fn ratios(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[0] / pair[1]).collect()
}

fn all_within(values: &[f64], least: f64, most: f64) {
    assert!(values.iter().all(|value| (least..most).contains(value)), "{values:?} within {least} and {most}");
}

#[test]
fn contrastive_hebbian_learning_is_backprop_as_feedback_goes_to_0() {
    let at = |gain: f64| from_gradient(&system("E-04").epochs(1).set("gain", gain), &CONTRAST, &GRADIENT);
    let found: Vec<(f64, f64)> = [0.1, 0.01, 0.001].map(at).to_vec();
    let errors: Vec<f64> = found.iter().map(|(error, _)| *error).collect();
    all_within(&ratios(&errors), 8.0, 12.0);
    assert!(errors[2] < 0.005 && errors[0] > 0.02, "{errors:?}");
    assert!(found[1].1 > 0.9999, "{found:?}");
}

#[test]
fn equilibrium_propagation_errs_in_first_order_of_its_nudge() {
    let at = |beta: f64| from_gradient(&system("E-05").epochs(1).set("beta", beta), &EQUILIBRIUM, &GRADIENT).0;
    let errors = [0.1, 0.05, 0.025].map(at);
    all_within(&ratios(&errors), 1.8, 2.2);
    assert!(errors[2] < 0.02, "{errors:?}");
    system("E-05").epochs(1).run_both();
}

#[test]
fn symmetric_nudges_err_in_second_order() {
    let at = |beta: f64| from_gradient(&system("E-06").epochs(1).set("beta", beta), &EQUILIBRIUM, &GRADIENT).0;
    let errors = [0.04, 0.02, 0.01].map(at);
    all_within(&ratios(&errors), 3.7, 4.3);
    assert!(errors[2] < 0.01, "{errors:?}");
}

#[test]
fn nudged_passes_that_start_elsewhere_than_at_the_free_state_rest_elsewhere() {
    let at = |beta: f64| {
        let astray = system("E-06").epochs(1).set("beta", beta).set("teacher", "from_nothing");
        from_gradient(&astray, &EQUILIBRIUM, &GRADIENT).0
    };
    let errors = [0.04, 0.02].map(at);
    assert!(errors.iter().all(|error| *error > 0.5), "{errors:?}");
}

#[test]
fn recirculation_by_midpoints_is_contrastive_hebbian_learning() {
    let found = system("G-13").epochs(10).run();
    for (one, other) in [("Retina -> Hg", "Retina -> Hc"), ("Hg -> Og", "Hc -> Oc")] {
        let (one, other) = (found.slot(&format!("{one}.weight")), found.slot(&format!("{other}.weight")));
        assert!(apart(one, other) < 1e-12);
    }
    assert!(apart(found.slot("Hp -> Op.weight"), found.slot("Hc -> Oc.weight")) > 1e-3);
    for (name, least) in [("right_g", 0.85), ("right_p", 0.85)] {
        assert!(found.value(name, "test") > least, "{name}: {}", found.value(name, "test"));
    }
}

#[test]
fn attractors_are_recalled_below_the_critical_load_and_lost_above() {
    let over = |count: usize, phase: usize, metric: &str| {
        let values: Vec<f64> = (0..3)
            .map(|seed| {
                let run = system("E-10").set("count", count).seed(seed).single().run();
                let values = &run.outcome.phases[phase].values;
                values.iter().find(|m| m.name == metric).unwrap().value
            })
            .collect();
        median(&values)
    };
    let (complete, recall) = (1, 2);
    assert!(over(40, complete, "free") > 0.995);
    assert!(over(40, recall, "overlap") > 0.99);
    assert!(over(80, recall, "overlap") < 0.8);
}

#[test]
fn of_two_units_that_inhibit_each_other_the_stronger_wins_by_the_closed_form() {
    for w in [0.3, 0.6] {
        let found = system("E-11").set("w", w).epochs(1).run_both();
        assert!(found.value("margin", "test") < 1e-12, "{}", found.value("margin", "test"));
        assert!(found.value("alone", "test") < 1e-12);
        assert!((0.1..0.9).contains(&found.value("both", "test")));
        assert_eq!((found.value("winner", "test"), found.value("unsettled", "test")), (1.0, 0.0));
    }
    let found = system("E-11").set("w", 1.2).epochs(1).run();
    assert!(found.value("alone", "test") < 1e-12);
    assert_eq!((found.value("winner", "test"), found.value("both", "test")), (1.0, 0.0));
}

/// The energy after each of the first rounds.
fn energies(spec: &System, rate: f64, sign: f64) -> Vec<f64> {
    let at = |rounds: usize| {
        let spec = spec.clone().set("rounds", format!("{rounds} steps")).set("rate", rate).set("sign", sign);
        spec.epochs(1).run().value("energy", "test")
    };
    (1..=16).map(at).collect()
}

#[test]
fn the_energy_of_symmetric_weights_never_rises() {
    let spec = system("E-14");
    for sign in [1.0, -1.0] {
        let falling = energies(&spec, 0.3, sign);
        assert!(falling.windows(2).all(|pair| pair[1] <= pair[0] + 1e-14), "{falling:?}");
        assert!(falling[15] < falling[0] - 0.1);
    }
    let swinging = energies(&spec, 1.0, -1.0);
    assert!(swinging.windows(2).any(|pair| pair[1] > pair[0] + 1e-3), "{swinging:?}");
}

const PREDICTIVE: [&str; 2] = ["In -> Ap.weight", "Ap.bias"];
const FIRST_LAYER: [&str; 2] = ["In -> Ab.weight", "Ab.bias"];

#[test]
fn predictive_coding_nears_the_gradient_with_the_square_of_the_variance() {
    let at = |variance: f64| {
        let cosine = from_gradient(&system("E-01").epochs(1).set("variance", variance), &PREDICTIVE, &FIRST_LAYER).1;
        1.0 - cosine
    };
    let errors = [100.0, 1000.0, 10_000.0].map(at);
    let slopes: Vec<f64> = ratios(&errors).iter().map(|ratio| ratio.log10()).collect();
    all_within(&slopes, 1.85, 2.1);
    assert!(errors[0] < 0.01 && errors[2] > 1e-9, "{errors:?}");
    system("E-01").epochs(1).run_both();
}

#[test]
fn predictive_coding_changes_every_layer_as_the_gradient_does() {
    let steps = system("E-01").epochs(1).set("variance", 100_000.0).steps();
    let change = |name: &str| -> Vec<f64> {
        steps[1][name].iter().zip(&steps[0][name]).map(|(after, before)| after - before).collect()
    };
    for (one, other) in [
        ("In -> Ap.weight", "In -> Ab.weight"),
        ("Ap -> Bp.weight", "Ab -> Bb.weight"),
        ("Bp -> Cp.weight", "Bb -> Cb.weight"),
        ("Ap.bias", "Ab.bias"),
        ("Bp.bias", "Bb.bias"),
        ("Cp.bias", "Cb.bias"),
    ] {
        let (one, other) = (change(one), change(other));
        let size = other.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!(apart(&one, &other) < 1e-3 * size, "{} of {size}", apart(&one, &other));
    }
}

#[test]
fn inference_learning_without_divergence_is_the_gradient() {
    let found = system("E-02").epochs(2).run_both();
    for (one, other) in
        [("Retina -> Az", "Retina -> Ab"), ("Az -> Bz", "Ab -> Bb"), ("Bz -> Cz", "Bb -> Cb"), ("Az -> Cz", "Ab -> Cb")]
    {
        let (one, other) = (found.slot(&format!("{one}.weight")), found.slot(&format!("{other}.weight")));
        assert!(apart(one, other) < 1e-13, "{}", apart(one, other));
    }
    assert!(apart(found.slot("Az.bias"), found.slot("Ab.bias")) < 1e-13);
    assert!(found.value("right_z", "test") > 0.3);
}

#[test]
fn errors_of_held_predictions_settle_to_those_of_backprop() {
    let found = system("E-03").epochs(2).run();
    for (one, other) in
        [("Retina -> Af", "Retina -> Ab"), ("Af -> Bf", "Ab -> Bb"), ("Bf -> Cf", "Bb -> Cb"), ("Af -> Cf", "Ab -> Cb")]
    {
        let (one, other) = (found.slot(&format!("{one}.weight")), found.slot(&format!("{other}.weight")));
        assert!(apart(one, other) < 1e-12, "{}", apart(one, other));
    }
    assert!(found.value("right_f", "test") > 0.3);
}

#[test]
fn a_learned_precision_is_one_over_the_variance_of_its_errors() {
    let found = system("E-15").epochs(1500).run();
    for sense in ["a", "b"] {
        let (precision, variance) =
            (found.value(&format!("precision_{sense}"), "train"), found.value(&format!("variance_{sense}"), "train"));
        assert!((precision * variance - 1.0).abs() < 1e-9, "{sense}: {precision} and {variance}");
    }
    assert!(found.value("off", "test") < 1e-10);
    assert!(found.value("precision_a", "train") > 8.0 * found.value("precision_b", "train"));
}

#[test]
fn similarity_matching_keeps_the_principal_subspace() {
    for seed in 0..3 {
        let found = system("H-04").epochs(20).seed(seed).run();
        let kept = |split: &str| {
            let [all, lost, best] = ["all", "lost", "best"].map(|name| found.value(name, split));
            (all - lost) / (all - best)
        };
        // Of the samples that it has seen the network knows a little more than the axes from which they were drawn.
        assert!((0.9999..1.0005).contains(&kept("train")), "{}", kept("train"));
        assert!((0.9995..1.0005).contains(&kept("test")), "{}", kept("test"));
    }
}

/// Which line each unit's weights are nearest to, and how near on average.
fn lines(weights: &[f64]) -> (usize, f64) {
    let line = |line: usize, pixel: usize| if line < 8 { pixel / 8 == line } else { pixel % 8 == line - 8 };
    let nearest = weights.chunks(64).map(|unit| {
        let near = (0..16).map(|number| {
            let along: f64 = (0..64).filter(|pixel| line(number, *pixel)).map(|pixel| unit[pixel]).sum();
            (along / (8.0_f64.sqrt() * norm(unit)), number)
        });
        near.fold((f64::MIN, 0), |best, next| if next.0 > best.0 { next } else { best })
    });
    let nearest: Vec<(f64, usize)> = nearest.collect();
    let distinct: std::collections::BTreeSet<usize> = nearest.iter().map(|(_, line)| *line).collect();
    (distinct.len(), nearest.iter().map(|(near, _)| near).sum::<f64>() / nearest.len() as f64)
}

#[test]
fn local_anti_hebbian_learning_finds_every_line() {
    let found: Vec<Trained> = (0..5).map(|seed| system("H-08").epochs(1).seed(seed).run()).collect();
    let distinct: Vec<f64> = found.iter().map(|run| lines(run.slot("Image -> Code.weight")).0 as f64).collect();
    assert!(median(&distinct) >= 16.0 && distinct.iter().all(|lines| *lines >= 15.0), "{distinct:?}");
    for run in &found {
        assert!((run.value("firing", "test") - 0.125).abs() < 0.02, "{}", run.value("firing", "test"));
    }
}

#[test]
fn sparse_coding_finds_the_lines_and_its_cost_never_rises_while_it_settles() {
    for seed in 0..3 {
        let found = system("H-09").epochs(5).seed(seed).run();
        let (distinct, near) = lines(found.slot("Error -> Code.weight"));
        assert!(distinct == 16 && near > 0.997, "{distinct} lines, cosine {near}");
    }
    let at = |rounds: usize| {
        let spec = system("H-09").set("rounds", format!("{rounds} steps")).set("rate", 0).epochs(1);
        spec.run().value("energy", "test")
    };
    let falling: Vec<f64> = (1..=10).map(at).collect();
    assert!(falling.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12), "{falling:?}");
    assert!(falling[9] < falling[0]);
}

#[test]
fn the_example_tells_which_rule_is_the_gradient() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/is_it_gradient.neu");
    let found = trained(&std::fs::read_to_string(path).unwrap(), &EXACT);
    for (name, slope) in [("predictive", 2.0), ("contrastive", 1.0), ("one_sided", 1.0), ("symmetric", 2.0)] {
        let value = found.value(&format!("{name}_slope"), "test");
        assert!((value - slope).abs() < 0.1, "{name}: {value}");
    }
    assert!(found.value("zero_divergence_off", "test") < 1e-12);
    for name in ["predictive_angle", "contrastive_off", "one_sided_off", "symmetric_off"] {
        assert!(found.value(name, "test") > 1e-7, "{name} is not exact");
    }
}
