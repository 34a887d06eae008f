//! Sources are found by name, and arguments matched with their parameters.

use super::{CALL, bind, call, fault, span, text};
use neurula::data::{self, COMMON, Value::Number, Value::Other, Value::Percent};
use neurula::diag::Code;
use std::path::Path;

#[test]
fn the_list_holds_every_source_file_and_is_sorted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("const SOURCE: Source"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(data::ALL.iter().map(|source| source.name).collect::<Vec<_>>(), files);
    assert!(data::LATER.is_sorted());
    assert!(data::ALL.iter().all(|source| !data::LATER.contains(&source.name)));
}

#[test]
fn every_source_says_what_it_is_and_takes() {
    for source in data::ALL {
        assert!(!source.about.is_empty() && source.example.starts_with(source.name), "{}", source.name);
        let names: Vec<_> = source.all_parameters().map(|parameter| parameter.name).collect();
        assert!(names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1), "{names:?}");
        assert!(source.all_parameters().all(|parameter| !parameter.about.is_empty()));
    }
    assert_eq!(COMMON.iter().map(|parameter| parameter.name).collect::<Vec<_>>(), ["batch", "validation"]);
}

#[test]
fn an_unknown_source_is_told_its_nearest() {
    let unknown = data::find("digit", span(0)).err().unwrap();
    assert_eq!((unknown.code, unknown.labels[0].span), (Code::UNKNOWN_SOURCE, span(0)));
    assert_eq!(unknown.message, "there is no data source `digit`");
    assert_eq!(unknown.help.unwrap(), "did you mean `digits`? Sources are: `csv`, `digits`, `idx`, `npy`, `npz`");
    let far = data::find("imagenet21k", span(0)).err().unwrap();
    assert_eq!(far.help.unwrap(), "sources are: `csv`, `digits`, `idx`, `npy`, `npz`");
    for name in data::LATER {
        let later = data::find(name, span(0)).err().unwrap();
        assert_eq!((later.code, later.labels[0].span), (Code::NOT_SUPPORTED, span(0)));
        assert_eq!(later.message, format!("the data source `{name}` is not supported yet"));
    }
}

#[test]
fn arguments_are_bound() {
    let bound = call("digits", &[("batch", Number(8.0)), ("validation", Percent(10.0))]);
    assert_eq!((bound.batch(), bound.validation()), (8, Some((10.0, span(1)))));
    let bound = call("digits", &[]);
    assert_eq!((bound.batch(), bound.validation()), (32, None));
    let bound = call("idx", &[("", text("here")), ("classes", Number(26.0))]);
    assert_eq!((bound.text("folder"), bound.whole("classes")), (Some(("here", span(0))), Some(26)));
    assert_eq!((bound.text("images"), bound.whole("batch")), (None, None));
}

#[test]
fn wrong_arguments_are_refused_one_by_one() {
    let message = |source, name, value| {
        let fault = fault(bind(source, &[(name, value)]));
        assert_eq!((fault.code, fault.labels[0].span), (Code::SOURCE_ARGUMENT, span(0)));
        format!("{} | {}", fault.message, fault.help.unwrap())
    };
    let batch = "argument `batch` of `digits` must be a whole number from 1 to 2,147,483,647, and is";
    for (value, found) in [
        (Number(0.0), "0"),
        (Number(-1.0), "-1"),
        (Number(1.5), "1.5"),
        (Number(2_147_483_648.0), "2147483648"),
        (Number(f64::NAN), "NaN"),
        (Number(f64::INFINITY), "inf"),
        (Percent(10.0), "10 %"),
        (text("8"), "\"8\""),
        (Other("a path".into()), "a path"),
    ] {
        let said = message("digits", "batch", value);
        assert_eq!(said, format!("{batch} {found} | `batch`: samples per training step"));
    }
    let validation = "argument `validation` of `digits` must be per cent between 0 and 100, such as `10 %`, and is";
    let said = |value| message("digits", "validation", value);
    assert_eq!(said(Number(0.1)), format!("{validation} 0.1 | `validation = 10 %`"));
    assert_eq!(said(Number(10.0)), format!("{validation} 10 | `validation = 10 %`"));
    assert_eq!(said(Percent(0.0)), format!("{validation} 0 % | leave `validation` out to hold out nothing"));
    assert!(said(Percent(100.0)).starts_with(validation) && said(Percent(f64::NAN)).starts_with(validation));
    assert!(
        message("idx", "", text("")).starts_with("argument `folder` of `idx` must be a path in quotes, and is \"\"")
    );
    assert!(message("idx", "classes", Number(1.0)).contains("from 2 to 256, and is 1"));
    assert_eq!(
        message("digits", "bach", Number(8.0)),
        "`digits` has no argument `bach` | did you mean `batch`? `digits` takes `batch`, `validation`"
    );
    assert_eq!(
        message("digits", "", Number(8.0)),
        "`digits` cannot take 8 without a name | write its name before it; `digits` takes `batch`, `validation`"
    );
}

#[test]
fn an_argument_given_twice_shows_both_places() {
    let fault = fault(bind("digits", &[("batch", Number(8.0)), ("batch", Number(9.0))]));
    assert_eq!((fault.code, fault.message.as_str()), (Code::SOURCE_ARGUMENT, "argument `batch` is given twice"));
    let places: Vec<_> = fault.labels.iter().map(|label| (label.span, label.primary)).collect();
    assert_eq!(places, [(span(1), true), (span(0), false)]);
}

#[test]
fn independent_faults_are_all_told() {
    let faults =
        bind("digits", &[("batch", Number(0.0)), ("x", Number(9.0)), ("validation", text("all"))]).err().unwrap();
    assert_eq!(faults.iter().map(|fault| fault.labels[0].span).collect::<Vec<_>>(), [span(0), span(1), span(2)]);
}

#[test]
fn an_unknown_field_is_told_its_nearest() {
    let place = data::Place::only(".");
    let signature = call("digits", &[]).signature(&place).unwrap();
    let fault = signature.unknown_field("world", "lable", span(0), span(CALL));
    assert_eq!((fault.code, fault.message.as_str()), (Code::UNKNOWN_FIELD, "`world` has no field `lable`"));
    assert_eq!(fault.help.unwrap(), "did you mean `world.label`?");
    assert_eq!((fault.labels[0].span, fault.labels[1].span), (span(0), span(CALL)));
    assert_eq!(fault.labels[1].text, "`world` has `image`, `label`");
    let far = signature.unknown_field("world", "target", span(0), span(CALL));
    assert_eq!(far.help.unwrap(), "its fields are `image`, `label`");
}
