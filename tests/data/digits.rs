//! The embedded digits are scikit-learn's, split as the language says. The figures were taken from scikit-learn 1.9.1.

use super::{call, load};
use neurula::data::{Column, Dataset, Element, Place, Split, Value};

fn digits() -> Dataset {
    load(&call("digits", &[]), &Place::only("."), 0).unwrap().1
}

fn sum(dataset: &Dataset, split: Split) -> f64 {
    let rows = dataset.splits.get(split).as_slice().iter();
    rows.map(|row| (0..64).map(|pixel| dataset.value(0, *row, pixel)).sum::<f64>()).sum()
}

#[test]
fn the_signature_needs_no_data() {
    let signature = call("digits", &[]).signature(&Place::only("/nowhere")).unwrap();
    assert_eq!((signature.train, signature.validation, signature.test), (1437, 0, 360));
    let fields: Vec<_> = signature.fields.iter().map(|field| (field.name.as_str(), field.ty.to_string())).collect();
    assert_eq!(fields, [("image", "[8, 8]".to_string()), ("label", "class[10]".to_string())]);
    assert_eq!(signature.fields[0].ty.element, Element::Byte { divisor: 16.0 });
    assert_eq!((signature.label(), signature.position("image"), signature.position("x")), (Some(1), Some(0), None));
    assert_eq!(signature.bytes(), 1797 * (64 + 4));
}

#[test]
fn the_values_are_those_of_scikit_learn() {
    let dataset = digits();
    assert_eq!(dataset.rows(), 1797);
    assert_eq!(dataset.files[0].sha256, "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2");
    assert_eq!((dataset.files[0].path.as_str(), dataset.files[0].bytes), ("<digits.bin>", 116_805));
    let (Column::Bytes(pixels), Some(labels)) = (&dataset.columns[0], dataset.labels()) else { panic!() };
    #[rustfmt::skip]
    assert_eq!(pixels[..64], [
        0, 0, 5, 13, 9, 1, 0, 0,   0, 0, 13, 15, 10, 15, 5, 0,  0, 3, 15, 2, 0, 11, 8, 0,  0, 4, 12, 0, 0, 8, 8, 0,
        0, 5, 8, 0, 0, 9, 8, 0,    0, 4, 11, 0, 1, 12, 7, 0,    0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6, 13, 10, 0, 0, 0,
    ]);
    #[rustfmt::skip]
    assert_eq!(pixels[1796 * 64..], [
        0, 0, 10, 14, 8, 1, 0, 0,  0, 2, 16, 14, 6, 1, 0, 0,    0, 0, 15, 15, 8, 15, 0, 0, 0, 0, 5, 16, 16, 10, 0, 0,
        0, 0, 12, 15, 15, 12, 0, 0, 0, 4, 16, 6, 4, 16, 6, 0,   0, 8, 16, 10, 8, 16, 8, 0, 0, 1, 8, 12, 14, 12, 1, 0,
    ]);
    assert_eq!(labels[..20], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(labels[1796], 8);
    assert_eq!(dataset.value(0, 0, 3), 13.0 / 16.0);
    assert_eq!(dataset.value(1, 1796, 0), 8.0);
}

#[test]
fn every_fifth_of_a_label_is_for_the_test() {
    let dataset = digits();
    let (train, test) = (dataset.splits.train.as_slice(), dataset.splits.test.as_slice());
    assert_eq!((train.len(), test.len()), (1437, 360));
    assert_eq!(test[..20], [0, 2, 4, 17, 21, 26, 28, 31, 33, 45, 48, 54, 61, 67, 68, 79, 80, 83, 92, 96]);
    assert_eq!(test[355..], [1776, 1782, 1791, 1792, 1794]);
    assert_eq!(train[..20], [1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 24]);
    let total = |rows: &[u32]| rows.iter().sum::<u32>();
    assert_eq!((total(train), total(test)), (1_291_005, 322_701));
    assert_eq!((sum(&dataset, Split::Train), sum(&dataset, Split::Test)), (449_914.0 / 16.0, 111_804.0 / 16.0));
}

#[test]
fn the_summary_tells_it_all() {
    let held = call("digits", &[("validation", Value::Percent(10.0))]);
    let summary = load(&held, &Place::only("."), 3).unwrap().1.summary();
    assert_eq!((summary.source, summary.train, summary.validation, summary.test), ("digits", 1293, 144, 360));
    assert_eq!(summary.bytes, 1797 * 68);
    let [image, label] = &summary.fields[..] else { panic!() };
    assert_eq!((image.name.as_str(), image.element.as_str(), &image.shape[..]), ("image", "byte / 16", &[8, 8][..]));
    assert_eq!((image.least, image.greatest, image.classes.len()), (0.0, 1.0, 0));
    assert_eq!((label.name.as_str(), label.element.as_str(), label.shape.len()), ("label", "class[10]", 0));
    assert_eq!((label.least, label.greatest), (0.0, 9.0));
    let column = |count: fn(&neurula::data::ClassCount) -> usize| label.classes.iter().map(count).collect::<Vec<_>>();
    assert_eq!(column(|class| class.class), (0..10).collect::<Vec<_>>());
    assert_eq!(column(|class| class.train + class.validation), [142, 146, 141, 147, 144, 146, 145, 143, 139, 144]);
    assert_eq!(column(|class| class.validation), [14, 15, 14, 15, 14, 15, 15, 14, 14, 14]);
    assert_eq!(column(|class| class.test), [36, 36, 36, 36, 37, 36, 36, 36, 35, 36]);
    let licence = summary.licence.unwrap();
    assert!(licence.contains("CC BY 4.0") && licence.contains("Alpaydin") && licence.contains("scikit-learn"));
    assert_eq!(
        summary.notes,
        [
            "pixels from 0 to 16 read as 0 to 1",
            "sorted stably by label, every fifth from the first is for the test",
            "144 of 1,437 training samples held out for validation in equal shares of each class of `label`, by seed 3",
        ]
    );
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["fields"][1]["classes"][4]["test"], 37);
    assert_eq!(json["files"][0]["sha256"].as_str().unwrap().len(), 64);
}
