//! Regions that settle: where they come to rest, what holds a sample, what did not settle, and credit through all rounds.

use super::gradients::descends;
use super::model::{codes, model};
use super::trained::{EXACT, Trained, Way, trained};
use neurula::math::Precision;
use neurula::runtime::Backend;

/// Samples with numbers, two inputs each, and some units that settle; something learns beside them.
fn spec(regions: &str, rest: &str, batch: usize) -> String {
    format!(
        "param shift = 0\nseed 3\n\
         data task {{\n  samples 40, test 24, batch {batch}, ordered\n  number = index\n\
         x[2] = select(index == 5, 0.7, normal(0, 1) + shift)\n}}\n\
         region In[2] = task.x\n{regions}\nregion Out[1] = drive\nconnect In -> Out\n\
         cost wrong in Out = Out[0]^2\n{rest}\nlearn In -> Out by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

fn run(regions: &str, rest: &str) -> Trained {
    trained(&spec(regions, rest, 8), &Way { epochs: Some(1), ..EXACT })
}

#[test]
fn settled_regions_rest_where_their_equations_ask_for_what_they_are() {
    // r = 0.5 s + x, s = -0.5 r + 1: r = (x + 0.5) / 1.25.
    let regions = "region R[2] = 0.5 * S + In, settle(200 steps, rate = 0.5, tolerance = 1e-14)\n\
                   region S[2] = 1 - 0.5 * R, settle(200 steps, rate = 0.9, tolerance = 1e-14)";
    let metrics = "metric off = max(max(abs(R - (In + 0.5) / 1.25)), max(abs(S - (1 - 0.5 * R))))";
    let found = run(regions, metrics);
    for split in ["train", "test"] {
        assert!(found.value("off", split) < 1e-13, "{}", found.value("off", split));
        assert_eq!(found.value("unsettled", split), 0.0);
    }
}

#[test]
fn what_lies_between_settled_regions_is_computed_in_each_round() {
    let regions = "region R[2] = 0.5 * Between + In, settle(200 steps, tolerance = 1e-14)\n\
                   region Between[2] = tanh(R)\nregion Behind[2] = 2 * Between";
    let found = run(regions, "metric off = max(abs(R - 0.25 * Behind - In)) + max(abs(Behind - 2 * tanh(R)))");
    assert!(found.value("off", "test") < 1e-13);
}

#[test]
fn all_regions_move_at_once_from_zero() {
    // Two rounds at rate 1: r = x, s = 0; then r = x + s(0) = x, s = r(x) = x.
    let regions = "region R[2] = S + In, settle(2 steps, rate = 1)\nregion S[2] = R, settle(2 steps, rate = 1)";
    let found = run(regions, "metric off = max(abs(R - In)) + max(abs(S - In))");
    assert_eq!(found.value("off", "test"), 0.0);
    assert_eq!(found.value("unsettled", "test"), 1.0);
}

#[test]
fn the_share_that_does_not_settle_is_counted() {
    // At rate 1 and a slope of -1 a sample swings for ever unless its input is 0.
    let regions = "region Gate[2] = select(task.x[0] > 0, task.x, 0 * task.x)\n\
                   region R[2] = Gate - R, settle(7 steps, rate = 1)";
    let found = run(regions, "metric positive = select(task.x[0] > 0, 1, 0)");
    for split in ["train", "test"] {
        let share = found.value("positive", split);
        assert!(share > 0.2 && share < 0.8);
        assert_eq!(found.value("unsettled", split), share);
    }
    assert!(found.metrics.contains(",unsettled,"));
}

#[test]
fn a_sample_that_is_near_enough_is_held_whoever_shares_its_batch() {
    let regions = "region R[2] = tanh(2 * R) - 0.4 * In, settle(90 steps, rate = 0.3, tolerance = 1e-2)";
    let fifth = "metric fifth = R[0] where task.number == 5\nmetric off = max(abs(tanh(2 * R) - 0.4 * In - R))";
    let at = |batch: usize, shift: &str, precision: Precision| {
        let text = spec(regions, fifth, batch).replace("shift = 0", shift);
        trained(&text, &Way { epochs: Some(1), precision, ..EXACT })
    };
    for precision in [Precision::F32, Precision::F64] {
        let alone = at(1, "shift = 0", precision);
        assert!(alone.value("off", "test") > 1e-4, "no sample rests exactly");
        for (batch, shift) in [(3, "shift = 0"), (8, "shift = 0"), (8, "shift = 2"), (24, "shift = -40")] {
            let among = at(batch, shift, precision);
            let (one, other) = (alone.value("fifth", "test"), among.value("fifth", "test"));
            assert_eq!(one.to_bits(), other.to_bits(), "batch {batch}, {shift}");
        }
    }
}

/// Three regions in a ring of learned weights.
fn ring(rule: &str, more: &str) -> String {
    format!(
        "data all = digits(batch = 24)\ndata world = all take 240\nregion Retina[8, 8] = world.image\n\
         region Low[7] = tanh(drive + 0.3 * back), settle(40 steps, rate = 0.6, tolerance = 1e-9)\n\
         region High[6] = tanh(drive), settle(40 steps, rate = 0.6, tolerance = 1e-9)\nregion Choice[10] = drive\n\
         connect Retina -> Low -> High -> Choice\nconnect High -> High : init normal(0.2)\nconnect High -> Low as back{more}\n\
         cost wrong in Choice = cross_entropy(Choice, world.label)\nmetric accuracy = argmax(Choice) == world.label\n\
         learn all by {rule} from wrong using adam(rate = 0.01)\n"
    )
}

#[test]
fn credit_goes_through_all_rounds() {
    descends(&model(&ring("backprop", "")), "a ring that settles");
}

#[test]
fn machine_code_and_interpreter_agree_to_the_bit() {
    for precision in [Precision::F32, Precision::F64] {
        let way = Way { epochs: Some(1), precision, ..EXACT };
        let code = trained(&ring("backprop", ""), &way);
        let one = trained(&ring("backprop", ""), &Way { threads: 1, ..way.clone() });
        let interpreted = trained(&ring("backprop", ""), &Way { backend: Backend::Interpreter, ..way });
        assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest);
        assert_eq!(code.outcome.state_digest, one.outcome.state_digest);
    }
}

#[test]
fn a_ring_that_settles_learns_the_digits() {
    let text = ring("backprop", "").replace("take 240", "where label < 10");
    let found = trained(&text, &Way { epochs: Some(6), precision: Precision::F32, ..EXACT });
    assert!(found.value("accuracy", "test") > 0.8, "{}", found.value("accuracy", "test"));
}

#[test]
fn a_cycle_through_nothing_that_settles_is_an_error_beside_one_that_does() {
    let regions = |settles: &str| {
        format!("region A[2] = B + In{settles}\nregion B[2] = 0.1 * A\nregion R[2] = 0.5 * R + A, settle 9 steps")
    };
    let rest = "metric m = R[0]";
    assert_eq!(codes(&spec(&regions(""), rest, 8)), ["E0401"]);
    assert!(codes(&spec(&regions(", settle 9 steps"), rest, 8)).is_empty());
}

#[test]
fn the_word_for_what_did_not_settle_is_taken() {
    let regions = "region R[2] = 0.5 * R + In, settle 9 steps";
    assert_eq!(codes(&spec(regions, "metric unsettled = R[0]", 8)), ["E0202"]);
}
