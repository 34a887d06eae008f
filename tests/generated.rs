//! Generated datasets and fixed arrays: equations per sample, draws from the seed.

use super::trained::{EXACT, Way, checked, trained};
use neurula::credit;
use neurula::data::{Dataset, Place, Split};
use neurula::model::Model;
use std::path::Path;

/// A spec that reads `d.x` and teaches something, with what else it has in front.
fn spec(front: &str, block: &str, rest: &str) -> String {
    format!(
        "{front}\ndata d {{ {block} }}\nregion X[1] = d.x\nregion Y[1] = drive\nconnect X -> Y\n\
         cost wrong in Y = (Y[0] - 1)^2\n{rest}\nlearn X -> Y by backprop from wrong using sgd(rate = 0.1)\n"
    )
}

fn model(text: &str) -> Model {
    checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

fn dataset(text: &str, seed: u64) -> Dataset {
    let model = model(text);
    credit::samples(&model, &model.data[0], &Place::only("."), seed).unwrap_or_else(|said| panic!("{said:#?}"))
}

/// The values of a field, for each row.
fn field(set: &Dataset, name: &str) -> Vec<Vec<f64>> {
    let place = set.fields.iter().position(|field| field.name == name).unwrap();
    let each = set.fields[place].ty.elements();
    (0..set.rows() as u32).map(|row| (0..each).map(|i| set.value(place, row, i)).collect()).collect()
}

fn refused(text: &str) -> Vec<&'static str> {
    match checked(Path::new("."), text) {
        Ok(_) => Vec::new(),
        Err(said) => said.iter().map(|said| said.code.0).collect(),
    }
}

#[test]
fn fields_read_each_other_in_any_order_and_index_counts_within_the_split() {
    let set = dataset(
        &spec(
            "",
            "samples 5, test 3, validation 2\n y = 2 * x + index\n x = index * 10\n both[2] = y\n odd : class[2] = mod(index, 2)",
            "",
        ),
        0,
    );
    assert_eq!(set.splits.get(Split::Train).as_slice(), [0, 1, 2, 3, 4]);
    assert_eq!(set.splits.get(Split::Validation).as_slice(), [5, 6]);
    assert_eq!(set.splits.get(Split::Test).as_slice(), [7, 8, 9]);
    let index = [0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 0.0, 1.0, 2.0];
    for (row, index) in index.iter().enumerate() {
        assert_eq!(field(&set, "x")[row], [10.0 * index]);
        assert_eq!(field(&set, "y")[row], [21.0 * index]);
        assert_eq!(field(&set, "both")[row], [21.0 * index; 2]);
        assert_eq!(field(&set, "odd")[row], [index % 2.0]);
    }
}

#[test]
fn draws_have_their_distributions_and_are_anew_for_every_element() {
    let set = dataset(
        &spec(
            "",
            "samples 5000, test 10\n x = normal(3, 2)\n u[4] = uniform(-1, 2)\n b = bernoulli(0.3)\n p : class[6] = pick(6)\n two = uniform(0, 1) - uniform(0, 1)",
            "",
        ),
        1,
    );
    let all = |name: &str| field(&set, name)[..5000].concat();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let variance = |values: &[f64]| mean(&values.iter().map(|x| (x - mean(values)).powi(2)).collect::<Vec<_>>());
    // Five standard errors of each.
    let near =
        |found: f64, wanted: f64, error: f64| assert!((found - wanted).abs() < 5.0 * error, "{found} and {wanted}");
    near(mean(&all("x")), 3.0, 2.0 / 5000f64.sqrt());
    near(variance(&all("x")), 4.0, 4.0 * (2.0 / 5000f64).sqrt());
    near(mean(&all("u")), 0.5, (9.0 / 12.0 / 20000f64).sqrt());
    assert!(all("u").iter().all(|u| (-1.0..2.0).contains(u)));
    near(mean(&all("b")), 0.3, (0.21 / 5000f64).sqrt());
    near(mean(&all("p")), 2.5, (35.0 / 12.0 / 5000f64).sqrt());
    near(variance(&all("two")), 1.0 / 6.0, 0.005);
    let u = field(&set, "u");
    assert!(u[0].iter().all(|value| u[1].iter().all(|other| other != value)));
}

#[test]
fn draws_come_from_the_seed_and_the_names_and_not_from_what_else_there_is() {
    let one = spec("", "samples 300, test 200\n x = normal(0, 1)", "");
    let more = spec("", "samples 3000, test 100\n other[3] = uniform(0, 1)\n x = normal(0, 1)", "");
    let (few, many) = (dataset(&one, 7), dataset(&more, 7));
    assert_eq!(field(&few, "x")[..300], field(&many, "x")[..300], "training");
    assert_eq!(field(&few, "x")[300..400], field(&many, "x")[3000..], "test");
    assert_ne!(field(&few, "x")[..200], field(&few, "x")[300..], "the splits differ");
    assert_ne!(field(&dataset(&one, 8), "x"), field(&few, "x"), "seeds differ");
}

#[test]
fn fields_over_time_read_their_own_past_and_others_at_any_step() {
    let set = dataset(
        &spec(
            "time 6 steps",
            "samples 40, test 4\n x = 1\n noise[t] = normal(0, 1)\n walk[t] = 0.5 * walk[t - 1] + noise[t]\n two[t] = two[t - 2] + 1\n\
             ahead[t] = noise[t + 1] + 10 * noise[t - 2]\n wide[t, k = 3] = k + 10 * t\n total = sum(noise * noise)\n last : class[7] = sum(two) - 6",
            "",
        ),
        3,
    );
    for row in 0..set.rows() {
        let of = |name: &str| field(&set, name)[row].clone();
        let noise = of("noise");
        let at = |t: i64| if (0..6).contains(&t) { noise[t as usize] } else { 0.0 };
        let mut walk = 0.0;
        for (t, now) in noise.iter().enumerate() {
            walk = 0.5 * walk + now;
            assert!((of("walk")[t] - walk).abs() < 1e-12);
            assert_eq!(of("ahead")[t], at(t as i64 + 1) + 10.0 * at(t as i64 - 2));
            assert_eq!(of("two")[t], (t / 2 + 1) as f64);
            assert_eq!(of("wide")[3 * t..3 * t + 3], [10.0 * t as f64, 1.0 + 10.0 * t as f64, 2.0 + 10.0 * t as f64]);
        }
        let total: f64 = noise.iter().map(|x| x * x).sum();
        assert!((of("total")[0] - total).abs() < 1e-12 * total);
        assert_eq!(of("last"), [6.0]);
    }
}

#[test]
fn fixed_arrays_are_written_or_drawn_and_named_axes_are_indices() {
    let text = spec(
        "const bump[k = 3, i = 4] = exp(-(i - 2 * k)^2 / 8)\nconst wires[1, 1] = [[2]]\nconst drawn[5] = normal(0, 1) + 100",
        "samples 4, test 4\n x = index + sum(bump)",
        "region Z[1] = drive, no bias\nconnect X -> Z : fixed(wires)\nmetric z = Z[0] - 2 * X[0]\nmetric far = mean(drawn)\nmetric b = bump[1, 0]",
    );
    let found = trained(&text, &Way { epochs: Some(1), ..EXACT });
    assert_eq!(found.value("z", "test"), 0.0);
    assert!((found.value("far", "test") - 100.0).abs() < 3.0);
    assert!((found.value("b", "test") - neurula_exp(-0.5)).abs() < 1e-12);
    let all = credit::constants(&model(&text), 0).unwrap();
    assert_eq!(all[0].len(), 12);
    assert_ne!(all[2], credit::constants(&model(&text), 1).unwrap()[2], "drawn from the seed");
}

#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn neurula_exp(x: f64) -> f64 {
    x.exp()
}

#[test]
fn ordered_samples_are_trained_on_in_their_order() {
    let text = |ordered: &str| {
        spec("", &format!("samples 6, test 1, batch 1{ordered}\n x = index"), "")
            .replace("(Y[0] - 1)^2", "Y[0] * d.x * 0 + Y[0]")
            .replace("Y[1] = drive", "Y[1] = drive, no bias")
            .replace("sgd(rate = 0.1)", "last(rate = 1)")
            + "optimiser last(rate = 1) {\n  w := g + 10 * w\n}\n"
    };
    let way = Way { epochs: Some(1), ..EXACT };
    let first = trained(&text(", ordered"), &way);
    // Each step appends the sample's number as a digit, after the first weight has been moved past all of them.
    let start = neurula::math::Stream::new(0, "X -> Y.weight").uniform(0) * 2.0 - 1.0;
    let digits = first.slot("X -> Y.weight")[0] - start * 1e6;
    assert!((digits - 12345.0).abs() < 1e-6, "{digits}");
    let shuffled = trained(&text(""), &way).slot("X -> Y.weight")[0] - start * 1e6;
    assert!((shuffled - 12345.0).abs() > 1.0, "{shuffled}");
}

#[test]
fn what_makes_no_sense_in_generated_data_is_told() {
    let block = |block: &str| refused(&spec("", block, ""));
    assert_eq!(block("x = 1"), ["E0710"]);
    assert_eq!(block("samples 4"), ["E0710"]);
    assert_eq!(block("samples 0\n x = 1"), ["E0305"]);
    assert_eq!(block("samples 4, test 2 epochs\n x = 1"), ["E0305"]);
    assert_eq!(block("samples 4\n x = 1\n x = 2"), ["E0202"]);
    assert_eq!(block("samples 4\n x = x + 1"), ["E0401"]);
    assert_eq!(block("samples 4\n x = y\n y = x"), ["E0401"]);
    assert_eq!(block("samples 4\n x[t] = 1"), ["E0408"]);
    assert_eq!(block("samples 4\n x = t"), ["E0207"]);
    assert_eq!(block("samples 4\n x = normal(1)"), ["E0203"]);
    assert_eq!(block("samples 4\n x[3] = y\n y[2] = 1"), ["E0301"]);
    assert_eq!(block("samples 4\n x : real = 1"), ["E0302"]);
    assert_eq!(block("samples 4\n x : class[0] = 1"), ["E0305"]);
    assert_eq!(block("samples 4\n x = l\n l : class[2] = 1"), ["E0302"]);
    assert_eq!(block("samples 4\n x = Nobody"), ["E0201"]);
    assert_eq!(block("samples 4_000_000_000\n x[1_000_000] = 1"), ["E0801"]);
    assert_eq!(refused(&spec("time 3 steps", "samples 4\n x[t] = x[t]", "")), ["E0401"]);
    assert_eq!(refused(&spec("const c[2] = [1, 2, 3]", "samples 4\n x = 1", "metric m = c[0]")), ["E0301"]);
    assert_eq!(refused(&spec("const c = e\nconst e = 1", "samples 4\n x = 1", "metric m = c")), ["E0206"]);
    assert_eq!(refused(&spec("", "samples 4\n x = 1", "metric m = normal(0, 1)")), ["E0207"]);
    let class = spec("", "samples 4\n x = 1\n l : class[3] = index", "");
    let model = model(&class);
    let said = credit::samples(&model, &model.data[0], &Place::only("."), 0).unwrap_err();
    assert_eq!(said[0].code.0, "E0709");
    assert!(said[0].message.contains("sample 3"), "{}", said[0].message);
}
