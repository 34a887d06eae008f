//! Who learns from what, as `neurula credit` tells it: what is said to learn is what a step writes, and the ways of credit.

use super::model::model;
use neurula::credit::{self, Account, What, Why};
use neurula::model::Model;
use neurula::tensor::Role;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "neu"));
    found.sort();
    found
}

/// The model of an example; one whose images are files draws them instead.
fn example(path: &Path) -> Model {
    let text = std::fs::read_to_string(path).unwrap();
    let drawn = "data world {\n  samples 64, test 8, batch 8\n  image[28, 28] = uniform(0, 1)\n  of[10] = normal(0, 1)\n  \
                 label : class[10] = argmax(of)\n}";
    let lines = text.lines().map(|line| if line.starts_with("data world = idx(") { drawn } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut sources = neurula::diag::Sources::new();
    let parsed = neurula::driver::parse_text(&mut sources, path, &text);
    let checked = parsed.check(&sources, &neurula::model::Options::default());
    checked.model.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), checked.said))
}

/// The parameters that a phase's step writes.
fn written(model: &Model, phase: usize) -> BTreeSet<String> {
    let rows = model.data[model.phases[phase].data.0].signature.total();
    let program = credit::learn(model, phase, rows);
    let slots = program.writes.iter().map(|slot| &program.slots[*slot]);
    slots.filter(|slot| slot.role == Role::Parameter).map(|slot| slot.name.to_string()).collect()
}

fn learning(account: &Account, phase: usize) -> BTreeSet<String> {
    let all = account.parameters.iter().zip(&account.phases[phase].what);
    all.filter(|(_, what)| matches!(what, What::Learns(_))).map(|(parameter, _)| parameter.slot.to_string()).collect()
}

#[test]
fn of_every_example_exactly_what_is_said_to_learn_is_written() {
    for path in examples() {
        let model = example(&path);
        let account = credit::account(&model);
        for phase in 0..model.phases.len() {
            assert_eq!(learning(&account, phase), written(&model, phase), "{} {phase}", path.display());
        }
    }
}

#[test]
fn the_shapes_are_those_of_the_slots() {
    for path in examples() {
        let model = example(&path);
        let account = credit::account(&model);
        let rows = model.data[model.phases[0].data.0].signature.total();
        let program = credit::learn(&model, 0, rows);
        for slot in program.slots.iter().filter(|slot| slot.role == Role::Parameter) {
            let shape: Vec<usize> = slot.ty.shape.iter().map(|extent| extent.bound()).collect();
            let known = account.parameters.iter().find(|parameter| parameter.slot == slot.name);
            assert_eq!(known.map(|parameter| &parameter.shape), Some(&shape), "{} {}", path.display(), slot.name);
        }
    }
}

/// The way to a parameter in the first phase, its number, and whether there are more.
fn way(model: &Model, slot: &str) -> (Vec<String>, usize, bool) {
    let account = credit::account(model);
    let place = account.parameters.iter().position(|parameter| &*parameter.slot == slot).unwrap();
    let What::Learns(lessons) = &account.phases[0].what[place] else { panic!("{slot} does not learn") };
    let way = lessons[0].costs[0].1.as_ref().unwrap();
    let names = way.regions.iter().map(|id| model.regions[id.0].name.to_string());
    (names.collect(), way.number, way.more)
}

#[test]
fn the_shortest_way_is_told_and_all_are_counted() {
    let model = model(
        "data d = digits()\nregion X[8, 8] = d.image\nregion A[3] = drive\nregion B[3] = drive\nregion C[10] = drive\n\
         connect X -> A -> B -> C\nconnect A -> C\nconnect X -> C\ncost c in C = cross_entropy(C, d.label)\n\
         learn all by backprop from c using sgd(rate = 0.1)\n",
    );
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    assert_eq!(way(&model, "X -> A.weight"), (names(&["C", "A"]), 2, false));
    assert_eq!(way(&model, "X -> C.weight"), (names(&["C"]), 1, false));
    assert_eq!(way(&model, "A.bias"), (names(&["C", "A"]), 2, false));
}

#[test]
fn a_way_that_is_closed_is_no_way_and_too_many_are_not_counted() {
    let mut text = "data d = digits()\nregion X[8, 8] = d.image\nregion A0[1] = drive\nconnect X -> A0\n".to_string();
    for layer in 1..=16 {
        let before = layer - 1;
        text += &format!("region A{layer}[1] = drive\nregion S{layer}[1] = drive\nconnect A{before} -> A{layer}\n");
        text += &format!("connect A{before} -> S{layer} -> A{layer}\n");
    }
    text += "region C[10] = drive\nconnect A16 -> C\ncost c in C = cross_entropy(C, d.label)\n";
    let many = model(&format!("{text}learn all by backprop from c using sgd(rate = 0.1)\n"));
    let (shortest, number, more) = way(&many, "X -> A0.weight");
    assert_eq!(shortest.len(), 18);
    assert!(more && number <= neurula::model::COUNTED);
    let closed = model(
        "data d = digits()\nregion X[8, 8] = d.image\nregion A[3] = drive\nregion C[10] = drive\nconnect X -> A\n\
         connect A -> C : no credit\ncost c in C = cross_entropy(C, d.label)\ncost near in A = sum(A^2)\n\
         learn X -> A -> C by backprop from near, c using sgd(rate = 0.1)\n",
    );
    let account = credit::account(&closed);
    let What::Learns(lessons) = &account.phases[0].what[0] else { panic!("X -> A does not learn") };
    let reached: Vec<bool> = lessons[0].costs.iter().map(|(_, way)| way.is_some()).collect();
    assert_eq!(reached, [true, false]);
}

#[test]
fn a_loop_through_time_is_gone_round_once() {
    let model = model(
        "data d = digits()\ntime 8 steps\nregion X[8, 8] = d.image\nregion A[3] = tanh(drive)\nregion C[10] = drive\n\
         connect X -> A -> C\nconnect A -> A : delay 1 step\ncost c in C = cross_entropy(C, d.label) at end\n\
         learn all by backprop from c using sgd(rate = 0.1)\n",
    );
    assert_eq!(way(&model, "X -> A.weight").0, ["C", "A"]);
    assert_eq!(way(&model, "A -> A.weight").0, ["C", "A"]);
}

#[test]
fn why_something_stays_is_said() {
    let account =
        credit::account(&example(&examples()[examples().iter().position(|p| p.ends_with("infancy.neu")).unwrap()]));
    let why = |phase: usize, slot: &str| {
        let place = account.parameters.iter().position(|parameter| &*parameter.slot == slot).unwrap();
        match account.phases[phase].what[place] {
            What::Stays(why) => Some(why),
            What::Learns(_) => None,
        }
    };
    assert_eq!(why(0, "IT -> PFC.weight"), Some(Why::Unnamed));
    assert_eq!(why(1, "IT -> Recall.weight"), Some(Why::Unnamed));
    assert_eq!(why(1, "IT -> PFC.weight"), None);
}
