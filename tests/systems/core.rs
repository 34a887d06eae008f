//! Core: costs that live somewhere, who learns from what, wiring, and what never changes.

use super::system;

#[test]
fn a_cost_reaches_only_what_learns_from_it() {
    let light = system("C-02").epochs(2).run_both();
    let heavy = system("C-02").epochs(2).set("weight", 7).run();
    for slot in ["Retina -> V1.weight", "V1.bias", "V1 -> Recall.weight", "Recall.bias"] {
        assert_eq!(light.slot(slot), heavy.slot(slot), "{slot}");
    }
    assert_eq!(light.value_in("life", "rebuild", "test"), heavy.value_in("life", "rebuild", "test"));
    assert_ne!(light.slot("V1 -> Choice.weight"), heavy.slot("V1 -> Choice.weight"));
    assert_ne!(light.slot("Choice.bias"), heavy.slot("Choice.bias"));
}

#[test]
fn each_region_learns_from_its_own_cost_and_nothing_above() {
    let one = system("C-04").epochs(2).run_both();
    let other = system("C-04").epochs(2).set("top", 2).run();
    for slot in ["Retina -> Low.weight", "Low.bias", "Low -> High.weight", "High.bias"] {
        assert_eq!(one.slot(slot), other.slot(slot), "{slot}");
    }
    assert_ne!(one.slot("High -> Choice.weight"), other.slot("High -> Choice.weight"));
}
