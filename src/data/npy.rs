//! `npy`: an array of samples in numpy's format, and perhaps one of what is to be told of them.

use super::fields::{self, Array, Opened};
use super::input::Input;
use super::{Call, Kind, Outcome, Parameter, Place, Source};

pub(super) const SOURCE: Source = Source {
    name: "npy",
    about: "an array of numpy's format, samples along its first axis, and one of targets",
    example: "npy(\"images.npy\", target = \"labels.npy\", classes = 10, test = 20 %)",
    parameters: &[
        Parameter { name: "file", kind: Kind::Path, default: None, unnamed: true, about: "the array `x`" },
        Parameter {
            name: "target",
            kind: Kind::Path,
            default: None,
            unnamed: false,
            about: "the array `y`, which is to be told from `x`",
        },
        Parameter {
            name: "classes",
            kind: Kind::Whole(2, i32::MAX as usize),
            default: None,
            unnamed: false,
            about: "the target is a class: a whole number below this",
        },
        Parameter {
            name: "test",
            kind: Kind::PathOrPercent,
            default: None,
            unnamed: false,
            about: "the array `x` of the test, or how many per cent of the samples, drawn from the seed",
        },
        Parameter {
            name: "test_target",
            kind: Kind::Path,
            default: None,
            unnamed: false,
            about: "the array `y` of the test",
        },
    ],
    signature: |call, place| fields::signature(&open(call, place)?),
    read: |call, place| fields::read(SOURCE.name, open(call, place)?, Vec::new(), |input| input.finish().map(Some)),
};

/// Opens the arrays of a call: `x`, and `y` if there is a target.
fn open(call: &Call, place: &Place) -> Outcome<Vec<Opened>> {
    let mut faults = Vec::new();
    let mut array = |name: &str| -> Option<Array> {
        let opened = fields::named(call, place, name).and_then(|found| match found {
            None => Ok(None),
            Some((path, span)) => Input::open(&path, span).and_then(Array::open).map(Some).map_err(|fault| vec![fault]),
        });
        opened.unwrap_or_else(|said| {
            faults.extend(said);
            None
        })
    };
    let [x, y, test_x, test_y] = ["file", "target", "test", "test_target"].map(&mut array);
    whole(call)?;
    if !faults.is_empty() {
        return Err(faults);
    }
    let Some(x) = x else { return Err(fields::which_file(call)) };
    let mut all = vec![Opened { name: "x".to_string(), classes: None, train: x, test: test_x }];
    if let Some(y) = y {
        all.push(Opened { name: "y".to_string(), classes: call.whole("classes"), train: y, test: test_y });
    }
    Ok(all)
}

/// Which arguments go together.
fn whole(call: &Call) -> Outcome<()> {
    let given = |name: &str| call.place(name);
    match (given("target"), given("classes"), call.text("test"), given("test_target")) {
        (None, Some(span), ..) => Err(fields::misplaced(
            call,
            "classes",
            span,
            "says of what the target is, and there is no target",
            "name the array of classes: `target = \"labels.npy\"`",
        )),
        (.., None, Some(span)) => Err(fields::misplaced(
            call,
            "test_target",
            span,
            "wants the samples that it is about",
            "name their array: `test = \"test_x.npy\"`",
        )),
        (None, .., Some(span)) => Err(fields::misplaced(
            call,
            "test_target",
            span,
            "stands without one for training",
            "name the array of training: `target = \"y.npy\"`",
        )),
        (Some(_), _, Some((_, span)), None) => Err(fields::misplaced(
            call,
            "test",
            span,
            "names samples without their target",
            "name its array too: `test_target = \"test_y.npy\"`",
        )),
        _ => Ok(()),
    }
}
