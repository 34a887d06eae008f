//! Binding and composition.

use super::system;

#[test]
fn a_role_at_right_angles_finds_its_filler() {
    let run = system("Y-01").run_both();
    assert!(run.value("first", "test") < 1e-14 && run.value("third", "test") < 1e-14);
    assert!(run.value("blurred", "test") > 0.1);
}

#[test]
fn a_tree_is_more_than_its_leaves() {
    let bent = system("Y-07").run_both();
    assert!(bent.value("apart", "test") > 0.05 && bent.value("same", "test") < 1e-15);
    let sums = system("Y-07").set("bend", "plain").set("share", 0.25).run();
    assert!(sums.value("apart", "test") < 1e-14, "{}", sums.value("apart", "test"));
}

#[test]
fn one_production_fires_and_memories_fade_by_a_power() {
    let run = system("Y-12").run_both();
    assert_eq!([run.value("fired", "test"), run.value("best", "test")], [1.0, 0.0]);
    for decay in [0.5, 0.8] {
        let run = system("Y-12").set("decay", decay).run();
        assert!((run.value("early", "test") - fades(decay, &[5.0, 2.0])).abs() < 1e-13);
        assert!((run.value("late", "test") - fades(decay, &[39.0, 36.0, 32.0, 21.0])).abs() < 1e-13);
    }
}

#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn fades(decay: f64, since: &[f64]) -> f64 {
    since.iter().map(|since| since.powf(-decay)).sum::<f64>().ln()
}
