//! Probes: what they see, that a run does not notice, and that it goes on after a stop as if there had been none.

use super::model::{HEAD, check, model};
use super::runtime::Stop;
use super::trained::{EXACT, Trained, Way, checked, options, train_in};
use neurula::credit;
use neurula::diag::Code;
use neurula::math::Precision;
use neurula::model::Options;
use neurula::runtime::Backend;
use neurula::runtime::folder::SpecFile;
use neurula::runtime::train::{Origin, train};
use std::path::Path;
use tempfile::TempDir;

const DEVELOPMENT: &str = "development {\n  phase first for 1 epochs {\n    learn Retina -> Hidden -> Choice by RULE from wrong using adam(rate = 0.01)\n  }\n\
                           phase second for 20 steps {\n    learn Retina -> Hidden -> Choice by RULE from wrong using sgd(rate = 0.1)\n  }\n}\n";

fn spec(rule: &str, during: &str, probes: &[&str]) -> String {
    let mut text = format!("{HEAD}{}", DEVELOPMENT.replace("RULE", rule));
    if !probes.is_empty() {
        text += &format!("experiment looks {{\n  during {during}\n");
        probes.iter().for_each(|probe| text += &format!("  probe {probe}\n"));
        text += "}\n";
    }
    text
}

fn run(text: &str, way: &Way) -> Trained {
    train_in(Path::new("."), text, way).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Step and value of each row of a probe.
fn rows(run: &Trained, probe: &str) -> Vec<(u64, f64)> {
    let mut rows = csv::Reader::from_reader(run.metrics.as_bytes());
    let rows = rows.records().map(|row| row.unwrap()).filter(|row| &row[4] == probe);
    rows.map(|row| (row[0].parse().unwrap(), row[5].parse().unwrap())).collect()
}

const ALL: [&str; 7] = [
    "alignment(Retina -> Hidden -> Choice, feedback_alignment from wrong) every 7 steps",
    "alignment(Retina -> Hidden, backprop from wrong) every 3 steps",
    "alignment(Hidden -> Choice, node_perturbation from wrong) every step",
    "alignment(Hidden -> Choice, hebb)",
    "rank(Hidden, direct_feedback_alignment from wrong) every 5 steps",
    "participation(Hidden, node_perturbation from wrong)",
    "rank(Choice)",
];

#[test]
fn a_run_is_the_same_to_the_bit_whether_somebody_looks_or_not() {
    for during in ["first", "second"] {
        let without = run(&spec("backprop", "first", &[]), &EXACT);
        let with = run(&spec("backprop", during, &ALL), &EXACT);
        assert_eq!(with.outcome.weights_digest, without.outcome.weights_digest, "{during}");
        assert_eq!(with.slots, without.slots, "{during}");
        let unprobed = |table: &str| -> Vec<String> {
            table.lines().filter(|line| !line.contains('(')).map(str::to_string).collect()
        };
        assert_eq!(unprobed(&with.metrics), unprobed(&without.metrics), "{during}");
    }
}

#[test]
fn every_execution_sees_the_same() {
    let text = spec("feedback_alignment", "second", &ALL);
    let by =
        |way: Way| -> Vec<(u64, f64)> { ALL.iter().flat_map(|probe| rows(&run(&text, &way), name(probe))).collect() };
    let code = by(EXACT);
    assert_eq!(code, by(Way { backend: Backend::Interpreter, ..EXACT }));
    assert_eq!(code, by(Way { threads: 1, ..EXACT }));
    let single = by(Way { precision: Precision::F32, ..EXACT });
    assert!(code.len() == single.len() && code != single);
}

fn name(probe: &str) -> &str {
    probe.split(" every").next().unwrap()
}

#[test]
fn one_looks_before_the_steps_that_are_said_and_at_the_end() {
    let text =
        spec("backprop", "second", &["alignment(Hidden -> Choice, backprop from wrong) every 7 steps", "rank(Choice)"]);
    let run = run(&text, &EXACT);
    let steps = |probe: &str| rows(&run, probe).into_iter().map(|(step, _)| step).collect::<Vec<_>>();
    // The first phase has 45 steps.
    assert_eq!(steps("alignment(Hidden -> Choice, backprop from wrong)"), [45, 52, 59, 65]);
    assert_eq!(steps("rank(Choice)"), [65]);
    assert_eq!(run.value("rank(Choice)", "train"), 10.0);
}

#[test]
fn whoever_teaches_is_along_itself_against_its_negative_and_nothing_is_across() {
    let at = |rule: &str, probe: &str| run(&spec(rule, "second", &[probe]), &EXACT).value(probe, "train");
    for rule in
        ["backprop", "feedback_alignment", "direct_feedback_alignment", "node_perturbation", "kolen_pollack(decay = 0)"]
    {
        let itself = at(rule, &format!("alignment(Retina -> Hidden -> Choice, {rule} from wrong)"));
        assert!((itself - 1.0).abs() < 1e-10, "{rule}: {itself}");
    }
    let against = at("backprop", "alignment(Retina -> Hidden, backprop from -1 * wrong)");
    assert!((against + 1.0).abs() < 1e-10, "{against}");
    // Several paths are one vector: the cosine of both lies between those of each.
    let [first, second, both] = ["Retina -> Hidden", "Hidden -> Choice", "Retina -> Hidden -> Choice"]
        .map(|path| at("feedback_alignment", &format!("alignment({path}, backprop from wrong)")));
    assert!((second - 1.0).abs() < 1e-10, "{second}");
    assert!(first < both && both < 1.0, "{first} {both}");
}

#[test]
fn what_a_probe_compares_with_is_checked_like_a_statement() {
    let codes = |body: &str, probe: &str| -> Vec<Code> {
        let text = format!("{body}experiment e {{ probe {probe} }}\n");
        check(&text, &Options::default()).1.iter().map(|said| said.code).collect()
    };
    let learn = "learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)\n";
    let whole = format!("{HEAD}{learn}");
    assert_eq!(codes(&whole, "alignment(Retina -> Hidden, backprop from wrong)"), []);
    assert_eq!(codes(&whole, "alignment(Retina -> Hidden, reinforce from wrong)"), [Code::NO_SCORE]);
    let timed = whole.replace("region Retina", "time 3 steps\nregion Retina");
    assert_eq!(codes(&timed, "alignment(Retina -> Hidden, backprop from wrong)"), [Code::NOT_SUPPORTED]);
    let other = format!(
        "{whole}cost near in Hidden = l2(Hidden)\nalso learn Retina -> Hidden by backprop from near using sgd(rate = 0.1)\n"
    );
    assert_eq!(codes(&other, "alignment(Hidden -> Choice, backprop from near)"), [Code::NO_ROUTE]);
    let beside = format!("{whole}cost near in Hidden = l2(Hidden)\n");
    assert_eq!(codes(&beside, "alignment(Retina -> Hidden, backprop from near)"), []);
}

#[test]
fn a_probing_program_writes_nothing_else() {
    let model = model(&spec("backprop", "second", &ALL));
    let program = credit::probe(&model, 1, 1797);
    let written: Vec<&str> = program.writes.iter().map(|slot| &*program.slots[*slot].name).collect();
    assert_eq!(written, ["probe.0", "probe.1", "probe.2", "probe.3", "probe.4", "probe.5", "probe.6"]);
}

const LINEAR: &str = "data task {\n  samples 60, batch 60\n  x[5] = normal(0, 1)\n  y[3] = normal(0, 1)\n}\n\
                      region In[5] = task.x\nregion A[4] = tanh(drive)\nregion Out[3] = drive\nconnect In -> A -> Out\n\
                      cost wrong in Out = 0.5 * sum((Out - task.y)^2)\ncost busy in A = 0.5 * sum(A^2)\n\
                      development {\n  phase life for 3 steps {\n    learn all by backprop from wrong, busy using sgd(rate = 0.1)\n  }\n}\n";

#[test]
fn what_comes_to_a_region_is_what_the_formula_of_its_error_gives() {
    let value = |probe: &str| run(&format!("{LINEAR}experiment e {{ probe {probe} }}\n"), &EXACT).value(probe, "train");
    for of in ["strength", "participation", "rank"] {
        let same = |region: &str, formula: &str| {
            let (told, by_hand) = (value(&format!("{of}({region})")), value(&format!("{of}({formula})")));
            assert!((told - by_hand).abs() < 1e-12 * by_hand.abs(), "{of} {region}: {told} {by_hand}");
        };
        same("Out, backprop from wrong", "Out - task.y");
        same("A, backprop from wrong", "(Out - task.y) @ (A -> Out)");
        same("A, backprop from busy", "A");
        same("A, backprop from 3 * wrong", "3 * ((Out - task.y) @ (A -> Out))");
        same("A, backprop from wrong + busy", "(Out - task.y) @ (A -> Out) + A");
    }
    assert!((value("strength(A / sqrt(sum(A^2)))") - 1.0).abs() < 1e-12);
}

#[test]
fn each_step_is_seen_with_the_samples_that_it_takes() {
    let text = LINEAR.replace("batch 60", "batch 20").replace("for 3 steps", "for 2 epochs");
    let text = format!("{text}metric size = sum(task.x^2)\nexperiment e {{ probe strength(task.x) every step }}\n");
    let run = run(&text, &EXACT);
    let seen = rows(&run, "strength(task.x)");
    assert_eq!(seen.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    let squares: Vec<f64> = seen.iter().map(|(_, strength)| strength * strength).collect();
    let sizes: Vec<f64> = rows(&run, "size").into_iter().map(|(_, size)| size).collect();
    for (epoch, size) in sizes.iter().enumerate() {
        let mean = squares[3 * epoch..3 * epoch + 3].iter().sum::<f64>() / 3.0;
        assert!((mean - size).abs() < 1e-12 * size, "epoch {epoch}: {squares:?} {sizes:?}");
    }
    // At the end it is the batch of the last step once more, and no two batches are alike.
    assert_eq!(squares[6], squares[5]);
    assert!(squares[..3].iter().enumerate().all(|(place, one)| !squares[place + 1..3].contains(one)), "{squares:?}");
}

#[test]
fn nothing_is_across_everything() {
    let probe = "alignment(In -> A, feedback_alignment(scale = 0) from wrong)";
    let told = run(&format!("{LINEAR}experiment e {{ probe {probe} }}\n"), &EXACT).value(probe, "train");
    assert_eq!(told, 0.0);
}

#[test]
fn a_run_that_goes_on_looks_as_if_it_had_never_stopped() {
    let text = spec("backprop", "second", &ALL);
    let whole = run(&text, &EXACT);
    let model = checked(Path::new("."), &text).unwrap_or_else(|said| panic!("{said:#?}"));
    let files = [SpecFile { path: "spec.neu".into(), text: text.clone() }];
    for stride in [0, 2] {
        let place = TempDir::new().unwrap();
        let folder = place.path().join("run");
        let (mut resume, mut stops) = (false, 0);
        let outcome = loop {
            let options = options(Path::new("."), &folder, &EXACT);
            let mut stop = Stop { after: stride + stops % 3, flag: options.interrupted.clone() };
            let outcome = train(&model, &options, &Origin { files: &files, set: &[], resume }, &mut stop).unwrap();
            if !outcome.interrupted {
                break outcome;
            }
            (resume, stops) = (true, stops + 1);
            assert!(stops < 2000);
        };
        assert!(stops > 3, "{stops} interruptions show little");
        assert_eq!(outcome.state_digest, whole.outcome.state_digest);
        assert_eq!(std::fs::read_to_string(folder.join("metrics.csv")).unwrap(), whole.metrics);
    }
}

#[test]
fn two_directions_of_one_and_two_lie_in_25_of_17() {
    let text = "data d { samples 4, batch 4\n x[k = 2] = (k + 1) * (1 - 2 * mod(floor(index / (k + 1)), 2)) }\nregion X[2] = d.x\n\
                region Y[1] = drive\nconnect X -> Y\ncost c in Y = sum(Y^2)\nlearn X -> Y by backprop from c using sgd(rate = 0.1)\n\
                experiment e { probe rank(X)\n probe participation(X)\n probe strength(X) }\n";
    let found = run(text, &Way { epochs: Some(1), ..EXACT });
    assert_eq!(found.value("rank(X)", "train"), 2.0);
    assert!((found.value("participation(X)", "train") - 25.0 / 17.0).abs() < 1e-14);
    assert!((found.value("strength(X)", "train") - 5.0_f64.sqrt()).abs() < 1e-14);
}
