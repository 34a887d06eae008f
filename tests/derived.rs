//! Data made of other data, and generated fields that a phase sets.

use super::trained::{EXACT, Way, checked, trained};
use neurula::credit;
use neurula::data::{Dataset, Place, Split};
use neurula::model::Model;
use std::path::Path;

const WORLD: &str = "data d {\n samples 30, test 7, validation 5, batch 3\n x = index\n y[j = 2] = index + j\n kind : class[3] = mod(index, 3)\n}\n";

fn spec(items: &str, name: &str, field: &str) -> String {
    format!(
        "{WORLD}{items}\nregion X[1] = {name}.{field}\nregion Y[1] = drive\nconnect X -> Y\ncost wrong in Y = Y[0]^2\n\
         learn X -> Y by backprop from wrong using sgd(rate = 0.0001)\n"
    )
}

fn model(text: &str) -> Model {
    checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

fn last(text: &str, seed: u64) -> Dataset {
    let model = model(text);
    let data = model.data.last().unwrap();
    credit::samples(&model, data, &Place::only("."), seed).unwrap_or_else(|said| panic!("{said:#?}"))
}

fn refused(text: &str) -> Vec<&'static str> {
    checked(Path::new("."), text).map(drop).unwrap_err().iter().map(|said| said.code.0).collect()
}

fn field(set: &Dataset, name: &str, split: Split) -> Vec<f64> {
    let place = set.fields.iter().position(|field| field.name == name).unwrap_or_else(|| panic!("no {name}"));
    let each = set.fields[place].ty.elements();
    let rows = set.splits.get(split).as_slice();
    rows.iter().flat_map(|row| (0..each).map(|i| set.value(place, *row, i))).collect()
}

const PAIRS: &str = "data p from d {\n a = d.x\n b = other.x\n both[2] = d.y + other.y\n k = d.kind\n same : class[2] = d.kind == other.kind\n far = b - a\n}";

#[test]
fn pairs_are_of_the_same_split_and_two_samples() {
    let set = last(&spec(PAIRS, "p", "a"), 4);
    for (split, count) in Split::ALL.into_iter().zip([30, 5, 7]) {
        let [a, b, k, same, far] = ["a", "b", "k", "same", "far"].map(|name| field(&set, name, split));
        assert_eq!(a, (0..count).map(f64::from).collect::<Vec<_>>());
        let both = field(&set, "both", split);
        for i in 0..count as usize {
            assert!(a[i] != b[i] && b[i] < f64::from(count) && b[i].fract() == 0.0, "{} {}", a[i], b[i]);
            assert_eq!(k[i], a[i] % 3.0);
            assert_eq!(same[i], f64::from(u8::from(a[i] % 3.0 == b[i] % 3.0)));
            assert_eq!((far[i], both[2 * i], both[2 * i + 1]), (b[i] - a[i], a[i] + b[i], a[i] + b[i] + 2.0));
        }
        let mut others = b.clone();
        others.sort_by(f64::total_cmp);
        others.dedup();
        assert!(others.len() * 2 > count as usize, "drawn from all of them: {b:?}");
    }
    let types: Vec<String> = set.fields.iter().map(|field| field.ty.to_string()).collect();
    assert_eq!(types, ["[]", "[]", "[2]", "class[3]", "class[2]", "[]"]);
    assert_eq!(set, last(&spec(PAIRS, "p", "a"), 4));
    let others = |seed| field(&last(&spec(PAIRS, "p", "a"), seed), "b", Split::Train);
    assert_ne!(others(4), others(5), "drawn from the seed");
}

#[test]
fn data_may_be_made_of_a_part_and_of_more_samples() {
    let part = "data low = d where x < 4\ndata p from low {\n a = low.x\n b = other.x\n}";
    let set = last(&spec(part, "p", "a"), 0);
    assert_eq!(field(&set, "a", Split::Train), [0.0, 1.0, 2.0, 3.0]);
    assert!(field(&set, "b", Split::Test).iter().all(|b| *b < 4.0));
    let more = "data p from d {\n samples 70, batch 5\n a = d.x\n b = other.x\n}";
    let set = last(&spec(more, "p", "a"), 0);
    let (a, b) = (field(&set, "a", Split::Train), field(&set, "b", Split::Train));
    assert_eq!((a.len(), a[29], a[30], a[69]), (70, 29.0, 0.0, 9.0));
    assert_ne!(b[..30], b[30..60], "each has another of its own");
    assert_eq!(field(&set, "b", Split::Test).len(), 7);
    assert_eq!(model(&spec(more, "p", "a")).data[1].batch, 5);
    assert_eq!(model(&spec(PAIRS, "p", "a")).data[1].batch, 3, "that of the other data");
    let one = "data one = d where x == 2\ndata p from one {\n a = one.x - other.x\n}";
    assert_eq!(field(&last(&spec(one, "p", "a"), 0), "a", Split::Train), [0.0]);
    let noisy = "data p from d {\n a[2] = d.y + normal(0, 1)\n b = a[0] - d.x\n}";
    let noise = field(&last(&spec(noisy, "p", "b"), 0), "b", Split::Train);
    assert!(noise.iter().all(|value| *value != 0.0 && value.abs() < 6.0));
}

#[test]
fn images_make_pairs_that_are_learnt() {
    let text = "data world = digits(batch = 20, validation = 10 %)\ndata pairs from world {\n samples 3000\n a = world.image\n b = other.image\n \
                same : class[2] = world.label == other.label\n near = mean((a - b)^2)\n}\n\
                region A[8, 8] = pairs.a\nregion B[8, 8] = pairs.b\nregion Out[1] = drive\nregion Choice[2] = drive\nregion Near[1] = pairs.near\n\
                connect A -> Out\nconnect Near -> Choice\ncost wrong in Choice = cross_entropy(Choice, pairs.same)\ncost rough in Out = Out[0]^2\n\
                metric odd = mean((A - B)^2) - pairs.near\nmetric same = number(pairs.same)\n\
                learn Near -> Choice by backprop from wrong using sgd(rate = 0.1)\nlearn A -> Out by backprop from rough using sgd(rate = 0.01)";
    let found = trained(text, &Way { epochs: Some(1), ..EXACT });
    for split in ["train", "validation", "test"] {
        assert!(found.value("odd", split).abs() < 1e-12, "{split}");
        let same = found.value("same", split);
        assert!((0.05..0.16).contains(&same), "a tenth of all pairs: {same}");
    }
}

#[test]
fn what_cannot_be_made_of_other_data_is_told() {
    let item = |fields: &str| refused(&spec(&format!("data p from d {{ {fields} }}"), "p", "a"));
    assert_eq!(item("a = d.z"), ["E0713"]);
    assert_eq!(item("a = other.z"), ["E0713"]);
    assert_eq!(item("a = d.x\n a = d.x"), ["E0202"]);
    assert_eq!(item("b = c\n a = d.x"), ["E0201"]);
    assert_eq!(item("a[3] = d.y"), ["E0301"]);
    assert_eq!(item(""), ["E0710"]);
    assert_eq!(item("samples 40, test 3\n a = d.x"), ["E0726"]);
    assert_eq!(refused(&spec("data p from nobody { a = nobody.x }", "p", "a")), ["E0201"]);
    assert_eq!(refused(&spec("data p from q { a = q.x }\ndata q = d", "p", "a")), ["E0206"]);
    assert_eq!(refused(&spec("data q { samples 4\n a = d.x }", "q", "a")), ["E0207"]);
    let many = "data p from d { samples 4_000_000_000\n a = d.x\n c[1000] = 1 }";
    assert_eq!(refused(&spec(many, "p", "a")), ["E0801"]);
}

/// Phases over a world whose `x` is set.
fn phases(sets: &[&str]) -> String {
    let phases: String =
        sets.iter().enumerate().map(|(i, set)| format!("phase p{i} for 1 epoch {{ {set} }}\n")).collect();
    format!(
        "data task {{\n samples 40, test 9, validation 6, batch 8\n x[2] = normal(0, 1)\n far = x[0] * scale\n noise = normal(0, 1)\n \
         kind : class[2] = x[0] > 0\n}}\nparam scale = 1\nconst three[3] = [1, 2, 3]\nregion X[2] = task.x\nregion Y[1] = drive\nconnect X -> Y\ncost wrong in Y = (Y[0] - 1)^2\n\
         metric far = task.far\nmetric x = X[0]\nmetric noise = task.noise\nmetric kind = number(task.kind)\n\
         learn X -> Y by backprop from wrong using sgd(rate = 0.01)\ndevelopment {{\n{phases}}}\n"
    )
}

#[test]
fn a_phase_sets_a_field_and_other_draws_stay() {
    let found = trained(
        &phases(&["", "set task.x = 5 + normal(0, 1)\nset task.kind = x[0] > 5", "", "set task.far = 7"]),
        &EXACT,
    );
    let value = |phase: usize, name: &str, split: &str| {
        let values = &found.outcome.phases[phase].values;
        values.iter().find(|value| value.name == name && value.split == split).unwrap().value
    };
    for split in ["validation", "test"] {
        assert!((value(1, "x", split) - value(0, "x", split) - 5.0).abs() < 1e-12, "the same draws, moved by 5");
        assert!((value(1, "far", split) - value(1, "x", split)).abs() < 1e-12, "what depends on it follows");
        assert_eq!(value(1, "noise", split), value(0, "noise", split));
        assert_eq!(value(1, "kind", split), value(0, "kind", split));
        assert_eq!(value(2, "x", split), value(0, "x", split), "the world is as before");
        assert_eq!((value(3, "far", split), value(3, "x", split)), (7.0, value(0, "x", split)));
    }
    let centred = phases(&["", "set task.noise = 3 + normal(0, 1)"]).replace("batch 8", "batch 8, centred(noise)");
    let found = trained(&centred, &EXACT);
    let noise = |phase: usize| {
        found.outcome.phases[phase].values.iter().find(|v| v.name == "noise" && v.split == "test").unwrap().value
    };
    assert!((noise(1) - noise(0) - 3.0).abs() < 1e-12, "centred by the samples of the item");
}

#[test]
fn what_cannot_be_set_is_told() {
    let set = |set: &str| refused(&phases(&[set]));
    assert_eq!(set("set task.y = 1"), ["E0713"]);
    assert_eq!(set("set task.kind = task.x"), ["E0207"]);
    assert_eq!(set("set task.x = three"), ["E0301"]);
    assert_eq!(set("set task.x = far"), ["E0401"]);
    assert_eq!(set("set task.far = kind"), ["E0302"]);
    let digits = "data world = digits(batch = 50)\nregion R[8, 8] = world.image\nregion Y[10] = drive\nconnect R -> Y\n\
                  cost wrong in Y = cross_entropy(Y, world.label)\ndevelopment { phase p for 1 epoch { set world.image = 0\n\
                  learn R -> Y by backprop from wrong using sgd(rate = 0.1) } }";
    assert_eq!(refused(digits), ["E0727"]);
}
