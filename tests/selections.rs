//! Which samples of data: `where`, `take` and `order by`, in items and in phases.

use super::trained::{EXACT, Way, checked, train_in, trained};
use neurula::credit;
use neurula::data::{Dataset, Place, Split};
use neurula::diag::Diagnostic;
use neurula::model::Model;
use std::path::Path;

/// A spec that reads `NAME.x` of generated data, with items in front and phases at the end.
fn spec(items: &str, name: &str, phases: &str) -> String {
    format!(
        "data d {{\n samples 12, test 4, validation 3, batch 1\n x = mod(index * 5, 12)\n kind : class[3] = mod(index, 3)\n y[2] = x\n}}\n{items}\n\
         region X[1] = {name}.x\nregion Y[1] = drive, no bias\nconnect X -> Y\ncost wrong in Y = Y[0] * {name}.x * 0 + Y[0]\n\
         optimiser last(rate = 1) {{\n  w := g + 16 * w\n}}\n{phases}\n"
    )
}

const TEACH: &str = "learn X -> Y by backprop from wrong using last(rate = 1)";

fn model(text: &str) -> Model {
    checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

fn set(model: &Model, id: usize) -> Dataset {
    credit::samples(model, &model.data[model.data[id].base.0], &Place::only("."), 0).unwrap()
}

/// The `x` of the samples that a dataset selects for a split.
fn selected(items: &str, split: Split) -> Result<Vec<f64>, Diagnostic> {
    let model = model(&spec(items, "s", TEACH));
    let set = set(&model, 1);
    let rows = credit::select(&model, &model.data[1].selections, &set, split, 0)?;
    let x = set.fields.iter().position(|field| field.name == "x").unwrap();
    Ok(rows.as_slice().iter().map(|row| set.value(x, *row, 0)).collect())
}

fn refused(text: &str) -> Vec<&'static str> {
    checked(Path::new("."), text).map(drop).unwrap_err().iter().map(|said| said.code.0).collect()
}

#[test]
fn selections_hold_one_after_the_other() {
    let train = |items: &str| selected(items, Split::Train).unwrap();
    // In the order of the source, x is 0 5 10 3 8 1 6 11 4 9 2 7.
    assert_eq!(train("data s = d take 3"), [0.0, 5.0, 10.0]);
    assert_eq!(train("data s = d take 1 per kind"), [0.0, 5.0, 10.0]);
    assert_eq!(train("data s = d where x > 4 take 2 per kind"), [5.0, 10.0, 8.0, 6.0, 9.0, 7.0]);
    assert_eq!(train("data s = d order by -x take 3"), [11.0, 10.0, 9.0]);
    assert_eq!(train("data s = d take 3 order by -x"), [10.0, 5.0, 0.0]);
    assert_eq!(train("data s = d order by mod(x, 2)"), [0.0, 10.0, 8.0, 6.0, 4.0, 2.0, 5.0, 3.0, 1.0, 11.0, 9.0, 7.0]);
    assert_eq!(train("data s = d order by kind take 4"), [0.0, 3.0, 6.0, 9.0]);
    assert_eq!(train("data s = d order by mean(y) take 2"), [0.0, 1.0]);
    assert_eq!(train("param least = 10\ndata s = d where x >= least"), [10.0, 11.0]);
}

#[test]
fn validation_and_test_know_where_alone() {
    for (items, test) in [("data s = d take 1 order by x", 4), ("data s = d where x > 4 take 1", 2)] {
        assert_eq!(selected(items, Split::Test).unwrap().len(), test, "{items}");
    }
    assert_eq!(selected("data s = d where x > 4", Split::Validation).unwrap(), [5.0, 10.0]);
}

#[test]
fn an_item_may_select_of_an_item_that_selects() {
    let model = model(&spec("data s = d where x > 4\ndata t = s take 2 per kind", "t", TEACH));
    let set = set(&model, 2);
    let rows = credit::select(&model, &model.data[2].selections, &set, Split::Train, 0).unwrap();
    assert_eq!(rows.as_slice(), [1, 2, 4, 6, 9, 11]);
    assert_eq!((model.data[2].base.0, set.rows()), (0, 19), "samples lie in memory once");
}

/// Each step appends the sample's x as a digit to base 16.
fn trained_on(items: &str, phases: &str) -> Vec<u64> {
    let found = trained(&spec(items, "d", phases), &Way { epochs: Some(1), ..EXACT });
    let start = neurula::math::Stream::new(0, "X -> Y.weight").uniform(0) * 2.0 - 1.0;
    let steps = found.outcome.phases.iter().map(|phase| phase.steps).sum::<u64>() as i32;
    let mut digits = (found.slot("X -> Y.weight")[0] - start * 16f64.powi(steps)).round() as u64;
    let mut all: Vec<u64> = (0..steps).map(|_| (digits % 16, digits /= 16).0).collect();
    all.reverse();
    all
}

#[test]
fn a_phase_trains_on_its_own_selection_in_its_order() {
    let phase = |name: &str, data: &str| format!("phase {name} for 1 epoch {{ data d = {data}\n{TEACH} }}\n");
    let phases = [phase("easy", "d order by x take 4"), phase("hard", "d order by -x take 3")].concat();
    assert_eq!(trained_on("", &format!("development {{\n{phases}}}")), [0, 1, 2, 3, 11, 10, 9]);
    let of_other = phase("one", "few order by x");
    assert_eq!(trained_on("data few = d where x > 8", &format!("development {{\n{of_other}}}")), [9, 10, 11]);
    let mut shuffled = trained_on("", &format!("development {{\n{}}}", phase("one", "d take 4")));
    assert_ne!(shuffled, [0, 5, 10, 3], "in an order of the epoch");
    shuffled.sort_unstable();
    assert_eq!(shuffled, [0, 3, 5, 10]);
}

#[test]
fn a_phase_may_train_on_more_than_its_item_says_while_measurements_do_not() {
    let text = |data: &str| {
        spec(
            "data low = d where x < 3",
            "low",
            &format!("metric m = low.x\ndevelopment {{ phase p for 1 epoch {{ {data}\n{TEACH} }} }}"),
        )
    };
    let found = trained(&text("data low = d"), &EXACT);
    assert_eq!(found.outcome.phases[0].steps, 12);
    assert_eq!(found.value("m", "test"), 0.0, "of 0 5 10 3 only the first is low");
    assert_eq!(trained(&text(""), &EXACT).outcome.phases[0].steps, 3);
}

#[test]
fn selections_that_cannot_be_are_told() {
    let item = |item: &str| refused(&spec(item, "s", TEACH));
    assert_eq!(item("data s = d take 13"), ["E0724"]);
    assert_eq!(item("data s = d take 4 take 5"), ["E0724"]);
    assert_eq!(item("data s = d take 1 per x"), ["E0725"]);
    assert_eq!(item("data s = d take 1 per king"), ["E0713"]);
    assert_eq!(item("data s = d take 0"), ["E0305"]);
    assert_eq!(item("data s = d take 2.5"), ["E0305"]);
    assert_eq!(item("data s = d order by y"), ["E0306"]);
    assert_eq!(item("data s = d order by Nobody"), ["E0201"]);
    assert_eq!(item("data s = d where x"), ["E0302"]);
    let later = |item: &str| selected(item, Split::Train).unwrap_err();
    let said = later("data s = d where x > 6 take 3 per kind");
    assert_eq!(
        (said.code.0, &*said.message),
        ("E0724", "3 samples are to be taken, and of `kind` 0 there are 1 to train on")
    );
    assert_eq!(later("data s = d where x > 6 take 7").code.0, "E0724");
    assert_eq!(later("data s = d where x > 100").code.0, "E0714");
    assert_eq!(later("data s = d order by log(x - 5)").code.0, "E0716");
    let folder = tempfile::tempdir().unwrap();
    let phase = format!("development {{ phase p for 1 epoch {{ data d = d where x > 100\n{TEACH} }} }}");
    let error = train_in(folder.path(), &spec("", "d", &phase), &EXACT).map(drop).unwrap_err();
    assert!(matches!(error, neurula::runtime::RunError::Data(said) if said[0].code.0 == "E0714"));
}

#[test]
fn truth_values_are_equal_or_not() {
    let text = spec("metric same = (d.x > 5) == (d.kind == 1)\nmetric other = (d.x > 5) != (d.kind == 1)", "d", TEACH);
    let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
    let same = (0..12).filter(|index| (index * 5 % 12 > 5) == (index % 3 == 1)).count() as f64 / 12.0;
    assert!(same > 0.0 && same < 1.0);
    assert!((found.value("same", "train") - same).abs() < 1e-15, "{same}");
    assert!((found.value("other", "train") - (1.0 - same)).abs() < 1e-15, "{same}");
}
