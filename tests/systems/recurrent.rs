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

#[test]
fn a_ring_of_eight_remembers_eight_moments() {
    let run = system("T-06").run();
    assert!((run.value("capacity", "test") - 8.0).abs() < 1e-9, "{}", run.value("capacity", "test"));
    let loose = run.value("loose", "test");
    assert!(loose > 2.0 && loose <= 8.0, "{loose}");
    system("T-06").epochs(2).run_both();
}

#[test]
fn an_oscillator_comes_to_its_circle_at_its_pace() {
    for mu in [0.25, 1.0, 2.25] {
        let run = system("T-15").set("mu", mu).run();
        let radius = run.value("radius", "test");
        assert!((radius * radius - mu).abs() < 1e-9, "{mu}: {radius}");
        let (cos, sin) = (run.value("turn_cos", "test"), run.value("turn_sin", "test"));
        assert!((cos - 0.9800665778412416).abs() < 1e-12 && (sin - 0.19866933079506122).abs() < 1e-12);
    }
    system("T-15").run_both();
}

#[test]
fn credit_by_memory_comes_from_any_distance() {
    for steps in [5, 20, 200] {
        let run = system("T-09").set("length", format!("{steps} steps")).run();
        let gradient = |slot: &str| 1.0 - run.slot(slot)[0];
        assert!((gradient("X -> Stored.weight") - 1.0).abs() < 1e-9, "{steps}");
        let leaked = 0.9f64.powi(steps - 1);
        assert!((gradient("X -> Marked.weight") - leaked).abs() < 1e-13, "{steps}");
    }
    system("T-09").run_both();
}
