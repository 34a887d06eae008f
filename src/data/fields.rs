//! Arrays as the fields of a source: opened by their heads, compared with each other, then read.

use super::array::{self, Head, MOST_SAMPLES};
use super::input::{Input, file_name};
use super::{Call, Column, Dataset, Element, Field, Outcome, Rows, Signature, SourceFile, Splits, wording};
use crate::diag::{Code, Diagnostic, Span};

/// An array, opened: its head is read, its values are not.
pub(super) struct Array {
    pub(super) input: Input,
    pub(super) head: Head,
}

impl Array {
    /// Reads the head of what is opened.
    pub(super) fn open(mut input: Input) -> Result<Array, Diagnostic> {
        let head = array::head(&mut input)?;
        Ok(Array { input, head })
    }
}

/// A field, with the arrays of its training and test samples.
pub(super) struct Opened {
    pub(super) name: String,
    /// How many classes its values are numbers of, if they are.
    pub(super) classes: Option<usize>,
    pub(super) train: Array,
    pub(super) test: Option<Array>,
}

impl Opened {
    fn field(&self) -> Field {
        let bytes = self.train.head.bytes() && self.test.as_ref().is_none_or(|test| test.head.bytes());
        let element = match self.classes {
            Some(classes) => Element::Class(classes),
            None if bytes => Element::Byte { divisor: 1.0 },
            None => Element::Real,
        };
        Field::new(&self.name, element, self.train.head.shape().to_vec())
    }
}

/// Fields and counts of arrays that agree.
pub(super) fn signature(all: &[Opened]) -> Outcome<Signature> {
    let samples = |array: Option<&Array>| array.map_or(0, |array| array.head.samples());
    let first = all.first();
    let (train, test) = (samples(first.map(|f| &f.train)), samples(first.and_then(|f| f.test.as_ref())));
    agree(all)?;
    Ok(Signature { fields: all.iter().map(Opened::field).collect(), train, validation: 0, test })
}

/// Every sample has every field, in one shape; all rows can be numbered.
fn agree(all: &[Opened]) -> Outcome<()> {
    let mut faults = Vec::new();
    let Some(first) = all.first() else { return Ok(()) };
    for field in &all[1..] {
        faults.extend(counts(&first.name, &first.train, field, &field.train));
        if let (Some(one), Some(other)) = (&first.test, &field.test) {
            faults.extend(counts(&first.name, one, field, other));
        }
    }
    for field in all {
        let Some(test) = &field.test else { continue };
        let [of_train, of_test] = [&field.train, test].map(|array| wording::shape(array.head.shape()));
        if of_train != of_test {
            let found = format!("samples of {of_test} for `{}`", field.name);
            let expected = format!("{of_train}, as in training");
            let fault = test.input.fault(Code::SHAPES_DIFFER, &found, &expected, "holds other samples");
            faults.push(fault.help("give training and test samples of one shape"));
        }
        let rows = field.train.head.samples() + test.head.samples();
        if rows > MOST_SAMPLES {
            let found = format!("{} samples of training and test", wording::thousands(rows as u128));
            let expected = format!("{} at most", wording::thousands(MOST_SAMPLES as u128));
            faults.push(
                test.input.fault(Code::TOO_LARGE, &found, &expected, "is too much").help("give fewer test samples"),
            );
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn counts(first: &str, one: &Array, field: &Opened, other: &Array) -> Option<Diagnostic> {
    let [wanted, found] = [one, other].map(|array| array.head.samples());
    if wanted == found {
        return None;
    }
    let [wanted, found] = [wanted, found].map(|count| wording::thousands(count as u128));
    let message = format!("{found} samples of `{}`", field.name);
    let expected = format!("{wanted}, one for each of `{first}`");
    let mut fault = other.input.fault(Code::COUNTS_DIFFER, &message, &expected, &format!("holds {found} samples"));
    if one.input.span() != other.input.span() {
        fault = fault.because(one.input.span(), format!("`{}` holds {wanted} samples", file_name(one.input.path())));
    }
    Some(fault.help("the first axis of every array counts the samples; give arrays that belong together"))
}

/// Everything: the training samples of each field, then those of the test. `close` says of an array that was read what
/// file it was, if it was a whole one.
pub(super) fn read(
    source: &'static str,
    all: Vec<Opened>,
    mut files: Vec<SourceFile>,
    close: fn(Input) -> Result<Option<SourceFile>, Diagnostic>,
) -> Outcome<Dataset> {
    let signature = signature(&all)?;
    let (mut columns, mut faults, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (opened, field) in all.into_iter().zip(&signature.fields) {
        let mut column: Option<Column> = None;
        for array in std::iter::once(opened.train).chain(opened.test) {
            let Array { mut input, head } = array;
            let read = array::values(&mut input, &head, field.ty.element).and_then(|part| Ok((part, close(input)?)));
            match read {
                Ok((part, file)) => {
                    files.extend(file);
                    column = Some(match column.take() {
                        Some(before) => joined(before, part),
                        None => part,
                    });
                }
                Err(fault) => faults.push(fault),
            }
        }
        notes.push(format!("`{}` holds {} a sample", field.name, wording::counted(field.ty.elements(), "number")));
        columns.extend(column);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let rows = |range: std::ops::Range<usize>| Rows::new(range.map(|row| row as u32).collect());
    let splits = Splits {
        train: rows(0..signature.train),
        validation: Rows::default(),
        test: rows(signature.train..signature.total()),
    };
    Ok(Dataset { source, fields: signature.fields, columns, splits, files, licence: None, notes, prepared: Vec::new() })
}

/// The values of both; they are of one kind.
fn joined(mut one: Column, other: Column) -> Column {
    match (&mut one, other) {
        (Column::Bytes(one), Column::Bytes(other)) => one.extend(other),
        (Column::Classes(one), Column::Classes(other)) => one.extend(other),
        (Column::Reals(one), Column::Reals(other)) => one.extend(other),
        (one, other) => crate::bug!("{} values of one kind and {} of another", one.len(), other.len()),
    }
    one
}

/// An argument that has no meaning without another, or beside it.
pub(super) fn misplaced(call: &Call, name: &str, span: Span, why: &str, help: &str) -> Vec<Diagnostic> {
    let message = format!("argument `{name}` of `{}` {why}", call.source.name);
    vec![Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(span, "has no meaning here").help(help)]
}

/// The place of a file that a call names.
pub(super) fn named(call: &Call, place: &super::Place, name: &str) -> Outcome<Option<(std::path::PathBuf, Span)>> {
    let Some((text, span)) = call.text(name) else { return Ok(None) };
    let help = "files are named by a path relative to the spec, or an absolute one";
    match place.find(text) {
        Some(path) => Ok(Some((path, span))),
        None => Err(vec![place.missing(text, "file", span, help)]),
    }
}

/// A call that names no file at all.
pub(super) fn which_file(call: &Call) -> Vec<Diagnostic> {
    let message = format!("`{}` wants the path of a file", call.source.name);
    let fault = Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(call.span, "which file?");
    vec![fault.help(format!("data d = {}", call.source.example))]
}
