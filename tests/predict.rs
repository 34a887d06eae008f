//! Predictions of a trained model: against what it measures, against its weights, on data without labels, and as files.

#![allow(clippy::disallowed_methods, reason = "an independent reference for what is predicted")]

use super::trained::{EXACT, Trained, Way, checked, little_data, options, train_in, trained};
use assert_cmd::Command;
use neurula::data::{Column, Dataset, Element, Place, Split};
use neurula::diag::Sources;
use neurula::driver;
use neurula::loops::memory::Values;
use neurula::math::Precision;
use neurula::model::{Model, RegionId};
use neurula::runtime::predict::{Activity, last_regions, predict};
use neurula::runtime::train::evaluate;
use neurula::runtime::{Backend, RunError};
use std::io::Read;
use std::path::Path;

const DIGITS: &str = "data world = digits(batch = 50, validation = 10 %)\nregion Retina[8, 8] = world.image\nregion Hidden[12] = tanh(drive)\n\
    region Choice[10] = drive\nregion Recall[8, 8] = sigmoid(drive)\nconnect Retina -> Hidden -> Choice\nconnect Hidden -> Recall\n\
    cost wrong in Choice = cross_entropy(Choice, world.label)\ncost rebuild in Recall = mse(Recall, Retina)\n\
    metric accuracy = argmax(Choice) == world.label\n\
    learn Retina -> Hidden -> Choice, Hidden -> Recall by backprop from wrong, rebuild using adam(rate = 0.01)";

/// A run, and what it takes to predict with it.
struct Desk {
    whole: Trained,
    model: Model,
    way: Way,
}

impl Desk {
    fn new(folder: &Path, text: &str, way: &Way) -> Desk {
        let whole = train_in(folder, text, way).unwrap_or_else(|error| panic!("{error}"));
        Desk { whole, model: checked(folder, text).unwrap_or_else(|said| panic!("{said:#?}")), way: way.clone() }
    }

    fn region(&self, name: &str) -> RegionId {
        RegionId(self.model.regions.iter().position(|region| *region.name == *name).unwrap())
    }

    fn predict(&self, names: &[&str], other: Option<Dataset>) -> Result<Vec<Activity>, RunError> {
        self.by(self.way.backend, names, other)
    }

    fn by(&self, backend: Backend, names: &[&str], other: Option<Dataset>) -> Result<Vec<Activity>, RunError> {
        let run = self.whole.folder.path().join("run");
        let regions: Vec<RegionId> = names.iter().map(|name| self.region(name)).collect();
        let told = options(Path::new("."), &run, &Way { backend, ..self.way.clone() });
        predict(&self.model, &told, &run, &regions, other)
    }
}

fn numbers(activity: &Activity) -> Vec<f64> {
    match &activity.values {
        Values::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Values::F64(values) => values.clone(),
        other => panic!("{other:?}"),
    }
}

/// What a text on the command line reads.
fn set(text: &str) -> Dataset {
    let mut sources = Sources::new();
    let call = driver::source(&mut sources, text).unwrap_or_else(|said| panic!("{text}: {said:#?}"));
    call.read(&Place::only("."), 0, "other").unwrap_or_else(|said| panic!("{text}: {said:#?}"))
}

#[test]
fn predictions_are_what_the_model_measures() {
    let desk = Desk::new(Path::new("."), DIGITS, &Way { epochs: Some(3), precision: Precision::F32, ..EXACT });
    let digits = set("digits");
    let found = desk.predict(&["Choice"], None).unwrap();
    assert_eq!(found[0].shape, [1797, 10]);
    let choices: Vec<usize> = (numbers(&found[0]).chunks(10))
        .map(|row| row.iter().enumerate().fold(0, |best, (class, value)| if *value > row[best] { class } else { best }))
        .collect();
    let test = digits.splits.get(Split::Test).as_slice();
    let right = test.iter().filter(|row| choices[**row as usize] as i32 == digits.labels().unwrap()[**row as usize]);
    let wanted = desk.whole.value("accuracy", "test");
    assert!(wanted > 0.8 && (right.count() as f64 / test.len() as f64 - wanted).abs() < 1e-6);
    assert_eq!(desk.predict(&["Choice"], Some(digits)).unwrap(), found, "the same data by another way");
}

#[test]
fn predictions_follow_from_the_weights() {
    let desk = Desk::new(Path::new("."), DIGITS, &Way { epochs: Some(1), ..EXACT });
    let found = desk.predict(&["Recall", "Hidden", "Retina"], None).unwrap();
    let names: Vec<(&str, &[usize])> = found.iter().map(|a| (a.region.as_str(), &a.shape[..])).collect();
    assert_eq!(names, [("Recall", &[1797, 8, 8][..]), ("Hidden", &[1797, 12]), ("Retina", &[1797, 8, 8])]);
    let [recall, hidden, retina] = [0, 1, 2].map(|place| numbers(&found[place]));
    let (weight, bias) = (desk.whole.slot("Retina -> Hidden.weight"), desk.whole.slot("Hidden.bias"));
    let (out, own) = (desk.whole.slot("Hidden -> Recall.weight"), desk.whole.slot("Recall.bias"));
    let digits = set("digits");
    for row in [0, 49, 50, 1000, 1749, 1750, 1796] {
        let image = &retina[row * 64..][..64];
        assert!((0..64).all(|place| image[place] == digits.value(0, row as u32, place)), "row {row}");
        for unit in 0..12 {
            let sum: f64 = (0..64).map(|x| weight[unit * 64 + x] * image[x]).sum();
            assert!((hidden[row * 12 + unit] - (sum + bias[unit]).tanh()).abs() < 1e-12, "row {row}, unit {unit}");
        }
        for unit in 0..64 {
            let sum: f64 = (0..12).map(|x| out[unit * 12 + x] * hidden[row * 12 + x]).sum();
            let wanted = 1.0 / (1.0 + (-(sum + own[unit])).exp());
            assert!((recall[row * 64 + unit] - wanted).abs() < 1e-12, "row {row}, unit {unit}");
        }
    }
    assert_eq!(desk.by(Backend::Interpreter, &["Recall", "Hidden", "Retina"], None).unwrap(), found);
}

#[test]
fn regions_that_no_other_reads_are_the_last() {
    let last = |text: &str| -> Vec<String> {
        let model = checked(Path::new("."), text).unwrap_or_else(|said| panic!("{said:#?}"));
        last_regions(&model).iter().map(|id| model.regions[id.0].name.to_string()).collect()
    };
    assert_eq!(last(DIGITS), ["Choice", "Recall"]);
    let timed = "data world = digits()\ntime 8 steps\nregion Row[8] = world.image[t]\nregion Memory : gru(9)\nregion Out[10] = drive\n\
        connect Row -> Memory -> Out\ncost wrong in Out = cross_entropy(Out, world.label) at end\n\
        learn Row -> Memory -> Out by backprop from wrong using sgd(rate = 0.1)";
    assert_eq!(last(timed), ["Out"]);
}

/// Images of four points in one row, with labels, of which some regions know nothing.
const LITTLE: &str = "data d = idx(\".\", batch = 4)\nregion X[1, 4] = d.image\nregion Y[3] = drive\nregion Z[2] = drive\nregion Told[3] = drive\n\
    region Label[10] = one_hot(d.label)\nconnect X -> Y -> Z\nconnect Label -> Told\ncost c in Z = sum((Z - 1)^2)\ncost told in Told = sum(Told^2)\n\
    metric right = d.label == 3\nlearn X -> Y -> Z by backprop from c using sgd(rate = 0.1)\nlearn Label -> Told by backprop from told using sgd(rate = 0.1)";

fn images(count: usize) -> Vec<(Vec<u8>, u8)> {
    (0..count).map(|i| ((0..4).map(|k| (i * 37 + k * 91) as u8).collect(), (i % 10) as u8)).collect()
}

#[test]
fn new_data_need_no_labels_and_any_number_of_samples() {
    let old = little_data(&images(12), 8);
    let desk = Desk::new(old.path(), LITTLE, &EXACT);
    for count in [1, 3, 4, 5, 9] {
        let new = little_data(&images(count + 1), count);
        let path = new.path().join("train-images-idx3-ubyte");
        let set = set(path.to_str().unwrap());
        assert_eq!((set.rows(), set.fields.len()), (count, 1));
        let found = desk.predict(&["Y", "Z"], Some(set)).unwrap();
        let (y, z) = (numbers(&found[0]), numbers(&found[1]));
        assert_eq!((y.len(), z.len()), (3 * count, 2 * count));
        let (first, second) = (desk.whole.slot("X -> Y.weight"), desk.whole.slot("Y -> Z.weight"));
        for (row, (image, _)) in images(count).iter().enumerate() {
            let x: Vec<f64> = image.iter().map(|byte| f64::from(*byte) / 255.0).collect();
            let near = |found: f64, weight: &[f64], from: &[f64], bias: f64| {
                let wanted: f64 = weight.iter().zip(from).map(|(w, x)| w * x).sum::<f64>() + bias;
                assert!((found - wanted).abs() < 1e-12, "{found} and {wanted}");
            };
            for unit in 0..3 {
                near(y[3 * row + unit], &first[4 * unit..4 * unit + 4], &x, desk.whole.slot("Y.bias")[unit]);
            }
            for unit in 0..2 {
                let bias = desk.whole.slot("Z.bias")[unit];
                near(z[2 * row + unit], &second[3 * unit..3 * unit + 3], &y[3 * row..3 * row + 3], bias);
            }
        }
    }
}

#[test]
fn what_was_bytes_may_be_numbers_as_the_regions_see_them() {
    let desk = Desk::new(Path::new("."), DIGITS, &Way { epochs: Some(1), ..EXACT });
    let mut other = set("digits");
    let place = other.fields.iter().position(|field| field.name == "image").unwrap();
    let cells = (0..other.rows() as u32).flat_map(|row| (0..64).map(move |cell| (row, cell)));
    let numbers = cells.map(|(row, cell)| other.value(place, row, cell)).collect();
    other.fields[place].ty.element = Element::Real;
    other.columns[place] = Column::Reals(numbers);
    assert_eq!(desk.predict(&["Choice"], Some(other)).unwrap(), desk.predict(&["Choice"], None).unwrap());
}

#[test]
fn data_that_do_not_fit_are_told() {
    let old = little_data(&images(12), 8);
    let desk = Desk::new(old.path(), LITTLE, &EXACT);
    let refused = |names: &[&str], set: Dataset, words: &[&str]| match desk.predict(names, Some(set)) {
        Err(RunError::OtherData(why)) => assert!(words.iter().all(|word| why.contains(word)), "{why}"),
        other => panic!("{words:?}: {:?}", other.map(|found| found.len())),
    };
    let unlabelled = set(old.path().join("train-images-idx3-ubyte").to_str().unwrap());
    refused(&["Told"], unlabelled.clone(), &["`label`", "`image`"]);
    refused(&["Z", "Label"], unlabelled, &["`label`"]);
    refused(&["Z"], set("digits"), &["`image`", "[8, 8]", "16", "[1, 4]", "255"]);
    let narrow = little_data(&[(vec![1, 2, 3], 0), (vec![4, 5, 6], 1)], 1);
    refused(&["Z"], set(narrow.path().to_str().unwrap()), &["[1, 3]", "[1, 4]"]);
}

#[test]
fn a_text_on_the_command_line_is_a_source_or_a_path() {
    let refused = |text: &str, code: &str| match driver::source(&mut Sources::new(), text) {
        Err(said) => assert_eq!(said[0].code.0, code, "{text}: {said:#?}"),
        Ok(call) => panic!("{text} is {}", call.source.name),
    };
    let old = little_data(&images(12), 8);
    let folder = old.path().to_str().unwrap();
    assert_eq!(set(folder).rows(), 12);
    assert_eq!(set(&format!("idx(\"{folder}\", classes = 12)")).rows(), 12);
    assert_eq!(set(&format!("  idx(images = \"{folder}/t10k-images-idx3-ubyte\")  ")).rows(), 4);
    refused("mystery.bin", "E0701");
    refused("", "E0701");
    refused("dgits()", "E0701");
    refused("idx(folder = 3)", "E0702");
    refused("idx(\"a\", batch = 1 ms)", "E0702");
    refused("digits() where label < 5", "E0205");
    refused("digits(), drop last", "E0205");
    refused("digits()\nregion A[3] = 1", "E0205");
    assert!(driver::source(&mut Sources::new(), "digits(").is_err());
    assert!(driver::source(&mut Sources::new(), "((((((((").is_err());
}

#[test]
fn in_a_model_with_time_it_is_the_last_time_step_that_counts() {
    let text = "data world = digits(batch = 90)\ntime 8 steps\nregion Row[8] = world.image[t]\nregion Total[8] = prev(Total) + Row\n\
        region Late[8] = 2 * Total\nregion Choice[10] = drive\nconnect Total -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label) at end\n\
        learn Total -> Choice by backprop from wrong using sgd(rate = 0.1)";
    let desk = Desk::new(Path::new("."), text, &Way { epochs: Some(1), ..EXACT });
    let found = desk.predict(&["Row", "Total", "Late"], None).unwrap();
    let [row, total, late] = [0, 1, 2].map(|place| numbers(&found[place]));
    let digits = set("digits");
    for sample in [0u32, 89, 90, 1796] {
        for x in 0..8 {
            let place = sample as usize * 8 + x;
            let column: f64 = (0..8).map(|y| digits.value(0, sample, 8 * y + x)).sum();
            assert_eq!(row[place], digits.value(0, sample, 56 + x), "sample {sample}");
            assert!((total[place] - column).abs() < 1e-12 && (late[place] - 2.0 * column).abs() < 1e-12);
        }
    }
}

#[test]
fn generated_data_and_fixed_arrays_are_known() {
    let text = "const K[3] = [1, 2, 4]\ndata d {\n  samples 40, test 10, batch 8\n  x[3] = normal(0, 1)\n  y = sum(x)\n}\nregion X[3] = d.x\n\
        region Bent[3] = K * X\nregion Out[1] = drive\nconnect Bent -> Out\ncost c in Out = (Out[0] - d.y)^2\n\
        learn Bent -> Out by backprop from c using sgd(rate = 0.01)";
    let desk = Desk::new(Path::new("."), text, &Way { epochs: Some(2), ..EXACT });
    let found = desk.predict(&["X", "Bent", "Out"], None).unwrap();
    let [x, bent, out] = [0, 1, 2].map(|place| numbers(&found[place]));
    assert_eq!((x.len(), out.len()), (150, 50));
    let (weight, bias) = (desk.whole.slot("Bent -> Out.weight"), desk.whole.slot("Out.bias"));
    for row in 0..50 {
        let here: Vec<f64> = (0..3).map(|k| [1.0, 2.0, 4.0][k] * x[3 * row + k]).collect();
        assert_eq!(here, bent[3 * row..3 * row + 3]);
        assert!((out[row] - here.iter().zip(weight).map(|(x, w)| x * w).sum::<f64>() - bias[0]).abs() < 1e-12);
    }
}

#[test]
fn a_scheduled_param_stands_where_the_run_left_it() {
    let text = "param gain = 1\ndata world = digits(batch = 100)\nregion Retina[8, 8] = world.image\nregion Seen[8, 8] = gain * Retina\n\
        region Choice[10] = drive\nconnect Seen -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\n\
        development { phase one for 1 epoch { set gain = linear(0.5, 2) learn Seen -> Choice by backprop from wrong using sgd(rate = 0.1) }\n\
        phase two for 7 steps { set gain = linear(2, 3) learn Seen -> Choice by backprop from wrong using adam(rate = 0.001) } }";
    let desk = Desk::new(Path::new("."), text, &EXACT);
    let run = desk.whole.folder.path().join("run");
    let found = desk.predict(&["Seen", "Retina"], None).unwrap();
    let (seen, retina) = (numbers(&found[0]), numbers(&found[1]));
    assert!(seen.iter().zip(&retina).all(|(seen, retina)| (seen - 3.0 * retina).abs() < 1e-12));
    let measured = evaluate(&desk.model, &options(Path::new("."), &run, &EXACT), &run).unwrap();
    let test = measured.iter().find(|measured| measured.split == "test").unwrap();
    assert_eq!(test.value, desk.whole.value("wrong", "test"));
}

/// The arrays of an `.npz` file: name, header and bytes.
fn arrays(path: &Path) -> Vec<(String, String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let count = archive.len();
    let read = |number: usize| {
        let mut file = archive.by_index(number).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let start = 10 + u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
        assert_eq!((start % 64, bytes[start - 1]), (0, b'\n'));
        let head = String::from_utf8(bytes[10..start].to_vec()).unwrap().trim_end().to_string();
        (file.name().unwrap().to_string(), head, bytes[start..].to_vec())
    };
    (0..count).map(read).collect()
}

#[test]
fn the_command_writes_arrays_that_numpy_reads() {
    let desk = Desk::new(Path::new("."), DIGITS, &Way { epochs: Some(1), precision: Precision::F32, ..EXACT });
    let run = desk.whole.folder.path().join("run");
    let out = desk.whole.folder.path().join("found.npz");
    let command = |arguments: &[&str], code: i32| {
        let mut command = Command::cargo_bin("neurula").unwrap();
        let found = command.arg("predict").arg(&run).arg("--out").arg(&out).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&found.stderr).into_owned();
        assert_eq!(found.status.code(), Some(code), "{arguments:?}: {said}");
        (String::from_utf8_lossy(&found.stdout).into_owned(), said)
    };
    let told = command(&[], 0).0;
    assert!(told.contains("Choice[10] on 1797 samples") && told.contains("Recall[8, 8]"), "{told}");
    let found = arrays(&out);
    let wanted = desk.predict(&["Choice", "Recall"], None).unwrap();
    assert_eq!(found.len(), 2);
    for ((name, head, bytes), (activity, shape)) in
        found.iter().zip(wanted.iter().zip(["(1797, 10,)", "(1797, 8, 8,)"]))
    {
        assert_eq!(*name, format!("{}.npy", activity.region));
        assert_eq!(*head, format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"));
        let values: Vec<f64> =
            bytes.as_chunks::<4>().0.iter().map(|cell| f64::from(f32::from_le_bytes(*cell))).collect();
        assert_eq!(values, numbers(activity));
    }
    let first = std::fs::read(&out).unwrap();
    let json = command(&["--json", "--data", "digits", "--regions", "Choice,Recall"], 0).0;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["samples"], &json["regions"]["Recall"][1]), (&1797.into(), &8.into()));
    assert_eq!(std::fs::read(&out).unwrap(), first, "the same activities are other bytes");
    let said = command(&["--regions", "Choice,Hiden"], 2).1;
    assert!(said.contains("`Hiden`") && said.contains("`Hidden`"), "{said}");
    command(&["--regions", "Choice,Choice"], 2);
    command(&["--data", "nothing.bin"], 2);
    command(&["--data", "no-images-idx3-ubyte"], 3);
    command(&["--out", "no/such/place.npz"], 2);
    std::fs::remove_file(run.join("checkpoint.safetensors")).unwrap();
    assert!(command(&[], 3).1.contains("checkpoint"));
    assert_eq!(std::fs::read(&out).unwrap(), first, "a call that failed wrote something");
}

#[test]
fn what_a_run_is_worth_does_not_depend_on_predictions() {
    let before = trained(DIGITS, &Way { epochs: Some(1), ..EXACT });
    let run = before.folder.path().join("run");
    let model = checked(Path::new("."), DIGITS).unwrap();
    let bytes = std::fs::read(run.join("checkpoint.safetensors")).unwrap();
    predict(&model, &options(Path::new("."), &run, &EXACT), &run, &last_regions(&model), None).unwrap();
    assert_eq!(std::fs::read(run.join("checkpoint.safetensors")).unwrap(), bytes);
}

#[test]
fn predictions_honour_the_where_of_the_runs_own_data() {
    let text = DIGITS.replace("validation = 10 %)", "validation = 10 %) where label < 3 take 100");
    let desk = Desk::new(Path::new("."), &text, &Way { epochs: Some(1), ..EXACT });
    let digits = set("digits");
    let few = digits.labels().unwrap().iter().filter(|label| **label < 3).count();
    let found = desk.predict(&["Retina"], None).unwrap();
    assert_eq!(found[0].shape, [few, 8, 8], "of every split, whatever is trained on");
    let first = (0..1797).find(|row| digits.labels().unwrap()[*row as usize] == 2).unwrap();
    let place = digits.labels().unwrap()[..first as usize].iter().filter(|label| **label < 3).count();
    let image = &numbers(&found[0])[place * 64..][..64];
    assert!((0..64).all(|pixel| image[pixel] == digits.value(0, first, pixel)), "in the order of the source");
    assert_eq!(desk.predict(&["Retina"], Some(digits)).unwrap()[0].shape, [1797, 8, 8], "other data are taken whole");
}
