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

/// A small network whose second layer is taught by a rule of its own; `{}` are the rule and its statement's end.
fn taught(rule: &str, cost: &str) -> String {
    format!(
        "data task {{\n  samples 8, test 4, batch 4\n  x[3] = normal(0, 1)\n  y[2] = uniform(-0.5, 0.5)\n}}\n\
         region In[3] = task.x\nregion Hidden[4] = tanh(drive)\nregion Out[2] = tanh(drive)\n\
         connect In -> Hidden -> Out\nconnect Out -> Hidden : transpose(Hidden -> Out)\n\
         cost wrong in Out = {cost}\nlearn In -> Hidden -> Out by mine from wrong\n{rule}"
    )
}

#[test]
fn a_pass_that_clamps_and_nudges_nothing_is_the_free_activity() {
    let rule = |dw: &str| {
        format!(
            "rule mine() {{\n  pass free {{ settle(50 steps, tolerance = 1e-9) }}\n  pass clamped from free {{ settle 50 steps  clamp outputs to targets }}\n  dw = {dw}\n}}\n"
        )
    };
    let way = Way { epochs: Some(1), ..EXACT };
    let named = trained(&taught(&rule("0.1 * free.pre * free.post"), "mse(Out, task.y)"), &way);
    let plain = trained(&taught(&rule("0.1 * pre * post"), "mse(Out, task.y)"), &way);
    assert_eq!(named.outcome.weights_digest, plain.outcome.weights_digest);
    let clamped = trained(&taught(&rule("0.1 * clamped.pre * clamped.post"), "mse(Out, task.y)"), &way);
    assert_ne!(named.outcome.weights_digest, clamped.outcome.weights_digest);
}

#[test]
fn clamped_outputs_are_at_their_targets_and_inputs_are_held() {
    // One step with the whole batch: the change of a bias is the mean of what is behind it in the pass.
    let rule = "rule mine() {\n  pass clamped { settle 50 steps  clamp outputs to targets }\n  dw = 0 * w\n  db = clamped.post\n}\n";
    let text = taught(rule, "mse(Out, task.y)").replace("samples 8, test 4, batch 4", "samples 8, test 4, batch 8");
    let text = text.replace("cost wrong", "metric first = task.y[0]\nmetric second = task.y[1]\ncost wrong");
    let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
    let bias = found.slot("Out.bias");
    assert!((bias[0] - found.value("first", "train")).abs() < 1e-15 && bias[0].abs() > 1e-3);
    assert!((bias[1] - found.value("second", "train")).abs() < 1e-15);
}

#[test]
fn what_makes_no_sense_in_a_pass_is_told() {
    let rule = |pass: &str| {
        format!("rule mine(b = 0.1) {{\n  pass free {{ settle 9 steps }}\n  {pass}\n  dw = pre * free.post\n}}\n")
    };
    let of = |pass: &str| codes(&taught(&rule(pass), "mse(Out, task.y)"));
    assert!(of("pass up from free { settle 9 steps  nudge outputs by b }").is_empty());
    assert_eq!(of("pass up from down { settle 9 steps }"), ["E0201"]);
    assert_eq!(of("pass free { settle 9 steps }"), ["E0202"]);
    assert_eq!(of("pass up { settle(9 steps, rate = 3) }"), ["E0422"]);
    assert_eq!(of("pass up { settle 9 steps  clamp outputs to w }"), ["E0901"]);
    let rule = rule("").replace("free.post", "free.w");
    assert_eq!(codes(&taught(&rule, "mse(Out, task.y)")), ["E0205"]);
}

#[test]
fn where_nothing_pulls_predictions_stay_what_they_are() {
    let weights = |rule: &str, rate: f64| {
        let text = format!(
            "data task {{ samples 8, batch 8\n x[4] = normal(0, 1)\n y[2] = normal(0, 1) }}\nregion In[4] = task.x\n\
             region A[5] = tanh(drive)\nregion B[4] = sigmoid(drive)\nregion Out[2] = drive\nconnect In -> A -> B -> Out\n\
             cost wrong in Out = sum((Out - task.y)^2)\nlearn all by {rule}(steps = 3) from 0 * wrong using sgd(rate = {rate})"
        );
        trained(&text, &Way { epochs: Some(1), ..EXACT }).outcome.weights_digest
    };
    for rule in ["predictive_coding", "predictive_coding_fixed"] {
        assert_eq!(weights(rule, 1.0), weights(rule, 0.0), "{rule}");
    }
}
