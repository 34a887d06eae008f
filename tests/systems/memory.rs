//! Memory that lasts by activity or by weights, and what opens, weighs and routes it.

use super::system;

#[test]
fn a_value_is_held_for_tau_over_what_leaks() {
    for (gain, leak) in [(1.0, 0.0), (0.9, 0.1), (0.5, 0.5)] {
        let run = system("M-01").set("gain", gain).run();
        let left = (0..200).fold(1.0, |left, _| left * (1.0 - 0.01 * leak));
        for (late, early) in [("middle", "first"), ("last", "middle")] {
            let found = run.value(late, "test") / run.value(early, "test");
            assert!((found - left).abs() < 1e-13, "{gain}: {found}, not {left}");
        }
    }
    assert_eq!(system("M-01").set("gain", 1).run().value("last", "test"), 2.5);
    system("M-01").run_both();
}

#[test]
fn a_gate_from_elsewhere_opens_a_buffer() {
    let run = system("M-02").run_both();
    assert_eq!([run.value("open", "test"), run.value("held", "test")], [0.0; 2]);
    assert!(run.value("moves", "test") > 1.0);
}

#[test]
fn without_go_no_buffer_changes() {
    let run = |go: f64, nogo: f64| system("M-04").set("go", go).set("nogo", nogo).run();
    for (go, nogo) in [(0.0, 0.0), (0.9, 0.0), (1.5, 1.0), (0.0, 2.0)] {
        let run = run(go, nogo);
        assert_eq!([run.value("moved", "test"), run.value("early", "test")], [0.0; 2], "{go} {nogo}");
    }
    for (go, nogo) in [(1.0, 0.0), (2.5, 1.0)] {
        let run = run(go, nogo);
        assert_eq!([run.value("lost", "test"), run.value("early", "test")], [0.0; 2], "{go} {nogo}");
        assert!(run.value("moved", "test") > 0.5);
    }
    system("M-04").set("go", 1).run_both();
}

#[test]
fn attention_is_a_mean_a_choice_and_blind_to_order() {
    let soft = system("M-08").run_both();
    assert!(soft.value("from_mean", "test") < 1e-15 && soft.value("from_turned", "test") < 1e-14);
    assert!(soft.value("from_nearest", "test") > 0.1);
    let sharp = system("M-08").set("sharpness", 1e6).run();
    assert!(sharp.value("from_nearest", "test") < 1e-9 && sharp.value("from_turned", "test") < 1e-9);
}

#[test]
fn attention_moves_the_half_point_of_a_normalised_response() {
    let seen = |attention: f64, contrast: f64| {
        system("M-10").set("attention", attention).set("contrast", contrast).run().value("seen", "test")
    };
    assert!((seen(1.0, 0.3) - 0.5).abs() < 1e-15 && (seen(2.0, 0.15) - 0.5).abs() < 1e-15);
    assert!((seen(1.0, 0.15) - 1.0 / 3.0).abs() < 1e-15 && seen(1.0, 300.0) > 0.998);
    system("M-10").run_both();
}

#[test]
fn a_router_shifts_and_copies_and_touches_nothing_else() {
    let run = system("M-11").run_both();
    for metric in ["shifted", "last", "copied", "others"] {
        assert_eq!(run.value(metric, "test"), 0.0, "{metric}");
    }
    assert!(run.value("moves", "test") > 1.0);
}

#[test]
fn one_wins_the_workspace_and_all_hear_it() {
    let run = system("M-12").run_both();
    assert_eq!(run.value("winners", "test"), 1.0);
    for metric in ["largest", "first", "alone"] {
        assert_eq!(run.value(metric, "test"), 0.0, "{metric}");
    }
}

#[test]
fn rhythms_out_of_phase_let_nothing_through() {
    for shift in [0.0, 0.5, 1.0, 2.0, std::f64::consts::PI] {
        let run = system("M-13").set("shift", shift).run();
        // The mean of the product of two cosines is half that of their difference.
        let gain = 0.5 + run.value("gain", "test");
        assert!((gain - run.value("open", "test")).abs() < 1e-13, "{shift}: {gain}");
    }
    let opposite = system("M-13").set("shift", std::f64::consts::PI).run_both();
    assert!((0.5 + opposite.value("gain", "test")).abs() < 1e-13);
}

#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn ln(x: f64) -> f64 {
    x.ln()
}

#[test]
fn actions_are_chosen_by_a_softmax_and_by_the_best_when_cold() {
    let names = ["p0", "p1", "p2", "p3"];
    let values = [0.5, 1.0, -1.0, 0.25];
    let chances = |temperature: f64| {
        let run = system("M-16").set("temperature", temperature).run();
        (names.map(|name| run.value(name, "test")), run)
    };
    for temperature in [0.5, 1.0, 4.0] {
        let (p, run) = chances(temperature);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        for i in 1..4 {
            // The ratio of two is that of their exponentials: its logarithm is their difference over the temperature.
            let log = ln(p[i] / p[0]) * temperature;
            assert!((log - (values[i] - values[0])).abs() < 1e-13, "{temperature}: {p:?}");
        }
        for (chosen, p) in ["a0", "a1", "a2"].iter().zip(p) {
            assert!((run.value(chosen, "test") - p).abs() < 3.0 * (p * (1.0 - p) / 20000.0).sqrt() + 1e-12);
        }
    }
    assert_eq!(chances(0.0001).0, [0.0, 1.0, 0.0, 0.0]);
    system("M-16").run_both();
}

#[test]
fn a_gain_field_carries_a_sum_of_angles() {
    let run = system("M-17").run();
    assert!(run.value("off", "test") < 1e-20, "{}", run.value("off", "test"));
    assert!(run.value("plain", "test") > 0.05);
    system("M-17").epochs(3).run_both();
}

#[test]
fn what_is_written_under_a_key_is_read_back_exactly() {
    let run = system("R-05").run_both();
    assert_eq!(run.value("wrong", "test"), 0.0);
    assert!(run.value("size_", "test") > 3.0);
}

#[test]
fn use_of_a_synapse_comes_to_its_steady_state() {
    for spikes in [0.0, 5.0, 20.0, 60.0] {
        let run = system("R-15").set("spikes", spikes).run();
        let used = 0.2 * (1.0 + 1.5 * spikes) / (1.0 + 0.2 * 1.5 * spikes);
        let found = run.value("use", "test");
        // What is left of the way after four thousand steps.
        let left = (1.0f64 - 0.001 * (1.0 / 1.5 + 0.2 * spikes)).powi(4000);
        assert!((found - used).abs() < 1e-12 + used * left, "{spikes}: {found}, not {used}");
        let resources = 1.0 / (1.0 + 0.2 * used * spikes);
        assert!((run.value("left", "test") - resources).abs() < 1e-9 + left, "{spikes}");
    }
    system("R-15").run_both();
}

#[test]
fn one_example_is_worth_less_than_all_and_less_in_more_dimensions() {
    // Two unit normals two apart: all examples are right in Phi(1) of the cases.
    let mut gaps = Vec::new();
    for wide in [2, 20] {
        let run = system("R-14").set("wide", wide).run();
        let (once, all) = (run.value("once", "test"), run.value("all_", "test"));
        assert!((all - 0.841345).abs() < 0.008, "{wide}: {all}");
        gaps.push(all - once);
    }
    assert!(gaps[0] > 0.1 && gaps[1] > gaps[0] + 0.08, "{gaps:?}");
    system("R-14").epochs(1).run_both();
}

#[test]
fn half_a_pattern_brings_the_other_half() {
    let overlaps: Vec<f64> =
        (0..5).map(|seed| system("R-07").seed(seed).single().run().value("overlap", "train")).collect();
    assert!(overlaps.iter().all(|overlap| *overlap > 0.99), "{overlaps:?}");
    let run = system("R-07").run_both();
    // What was not written is not brought back.
    assert!(run.value("overlap", "test").abs() < 0.3 && run.value_in("write", "overlap", "train").abs() < 0.1);
}

#[test]
fn theta_has_room_for_six_cycles_of_gamma() {
    for (gamma, theta, slots) in [(40, 6, 6.0), (40, 8, 5.0), (80, 6, 13.0)] {
        let run = system("T-16").set("gamma", gamma).set("theta", theta).run();
        let cycles = run.value("cycles", "test");
        assert!((cycles * 1000.0 - f64::from(theta)).abs() < 1e-9);
        // All cycles alike: the mean of the squares is the square of the mean.
        let (mean, square) = (run.value("slots", "test") / cycles, run.value("square", "test") / cycles);
        assert!((mean - slots).abs() < 1e-9 && (square - slots * slots).abs() < 1e-9, "{gamma}/{theta}: {mean}");
    }
    system("T-16").run_both();
}

#[test]
fn a_full_buffer_loses_the_oldest() {
    for (items, held) in [(4, 4.0), (6, 6.0), (8, 6.0), (11, 6.0)] {
        let run = system("M-03").set("items", items).run();
        assert_eq!([run.value("wrong", "test"), run.value("held", "test")], [0.0, held]);
    }
    system("M-03").run_both();
}

#[test]
fn twelve_ax_is_not_learnt_by_who_remembers_one_thing() {
    let run = system("M-07").run();
    // Of 12,000 probes in 4,000 trials.
    for (memory, wanted) in [("none", 5.0 / 9.0), ("sight", 13.0 / 18.0), ("outer", 8.0 / 9.0), ("inner", 17.0 / 18.0)]
    {
        let right = run.value(memory, "test");
        assert!((right - wanted).abs() < 0.015, "{memory}: {right}, not {wanted}");
    }
    assert_eq!(run.value("both", "test"), 1.0);
    system("M-07").epochs(1).run_both();
}

#[test]
fn a_softmax_lookup_is_a_step_down_an_energy() {
    for (beta, wanted) in [(4, 0.8956), (16, 0.0010), (64, 0.0000)] {
        let run = system("R-02").set("beta", beta).run();
        let error = run.value("error", "test");
        assert!((error - wanted).abs() < 0.0003 + 0.003 * wanted, "{beta}: {error}");
        assert!(run.value("apart", "train") < 1e-13 && run.value("apart", "test") > 0.1, "{beta}");
    }
    system("R-02").set("patterns", 20).run_both();
}
