//! Splits have their exact sizes, in equal shares of each class; orders are permutations that the seed fixes.

use super::{bind, call, fault, load, span};
use neurula::data::split::{held_out, hold_out, order, steps_per_epoch};
use neurula::data::{Place, Rows, Split, Splits, Value::Percent};
use neurula::diag::Code;
use proptest::prelude::*;

fn sorted(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

fn held(seed: u64, name: &str) -> Vec<u32> {
    let call = call("digits", &[("validation", Percent(10.0))]);
    call.read(&Place::only("."), seed, name).unwrap().splits.validation.as_slice().to_vec()
}

#[test]
fn a_share_is_the_nearest_whole_number() {
    let table = [(1437, 10.0, 144), (60_000, 10.0, 6000), (35, 10.0, 4), (34, 10.0, 3), (5, 10.0, 1), (4, 10.0, 0)];
    for (samples, percent, expected) in table {
        assert_eq!(held_out(samples, percent), expected, "{percent} % of {samples}");
    }
}

#[test]
fn validation_is_taken_out_of_training_in_equal_shares() {
    let call = call("digits", &[("validation", Percent(10.0))]);
    let (signature, dataset) = load(&call, &Place::only("."), 0).unwrap();
    assert_eq!((signature.train, signature.validation, signature.test), (1293, 144, 360));
    let splits = &dataset.splits;
    let all: Vec<u32> = Split::ALL.iter().flat_map(|split| splits.get(*split).as_slice().to_vec()).collect();
    assert_eq!(sorted(&all), (0..1797).collect::<Vec<_>>());
    assert!(Split::ALL.iter().all(|split| splits.get(*split).as_slice().is_sorted()));
    let labels = dataset.labels().unwrap();
    let count = |class| splits.validation.filter(|row| labels[row as usize] == class).len();
    assert_eq!((0..10).map(count).collect::<Vec<_>>(), [14, 15, 14, 15, 14, 15, 15, 14, 14, 14]);
}

#[test]
fn validation_is_drawn_from_seed_and_name_alone() {
    assert_eq!(held(0, "world"), held(0, "world"));
    assert_ne!(held(0, "world"), held(1, "world"));
    assert_ne!(held(0, "world"), held(0, "other"));
    assert_eq!(held(0, "world")[..12], [7, 86, 104, 108, 117, 121, 122, 158, 163, 165, 189, 215]);
}

#[test]
fn a_split_without_samples_is_refused_before_anything_is_read() {
    let call = bind("digits", &[("validation", Percent(0.01))]).unwrap();
    for fault in [fault(call.signature(&Place::only("."))), fault(call.read(&Place::only("."), 0, "world"))] {
        assert_eq!((fault.code, fault.labels[0].span), (Code::EMPTY_SPLIT, span(0)));
        assert_eq!(fault.message, "the validation split would be empty: 0.01 % of 1,437 training samples is 0");
    }
    let call = bind("digits", &[("validation", Percent(99.99))]).unwrap();
    let fault = fault(call.signature(&Place::only(".")));
    assert_eq!(fault.message, "the train split would be empty: 99.99 % of 1,437 training samples is 1437");
    assert_eq!(fault.help.unwrap(), "hold out between 1 and 1436 samples, or leave `validation` out");
}

#[test]
fn a_condition_filters_every_split_and_must_leave_some() {
    let dataset = load(&call("digits", &[("validation", Percent(10.0))]), &Place::only("."), 0).unwrap().1;
    let labels = dataset.labels().unwrap();
    let small = dataset.splits.filter(span(7), |row| labels[row as usize] < 5).unwrap();
    assert_eq!((small.train.len(), small.validation.len(), small.test.len()), (720 - 72, 72, 181));
    assert!(small.train.as_slice().iter().all(|row| dataset.value(1, *row, 0) < 5.0));
    let fault = dataset.splits.filter(span(7), |row| labels[row as usize] > 9).unwrap_err();
    assert_eq!((fault.code, fault.labels[0].span), (Code::EMPTY_SPLIT, span(7)));
    assert_eq!(fault.message, "the condition holds for none of the train samples");
    assert_eq!(fault.labels[0].text, "false for all 1,293");
    let test = dataset.splits.test.clone();
    let fault = dataset.splits.filter(span(7), |row| !test.as_slice().contains(&row)).unwrap_err();
    assert_eq!(fault.message, "the condition holds for none of the test samples");
    let absent = Splits { train: Rows::new(vec![3, 1]), ..Splits::default() };
    assert_eq!(absent.filter(span(7), |row| row == 1).unwrap().train.as_slice(), [1]);
}

#[test]
fn an_epoch_has_an_order_of_its_own() {
    let rows: Vec<u32> = (0..1000).map(|row| row * 3).collect();
    let first = order(7, "world", 0, &rows);
    assert_eq!(sorted(&first), rows);
    assert_eq!(first, order(7, "world", 0, &rows));
    let others = [order(7, "world", 1, &rows), order(8, "world", 0, &rows), order(7, "other", 0, &rows)];
    assert!(others.iter().all(|other| sorted(other) == rows));
    // Two random orders agree in one place of a thousand, on average.
    let agree = |other: &Vec<u32>| first.iter().zip(other).filter(|(a, b)| a == b).count();
    assert!(others.iter().chain([&rows]).all(|other| agree(other) < 12));
    assert_eq!(first[..8], [2697, 1239, 627, 1992, 3, 1020, 1575, 2349]);
    assert!(order(7, "world", 0, &[]).is_empty());
}

#[test]
fn the_last_batch_counts_unless_it_is_dropped() {
    assert_eq!((steps_per_epoch(1437, 32, false), steps_per_epoch(1437, 32, true)), (45, 44));
    assert_eq!((steps_per_epoch(64, 32, false), steps_per_epoch(64, 32, true)), (2, 2));
    assert_eq!((steps_per_epoch(5, 32, false), steps_per_epoch(5, 32, true)), (1, 0));
}

proptest! {
    #[test]
    fn every_class_gives_its_share_to_within_one(
        labels in prop::collection::vec(0..7i32, 1..400), part in 0.0..1.0f64, seed: u64,
    ) {
        let rows = Rows::new((0..labels.len() as u32).rev().collect());
        let held = (labels.len() as f64 * part) as usize;
        let (train, validation) = hold_out(&rows, Some(&labels), held, seed, "world");
        prop_assert_eq!(validation.len(), held);
        let both: Vec<u32> = train.as_slice().iter().chain(validation.as_slice()).copied().collect();
        prop_assert_eq!(sorted(&both), sorted(rows.as_slice()));
        prop_assert!(train.as_slice().is_sorted_by(|a, b| a > b) && validation.as_slice().is_sorted_by(|a, b| a > b));
        for class in 0..7 {
            let all = labels.iter().filter(|label| **label == class).count();
            let share = all as f64 * held as f64 / labels.len() as f64;
            let got = validation.filter(|row| labels[row as usize] == class).len() as f64;
            prop_assert!(got >= share.floor() && got <= share.ceil(), "class {}: {} of {}", class, got, share);
        }
        let (_, unlabelled) = hold_out(&rows, None, held, seed, "world");
        prop_assert_eq!(unlabelled.len(), held);
    }
}
