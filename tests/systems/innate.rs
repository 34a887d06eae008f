//! What is there before anybody learns, and what it teaches.

use super::system;

#[test]
fn movers_teach_what_hands_look_like() {
    let mut student = 0.0;
    for seed in 0..2 {
        let run = system("K-01").seed(seed).single().run();
        assert!((run.value("mover", "test") - 0.66).abs() < 0.02);
        assert!((run.value("oracle", "test") - 0.921).abs() < 0.015);
        student += run.value("student", "test") / 2.0;
    }
    // The innate cue is right .66 of the time; what it taught stays when it is gone.
    assert!((student - 0.914).abs() < 0.01, "{student}");
    system("K-01").epochs(1).single().run_both();
}

#[test]
fn a_noisy_teacher_is_outdone_and_a_tilted_one_is_copied() {
    for (lessons, seeds, wanted) in [(1000, 6, 0.876), (6000, 3, 0.947), (30000, 1, 0.976)] {
        let runs = (0..seeds).map(|seed| system("K-06").set("lessons", lessons).seed(seed).run());
        let student = runs.map(|run| run.value("student", "test")).sum::<f64>() / f64::from(seeds as u32);
        assert!((student - wanted).abs() < 0.015, "{lessons}: {student}, not {wanted}");
    }
    let tilted = system("K-06").set("tilted", 1).run_both();
    for who in ["teacher", "student"] {
        let right = tilted.value(who, "test");
        assert!((right - 0.7).abs() < 0.015, "{who}: {right}");
    }
}

#[test]
fn a_zone_hears_its_own_climbing_fibre() {
    let (one, other) = (system("K-08").epochs(3).run_both(), system("K-08").epochs(3).set("loud", 5).run());
    for slot in ["Granule -> Lift.weight", "Lift.bias"] {
        assert_eq!(one.slot(slot), other.slot(slot), "{slot}");
    }
    assert_ne!(one.slot("Granule -> Turn.weight"), other.slot("Granule -> Turn.weight"));
}

#[test]
fn a_story_is_told_no_better_than_its_entropy() {
    let run = system("K-13").run();
    let (entropy, surprise) = (run.value("entropy", "test"), run.value("surprise", "test"));
    assert!((surprise - entropy).abs() < 0.01, "{surprise} of {entropy}");
    assert!(run.value("forgetful", "test") > surprise + 0.08);
    system("K-13").epochs(1).run_both();
}

#[test]
fn branches_compute_what_a_point_cannot() {
    let run = system("S-13").run_both();
    assert_eq!(run.value("soma", "test"), 1.0);
    assert!(run.value("point", "test") <= 0.75);
}

#[test]
fn delay_lines_and_rings_are_wired_to_know() {
    for late in [-4, -2, 0, 2, 4] {
        let run = system("S-16").set("late", late).run();
        for place in 0..5 {
            // Left's signal, held up by its line, meets right's where the lines differ by as much as the ears did.
            let meets = 2 * place - 4 == -late;
            let found = run.value(&format!("c{place}"), "test");
            assert_eq!(found, if meets { 1.0 } else { 0.0 }, "{late} at {place}");
        }
        assert_eq!([run.value("missed", "test"), run.value("bump", "test")], [0.0, 2.0]);
        assert!(run.value("went", "test") > 1.0);
    }
    system("S-16").run_both();
}

#[test]
fn swapped_inputs_make_swapped_tissue() {
    let (one, other) = (system("X-11").epochs(3).run_both(), system("X-11").epochs(3).set("swapped", 1).run());
    for (left, right) in [
        ("To_left -> Left.weight", "To_right -> Right.weight"),
        ("Left.bias", "Right.bias"),
        ("Left -> Left_name.weight", "Right -> Right_name.weight"),
    ] {
        assert_eq!(one.slot(left), other.slot(right), "{left}");
        assert_eq!(one.slot(right), other.slot(left), "{right}");
        assert_ne!(one.slot(left), one.slot(right), "{left}");
    }
    assert_eq!(one.value("left_right", "test"), other.value("right_right", "test"));
}

#[test]
fn wiring_is_able_at_birth_and_nothing_else_is() {
    let run = system("X-12").run_both();
    assert_eq!(run.value_in("birth", "innate", "test"), 1.0);
    // Chance among four, of 4,000: within three of its deviations.
    assert!((run.value_in("birth", "blank", "test") - 0.25).abs() < 0.021);
    assert!(run.value("blank", "test") > 0.98);
}

#[test]
fn who_copies_pays_for_a_slip_to_the_end() {
    let run = system("K-09").run();
    let wanted: f64 = (1..=100).map(|steps| 1.0 - 0.99f64.powi(steps)).sum();
    assert!((run.value("expected", "test") - wanted).abs() < 1e-10 && (wanted - 37.24).abs() < 0.005);
    // Of 8,000 lives of which the cost is up to a hundred.
    assert!((run.value("lost", "test") - wanted).abs() < 1.0, "{}", run.value("lost", "test"));
    assert!((run.value("recovered", "test") - 1.0).abs() < 0.04);
    system("K-09").set("lives_", 100).run_both();
}

#[test]
fn what_follows_a_gradient_learns_an_unnatural_readout() {
    let mut locals = Vec::new();
    for seed in 0..20 {
        let run = system("X-03").seed(seed).single().run();
        let part = |name: &str| run.value(name, "test") / run.value_in("natural", name, "test");
        assert!(run.value_in("natural", "follows_born", "test") < 0.01);
        assert!(part("follows_new") < 0.01, "{seed}: {}", part("follows_new"));
        assert_eq!(part("frozen_new"), 1.0, "{seed}");
        locals.push(part("local_new"));
    }
    assert!(locals.iter().all(|left| *left > 0.2) && super::median(&locals) > 1.0, "{locals:?}");
    system("X-03").epochs(1).run_both();
}

#[test]
fn hands_that_are_found_teach_where_a_face_looks() {
    let spec = |seed: u64| system("K-02").seed(seed).single();
    for seed in 0..2 {
        let run = spec(seed).run();
        let (located, along) = (run.value("located", "test"), run.value("along", "test"));
        // Of a quarter of the row's scenes the detector is learnt a little worse.
        assert!((located - 0.913).abs() < 0.025 && along > 0.93, "{seed}: {located}, {along}");
    }
    for seed in 0..2 {
        let blind = spec(seed).set("hand_seen", 0).run();
        let (located, along) = (blind.value("located", "test"), blind.value("along", "test"));
        assert!((located - 0.125).abs() < 0.025 && along < 0.6, "{seed}: {located}, {along}");
    }
    let slopes = system("K-02b").run_both();
    assert!((slopes.slot("Clear -> Taught.weight")[0] - 1.0).abs() < 1e-12);
    assert!((slopes.slot("Noisy -> Blurred.weight")[0] - 1.0 / (1.0 + 1.5 * 1.5)).abs() < 1e-12);
}

#[test]
fn what_stands_above_a_broken_link_is_at_chance_and_what_stands_below_is_the_same() {
    let spec = || system("K-02").single().epochs(4);
    let (whole, no_second, no_first) = (spec().run(), spec().set("second", 0).run(), spec().set("first", 0).run());
    for slot in ["Scene -> Student.weight", "Student.bias"] {
        assert_eq!(whole.slot(slot), no_second.slot(slot), "{slot}");
    }
    assert!(whole.value("along", "test") > 0.8);
    assert_eq!(no_second.value("located", "test"), whole.value("located", "test"));
    assert_eq!(no_second.value("along", "test"), 0.0);
    assert!((no_first.value("located", "test") - 0.125).abs() < 0.025);
    assert!(no_first.value("along", "test").abs() < 0.3, "{}", no_first.value("along", "test"));
}

#[test]
fn a_unit_without_memory_has_as_much_variance_as_mean() {
    let run = system("S-03").single().run();
    let (mean, square) = (run.value("count", "test"), run.value("square", "test"));
    // In steps of a millisecond a count's variance is .99 of its mean; of 8,000 counts it is off by .016 of itself.
    let fano = (square - mean * mean) / mean;
    assert!((fano - 0.99).abs() < 0.05 && (mean - 4.0).abs() < 0.07, "{mean}, {fano}");
    system("S-03").set("lives", 100).run_both();
}

#[test]
fn who_asks_well_halves_what_he_does_not_know() {
    let run = system("P-20").run_both();
    assert_eq!(run.value("asked", "test"), 0.5f64.powi(11));
    assert!(run.value("off_by", "test") < 0.5f64.powi(12));
    // The gap that twelve chance questions leave around a thirteenth point.
    assert!((run.value("chance", "test") - 2.0 / 14.0).abs() < 0.006);
}

/// The sum over epochs of how far the wide net is ahead on the test.
fn ahead(metrics: &str) -> Vec<f64> {
    let rows = metrics.lines().filter(|line| line.contains(",test,ahead,"));
    rows.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_paired_learning_curve_is_a_number_of_the_seed() {
    let area = |metrics: &str| ahead(metrics).iter().sum::<f64>();
    let mut areas = Vec::new();
    for seed in 0..3 {
        let spec = system("X-14").seed(seed).epochs(5).single();
        let (once, again) = (spec.run(), spec.clone().threads(1).run());
        assert_eq!(ahead(&once.metrics).len(), 5);
        assert_eq!(once.metrics, again.metrics, "{seed}");
        areas.push(area(&once.metrics));
    }
    // The wide net learns faster in every pair, by another amount in each.
    assert!(areas.iter().all(|area| *area > 0.5), "{areas:?}");
    assert!(areas[0] != areas[1] && areas[1] != areas[2], "{areas:?}");
    system("X-14").epochs(1).run_both();
}

#[test]
fn a_cost_is_inferred_from_what_it_changes() {
    for (a, b) in [(0.7, 0.2), (0.1, 0.5)] {
        let run = system("X-08").set("a", a).set("b", b).run();
        let (first, second) = (run.value("first", "test"), run.value("second", "test"));
        assert!((first - a).abs() < 1e-6 && (second - b).abs() < 1e-6, "{first} {second}");
    }
    system("X-08").epochs(1).run_both();
}

#[test]
fn words_are_told_apart_across_situations() {
    let run = system("K-19").run_both();
    assert_eq!(run.value("true_", "test"), 1.0);
    for (scenes, metric) in ["first", "second", "third", "fourth"].iter().enumerate() {
        let (found, wanted) = (run.value(metric, "test"), 0.25f64.powi(scenes as i32 + 1));
        // Of 8,000 words with eight wrong meanings each; those of a scene hang together a little.
        assert!((found - wanted).abs() < 4.0 * (wanted / 64000.0).sqrt(), "{metric}: {found}, not {wanted}");
    }
}

#[test]
fn a_leaky_neuron_fires_as_its_closed_form_says() {
    let run = system("S-01").run();
    for (unit, wanted) in [24.49, 37.08, 53.01, 92.99].iter().enumerate() {
        // In four seconds a count is off by up to one; a spike by up to a step of 1/40 ms.
        let rate = run.value(&format!("rate_{unit}"), "test");
        assert!((rate - wanted).abs() < 0.25 + wanted * wanted * 0.000025, "{unit}: {rate}, not {wanted}");
    }
}

#[test]
fn three_dots_teach_what_a_face_is() {
    for seed in 0..3 {
        let spec = system("K-03").seed(seed);
        let (early, late) = (spec.clone().epochs(1).run(), spec.run());
        let (innate, student) = (late.value("innate", "test"), late.value("student", "test"));
        assert_eq!(early.value("innate", "test"), innate);
        assert!((innate - 0.7).abs() < 0.03 && student > innate + 0.1, "{seed}: {innate}, {student}");
    }
    system("K-03").epochs(1).run_both();
}

#[test]
fn each_stage_of_a_ventral_stream_untangles() {
    let run = system("Y-18").single().run();
    let [retina, v1, it] = ["retina", "v1", "it"].map(|stage| run.value(stage, "test"));
    assert!(retina + 0.1 < v1 && v1 + 0.03 < it && it > 0.9, "{retina} {v1} {it}");
}
