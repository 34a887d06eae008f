//! What a step is, sentence by sentence: small runs against the same arithmetic written by hand.

use super::trained::{EXACT, Trained, Way, little_data, train_in, trained};
use neurula::data::split;
use neurula::math::{Precision, Stream};
use tempfile::TempDir;

/// Seven samples of two bytes with labels; five are for training.
fn samples() -> Vec<(Vec<u8>, u8)> {
    vec![
        (vec![255, 0], 1),
        (vec![51, 204], 3),
        (vec![102, 153], 0),
        (vec![0, 255], 2),
        (vec![204, 102], 5),
        (vec![153, 51], 4),
        (vec![51, 51], 7),
    ]
}

fn world() -> TempDir {
    little_data(&samples(), 5)
}

/// A linear unit that learns the label as a number.
fn spec(data: &str, rest: &str) -> String {
    format!(
        "data world = idx(\".\", batch = 2){data}\nregion X[1, 2] = world.image\nregion Y[1] = drive\nconnect X -> Y\n\
         cost wrong in Y = (Y[0] - number(world.label))^2\n{rest}\n"
    )
}

/// Weights, bias, and what a step by hand needs.
#[derive(Clone, Debug)]
struct Unit {
    w: [f64; 2],
    b: f64,
}

impl Unit {
    /// As it is born.
    fn born(seed: u64) -> Unit {
        let stream = Stream::new(seed, "X -> Y.weight");
        let bound = 1.0 / 2f64.sqrt();
        let draw = |i| -bound + 2.0 * bound * stream.uniform(i);
        Unit { w: [draw(0), draw(1)], b: 0.0 }
    }

    /// The gradient of the mean squared error over some samples, and their mean error.
    fn gradient(&self, rows: &[u32]) -> ([f64; 2], f64, f64) {
        let all = samples();
        let n = rows.len() as f64;
        let (mut gw, mut gb, mut cost) = ([0.0; 2], 0.0, 0.0);
        for row in rows {
            let (bytes, label) = &all[*row as usize];
            let x = [f64::from(bytes[0]) / 255.0, f64::from(bytes[1]) / 255.0];
            let error = self.w[0] * x[0] + self.w[1] * x[1] + self.b - f64::from(*label);
            gw[0] += 2.0 * error * x[0] / n;
            gw[1] += 2.0 * error * x[1] / n;
            gb += 2.0 * error / n;
            cost += error * error;
        }
        (gw, gb, cost)
    }
}

/// The batches of an epoch.
fn batches(seed: u64, epoch: u64, drop_last: bool) -> Vec<Vec<u32>> {
    let order = split::order(seed, "world", epoch, &[0, 1, 2, 3, 4]);
    order.chunks(2).filter(|chunk| !drop_last || chunk.len() == 2).map(<[u32]>::to_vec).collect()
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()), "{found} and {wanted}");
    }
}

fn run(text: &str) -> Trained {
    let folder = world();
    train_in(folder.path(), text, &EXACT).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A run of some epochs by hand; `update` gets the gradient and the number of the step from 0.
fn by_hand(epochs: u64, drop_last: bool, mut update: impl FnMut(&mut Unit, [f64; 2], f64, u64)) -> Unit {
    let mut unit = Unit::born(0);
    let mut step = 0;
    for epoch in 0..epochs {
        for rows in batches(0, epoch, drop_last) {
            let (gw, gb, _) = unit.gradient(&rows);
            update(&mut unit, gw, gb, step);
            step += 1;
        }
    }
    unit
}

fn same(found: &Trained, unit: &Unit) {
    close(found.slot("X -> Y.weight"), &unit.w);
    close(found.slot("Y.bias"), &[unit.b]);
}

fn descend(unit: &mut Unit, gw: [f64; 2], gb: f64, rate: f64) {
    unit.w[0] -= rate * gw[0];
    unit.w[1] -= rate * gw[1];
    unit.b -= rate * gb;
}

/// The codes with which a text is refused.
fn refused(text: &str) -> Vec<&'static str> {
    let folder = world();
    match super::trained::checked(folder.path(), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect(),
    }
}

const PHASE: &str = "learn X -> Y by backprop from wrong using sgd(rate = 0.1)";

#[test]
fn the_mean_over_the_batch_is_lowered_and_the_last_smaller_batch_is_trained_on() {
    let found = run(&spec("", &format!("development {{ phase p for 3 epochs {{ {PHASE} }} }}")));
    assert_eq!(found.outcome.phases[0].steps, 9);
    same(&found, &by_hand(3, false, |unit, gw, gb, _| descend(unit, gw, gb, 0.1)));
}

#[test]
fn drop_last_leaves_the_smaller_batch_out() {
    let found = run(&spec(", drop last", &format!("development {{ phase p for 3 epochs {{ {PHASE} }} }}")));
    assert_eq!(found.outcome.phases[0].steps, 6);
    same(&found, &by_hand(3, true, |unit, gw, gb, _| descend(unit, gw, gb, 0.1)));
}

#[test]
fn reported_training_values_are_running_means_over_the_epochs_own_batches() {
    let found = run(&spec("", &format!("development {{ phase p for 1 epoch {{ {PHASE} }} }}")));
    let mut unit = Unit::born(0);
    let mut total = 0.0;
    for rows in batches(0, 0, false) {
        let (gw, gb, cost) = unit.gradient(&rows);
        total += cost;
        descend(&mut unit, gw, gb, 0.1);
    }
    close(&[found.value("wrong", "train")], &[total / 5.0]);
    let (_, _, cost) = unit.gradient(&[5, 6]);
    close(&[found.value("wrong", "test")], &[cost / 2.0]);
}

#[test]
fn a_schedule_is_a_line_over_the_bound_of_the_phase() {
    let text = spec(
        "",
        "development { phase p for 2 epochs { learn X -> Y by backprop from wrong using sgd(rate = linear(0.1, 0.04)) } }",
    );
    same(&run(&text), &by_hand(2, false, |unit, gw, gb, k| descend(unit, gw, gb, 0.1 + (0.04 - 0.1) * k as f64 / 6.0)));
}

#[test]
fn every_second_step_acts_in_every_second_step() {
    let text = spec(
        "",
        "development { phase p for 2 epochs { learn X -> Y by backprop from wrong using sgd(rate = 0.1) every 2 steps } }",
    );
    same(
        &run(&text),
        &by_hand(2, false, |unit, gw, gb, k| {
            if k % 2 == 0 {
                descend(unit, gw, gb, 0.1);
            }
        }),
    );
}

#[test]
fn clip_bounds_the_global_norm_of_a_gradient() {
    let text = spec(
        "",
        "development { phase p for 2 epochs { learn X -> Y by backprop from wrong using sgd(rate = 0.1) clip 1.5 } }",
    );
    let mut clipped = 0;
    let unit = by_hand(2, false, |unit, gw, gb, _| {
        let norm = (gw[0] * gw[0] + gw[1] * gw[1] + gb * gb).sqrt();
        let factor = if norm > 1.5 { 1.5 / norm } else { 1.0 };
        clipped += i32::from(norm > 1.5);
        descend(unit, gw.map(|g| g * factor), gb * factor, 0.1);
    });
    assert!(clipped > 0, "the test shows nothing");
    same(&run(&text), &unit);
}

#[test]
fn momentum_and_adam_are_what_their_papers_say() {
    let text = spec(
        "",
        "development { phase p for 3 epochs { learn X -> Y by backprop from wrong using momentum(rate = 0.05, decay = 0.9) } }",
    );
    let mut v = [0.0; 3];
    same(
        &run(&text),
        &by_hand(3, false, |unit, gw, gb, _| {
            let g = [gw[0], gw[1], gb];
            (0..3).for_each(|i| v[i] = 0.9 * v[i] + g[i]);
            descend(unit, [v[0], v[1]], v[2], 0.05);
        }),
    );
    let text = spec(
        "",
        "development { phase p for 3 epochs { learn X -> Y by backprop from wrong using adam(rate = 0.01) } }",
    );
    let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
    let found = run(&text);
    same(
        &found,
        &by_hand(3, false, |unit, gw, gb, k| {
            let g = [gw[0], gw[1], gb];
            let mut change = [0.0; 3];
            for i in 0..3 {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                let (mh, vh) = (m[i] / (1.0 - 0.9f64.powi(k as i32 + 1)), v[i] / (1.0 - 0.999f64.powi(k as i32 + 1)));
                change[i] = mh / (vh.sqrt() + 1e-8);
            }
            descend(unit, [change[0], change[1]], change[2], 0.01);
        }),
    );
    assert_eq!(found.slot("X -> Y.weight|backprop|adam.step"), [9.0]);
}

#[test]
fn adamw_and_rmsprop_are_what_their_papers_say() {
    let using = |optimiser: &str| {
        spec(
            "",
            &format!(
                "development {{ phase p for 3 epochs {{ learn X -> Y by backprop from wrong using {optimiser} }} }}"
            ),
        )
    };
    let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
    same(
        &run(&using("adamw(rate = 0.01, decay = 0.2)")),
        &by_hand(3, false, |unit, gw, gb, k| {
            let g = [gw[0], gw[1], gb];
            let w = [unit.w[0], unit.w[1], unit.b];
            let mut change = [0.0; 3];
            for i in 0..3 {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                let (mh, vh) = (m[i] / (1.0 - 0.9f64.powi(k as i32 + 1)), v[i] / (1.0 - 0.999f64.powi(k as i32 + 1)));
                change[i] = mh / (vh.sqrt() + 1e-8) + 0.2 * w[i];
            }
            descend(unit, [change[0], change[1]], change[2], 0.01);
        }),
    );
    let mut v = [0.0; 3];
    same(
        &run(&using("rmsprop(rate = 0.01, decay = 0.8)")),
        &by_hand(3, false, |unit, gw, gb, _| {
            let g = [gw[0], gw[1], gb];
            (0..3).for_each(|i| v[i] = 0.8 * v[i] + 0.2 * g[i] * g[i]);
            let change = [0, 1, 2].map(|i| g[i] / (v[i].sqrt() + 1e-8));
            descend(unit, [change[0], change[1]], change[2], 0.01);
        }),
    );
}

#[test]
fn what_is_repeated_is_lived_again_under_a_name_with_its_number() {
    let (learn, other) = (
        "learn X -> Y by backprop from wrong using adam(rate = 0.01)",
        "learn X -> Y by backprop from wrong using sgd(rate = linear(0.1, 0.02))",
    );
    let phases =
        |a: &str, b: &str| format!("phase {a} for 2 epochs {{ {learn} }} phase {b} for 1 epochs {{ {other} }} ");
    let repeated = run(&spec("", &format!("development {{ repeat 3 {{ {} }} }}", phases("wake", "sleep"))));
    let written = [("a", "b"), ("c", "d"), ("e", "f")].map(|(a, b)| phases(a, b)).concat();
    let written = run(&spec("", &format!("development {{ {written} }}")));
    assert_eq!(repeated.outcome.weights_digest, written.outcome.weights_digest);
    let names: Vec<&str> = repeated.outcome.phases.iter().map(|phase| &*phase.phase).collect();
    assert_eq!(names, ["wake.1", "sleep.1", "wake.2", "sleep.2", "wake.3", "sleep.3"]);
    let nested =
        format!("phase dawn for 1 epochs {{ {other} }} repeat 2 {{ repeat 2 {{ {} }} }}", phases("wake", "sleep"));
    let nested = run(&spec("", &format!("development {{ {nested} }}")));
    assert_eq!(nested.outcome.phases.len(), 9);
    assert_eq!((&*nested.outcome.phases[0].phase, &*nested.outcome.phases[8].phase), ("dawn", "sleep.4"));
    for (times, code) in [("0", "E0604"), ("2.5", "E0604"), ("3 epochs", "E0604"), ("10000", "E0801")] {
        let text = format!("development {{ repeat {times} {{ {} }} }}", phases("wake", "sleep"));
        assert_eq!(refused(&spec("", &text)), [code], "{times}");
    }
}

#[test]
fn one_phase_of_ten_epochs_is_two_of_five() {
    let learn = "learn X -> Y by backprop from wrong using adam(rate = 0.01)";
    let one = run(&spec("", &format!("development {{ phase p for 10 epochs {{ {learn} }} }}")));
    let two = run(&spec(
        "",
        &format!("development {{ phase p for 5 epochs {{ {learn} }} phase q for 5 epochs {{ {learn} }} }}"),
    ));
    assert_eq!(one.outcome.weights_digest, two.outcome.weights_digest);
    assert_eq!(one.slots["X -> Y.weight|backprop|adam.m"], two.slots["X -> Y.weight|backprop|adam.m"]);
}

#[test]
fn a_frozen_path_changes_nothing_and_touches_no_state() {
    let learn = "learn X -> Y by backprop from wrong using adam(rate = 0.01)";
    let text = format!(
        "region Z[1] = drive\nconnect X -> Z\ncost other in Z = (Z[0] - 1)^2\n\
         development {{ phase p for 2 epochs {{ {learn} }} phase q for 3 epochs {{ learn X -> Z by backprop from other using sgd(rate = 0.1) freeze X -> Y }} }}"
    );
    let frozen = run(&spec("", &text));
    let short = run(&spec("", &format!("development {{ phase p for 2 epochs {{ {learn} }} }}")));
    for name in ["X -> Y.weight", "Y.bias", "X -> Y.weight|backprop|adam.m", "X -> Y.weight|backprop|adam.step"] {
        assert_eq!(frozen.slot(name), short.slot(name), "{name}");
    }
    assert_ne!(frozen.slot("Z.bias"), [0.0]);
}

#[test]
fn all_updates_see_the_same_old_weights_and_also_adds_them() {
    let both = "learn X -> Y by backprop from wrong using sgd(rate = 0.03)\nalso learn X -> Y by backprop from wrong using sgd(rate = 0.02)";
    let found = run(&spec("", &format!("development {{ phase p for 2 epochs {{ {both} }} }}")));
    let unit = by_hand(2, false, |unit, gw, gb, _| {
        let before = unit.clone();
        descend(unit, gw, gb, 0.03);
        let mut other = before.clone();
        descend(&mut other, gw, gb, 0.02);
        unit.w[0] += other.w[0] - before.w[0];
        unit.w[1] += other.w[1] - before.w[1];
        unit.b += other.b - before.b;
    });
    same(&found, &unit);
}

#[test]
fn two_learners_of_a_chain_use_the_weights_from_before_the_step() {
    let head = "data world = idx(\".\", batch = 2)\nregion X[1, 2] = world.image\nregion H[1] = drive, no bias\nregion Y[1] = drive, no bias\n\
        connect X -> H -> Y\ncost wrong in Y = (Y[0] - number(world.label))^2\n";
    let one = run(&format!(
        "{head}development {{ phase p for 2 epochs {{ learn X -> H -> Y by backprop from wrong using sgd(rate = 0.01) }} }}"
    ));
    let two = run(&format!(
        "{head}development {{ phase p for 2 epochs {{ learn H -> Y by backprop from wrong using sgd(rate = 0.01) learn X -> H by backprop from wrong using sgd(rate = 0.01) }} }}"
    ));
    assert_eq!(one.outcome.weights_digest, two.outcome.weights_digest);
}

#[test]
fn a_cost_that_nobody_learns_from_changes_no_bit() {
    let text = |weight: &str| {
        spec(
            "",
            &format!(
                "region Z[1] = drive\nconnect X -> Z\ncost other in Z = {weight} * (Z[0] - 1)^2\nlearn X -> Y by backprop from wrong using sgd(rate = 0.1)\nlearn X -> Z by backprop from other using sgd(rate = 0.1)\n"
            ),
        )
    };
    let way = Way { epochs: Some(2), ..EXACT };
    let folder = world();
    let (one, seven) =
        (train_in(folder.path(), &text("1"), &way).unwrap(), train_in(folder.path(), &text("7"), &way).unwrap());
    assert_eq!(one.slot("X -> Y.weight"), seven.slot("X -> Y.weight"));
    assert_ne!(one.slot("X -> Z.weight"), seven.slot("X -> Z.weight"));
}

#[test]
fn costs_are_weighted_by_from_and_by_set() {
    let by_from = run(&spec(
        "",
        "development { phase p for 2 epochs { learn X -> Y by backprop from 0.5 * wrong using sgd(rate = 0.1) } }",
    ));
    same(&by_from, &by_hand(2, false, |unit, gw, gb, _| descend(unit, gw.map(|g| 0.5 * g), 0.5 * gb, 0.1)));
    let by_set =
        run(&spec("", &format!("development {{ phase p for 2 epochs {{ set wrong.weight = 0.5 {PHASE} }} }}")));
    assert_eq!(by_set.outcome.weights_digest, by_from.outcome.weights_digest);
}

#[test]
fn no_credit_and_only_through_close_a_way_back() {
    let head = |clause: &str| {
        format!(
            "data world = idx(\".\", batch = 2)\nregion X[1, 2] = world.image\nregion H[1] = drive\nregion Y[1] = drive\nconnect X -> H\nconnect H -> Y{clause}\nconnect X -> Y\n\
             cost wrong in Y = (Y[0] - number(world.label))^2\ncost near in H = (H[0] - 1)^2\n"
        )
    };
    let learn = "development { phase p for 2 epochs { learn X -> H by backprop from wrong, near using sgd(rate = 0.1) learn H -> Y, X -> Y by backprop from wrong using sgd(rate = 0.1) } }";
    let closed = run(&format!("{}{}", head(" : no credit"), learn.replace("wrong, near using", "near using")));
    let alone = run(&format!("{}{}", head(""), learn.replace("from wrong, near", "from near")));
    let open = run(&format!("{}{learn}", head("")));
    assert_eq!(closed.slot("X -> H.weight"), alone.slot("X -> H.weight"));
    assert_eq!(refused(&format!("{}{learn}", head(" : no credit"))), ["E0511"]);
    assert_ne!(open.slot("X -> H.weight"), alone.slot("X -> H.weight"));
    assert_eq!(
        refused(&format!(
            "{}{}",
            head(""),
            learn.replace("from wrong, near using", "from wrong, near only through X -> H using")
        )),
        ["E0511"]
    );
    let deep = |through: &str| {
        format!(
            "data world = idx(\".\", batch = 2)\nregion X[1, 2] = world.image\nregion A[1] = drive\nregion B[1] = drive\nregion Y[1] = drive\n\
             connect X -> A -> Y\nconnect A -> B -> Y\ncost wrong in Y = (Y[0] - number(world.label))^2\n\
             development {{ phase p for 2 epochs {{ learn X -> A by backprop from wrong{through} using sgd(rate = 0.1) learn A -> B -> Y, A -> Y by nothing }} }}"
        )
    };
    let direct = run(&deep(" only through A -> Y"));
    let both = run(&deep(" only through A -> Y, A -> B -> Y"));
    assert_eq!(both.slot("X -> A.weight"), run(&deep("")).slot("X -> A.weight"));
    assert_ne!(direct.slot("X -> A.weight"), both.slot("X -> A.weight"));
}

#[test]
fn a_rule_adds_the_mean_of_dw_and_leaves_the_bias_alone() {
    let text = spec("", "development { phase p for 2 epochs { learn X -> Y by hebb(rate = 0.1) } }")
        .replace("cost wrong in Y = (Y[0] - number(world.label))^2\n", "");
    let found = run(&text);
    let all = samples();
    let mut w = Unit::born(0).w;
    for epoch in 0..2 {
        for rows in batches(0, epoch, false) {
            let mut dw = [0.0; 2];
            for row in &rows {
                let x = [f64::from(all[*row as usize].0[0]) / 255.0, f64::from(all[*row as usize].0[1]) / 255.0];
                let y = w[0] * x[0] + w[1] * x[1];
                (0..2).for_each(|i| dw[i] += 0.1 * y * x[i]);
            }
            (0..2).for_each(|i| w[i] += dw[i] / rows.len() as f64);
        }
    }
    close(found.slot("X -> Y.weight"), &w);
    assert_eq!(found.slot("Y.bias"), [0.0]);
    let with = text.replace("by hebb(rate = 0.1)", "by hebb(rate = 1) using sgd(rate = 0.1)");
    close(run(&with).slot("X -> Y.weight"), &w);
}

#[test]
fn adding_a_region_changes_no_other_regions_start() {
    let way = Way { epochs: Some(1), precision: Precision::F64, ..EXACT };
    let one = trained(
        "data d = digits(batch = 1437)\nregion A[8, 8] = d.image\nregion B[4] = drive\nconnect A -> B\ncost c in B = 0 * sum(B)\nlearn A -> B by backprop from c using sgd(rate = 0)",
        &way,
    );
    let two = trained(
        "data d = digits(batch = 1437)\nregion A[8, 8] = d.image\nregion Z[3] = drive\nregion B[4] = drive\nconnect A -> Z\nconnect A -> B\ncost c in B = 0 * sum(B) + 0 * sum(Z)\nlearn A -> B, A -> Z by backprop from c using sgd(rate = 0)",
        &way,
    );
    assert_eq!(one.slot("A -> B.weight"), two.slot("A -> B.weight"));
    let bound = 1.0 / 8.0;
    assert!(one.slot("A -> B.weight").iter().all(|w| w.abs() <= bound));
    assert!(one.slot("A -> B.weight").iter().any(|w| w.abs() > 0.9 * bound));
    assert_eq!(one.slot("B.bias"), [0.0; 4]);
}

#[test]
fn steps_and_trials_bound_a_phase_in_the_midst_of_an_epoch() {
    let steps = run(&spec("", &format!("development {{ phase p for 4 steps {{ {PHASE} }} }}")));
    assert_eq!(steps.outcome.phases[0].steps, 4);
    let rows: Vec<&str> = steps.metrics.lines().skip(1).filter(|line| line.contains(",train,wrong,")).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[1].starts_with("4,p,1.333333333333333"), "{rows:?}");
    let trials = run(&spec("", &format!("development {{ phase p for 8 trials {{ {PHASE} }} }}")));
    assert_eq!(trials.outcome.phases[0].steps, 5);
    let dropped = run(&spec(", drop last", &format!("development {{ phase p for 10 trials {{ {PHASE} }} }}")));
    assert_eq!(dropped.outcome.phases[0].steps, 5);
}

#[test]
fn until_ends_a_phase_at_a_measurement_and_a_value_that_is_no_number_is_never_enough() {
    let early = run(&spec("", &format!("development {{ phase p for 50 epochs until wrong < 6 {{ {PHASE} }} }}")));
    assert!(early.outcome.phases[0].epochs < 50.0);
    let never = run(&spec(
        "",
        &format!(
            "metric odd = 1 where world.label > 8\ndevelopment {{ phase p for 2 epochs until not odd > 3 {{ {PHASE} }} }}"
        ),
    ));
    assert_eq!(never.outcome.phases[0].epochs, 2.0);
}

#[test]
fn epochs_caps_every_phase() {
    let text =
        spec("", &format!("development {{ phase p for 5 epochs {{ {PHASE} }} phase q for 20 steps {{ {PHASE} }} }}"));
    let folder = world();
    let found = train_in(folder.path(), &text, &Way { epochs: Some(1), ..EXACT }).unwrap();
    assert_eq!(found.outcome.phases.iter().map(|ended| ended.steps).collect::<Vec<_>>(), [3, 3]);
}

#[test]
fn where_chooses_samples_of_every_split_and_in_a_phase_of_training_alone() {
    let all = run(&spec(
        "",
        &format!(
            "metric high = number(world.label)\ndevelopment {{ phase p for 1 epoch {{ data world = world where label >= 3 {PHASE} }} }}"
        ),
    ));
    close(&[all.value("high", "train"), all.value("high", "test")], &[4.0, 5.5]);
    let item = "data world = idx(\".\", batch = 2) where label < 5\n";
    let text =
        spec("", &format!("metric high = number(world.label)\ndevelopment {{ phase p for 1 epoch {{ {PHASE} }} }}"))
            .replace("data world = idx(\".\", batch = 2)\n", item);
    let narrowed = run(&text);
    close(&[narrowed.value("high", "train"), narrowed.value("high", "test")], &[1.5, 4.0]);
}

#[test]
fn steps_hold_each_value_from_its_moment_on() {
    let learn = |rate: &str| {
        format!(
            "development {{ phase p for 3 epochs {{ learn X -> Y by backprop from wrong using sgd(rate = {rate}) }} }}"
        )
    };
    for (rate, second) in [("steps(0.1 at 0, 0.02 at 2 epochs)", 6), ("steps(0.1 at 0 steps, 0.02 at 4 steps)", 4)] {
        let found = run(&spec("", &learn(rate)));
        same(
            &found,
            &by_hand(3, false, |unit, gw, gb, step| descend(unit, gw, gb, if step < second { 0.1 } else { 0.02 })),
        );
    }
    for wrong in [
        "0.1",
        "0.1 at 1 epochs",
        "0.1 at 0, 0.2 at 3 epochs, 0.3 at 2 epochs",
        "0.1 at 0, 0.2 at 3 ms",
        "0.1 at 0 steps, 0.2 at 1 epochs, 0.1 at 9 steps",
    ] {
        assert_eq!(refused(&spec("", &learn(&format!("steps({wrong})")))), ["E0203"], "{wrong}");
    }
}

#[test]
fn a_param_that_names_a_definition_stands_for_it() {
    let plain = run(&spec(
        "",
        "development { phase p for 2 epochs { learn X -> Y by backprop from wrong using momentum(rate = 0.02) } }",
    ));
    let named = run(&spec(
        "",
        "param teacher : rule = backprop\nparam how : optimiser = momentum(rate = 0.02)\nparam other : optimiser = momentum\n\
         development { phase p for 1 epoch { learn X -> Y by teacher from wrong using how }\n phase q for 1 epoch { learn X -> Y by teacher from wrong using other(rate = 0.02) } }",
    ));
    assert_eq!(plain.outcome.weights_digest, named.outcome.weights_digest);
    let all = |param: &str| refused(&spec("", &format!("{param}\n{PHASE}")));
    assert_eq!(all("param a : rule = adam"), ["E0205"]);
    assert_eq!(all("param a : rule = backprob"), ["E0201"]);
    assert_eq!(all("param a : rule = 3"), ["E0205"]);
    assert_eq!(all("param a : class[3] = 3"), ["E0205"]);
    assert_eq!(all("param a : rule = force"), ["E0901"]);
    assert_eq!(all("param a : fn = tanh\nmetric m = a(Y[0]) - tanh(Y[0])"), [""; 0]);
    assert_eq!(all("param a : rule = backprop\nmetric m = a + 1"), ["E0205"]);
}
