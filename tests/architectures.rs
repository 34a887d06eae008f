//! Every credit rule on every kind of architecture: it teaches, the same by machine code and interpreter, alone and beside another
//! rule; or it is refused at its line, with what it needs.

use super::trained::{EXACT, Way, checked, trained, trained_both};
use neurula::math::Precision;
use neurula::model::{CREDIT_RULES, CreditRule, Need, ParameterKind, Through};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A kind of architecture: what stands between the input and the costs.
struct Architecture {
    name: &'static str,
    body: &'static str,
}

const DATA: &str = "data task {\n  samples 12, test 4, batch 4\n  x[6] = normal(0, 1)\n  image[4, 4] = normal(0, 1)\n  y[2] = normal(0, 1)\n\
                    \x20 belongs = mod(index, 2)\n}\n\
                    region In[6] = task.x\nregion Out[2] = drive\ncost wrong in Out = sum((Out - task.y)^2)\n";

const ALL: [Architecture; 10] = [
    Architecture {
        name: "deep",
        body: "region A[5] = tanh(drive)\nregion B[4] = sigmoid(drive)\nregion C[4] = tanh(drive)\nconnect In -> A -> B -> C -> Out",
    },
    Architecture {
        name: "branching, with a cost in each branch",
        body: "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nregion Aside[3] = drive\nconnect In -> A -> B -> Out\n\
               connect A -> Aside\ncost aside in Aside = mean(Aside^2)",
    },
    Architecture {
        name: "merging",
        body: "region Eye[4, 4] = task.image\nregion A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nregion C[4] = tanh(drive)\n\
               connect In -> A -> C -> Out\nconnect Eye -> B -> C",
    },
    Architecture {
        name: "over a shortcut",
        body: "region A[5] = tanh(drive)\nregion B[5] = A + tanh(drive)\nconnect In -> A -> B -> Out\nconnect A -> Out",
    },
    Architecture {
        name: "convolutional",
        body: "region Eye[4, 4] = task.image\nregion Maps[2, 4, 4] = tanh(drive)\nregion Small[2, 2, 2] = drive\n\
               connect Eye -> Maps : conv(2, 3, 1, 1)\nconnect Maps -> Small : pool(mean, 2)\nconnect Small -> Out\nconnect In -> Out",
    },
    Architecture {
        name: "with weights that are sparse, and of low rank",
        body: "region A[5] = tanh(drive)\nregion B[4] = tanh(drive)\nconnect In -> A : lowrank(2)\nconnect A -> B : sparse(0.6)\n\
               connect B -> Out",
    },
    Architecture {
        name: "with chance",
        body: "region A[5] = tanh(drive)\nregion B[4] = sample bernoulli(sigmoid(drive)) by score\nconnect In -> A -> B -> Out",
    },
    Architecture {
        name: "with a structure",
        body: "region A[5] : layer_norm\nregion B[4] = tanh(drive)\nregion First[5] = drive\nconnect In -> First -> A -> B -> Out",
    },
    Architecture {
        name: "settling",
        body: "region A[5] = tanh(drive), settle(6 steps, rate = 0.5)\nregion B[4] = tanh(drive), settle(6 steps, rate = 0.5)\n\
               connect In -> A -> B -> Out\nconnect B -> A",
    },
    Architecture {
        name: "over time",
        body: "time 3 steps\nregion A[5] = tanh(drive)\nconnect In -> A -> Out\nconnect A -> A : dense, delay 1 step",
    },
];

impl Architecture {
    /// The costs in a statement.
    fn costs(&self) -> &'static str {
        if self.has("cost aside") { "wrong, aside" } else { "wrong" }
    }

    fn has(&self, word: &str) -> bool {
        self.body.contains(word)
    }

    /// The code with which a rule is refused here.
    fn refuses(&self, rule: &CreditRule) -> Option<&'static str> {
        let needs = |need| rule.needs.contains(&need);
        let (time, settles, chance) = (self.has("time "), self.has("settle"), self.has("by score"));
        match rule.through {
            _ if needs(Need::Time) && !time => Some("E0408"),
            Through::Scores if !chance => Some("E0535"),
            Through::Derivatives if chance => Some("E0534"),
            _ if needs(Need::Static) && (time || settles) => Some("E0512"),
            _ if needs(Need::Levels) && settles => Some("E0531"),
            // Not yet: levels over time, and noise on drives that settle.
            _ if needs(Need::Levels) && time => Some("E0901"),
            _ if needs(Need::Noise) && settles => Some("E0901"),
            _ if needs(Need::Noise) && self.has("layer_norm") => Some("E0536"),
            _ => None,
        }
    }
}

/// How a rule is named: what it has to be given, and small numbers where many rounds would take long.
fn called(rule: &CreditRule) -> String {
    let given = rule.parameters.iter().filter_map(|parameter| match (parameter.kind, parameter.default) {
        (ParameterKind::Whole, _) => Some(format!("{} = 8", parameter.name)),
        (ParameterKind::PerSample, None) => Some(format!("{} = task.belongs", parameter.name)),
        // A small change of a weight flips no coin at all.
        _ if parameter.name == "distance" => Some("distance = 0.5".to_string()),
        (_, None) => Some(format!("{} = 0.1", parameter.name)),
        _ => None,
    });
    let given: Vec<String> = given.collect();
    if given.is_empty() { rule.name.to_string() } else { format!("{}({})", rule.name, given.join(", ")) }
}

/// An architecture, whose costs come to single units where a rule needs that.
fn spec(architecture: &Architecture, rule: &CreditRule, learns: &str) -> String {
    let text = format!("{DATA}{}\n{learns}\n", architecture.body);
    match rule.needs.contains(&Need::SingleUnits) {
        true => text.replace("Out[2]", "Out[1]").replace("y[2]", "y[1]").replace("Aside[3]", "Aside[1]"),
        false => text,
    }
}

/// A spec in which a rule teaches everything; nothing lowers a cost where it knows by itself what is to be learnt.
fn taught(architecture: &Architecture, rule: &CreditRule) -> String {
    let learn = |from: &str| format!("learn all by {}{from} using sgd(rate = 0.01)", called(rule));
    match rule.costs {
        true => spec(architecture, rule, &learn(&format!(" from {}", architecture.costs()))),
        false => spec(architecture, rule, &learn(""))
            .replace("cost wrong in Out", "metric wrong")
            .replace("cost aside in Aside", "metric aside"),
    }
}

/// The codes of what is said of a text; none if it is right.
fn codes(text: &str) -> Vec<&'static str> {
    match checked(Path::new("."), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

/// What every parameter is before anything is learnt.
fn born(architecture: &Architecture, rule: &CreditRule) -> BTreeMap<String, Vec<f64>> {
    let costs = architecture.costs();
    let learns = format!("learn all by {} from {costs} using sgd(rate = 0)", still(architecture));
    let still = spec(architecture, rule, &learns);
    let kinds = [".weight", ".left", ".right", ".bias"];
    let slots = trained(&still, &Way { epochs: Some(1), precision: Precision::F32, ..EXACT }).slots;
    slots.into_iter().filter(|(name, _)| kinds.iter().any(|kind| name.ends_with(kind))).collect()
}

/// A rule that every parameter is within reach of.
fn still(architecture: &Architecture) -> &'static str {
    if architecture.has("by score") { "weight_perturbation" } else { "backprop" }
}

/// The rule moves every parameter, to something finite, the same by machine code and interpreter.
fn teaches(text: &str, before: &BTreeMap<String, Vec<f64>>, what: &str) {
    let coded = trained_both(text, &Way { precision: Precision::F32, epochs: Some(1), ..EXACT });
    for (name, weights) in before {
        let now = coded.slot(name);
        assert!(now.iter().all(|value| value.is_finite()), "{what}: {name}");
        assert_ne!(now, &weights[..], "{what}: {name} stays");
    }
}

#[test]
fn every_rule_teaches_every_architecture_or_says_what_it_needs() {
    for architecture in &ALL {
        for rule in CREDIT_RULES.iter().filter(|rule| rule.name != "nothing") {
            let what = format!("{} {}", rule.name, architecture.name);
            let text = taught(architecture, rule);
            let (found, wanted) = (codes(&text), architecture.refuses(rule));
            assert_eq!(found, Vec::from_iter(wanted), "{what}");
            if found.is_empty() {
                teaches(&text, &born(architecture, rule), &what);
            }
        }
    }
}

#[test]
fn rules_live_side_by_side_in_one_model() {
    let architecture = &ALL[0];
    for rule in CREDIT_RULES.iter().filter(|rule| !rule.needs.contains(&Need::Time) && rule.through != Through::Scores)
    {
        let own = called(rule);
        let optimiser = match rule.name {
            "nothing" => "",
            _ if !rule.costs => " using sgd(rate = 0.01)",
            _ => " from wrong using sgd(rate = 0.01)",
        };
        let learns = format!(
            "learn B -> C -> Out by backprop from wrong using sgd(rate = 0.01)\nlearn In -> A -> B by {own}{optimiser}"
        );
        let text = spec(architecture, rule, &learns);
        let found = codes(&text);
        if rule.needs.contains(&Need::OwnRoute) {
            assert_eq!(found, ["E0512"], "{}", rule.name);
            continue;
        }
        let mixed = trained(&one_step(&text), &Way { epochs: Some(1), ..EXACT });
        let whole = spec(architecture, rule, "learn all by backprop from wrong using sgd(rate = 0.01)");
        let plain = trained(&one_step(&whole), &Way { epochs: Some(1), ..EXACT });
        for name in ["B -> C.weight", "C -> Out.weight", "C.bias", "Out.bias"] {
            assert_eq!(mixed.slot(name), plain.slot(name), "{}: {name}", rule.name);
        }
        let same = mixed.slot("In -> A.weight") == plain.slot("In -> A.weight");
        let exact = ["backprop", "zero_divergence_inference_learning"];
        assert_eq!(same, exact.contains(&rule.name), "{}", rule.name);
    }
}

/// The same with all samples in one batch.
fn one_step(text: &str) -> String {
    text.replace("batch 4", "batch 12")
}
