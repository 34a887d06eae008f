//! Time: credit through time, gates that remember, reservoirs, rhythms.

use super::system;

#[test]
fn credit_through_time_is_the_slope_of_the_cost() {
    let still = system("T-01");
    let learns = still.clone().set("rate", 1);
    let (before, after) = (still.run(), learns.run_both());
    for push in ["wide", "back"] {
        let along = format!("along_{push}");
        let gradient = before.value(&along, "test") - after.value(&along, "test");
        let cost = |by: f64| still.clone().set(push, format!("{by:?}")).run().value("wrong", "train");
        let slope = (cost(1e-5) - cost(-1e-5)) / 2e-5;
        assert!((slope - gradient).abs() < 1e-6 * gradient.abs(), "{push}: {gradient}, the slope is {slope}");
    }
    let truncated = |steps: usize| learns.clone().set("through", format!("truncated({steps} steps)")).run();
    assert_eq!(truncated(8).outcome.weights_digest, after.outcome.weights_digest);
    assert_ne!(truncated(4).outcome.weights_digest, after.outcome.weights_digest);
}

#[test]
fn a_shut_gate_holds_a_state_to_the_bit() {
    let held = system("T-07").run_both();
    assert_eq!(held.value("lost", "test"), 0.0);
    assert_eq!(held.value("last", "test"), held.value("first", "test"));
    let leaks = system("T-07").set("keep", 0.99).run();
    let left = leaks.value("later", "test") / leaks.value("first", "test");
    assert!((left - 0.99f64.powi(100)).abs() < 1e-12 && (left - 0.366).abs() < 5e-4, "{left}");
}

#[test]
fn the_gradient_vanishes_with_the_power_of_the_weight() {
    for weight in [0.5, 0.9, 1.25] {
        for moment in [0, 3, 10, 11] {
            let run = system("T-08").set("weight", weight).set("moment", moment).run();
            let gradient = -run.slot("Click -> Loop.weight")[0];
            let power = (0..11 - moment).fold(1.0, |power, _| power * weight);
            assert!((gradient - power).abs() < 1e-14 * power, "{weight} from {moment}: {gradient}, not {power}");
        }
    }
    system("T-08").run_both();
}
