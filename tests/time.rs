//! Time within a trial: what reads which step, what is carried, and what credit does with it.

use super::gradients::descends;
use super::trained::{EXACT, Trained, Way, checked, trained};
use neurula::data::{Place, split};
use neurula::math::Precision;
use neurula::runtime::Backend;
use std::path::Path;

/// The sum of each of the eight rows of each test image.
fn rows() -> Vec<[f64; 8]> {
    let folder = Path::new(".");
    let model = checked(folder, &spec("", "", "")).unwrap();
    let set = neurula::credit::samples(&model, &model.data[0], &Place::only(folder), 0).unwrap();
    let place = set.fields.iter().position(|field| field.name == "image").unwrap();
    let sums = |row: &u32| std::array::from_fn(|y| (0..8).map(|x| set.value(place, *row, 8 * y + x)).sum());
    set.splits.get(split::Split::Test).as_slice().iter().map(sums).collect()
}

/// A model whose `Sum` is the sum of a row, and a readout that learns, so that there is something to train.
fn spec(regions: &str, rest: &str, time: &str) -> String {
    let time = if time.is_empty() { "time 8 steps" } else { time };
    format!(
        "data world = digits(batch = 90)\n{time}\nregion Row[8] = world.image[t]\nregion Sum[1] = drive, no bias\n\
         connect Row -> Sum : fixed(1)\n{regions}\nregion Choice[10] = drive\nconnect Row -> Choice\n\
         cost wrong in Choice = cross_entropy(Choice, world.label) at end\nmetric total = Sum[0]\n{rest}\n\
         learn Row -> Choice by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

fn run(regions: &str, rest: &str) -> Trained {
    trained(&spec(regions, rest, ""), &Way { epochs: Some(1), ..EXACT })
}

/// The mean over the test images of something about their rows.
fn mean(of: impl Fn(&[f64; 8]) -> f64) -> f64 {
    let rows = rows();
    rows.iter().map(of).sum::<f64>() / rows.len() as f64
}

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()), "{found} and {wanted}");
}

#[test]
fn a_metric_is_the_mean_over_the_time_steps_or_at_end_the_last() {
    let found = run(
        "",
        "metric last = Sum[0] at end\nmetric now = t\nmetric then = t at end\nmetric late = Sum[0] where t > 4",
    );
    close(found.value("total", "test"), mean(|rows| rows.iter().sum::<f64>() / 8.0));
    close(found.value("last", "test"), mean(|rows| rows[7]));
    close(found.value("now", "test"), 3.5);
    close(found.value("then", "test"), 7.0);
    close(found.value("late", "test"), mean(|rows| rows[5..].iter().sum::<f64>() / 3.0));
}

#[test]
fn prev_is_zero_at_first_and_a_cycle_through_it_adds_up() {
    let regions = "region Total[1] = prev(Total) + Sum\nregion Change[1] = Sum - prev(Sum)";
    let found = run(
        regions,
        "metric all = Total[0] at end\nmetric over = Total[0]\nmetric step = Change[0] at end\nmetric steps = Change[0]\nmetric before = prev(Sum)[0] at end",
    );
    close(found.value("all", "test"), mean(|rows| rows.iter().sum()));
    close(found.value("over", "test"), mean(|rows| (0..8).map(|t| rows[..=t].iter().sum::<f64>()).sum::<f64>() / 8.0));
    close(found.value("step", "test"), mean(|rows| rows[7] - rows[6]));
    close(found.value("steps", "test"), mean(|rows| rows[7] / 8.0));
    close(found.value("before", "test"), mean(|rows| rows[6]));
}

#[test]
fn a_delayed_projection_brings_what_was() {
    let regions = "region Late[1] = drive, no bias\nconnect Sum -> Late : fixed(2), delay 3 steps\n\
                   region Loop[1] = Sum + drive, no bias\nconnect Loop -> Loop : fixed(0.5), delay 2 steps";
    let found = run(regions, "metric last = Late[0] at end\nmetric over = Late[0]\nmetric loop = Loop[0] at end");
    close(found.value("last", "test"), mean(|rows| 2.0 * rows[4]));
    close(found.value("over", "test"), mean(|rows| 2.0 * rows[..5].iter().sum::<f64>() / 8.0));
    close(found.value("loop", "test"), mean(|rows| rows[7] + 0.5 * (rows[5] + 0.5 * (rows[3] + 0.5 * rows[1]))));
}

#[test]
fn what_stands_below_an_update_reads_the_new_value() {
    let regions = "structure sums(factor) {\n  input x\n  state a[x] = 1, b[x] = 0\n  let old = a\n  a := factor * a + x\n\
                   b := b + a + old\n  output b\n}\nregion Memory : sums(0.5)\nconnect Sum -> Memory";
    let found = run(regions, "metric b = Memory[0] at end");
    let by_hand = |rows: &[f64; 8]| {
        let (mut a, mut b) = (1.0, 0.0);
        for row in rows {
            let old = a;
            a = 0.5 * a + row;
            b += a + old;
        }
        b
    };
    close(found.value("b", "test"), mean(by_hand));
}

#[test]
fn several_sources_come_one_behind_the_other_and_named_ones_by_their_name() {
    let regions = "structure pick {\n  input x, gate\n  output [x[0] * gate[0], x[7] + x[8]]\n}";
    let regions = regions.replace("output [x[0] * gate[0], x[7] + x[8]]", "output x[0] * gate[0] + 3 * (x[7] + x[8])");
    let regions =
        format!("{regions}\nregion Both : pick\nconnect Row -> Both\nconnect Sum -> Both\nconnect Sum -> Both as gate");
    let plain = "region Same[1] = Row[0] * Sum + 3 * (Row[7] + Sum)";
    let found = run(&format!("{regions}\n{plain}"), "metric both = Both[0]\nmetric same = Same[0]");
    assert!(found.value("both", "test") > 1.0);
    close(found.value("both", "test"), found.value("same", "test"));
}

#[test]
fn a_model_in_which_nothing_changes_within_a_trial_is_the_static_one_to_the_bit() {
    let text = |time: &str| {
        format!(
            "data world = digits(batch = 32)\n{time}region Retina[8, 8] = world.image\nregion Hidden[16] = relu(drive)\n\
             region Choice[10] = drive\nconnect Retina -> Hidden -> Choice\n\
             cost wrong in Choice = cross_entropy(Choice, world.label)\nmetric accuracy = argmax(Choice) == world.label\n\
             learn all by backprop from wrong using adam(rate = 0.01)\n"
        )
    };
    let way = Way { epochs: Some(2), precision: Precision::F32, ..EXACT };
    let (without, with) = (trained(&text(""), &way), trained(&text("time 5 steps\n"), &way));
    assert_eq!(without.outcome.state_digest, with.outcome.state_digest);
}

/// A recurrent model; `{}` are its credit rule and more items.
fn recurrent(rule: &str, more: &str) -> String {
    format!(
        "data world = digits(batch = 24)\ntime 8 steps\nregion Row[8] = world.image[t]\nregion Memory : gru(9)\n\
         region Choice[10] = drive\nconnect Row -> Memory -> Choice\n{more}\n\
         cost wrong in Choice = cross_entropy(Choice, world.label) at end\n\
         learn all by {rule} from wrong using adam(rate = 0.01)\n"
    )
}

fn way() -> Way {
    Way { epochs: Some(1), ..EXACT }
}

#[test]
fn credit_in_one_stretch_as_long_as_the_trial_is_backprop_to_the_bit() {
    let weights = |rule: &str| trained(&recurrent(rule, ""), &way()).outcome.weights_digest;
    let whole = weights("backprop");
    assert_eq!(weights("truncated(8 steps)"), whole);
    assert_eq!(weights("truncated(steps = 100)"), whole);
    assert_ne!(weights("truncated(4)"), whole);
}

/// With credit for the last step alone, what the state's own weights get is known: the error at the end by the state
/// before it.
#[test]
fn credit_that_is_cut_at_every_step_reaches_the_last_step_alone() {
    let text = |rule: &str, looks: &str| {
        format!(
            "data world = digits(batch = 1437)\ntime 8 steps\nstructure line {{\n  input x\n  weight u[x] = 0.5\n  state h[x] = 0\n  h := u * h + x\n  output h\n}}\n\
             region Row[8] = world.image[t]\nregion Sum[1] = drive, no bias\nconnect Row -> Sum : fixed(1)\nregion Memory : line\nconnect Sum -> Memory\n\
             cost high in Memory = Memory[0] {looks}\nmetric before = prev(Memory)[0] at end\nmetric early = prev(Memory)[0]\n\
             learn Sum -> Memory by {rule} from high using sgd(rate = 0.01)\n"
        )
    };
    let cut = trained(&text("truncated(1)", "at end"), &way());
    close(cut.slot("Memory.u")[0], 0.5 - 0.01 * cut.value("before", "train"));
    let each = trained(&text("truncated(1)", ""), &way());
    close(each.slot("Memory.u")[0], 0.5 - 0.01 * each.value("early", "train"));
    let whole = trained(&text("backprop", "at end"), &way());
    assert!(whole.slot("Memory.u")[0] < cut.slot("Memory.u")[0] - 0.01, "earlier steps add to it");
}

#[test]
fn looking_at_every_step_changes_nothing_of_what_is_learnt_at_the_end() {
    let few = trained(&recurrent("backprop", ""), &way());
    let all = trained(&recurrent("backprop", "metric watched = max(Choice)"), &way());
    for (name, values) in &few.slots {
        if !name.starts_with("metric.") {
            values.iter().zip(&all.slots[name]).for_each(|(few, all)| close(*few, *all));
        }
    }
}

/// Models whose gradients through time are compared with differences of their costs.
fn through_time() -> Vec<(&'static str, String)> {
    let with = |name: &'static str, regions: &str, cost: &str| {
        let text = format!(
            "data world = digits(batch = 7)\ntime 5 steps\nregion Row[8] = world.image[t]\nregion Still[8, 8] = world.image\n{regions}\n\
             region Choice[10] = drive\nconnect Memory -> Choice\ncost wrong in Choice = {cost}\n\
             learn all by backprop from wrong using sgd(rate = 0.1)\n"
        );
        (name, text)
    };
    let entropy = "cross_entropy(Choice, world.label)";
    let end = "cross_entropy(Choice, world.label) at end";
    vec![
        with("rnn", "region Memory : rnn(6)\nconnect Row -> Memory", end),
        with("gru over time", "region Memory : gru(5)\nconnect Row -> Memory", entropy),
        with("lstm", "region Memory : lstm(4)\nconnect Row -> Memory", end),
        with(
            "layer_norm",
            "region Wide[6] = drive\nconnect Row -> Wide\nregion Memory : layer_norm\nconnect Wide -> Memory",
            entropy,
        ),
        with(
            "delays",
            "region Memory[6] = tanh(drive)\nconnect Row -> Memory\nconnect Memory -> Memory : delay 2 steps\nconnect Still -> Memory",
            entropy,
        ),
        with("prev", "region Memory[6] = tanh(drive + 0.5 * prev(Memory))\nconnect Row -> Memory", end),
        with(
            "two sources and a cost of change",
            "region First : rnn(4)\nconnect Row -> First\nregion Memory : gru(3)\nconnect First -> Memory\nconnect Row -> Memory : delay 1 step",
            "cross_entropy(Choice, world.label) + mean((Memory - prev(Memory))^2)",
        ),
    ]
}

#[test]
fn credit_through_time_descends_the_costs() {
    for (name, text) in through_time() {
        let model = checked(Path::new("."), &text).unwrap_or_else(|said| panic!("{name}: {said:#?}"));
        descends(&model, name);
    }
}

#[test]
fn the_loop_interpreter_and_machine_code_agree_to_the_bit_through_time() {
    for (name, text) in through_time() {
        for precision in [Precision::F32, Precision::F64] {
            let way = Way { epochs: Some(1), precision, ..EXACT };
            let text = text.replace("batch = 7", "batch = 200");
            let code = trained(&text, &way);
            let interpreted = trained(&text, &Way { backend: Backend::Interpreter, ..way });
            assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest, "{name} in {precision:?}");
        }
    }
}

/// The codes with which a text is refused.
fn refused(text: &str) -> Vec<&'static str> {
    match checked(Path::new("."), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect(),
    }
}

#[test]
fn what_makes_no_sense_in_time_is_told_at_its_place() {
    let model = |time: &str, regions: &str, rest: &str| refused(&spec(regions, rest, time));
    assert_eq!(model("time 9 steps", "", ""), ["E0307"]);
    assert_eq!(model("time 8 epochs", "", ""), ["E0303"]);
    assert_eq!(model("time 0 steps", "", ""), ["E0305"]);
    assert_eq!(model("time 8 steps\ntime 4 steps", "", ""), ["E0202"]);
    assert_eq!(model("time 8 ms by 1 ms", "", ""), ["E0901", "E0901"]);
    assert_eq!(model("", "region A[1] = prev(Nobody)", ""), ["E0203"]);
    assert_eq!(model("", "region A[1] = drive + A\nconnect Sum -> A", "metric a = A[0]"), ["E0401"]);
    assert_eq!(
        model(
            "",
            "structure s {\n  input x\n  state h[x] = 0\n  h := 2\n  output y\n}\nregion A : s\nconnect Sum -> A",
            "metric a = A[0]"
        ),
        ["E0201"]
    );
    assert_eq!(
        model(
            "",
            "structure s {\n  input x\n  state h[x] = 0\n  output h\n}\nregion A : s\nconnect Sum -> A",
            "metric a = A[0]"
        ),
        ["E0209"]
    );
    assert_eq!(
        model(
            "",
            "structure s(n) {\n  input x\n  state h[n] = 0\n  h := h + x\n  output h\n}\nregion A : s(3)\nconnect Row -> A",
            "metric a = A[0]"
        ),
        ["E0301"]
    );
    assert_eq!(model("", "region A : gru(3)\nconnect Sum -> A : dense", "metric a = A[0]"), ["E0901"]);
    assert_eq!(model("", "region A : gru(3)\nconnect Sum -> A", "metric a = A[0]"), ["E0501"]);
    assert_eq!(model("", "region A[4] : gru(3)\nconnect Sum -> A", "metric a = A[0]"), ["E0301"]);
    assert_eq!(model("", "region A : gro(3)\nconnect Sum -> A", "metric a = A[0]"), ["E0201"]);
}

#[test]
fn the_adding_problem_is_solved_and_not_by_credit_that_reaches_the_last_step_alone() {
    let text = include_str!("../examples/adding.neu");
    let foil = text.replace("param stretch = 30", "param stretch = 1");
    assert_ne!(foil, text);
    let way = Way { precision: Precision::F32, ..EXACT };
    let error = |text: &str| trained(text, &way).value("wrong", "test");
    let (whole, last) = (error(text), error(&foil));
    assert!(whole < 0.002, "{whole}");
    assert!(last > 0.1, "{last}");
}
