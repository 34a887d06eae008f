//! Development: phases, schedules, the order of samples and of learning.

use super::{apart, system};

#[test]
fn one_phase_is_two_of_its_halves() {
    let whole = system("D-01");
    let halves = system("D-01").set("first", "5 epochs").set("second", "6 epochs");
    let (whole, halves, still) = (whole.run_both(), halves.run(), whole.set("late", "nothing").run());
    for (name, values) in whole.slots.iter().filter(|(name, _)| !name.starts_with("clock.")) {
        assert_eq!(halves.slot(name), values, "{name}");
    }
    assert_eq!(whole.value("classify", "test"), halves.value("classify", "test"));
    // Naming goes on alone: the trunk stands still, and the readout does not.
    for name in ["Retina -> V1.weight", "V1.bias", "V1 -> Recall.weight"] {
        assert_eq!(still.slot(name), whole.slot(name), "{name}");
    }
    assert_ne!(still.slot("V1 -> Choice.weight"), whole.slot("V1 -> Choice.weight"));
}

#[test]
fn a_phase_sees_the_samples_that_it_names() {
    let steps = system("D-04").steps();
    let seen = |step: usize, name: &str| steps[step][name].clone();
    let hard = |sample: usize| 7 * sample % 60;
    let count = |times: f64, kept: fn(usize) -> bool| -> Vec<f64> {
        (0..60).map(|sample| if kept(7 * sample % 60) { times } else { 0.0 }).collect()
    };
    // The easiest twelve, the easiest first.
    for step in 0..12 {
        let before = if step == 0 { vec![0.0; 60] } else { seen(step, "Sample -> Small.weight") };
        let after = seen(step + 1, "Sample -> Small.weight");
        let taken: Vec<usize> = (0..60).filter(|sample| after[*sample] != before[*sample]).collect();
        assert_eq!(taken.iter().map(|sample| hard(*sample)).collect::<Vec<_>>(), [step]);
    }
    let end = steps.last().unwrap();
    assert_eq!(steps.len(), 12 + 2 * 30 + 3 * 60 + 1);
    assert_eq!(end["Sample -> Small.weight"], count(1.0, |hard| hard < 12));
    assert_eq!(end["Sample -> Half.weight"], count(2.0, |hard| hard < 30));
    assert_eq!(end["Sample -> All.weight"], count(3.0, |_| true));
    system("D-04").run_both();
}

#[test]
fn layers_learn_one_by_one_and_then_together() {
    let steps = system("D-06").steps();
    let [first, second, together] = [2 * 23, 4 * 23, 6 * 23];
    let held =
        |name: &str, from: usize, to: usize| steps[from..=to].iter().all(|slots| slots[name] == steps[from][name]);
    for name in ["Retina -> Low.weight", "Low.bias"] {
        assert!(held(name, first, second), "{name}");
        assert!(!held(name, 0, first) && !held(name, second, together), "{name}");
    }
    assert!(!held("Low -> High.weight", first, second) && !held("Low -> High.weight", second, together));
    assert!(held("Low -> Low_again.weight", first, together));
    system("D-06").run_both();
}

#[test]
fn schedules_have_their_closed_forms() {
    let steps = system("D-12").steps();
    let rates = |name: &str| -> Vec<f64> { steps.windows(2).map(|pair| pair[0][name][0] - pair[1][name][0]).collect() };
    let part = |k: usize| k as f64 / 20.0;
    let line: Vec<f64> = (0..20).map(|k| 1.0 - 0.5 * part(k)).collect();
    let held: Vec<f64> = (0..20).map(|k| [1.0, 0.5, 0.25][usize::from(k >= 7) + usize::from(k >= 16)]).collect();
    for (name, wanted) in [("In -> Line.weight", line), ("In -> Held.weight", held)] {
        assert!(apart(&rates(name), &wanted) < 1e-13, "{name}: {:?}", rates(name));
    }
    // A cosine goes half its way in half its time, evenly around it; a geometric fall halves in half its time.
    let (wave, fall) = (rates("In -> Wave.weight"), rates("In -> Fall.weight"));
    for k in 0..=10 {
        assert!((wave[k] + wave.get(20 - k).unwrap_or(&0.5) - 1.5).abs() < 1e-13, "{wave:?}");
        assert!(k == 10 || (fall[k] - 2.0 * fall[k + 10]).abs() < 1e-13, "{fall:?}");
    }
    let third = wave.iter().enumerate().find(|(k, _)| part(3 * k) >= 1.0).unwrap().0;
    assert_eq!(third, 7);
    assert!((wave[5] - (0.75 + 0.25 * 0.5f64.sqrt())).abs() < 1e-13, "{wave:?}");
    assert!((fall[5] - 0.5f64.sqrt()).abs() < 1e-13, "{fall:?}");
    system("D-12").run_both();
}

#[test]
fn regions_mature_one_after_the_other() {
    let steps = system("D-16").steps();
    for (name, closes) in [("Retina -> V1.weight", 5), ("V1 -> V2.weight", 10), ("V2 -> Choice.weight", 15)] {
        assert!(steps[..=closes].windows(2).all(|pair| pair[0][name] != pair[1][name]), "{name}");
        assert!(steps[closes..].iter().all(|slots| slots[name] == steps[closes][name]), "{name}");
    }
    system("D-16").run_both();
}

#[test]
fn another_rule_begins_with_the_same_bits() {
    let rules = ["backprop", "nothing"];
    let runs: Vec<_> = rules.iter().map(|rule| system("D-17").set("teacher", rule).steps()).collect();
    for name in ["Retina -> Hidden.weight", "Hidden.bias", "Hidden -> Choice.weight", "Choice.bias"] {
        assert_eq!(runs[0][0][name], runs[1][0][name], "{name}");
    }
    // The first batch is the same, and the readout is taught the same over the same activity.
    assert_eq!(runs[0][1]["Hidden -> Choice.weight"], runs[1][1]["Hidden -> Choice.weight"]);
    assert_ne!(runs[0][1]["Retina -> Hidden.weight"], runs[1][1]["Retina -> Hidden.weight"]);
    assert_ne!(runs[0][2]["Hidden -> Choice.weight"], runs[1][2]["Hidden -> Choice.weight"]);
    system("D-17").run_both();
}
