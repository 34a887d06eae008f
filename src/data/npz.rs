//! `npz`: the arrays of an archive, as `numpy.savez` and `numpy.savez_compressed` write it.
//!
//! Without `x`, every array is a field by its name; with it, `x` and `target` name two arrays, which are the fields `x`
//! and `y`, and no other is looked at.

use super::archive::{self, Entry};
use super::fields::{self, Array, Opened};
use super::input::Input;
use super::{Call, Dataset, Kind, Outcome, Parameter, Place, Source, wording};
use crate::diag::{Code, Diagnostic, Span};
use std::path::PathBuf;

pub(super) const SOURCE: Source = Source {
    name: "npz",
    about: "the arrays of an archive of numpy's, samples along their first axis",
    example: "npz(\"mnist.npz\", x = \"x_train\", target = \"y_train\", test_x = \"x_test\", test_target = \"y_test\", classes = 10)",
    parameters: &[
        Parameter { name: "file", kind: Kind::Path, default: None, unnamed: true, about: "the archive" },
        name("x", "the array that is the field `x`; without it, every array is a field by its name"),
        name("target", "the array that is to be told: the field `y` beside `x`, else it keeps its name"),
        Parameter {
            name: "classes",
            kind: Kind::Whole(2, i32::MAX as usize),
            default: None,
            unnamed: false,
            about: "the target is a class: a whole number below this",
        },
        name("test_x", "the array `x` of the test"),
        name("test_target", "the array `y` of the test"),
        Parameter {
            name: "test",
            kind: Kind::PathOrPercent,
            default: None,
            unnamed: false,
            about: "an archive of the same arrays for the test, or how many per cent of the samples, drawn from the seed",
        },
    ],
    signature: |call, place| fields::signature(&open(call, place)?.0),
    read,
};

const fn name(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Name, default: None, unnamed: false, about }
}

/// An archive with its list.
pub(super) struct Archive {
    path: PathBuf,
    span: Span,
    entries: Vec<Entry>,
}

impl Archive {
    pub(super) fn open(path: PathBuf, span: Span) -> Outcome<Archive> {
        let entries = archive::list(&path, span).map_err(|fault| vec![fault])?;
        Ok(Archive { path, span, entries })
    }

    /// The names of its arrays.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| entry.name.strip_suffix(".npy"))
    }

    /// Opens the array of this name, which an argument at `span` gives.
    pub(super) fn array(&self, name: &str, span: Span) -> Result<Array, Diagnostic> {
        let entry = self.entries.iter().find(|entry| entry.name.strip_suffix(".npy") == Some(name));
        let Some(entry) = entry else {
            let known = wording::list(self.names());
            let message = format!("`{}`: found no array `{name}`; expected one of {known}", self.path.display());
            return Err(Diagnostic::new(Code::MISSING_ARRAY, message).at(span, "no such array").help(
                match wording::nearest(name, self.names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its arrays are {known}"),
                },
            ));
        };
        Input::member(&self.path, span, entry).and_then(Array::open)
    }
}

fn read(call: &Call, place: &Place) -> Outcome<Dataset> {
    let (all, archives) = open(call, place)?;
    let files = archives.iter().map(|archive| archive::digest(&archive.path, archive.span));
    let files = files.collect::<Result<Vec<_>, _>>().map_err(|fault| vec![fault])?;
    fields::read(SOURCE.name, all, files, |_| Ok(None))
}

/// Opens the arrays of a call, and gives the archives that they are from.
fn open(call: &Call, place: &Place) -> Outcome<(Vec<Opened>, Vec<Archive>)> {
    whole(call)?;
    let Some((path, span)) = fields::named(call, place, "file")? else { return Err(fields::which_file(call)) };
    let test = fields::named(call, place, "test")?;
    let train = Archive::open(path, span)?;
    let test = test.map(|(path, span)| Archive::open(path, span)).transpose()?;
    let all = match call.text("x") {
        Some(x) => pair(call, x, &train, test.as_ref()),
        None => every(call, &train, test.as_ref()),
    }?;
    Ok((all, std::iter::once(train).chain(test).collect()))
}

/// The fields `x` and `y`.
fn pair(call: &Call, x: (&str, Span), train: &Archive, test: Option<&Archive>) -> Outcome<Vec<Opened>> {
    let mut all = Vec::new();
    let mut faults = Vec::new();
    let wanted = [("x", Some(x), "test_x"), ("y", call.text("target"), "test_target")];
    for (name, array, of_test) in wanted {
        let Some((array, span)) = array else { continue };
        let of_test = match (test, call.text(of_test)) {
            (_, Some((array, span))) => Some(test.unwrap_or(train).array(array, span)),
            (Some(test), None) => Some(test.array(array, test.span)),
            (None, None) => None,
        };
        let classes = call.whole("classes").filter(|_| name == "y");
        match (train.array(array, span), of_test.transpose()) {
            (Ok(train), Ok(test)) => all.push(Opened { name: name.to_string(), classes, train, test }),
            (train, test) => faults.extend([train.err(), test.err()].into_iter().flatten()),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// Every array whose name can stand in a spec.
fn every(call: &Call, train: &Archive, test: Option<&Archive>) -> Outcome<Vec<Opened>> {
    let target = call.text("target");
    if let Some((name, span)) = target {
        train.array(name, span).map_err(|fault| vec![fault])?;
    }
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for name in train.names().filter(|name| super::is_name(name)) {
        let classes = call.whole("classes").filter(|_| target.is_some_and(|(target, _)| target == name));
        let of_test = test.map(|test| test.array(name, test.span)).transpose();
        match (train.array(name, train.span), of_test) {
            (Ok(train), Ok(test)) => all.push(Opened { name: name.to_string(), classes, train, test }),
            (train, test) => faults.extend([train.err(), test.err()].into_iter().flatten()),
        }
    }
    let help = "`x = \"NAME\"` and `target = \"NAME\"` take two of the arrays and leave the others alone";
    if let Some(fault) = faults.first_mut()
        && fault.code != Code::MISSING_ARRAY
    {
        fault.help.get_or_insert_with(String::new).push_str(&format!("; {help}"));
    }
    if all.is_empty() && faults.is_empty() {
        let known = wording::list(train.names());
        let message = format!(
            "`{}`: found the arrays [{known}]; expected one whose name can stand in a spec",
            train.path.display()
        );
        faults
            .push(Diagnostic::new(Code::MISSING_ARRAY, message).at(train.span, "no array that has a name").help(help));
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// Which arguments go together.
fn whole(call: &Call) -> Outcome<()> {
    let given = |name: &str| call.place(name);
    if let (Some(span), None) = (given("classes"), given("target")) {
        let why = "says of what the target is, and there is no target";
        return Err(fields::misplaced(call, "classes", span, why, "name the array of classes: `target = \"labels\"`"));
    }
    for name in ["test_x", "test_target"] {
        if let (Some(span), None) = (given(name), given("x")) {
            let why = "stands without `x`";
            return Err(fields::misplaced(call, name, span, why, "name the array of training too: `x = \"x_train\"`"));
        }
    }
    let in_file = call.text("test").is_some();
    match (given("target"), given("test_x"), given("test_target")) {
        (None, _, Some(span)) => Err(fields::misplaced(
            call,
            "test_target",
            span,
            "stands without one for training",
            "name the array of training: `target = \"y_train\"`",
        )),
        (_, None, Some(span)) if !in_file => Err(fields::misplaced(
            call,
            "test_target",
            span,
            "wants the samples that it is about",
            "name their array: `test_x = \"x_test\"`",
        )),
        (Some(_), Some(span), None) if !in_file => Err(fields::misplaced(
            call,
            "test_x",
            span,
            "names samples without their target",
            "name its array too: `test_target = \"y_test\"`",
        )),
        (_, Some(span), _) if call.test_share().is_some() => Err(fields::misplaced(
            call,
            "test_x",
            span,
            "names the test, and so does `test`",
            "leave one of the two out",
        )),
        _ => Ok(()),
    }
}
