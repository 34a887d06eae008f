//! Development: bounds, what is frozen and set, conditions, and data of a phase.

use super::{HEAD, LEARN, biases, codes, model, taught};
use neurula::model::{Bound, Leaf};

/// [`HEAD`] and a development with these phases.
fn phases(text: &str) -> String {
    format!("{HEAD}development {{\n{text}\n}}\n")
}

#[test]
fn a_phase_is_bounded() {
    for (text, bound) in [
        ("5 epochs", Bound::Epochs(5)),
        ("1 epoch", Bound::Epochs(1)),
        ("2_000 steps", Bound::Steps(2000)),
        ("300 trials", Bound::Trials(300)),
        ("2 * 3 epochs", Bound::Epochs(6)),
    ] {
        let model = model(&phases(&format!("phase a for {text} {{ {LEARN} }}")));
        assert_eq!(model.phases[0].bound, bound, "{text}");
    }
    for text in ["5", "2.5 epochs", "0 epochs", "5 ms", "-1 epochs"] {
        assert_eq!(codes(&phases(&format!("phase a for {text} {{ {LEARN} }}"))), ["E0604"], "{text}");
    }
}

#[test]
fn freezing_is_complete() {
    let frozen = phases(
        "phase a for 1 epochs { learn Retina -> Hidden by backprop from wrong using sgd(rate = 0.1) freeze Hidden -> Choice }
phase b for 1 epochs { learn Hidden -> Choice by backprop from wrong using sgd(rate = 0.1) freeze Retina -> Hidden }",
    );
    let model = model(&frozen);
    let names = |at: usize| model.phases[at].frozen.iter().map(|id| &*model.projections[id.0].name).collect::<Vec<_>>();
    assert_eq!((names(0), names(1)), (vec!["Hidden -> Choice"], vec!["Retina -> Hidden"]));
    assert_eq!(taught(&model, &model.phases[0]), [["Retina -> Hidden"]]);
    assert_eq!(biases(&model, &model.phases[1]), [["Choice"]]);
    assert_eq!(codes(&phases(&format!("phase a for 1 epochs {{ {LEARN} freeze Hidden -> Choice }}"))), ["E0601"]);
}

#[test]
fn what_learns_outside_learns_in_every_phase() {
    let text = format!(
        "learn Retina -> Hidden by oja()\n{}",
        phases(
            "phase a for 1 epochs { learn Hidden -> Choice by backprop from wrong using sgd(rate = 0.1) }\nphase b for 1 epochs { }"
        )
    );
    let model = model(&text);
    assert_eq!(taught(&model, &model.phases[0]), [["Retina -> Hidden"], ["Hidden -> Choice"]]);
    assert_eq!(taught(&model, &model.phases[1]), [["Retina -> Hidden"]]);
}

#[test]
fn params_and_weights_of_costs_are_set() {
    let text = format!(
        "param beta = 0.5\nparam tau = 2 ms\n{}",
        phases(&format!(
            "phase a for 1 epochs {{ {LEARN} set beta = linear(1, 0) set wrong.weight = 0.5 set tau = 1 s }}"
        ))
    );
    let model = model(&text.replace("rate = 0.1", "rate = beta"));
    let phase = &model.phases[0];
    assert_eq!(phase.sets.len(), 2);
    assert_eq!(phase.sets[1].constant(&model.params), Some(1000.0));
    assert_eq!(phase.weights[0].constant(&model.params), Some(0.5));
    for (wrong, code) in [("set beta = 1 ms", "E0303"), ("set bta = 1", "E0201"), ("set Hidden = 1", "E0205")] {
        let text = text.replace("set beta = linear(1, 0)", wrong);
        assert_eq!(codes(&text), [code], "{wrong}");
    }
}

#[test]
fn conditions_name_splits() {
    let until = |condition: &str| phases(&format!("phase a for 9 epochs until {condition} {{ {LEARN} }}"));
    let split = |condition: &str| {
        let model = model(&until(condition));
        let leaves: Vec<_> = model.phases[0].until.as_ref().unwrap().leaves().map(|(leaf, _)| leaf.clone()).collect();
        match &leaves[..] {
            [Leaf::Metric(_, split) | Leaf::Cost(_, split)] => split.as_deref().map(str::to_string),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(split("accuracy > 0.9"), None);
    assert_eq!(split("accuracy(validation) > 0.9"), Some("validation".to_string()));
    assert_eq!(split("wrong(train) < 0.1"), Some("train".to_string()));
    assert_eq!(codes(&until("accuracy(test) > 0.9")), ["E0602"]);
    assert_eq!(codes(&until("accuracy(tset) > 0.9")), ["E0203"]);
    assert_eq!(codes(&until("accuracy")), ["E0302"]);
    assert_eq!(codes(&until("mean(Choice) > 0")), ["E0205"]);
}

#[test]
fn a_phase_narrows_its_data() {
    let model = model(&phases(&format!(
        "phase a for 1 epochs {{ data world = world where label < 5\n {LEARN} }}\nphase b for 1 epochs {{ {LEARN} }}"
    )));
    assert!(model.phases[0].selections.is_some() && model.phases[1].selections.is_none());
}

#[test]
fn labels_teach_nobody_in_an_unsupervised_phase() {
    let phase = |costs: &str, from: &str| {
        let learn = format!("learn Retina -> Hidden -> Choice by backprop from {from} using sgd(rate = 0.1)");
        format!(
            "{}{costs}\ndevelopment {{ phase a for 1 epochs unsupervised {{ {learn} }} }}\n",
            HEAD.replace("cost wrong in Choice", "metric wrong")
        )
    };
    model(&phase("cost small in Choice = l2(Choice)", "small"));
    assert_eq!(codes(&phase("cost far in Choice = cross_entropy(Choice, world.label)", "far")), ["E0603"]);
    let behind = "region Target[10] = one_hot(world.label)\nregion Copy[10] = drive\nconnect Target -> Copy : fixed\ncost far in Choice = mse(Choice, Copy)";
    assert_eq!(codes(&phase(behind, "far")), ["E0603"], "a label behind two regions is a label");
}

#[test]
fn phases_of_one_name_and_two_developments_are_refused() {
    let one = format!("phase a for 1 epochs {{ {LEARN} }}");
    assert_eq!(codes(&phases(&format!("{one}\n{one}"))), ["E0202"]);
    assert_eq!(codes(&format!("{}development {{ {} }}\n", phases(&one), one.replace("phase a", "phase b"))), ["E0202"]);
    assert_eq!(codes(&phases("")), ["E0607"]);
}
