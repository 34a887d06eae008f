//! The specs by which the language introduces itself.

use super::{check, codes, model};
use neurula::model::{Bound, Options};

/// The smallest useful spec.
const SMALLEST: &str = "data world = digits(batch = 32)              // embedded, real: 1,797 8x8 handwritten digits

region Retina[8, 8] = world.image
region Hidden[32]   = relu(drive)
region Choice[10]   = drive
connect Retina -> Hidden -> Choice           // dense, unless said otherwise

cost wrong in Choice = cross_entropy(Choice, world.label)
metric accuracy = argmax(Choice) == world.label
learn Retina -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)
";

/// A whole one.
const WHOLE: &str = "//! Unsupervised features first, labels later, and V1's window closes in between.

data world = digits(batch = 32, validation = 10 %)

region Retina[8, 8] = world.image
region V1[128]      = relu(drive)
region IT[48]       = relu(drive)
region PFC[10]      = drive
region Recall[8, 8] = sigmoid(drive)

connect Retina -> V1 -> IT -> PFC
connect IT -> Recall

cost rebuild  in IT  = mse(Recall, Retina)
cost economy  in V1  = 0.001 * l1(V1)
cost classify in PFC = cross_entropy(PFC, world.label)

metric accuracy = argmax(PFC) == world.label

critical_period Retina -> V1 : until 6 epochs, fade 2 epochs

development {
  phase infancy for 5 epochs unsupervised {
    learn Retina -> V1 -> IT -> Recall by backprop from rebuild, economy using adam(rate = 0.002)
  }
  phase school for 20 epochs until accuracy > 0.97 {
    learn IT -> PFC          by backprop           from classify using adam(rate = 0.005)
    learn Retina -> V1 -> IT by feedback_alignment from classify using sgd(rate = linear(0.05, 0.01))
  }
}
";

#[test]
fn the_smallest_spec_compiles() {
    let model = model(SMALLEST);
    let regions: Vec<&str> = model.regions.iter().map(|region| &*region.name).collect();
    assert_eq!(regions, ["Retina", "Hidden", "Choice"]);
    assert_eq!(model.data[0].batch, 32);
    assert_eq!(model.phases.len(), 1);
    assert_eq!((&*model.phases[0].name, model.phases[0].bound), ("life", Bound::Open));
    assert_eq!(super::taught(&model, &model.phases[0]), [["Retina -> Hidden", "Hidden -> Choice"]]);
    assert_eq!(super::biases(&model, &model.phases[0]), [["Hidden", "Choice"]]);
}

#[test]
fn the_whole_spec_waits_for_what_is_not_there_yet() {
    let (_, said) = check(WHOLE, &Options::default());
    let all: Vec<_> = said.iter().map(|said| (said.code.0, said.message.as_str())).collect();
    let expected = [("E0901", "`critical_period` is not supported yet")];
    assert_eq!(all, expected);
}

#[test]
fn without_it_the_whole_spec_compiles() {
    let period = "critical_period Retina -> V1 : until 6 epochs, fade 2 epochs\n";
    let model = model(&WHOLE.replace(period, ""));
    let phases: Vec<_> = model.phases.iter().map(|phase| (&*phase.name, phase.bound)).collect();
    assert_eq!(phases, [("infancy", Bound::Epochs(5)), ("school", Bound::Epochs(20))]);
    let infancy = super::taught(&model, &model.phases[0]);
    assert_eq!(infancy, [["Retina -> V1", "V1 -> IT", "IT -> Recall"]]);
    let school = super::taught(&model, &model.phases[1]);
    assert_eq!(school, [vec!["IT -> PFC"], vec!["Retina -> V1", "V1 -> IT"]]);
    assert_eq!(super::biases(&model, &model.phases[1]), [vec!["PFC"], vec!["V1", "IT"]]);
    assert!(model.phases[1].until.is_some() && model.phases[0].until.is_none());
    let from: Vec<usize> = model.phases[0].learns[0].from.iter().map(|(_, cost)| cost.0).collect();
    assert_eq!(from, [0, 1]);
}

#[test]
fn spelling_is_british_and_american() {
    let own = "optimizer mine(rate = 0.1) { w := w - rate * g }\n";
    model(&format!("{own}{}", SMALLEST.replace("sgd(", "mine(")));
}

#[test]
fn the_order_of_items_does_not_matter() {
    let lines: Vec<&str> = SMALLEST.lines().rev().collect();
    let reversed = model(&lines.join("\n"));
    assert_eq!(reversed.projections.len(), 2);
    assert_eq!(codes(&lines.join("\n")), [""; 0]);
}
