//! Wires, and who learns from what.

use super::{HEAD, LEARN, biases, codes, message, model, projection, taught};
use neurula::model::{Init, Pattern, Teacher};

fn head(from: &str, to: &str) -> String {
    assert!(HEAD.contains(from), "{from}");
    HEAD.replace(from, to)
}

const CONNECT: &str = "connect Retina -> Hidden -> Choice";

#[test]
fn a_named_projection_is_read_by_its_name() {
    let text = head(CONNECT, "connect Retina -> Hidden -> Choice\nconnect Retina -> Hidden as gate : init normal(0.1)")
        .replace("relu(drive)", "sigmoid(gate) * relu(drive)");
    let model = model(&format!("{text}{LEARN}learn Retina -> Hidden as gate by nothing\n"));
    let gate = projection(&model, "Retina -> Hidden as gate");
    assert_eq!((gate.named.as_deref(), gate.init), (Some("gate"), Init::Normal(0.1)));
    assert_eq!(taught(&model, &model.phases[0])[0], ["Retina -> Hidden", "Hidden -> Choice"], "the unnamed one");
}

#[test]
fn a_path_is_the_unnamed_projection_or_the_only_one() {
    let text =
        head(CONNECT, "connect Retina -> Hidden as only\nconnect Hidden -> Choice").replace("relu(drive)", "only");
    let model = model(&format!("{text}{LEARN}"));
    assert_eq!(taught(&model, &model.phases[0]), [["Retina -> Hidden as only", "Hidden -> Choice"]]);
    assert_eq!(biases(&model, &model.phases[0]), [["Choice"]], "what reads no drive has no bias");
}

#[test]
fn a_fixed_matrix_is_written_out() {
    let lines = "region Pair[2] = drive\nregion Mix[3] = drive\nconnect Hidden -> Pair
connect Pair -> Mix : fixed([[1, 0], [0, 2], [-1, 0.5]])\nlearn Hidden -> Pair by oja()\nmetric m = mean(Mix)\n";
    let model = model(&format!("{HEAD}{LEARN}{lines}"));
    let mix = projection(&model, "Pair -> Mix");
    assert_eq!(mix.pattern, Pattern::Fixed(vec![1.0, 0.0, 0.0, 2.0, -1.0, 0.5]));
    assert!(!mix.plastic && mix.credit);
}

#[test]
fn one_to_one_wants_equal_regions() {
    let lines = |n: usize| {
        format!(
            "{HEAD}{LEARN}region Copy[{n}] = drive\nconnect Choice -> Copy : one_to_one, fixed, init 1\nmetric c = mean(Copy)\n"
        )
    };
    let model = model(&lines(10));
    let copy = projection(&model, "Choice -> Copy");
    assert_eq!((&copy.pattern, copy.init, copy.plastic), (&Pattern::OneToOne, Init::Constant(1.0), false));
    assert_eq!(codes(&lines(9)), ["E0301"]);
}

#[test]
fn starts_are_read() {
    let starts = [
        ("he", Init::He),
        ("glorot", Init::Glorot),
        ("orthogonal", Init::Orthogonal),
        ("uniform(-0.5, 0.5)", Init::Uniform(-0.5, 0.5)),
        ("normal(0.05)", Init::Normal(0.05)),
        ("0", Init::Constant(0.0)),
        ("1 / 4", Init::Constant(0.25)),
    ];
    for (text, init) in starts {
        let model = model(&format!("{}{LEARN}", head(CONNECT, &format!("{CONNECT} : init {text}"))));
        assert!(model.projections.iter().all(|projection| projection.init == init), "{text}");
    }
    for text in ["uniform(1, 0)", "normal(-1)", "he(3)", "xavier"] {
        assert_eq!(
            codes(&format!("{}{LEARN}", head(CONNECT, &format!("{CONNECT} : init {text}")))),
            ["E0407"],
            "{text}"
        );
    }
}

#[test]
fn learn_all_is_every_plastic_wire() {
    let text = head(CONNECT, "connect Retina -> Hidden\nconnect Hidden -> Choice : fixed");
    let model = model(&format!("{text}learn all by backprop from wrong using sgd(rate = 0.1)\n"));
    assert_eq!(taught(&model, &model.phases[0]), [["Retina -> Hidden"]]);
    assert_eq!(biases(&model, &model.phases[0]), [["Hidden"]]);
}

#[test]
fn learn_each_gives_every_region_its_own_costs() {
    let model =
        model(&format!("{HEAD}cost small in Hidden = l2(Hidden)\nlearn each by backprop using sgd(rate = 0.1)\n"));
    let phase = &model.phases[0];
    assert_eq!(taught(&model, phase), [["Retina -> Hidden"], ["Hidden -> Choice"]]);
    let from: Vec<Vec<&str>> = phase
        .learns
        .iter()
        .map(|learn| learn.from.iter().map(|(_, cost)| &*model.costs[cost.0].name).collect())
        .collect();
    assert_eq!(from, [["small"], ["wrong"]]);
}

#[test]
fn without_from_a_path_learns_from_the_costs_of_its_end() {
    let spec = format!("{HEAD}learn Retina -> Hidden -> Choice by backprop using sgd(rate = 0.1)\n");
    let model = model(&spec);
    assert_eq!(model.phases[0].learns[0].from.len(), 1);
    let short = "learn Retina -> Hidden by backprop using sgd(rate = 0.1)\nlearn Hidden -> Choice by nothing\n";
    assert_eq!(codes(&format!("{HEAD}{short}")), ["E0507"]);
}

#[test]
fn also_adds_a_statement_with_states_of_its_own() {
    let again = "learn Retina -> Hidden by oja(rate = 0.001)\n";
    assert_eq!(codes(&format!("{HEAD}{LEARN}{again}")), ["E0505"]);
    let model = model(&format!("{HEAD}{LEARN}also {again}"));
    let phase = &model.phases[0];
    assert_eq!(taught(&model, phase), [vec!["Retina -> Hidden", "Hidden -> Choice"], vec!["Retina -> Hidden"]]);
    assert_eq!(phase.learns.iter().map(|learn| learn.also).collect::<Vec<_>>(), [false, true]);
    assert_eq!(biases(&model, phase), [vec!["Hidden", "Choice"], vec![]], "a rule leaves biases alone");
}

#[test]
fn biases_go_to_the_first_credit_rule_in_the_text() {
    let lines = "learn Retina -> Hidden by oja(rate = 0.01)\nlearn Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)\n";
    assert_eq!(
        biases(&model(&format!("{HEAD}{lines}")), &model(&format!("{HEAD}{lines}")).phases[0]),
        [vec![], vec!["Choice"]]
    );
    let two = head(CONNECT, "connect Retina -> Hidden -> Choice\nconnect Retina -> Choice");
    let lines = "learn Retina -> Choice by backprop from wrong using sgd(rate = 0.1)
learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)\n";
    let model = model(&format!("{two}{lines}"));
    assert_eq!(biases(&model, &model.phases[0]), [["Choice"], ["Hidden"]]);
}

#[test]
fn a_rule_that_says_db_teaches_biases() {
    let rule = "rule drift(rate = 0.01) { let dose = rate * post\n dw = dose * pre\n db = -dose }\n";
    let head = head("cost wrong in Choice", "metric wrong");
    let model = model(&format!("{rule}{head}learn Retina -> Hidden -> Choice by drift()\n"));
    let phase = &model.phases[0];
    assert_eq!(biases(&model, phase), [["Hidden", "Choice"]]);
    let Teacher::Rule(rule) = &phase.learns[0].teacher else { panic!("a rule") };
    assert!(rule.db.is_some());
    for own in ["db = pre", "let x = pre\n db = x"] {
        assert_eq!(codes(&format!("rule odd() {{ dw = pre\n {own} }}\n{HEAD}{LEARN}")), ["E0207"], "{own}");
    }
}

#[test]
fn no_bias_is_never_taught() {
    let text = head("region Choice[10]   = drive", "region Choice[10]   = drive, no bias");
    let model = model(&format!("{text}{LEARN}"));
    assert_eq!(biases(&model, &model.phases[0]), [["Hidden"]]);
}

#[test]
fn clauses_of_a_statement_come_in_any_order() {
    let one = "learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1) every 2 steps clip 1\n";
    let other = "learn Retina -> Hidden -> Choice by backprop clip 1 every 2 steps using sgd(rate = 0.1) from wrong\n";
    for line in [one, other] {
        let model = model(&format!("{HEAD}{line}"));
        let learn = &model.phases[0].learns[0];
        assert_eq!((learn.every, learn.clip.as_ref().unwrap().constant(&model.params)), (2, Some(1.0)));
        assert_eq!(learn.using.as_ref().map(|optimiser| &*optimiser.name), Some("sgd"));
    }
    for every in ["every 2 epochs", "every 1.5 steps", "every 2"] {
        assert_eq!(codes(&format!("{HEAD}{}", one.replace("every 2 steps", every))), ["E0303"], "{every}");
    }
}

#[test]
fn only_through_narrows_the_routes() {
    let two = head(
        CONNECT,
        "connect Retina -> Hidden -> Choice\nregion Side[8] = relu(drive)\nconnect Hidden -> Side -> Choice",
    );
    let rest = "learn Hidden -> Choice, Hidden -> Side -> Choice by nothing\n";
    let first = |through: &str| {
        format!("learn Retina -> Hidden by backprop from wrong only through {through} using sgd(rate = 0.1)\n{rest}")
    };
    let good = model(&format!("{two}{}", first("Hidden -> Side -> Choice")));
    let through = good.phases[0].learns[0].only_through.as_ref().unwrap();
    let names: Vec<&str> = through.iter().map(|id| &*good.projections[id.0].name).collect();
    assert_eq!(names, ["Hidden -> Side", "Side -> Choice"]);
    let (message, help) = message(&format!("{two}{}", first("Hidden -> Side")));
    assert_eq!(message, "no credit of `wrong` can reach `Retina -> Hidden`");
    assert!(help.starts_with("let credit cross `"), "{help}");
}

#[test]
fn weights_of_costs_are_formulas() {
    let spec = format!(
        "{HEAD}cost small in Hidden = l2(Hidden)
learn Retina -> Hidden -> Choice by backprop from 0.5 * wrong + linear(1, 0) * small using sgd(rate = 0.1)\n"
    );
    let model = model(&spec);
    let from = &model.phases[0].learns[0].from;
    assert_eq!(from.len(), 2);
    assert_eq!(from[0].0.constant(&model.params), Some(0.5));
    assert_eq!(from[1].0.constant(&model.params), None, "a schedule is no constant");
    assert_eq!(codes(&spec.replace("0.5 * wrong", "wrong * wrong")), ["E0205"]);
    assert_eq!(codes(&spec.replace("linear(1, 0) * small", "wrong")), ["E0202"]);
}
