//! Feedback weights: what crosses them, by hand and by theorem; that they are drawn once; and that every execution agrees.

use super::gradients::{named, slots, values};
use super::model::model;
use super::trained::{EXACT, Trained, Way, trained};
use neurula::credit;
use neurula::math::Precision;
use neurula::model::{Model, ProjectionId};
use neurula::runtime::Backend;
use neurula::tensor::Program;
use neurula::tensor::eval::Array;

pub const DATA: &str = "data task {\n  samples 12, test 4, batch 4\n  x[16] = normal(0, 1)\n  image[4, 4] = normal(0, 1)\n  y[2] = normal(0, 1)\n}\n\
                    region In[16] = task.x\nregion Out[2] = drive\ncost wrong in Out = sum((Out - task.y)^2)\n";

/// A model that ends in `Out`, taught by a rule from `wrong`.
pub fn spec(body: &str, rule: &str) -> String {
    format!("{DATA}{body}\nlearn all by {rule} from wrong using sgd(rate = 0.1)\n")
}

pub const DEEP: &str = "region A[5] = tanh(drive)\nregion B[4] = sigmoid(drive)\nconnect In -> A -> B -> Out";
pub const FORKED: &str = "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nregion C[3] = sigmoid(drive) * gate\n\
                      connect In -> A -> B -> Out\nconnect A -> C -> Out\nconnect A -> Out\nconnect B -> C as gate";

/// A step's program with what its slots hold at first.
pub struct At {
    pub model: Model,
    pub program: Program,
    pub slots: Vec<Array>,
}

pub fn at(text: &str) -> At {
    let model = model(text);
    let set = credit::samples(&model, &model.data[0], &neurula::data::Place::only("."), 0).unwrap();
    let program = credit::learn(&model, 0, set.rows());
    let slots = slots(&model, &program, &set);
    At { model, program, slots }
}

impl At {
    pub fn place(&self, name: &str) -> usize {
        let found = self.program.slots.iter().position(|slot| *slot.name == *name);
        found.unwrap_or_else(|| panic!("no slot `{name}`"))
    }

    pub fn slot(&self, name: &str) -> Vec<f64> {
        self.slots[self.place(name)].numbers()
    }

    pub fn value(&self, name: &str) -> Vec<f64> {
        values(&self.program, &self.slots, &[named(&self.program, name)]).remove(0)
    }

    pub fn feedback(&self) -> Vec<String> {
        let all = self.program.slots.iter().map(|slot| slot.name.to_string());
        let mut found: Vec<String> =
            all.filter(|name| name.ends_with("feedback") && !name.starts_with("chance:")).collect();
        found.sort();
        found
    }

    /// The slot for whose weights feedback weights stand.
    pub fn stands_for(&self, feedback: &str) -> String {
        let own = feedback.strip_suffix(".feedback").unwrap();
        match self.model.projections.iter().position(|projection| &*projection.name == own) {
            Some(place) => credit::weight_slot(&self.model, ProjectionId(place)).to_string(),
            None => own.to_string(),
        }
    }

    /// What every parameter becomes, by name.
    pub fn news(&self) -> Vec<(String, Vec<f64>)> {
        let names = self.program.graph.values.iter().filter_map(|info| info.name.as_deref());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".new")).map(str::to_string).collect();
        names.sort();
        names.dedup();
        names.into_iter().map(|name| (name.clone(), self.value(&name))).collect()
    }
}

#[test]
fn over_the_weights_themselves_feedback_alignment_is_backprop() {
    let both = "A -> B.feedback B -> Out.feedback";
    let image = "region Eye[4, 4] = task.image\nregion Maps[2, 4, 4] = tanh(drive)\nregion Small[2, 2, 2] = drive\n\
                 region More[3, 2, 2] = tanh(drive)\nconnect Eye -> Maps : conv(2, 3, 1, 1)\nconnect Maps -> Small : pool(mean, 2)\n\
                 connect Small -> More : conv(3, 3, 1, 1)\nconnect More -> Out\nconnect In -> Out";
    let cases: &[(&str, &str)] = &[
        (DEEP, both),
        (
            FORKED,
            "A -> B.feedback A -> C.feedback A -> Out.feedback B -> C as gate.feedback B -> Out.feedback C -> Out.feedback",
        ),
        (image, "More -> Out.feedback Small -> More.feedback"),
        (
            "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A : lowrank(3)\nconnect A -> B : lowrank(2)\nconnect B -> Out",
            "A -> B.left.feedback A -> B.right.feedback B -> Out.feedback In -> A.left.feedback",
        ),
        (
            "region A[5] = tanh(drive)\nregion Back[16] = drive\nregion B[4] = tanh(drive)\nconnect In -> A -> Out\nconnect A -> Back : transpose(In -> A)\nconnect Back -> B : sparse(0.5)\nconnect B -> Out",
            "A -> Back.feedback A -> Out.feedback B -> Out.feedback Back -> B.feedback",
        ),
        (
            "region A[4] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A\nconnect A -> B : one_to_one\nconnect B -> Out",
            both,
        ),
        (
            "region A[4] = tanh(drive + 0.5 * back), settle 6 steps\nregion B[3] = tanh(drive), settle 6 steps\nconnect In -> A -> B -> Out\nconnect B -> A as back",
            "A -> B.feedback B -> A as back.feedback B -> Out.feedback",
        ),
    ];
    for (body, feedback) in cases {
        let exact = at(&spec(body, "backprop"));
        let mut random = at(&spec(body, "feedback_alignment"));
        let mut wanted: Vec<&str> = feedback.split("feedback").filter(|name| !name.is_empty()).map(str::trim).collect();
        wanted.sort_unstable();
        let found = random.feedback();
        assert_eq!(
            found.iter().map(|name| name.strip_suffix("feedback").unwrap()).collect::<Vec<_>>(),
            wanted,
            "{body}"
        );
        let (first, plain) = (random.news(), exact.news());
        assert_eq!(first.len(), plain.len());
        assert_ne!(first, plain, "{body}");
        for name in found {
            let (place, weights) = (random.place(&name), random.slot(&random.stands_for(&name)));
            random.slots[place] = Array::from_numbers(&random.program.slots[place].ty, weights);
        }
        assert_eq!(random.news(), plain, "{body}");
    }
}

pub const OVER_TIME: &str = "time 5 steps\ndata task {\n  samples 8, test 4, batch 4\n  x[t, 3] = normal(0, 1)\n  y[2] = normal(0, 1)\n}\n\
                         region In[3] = task.x[t]\nregion A[4] = tanh(drive + 0.7 * again)\nregion M : gru(4)\nregion Out[2] = drive\n\
                         connect In -> A -> M -> Out\nconnect A -> A as again : delay 1 step\ncost wrong in Out = sum((Out - task.y)^2) at end\n\
                         learn all by RULE from wrong using sgd(rate = 0.1)\n";

#[test]
fn through_time_and_inside_structures_too() {
    let exact = at(&OVER_TIME.replace("RULE", "backprop"));
    let mut random = at(&OVER_TIME.replace("RULE", "feedback_alignment"));
    let inside = ["Uh", "Ur", "Uz", "Wh", "Wr", "Wz"].map(|weight| format!("M.{weight}.feedback"));
    let mut wanted: Vec<String> = ["A -> A as again.feedback", "M -> Out.feedback"].map(str::to_string).to_vec();
    wanted.extend(inside);
    wanted.sort();
    let found = random.feedback();
    assert_eq!(found, wanted);
    assert_ne!(random.news(), exact.news());
    for name in found {
        let (place, weights) = (random.place(&name), random.slot(&random.stands_for(&name)));
        random.slots[place] = Array::from_numbers(&random.program.slots[place].ty, weights);
    }
    assert_eq!(random.news(), exact.news());
}

/// The product of matrices, row-major: `[rows, inner]` and `[inner, columns]`.
fn times(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let (rows, columns) = (a.len() / inner, b.len() / inner);
    let cell = |r: usize, c: usize| (0..inner).map(|i| a[r * inner + i] * b[i * columns + c]).sum::<f64>();
    (0..rows * columns).map(|place| cell(place / columns, place % columns)).collect()
}

fn turned(a: &[f64], columns: usize) -> Vec<f64> {
    (0..a.len()).map(|place| a[place % (a.len() / columns) * columns + place / (a.len() / columns)]).collect()
}

fn close(found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    assert!(wanted.iter().any(|x| x.abs() > 1e-3));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{found} {wanted}");
    }
}

/// The error at `Out` of four samples, and what of it passes the bend of a `tanh` or a `sigmoid`.
fn error(at: &At) -> Vec<f64> {
    let y = at.value("task.y");
    assert_eq!(y.len(), at.value("Out").len());
    at.value("Out").iter().zip(y).map(|(out, y)| 2.0 * (out - y) / 4.0).collect()
}

fn bent(comes: Vec<f64>, slope: impl Fn(f64) -> f64, activity: &[f64]) -> Vec<f64> {
    comes.iter().zip(activity).map(|(comes, activity)| comes * slope(*activity)).collect()
}

#[test]
fn what_crosses_by_hand_in_a_chain() {
    let tanh = |h: f64| 1.0 - h * h;
    let sigmoid = |h: f64| h * (1.0 - h);
    for (rule, scale) in [("feedback_alignment", 1.0), ("feedback_alignment(scale = 3)", 3.0)] {
        let at = at(&spec(DEEP, rule));
        let (a, b, x) = (at.value("A"), at.value("B"), at.value("In"));
        let scaled = |values: Vec<f64>| values.into_iter().map(|value| scale * value).collect::<Vec<f64>>();
        let to_b = bent(scaled(times(&error(&at), &at.slot("B -> Out.feedback"), 2)), sigmoid, &b);
        let to_a = bent(scaled(times(&to_b, &at.slot("A -> B.feedback"), 4)), tanh, &a);
        close(&at.value("B -> Out.weight.gradient"), &times(&turned(&error(&at), 2), &b, 4));
        close(&at.value("A -> B.weight.gradient"), &times(&turned(&to_b, 4), &a, 4));
        close(&at.value("In -> A.weight.gradient"), &times(&turned(&to_a, 5), &x, 4));
    }
}

#[test]
fn direct_feedback_by_hand_in_a_chain() {
    let at = at(&spec(DEEP, "direct_feedback_alignment(2)"));
    assert_eq!(at.feedback(), ["A -> Out.feedback", "B -> Out.feedback"]);
    let (a, b, x) = (at.value("A"), at.value("B"), at.value("In"));
    let doubled = |values: Vec<f64>| values.into_iter().map(|value| 2.0 * value).collect::<Vec<f64>>();
    let to_b = bent(doubled(times(&error(&at), &at.slot("B -> Out.feedback"), 2)), |h| h * (1.0 - h), &b);
    let to_a = bent(doubled(times(&error(&at), &at.slot("A -> Out.feedback"), 2)), |h| 1.0 - h * h, &a);
    close(&at.value("A -> B.weight.gradient"), &times(&turned(&to_b, 4), &a, 4));
    close(&at.value("In -> A.weight.gradient"), &times(&turned(&to_a, 5), &x, 4));
}

#[test]
fn direct_feedback_comes_to_each_region_once_and_passes_over_those_between() {
    let at = at(&spec(FORKED, "direct_feedback_alignment"));
    assert_eq!(at.feedback(), ["A -> Out.feedback", "B -> Out.feedback", "C -> Out.feedback"]);
    let (a, x) = (at.value("A"), at.value("In"));
    let to_a = bent(times(&error(&at), &at.slot("A -> Out.feedback"), 2), |h| 1.0 - h * h, &a);
    close(&at.value("In -> A.weight.gradient"), &times(&turned(&to_a, 5), &x, 4));
}

#[test]
fn a_cost_within_gives_its_own_error_and_no_part_of_that_above() {
    let body = format!("{DEEP}\ncost small in B = sum(B^2)");
    let text = spec(&body, "direct_feedback_alignment").replace("from wrong", "from wrong, 0.5 * small");
    let at = at(&text);
    assert_eq!(at.feedback(), ["A -> B.feedback", "A -> Out.feedback", "B -> Out.feedback"]);
    let (a, b, x) = (at.value("A"), at.value("B"), at.value("In"));
    let sigmoid = |h: f64| h * (1.0 - h);
    let own = bent(b.iter().map(|b| b / 4.0).collect(), sigmoid, &b);
    let both: Vec<f64> = times(&own, &at.slot("A -> B.feedback"), 4)
        .iter()
        .zip(times(&error(&at), &at.slot("A -> Out.feedback"), 2))
        .map(|(one, other)| one + other)
        .collect();
    let to_a = bent(both, |h| 1.0 - h * h, &a);
    close(&at.value("In -> A.weight.gradient"), &times(&turned(&to_a, 5), &x, 4));
}

#[test]
fn with_one_hidden_layer_direct_and_chained_are_the_same_to_the_bit() {
    let hidden = "region A[5] = tanh(drive)\ncost small in A = 0.1 * l1(A)\nregion Out2[3] = tanh(drive)\ncost other in Out2 = sum(Out2^2)\n\
                  connect In -> A -> Out\nconnect A -> Out2 : PATTERN";
    for pattern in ["dense, init he", "lowrank(2)", "sparse(0.7)"] {
        let text = |rule: &str| {
            spec(&hidden.replace("PATTERN", pattern), rule).replace("from wrong", "from wrong, small, 0.3 * other")
        };
        let run = |rule: &str| trained(&text(rule), &Way { epochs: Some(3), ..EXACT });
        let (chained, direct) = (run("feedback_alignment"), run("direct_feedback_alignment"));
        assert_eq!(chained.slots, direct.slots, "{pattern}");
        assert_ne!(chained.slot("In -> A.weight"), run("backprop").slot("In -> A.weight"));
    }
}

#[test]
fn feedback_is_drawn_once_and_rules_live_side_by_side() {
    let body = "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A -> B -> Out";
    let mixed = format!(
        "{DATA}{body}\nlearn In -> A by direct_feedback_alignment from wrong using adam(rate = 0.01)\n\
         learn A -> B by feedback_alignment(scale = linear(1, 2)) from wrong using sgd(rate = 0.1)\n\
         learn B -> Out by backprop from wrong using sgd(rate = 0.1)\n"
    );
    let run = |way: &Way| -> Trained { trained(&mixed, &Way { epochs: Some(2), ..way.clone() }) };
    let born = at(&mixed);
    let life = run(&Way { seed: 5, ..EXACT });
    for name in ["A -> Out.feedback", "B -> Out.feedback"] {
        assert_eq!(life.slot(name), born.slot(name), "{name}");
    }
    assert_ne!(life.slot("In -> A.weight"), born.slot("In -> A.weight"));
    for precision in [Precision::F64, Precision::F32] {
        let code = run(&Way { precision, ..EXACT });
        let one = run(&Way { precision, threads: 1, ..EXACT });
        let interpreted = run(&Way { precision, backend: Backend::Interpreter, ..EXACT });
        assert_eq!(code.outcome.state_digest, interpreted.outcome.state_digest);
        assert_eq!(code.outcome.state_digest, one.outcome.state_digest);
    }
    let other = run(&Way { seed: 6, ..EXACT });
    assert_ne!(life.slot("A -> Out.feedback"), other.slot("A -> Out.feedback"));
}

#[test]
fn through_time_every_execution_agrees() {
    let text = OVER_TIME.replace("RULE", "feedback_alignment");
    let run = |backend| trained(&text, &Way { epochs: Some(2), backend, ..EXACT });
    assert_eq!(run(Backend::Jit).outcome.state_digest, run(Backend::Interpreter).outcome.state_digest);
}

#[test]
fn no_way_is_taken_that_is_closed() {
    let body = "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A -> B -> Out\nconnect A -> Out : no credit";
    let direct = at(&spec(body, "direct_feedback_alignment"));
    assert_eq!(direct.feedback(), ["A -> Out.feedback", "B -> Out.feedback"]);
    let chained = at(&spec(body, "feedback_alignment"));
    assert_eq!(chained.feedback(), ["A -> B.feedback", "B -> Out.feedback"]);
    let only = spec(
        "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A -> B -> Out\nconnect A -> Out",
        "feedback_alignment",
    );
    let only = at(&only.replace("using", "only through A -> B -> Out using"));
    assert_eq!(only.feedback(), ["A -> B.feedback", "B -> Out.feedback"]);
}

#[test]
fn whoever_tries_something_out_first_changes_no_error_that_others_read() {
    let learn = |first: &str, second: &str| {
        let text = format!("{DATA}{DEEP}\n{first}{second}");
        trained(&text, &Way { epochs: Some(2), ..EXACT })
    };
    let direct = "learn A -> B -> Out by direct_feedback_alignment from wrong using sgd(rate = 0.1)\n";
    for rule in ["node_perturbation", "weight_perturbation", "predictive_coding", "predictive_coding_fixed"] {
        let other = format!("learn In -> A by {rule} from wrong using sgd(rate = 0.1)\n");
        let (behind, before) = (learn(&other, direct), learn(direct, &other));
        for slot in ["A -> B.weight", "B -> Out.weight", "In -> A.weight"] {
            let apart = behind.slot(slot).iter().zip(before.slot(slot)).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f64::max) < 1e-12, "{rule} {slot}");
        }
    }
}
