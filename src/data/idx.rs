//! `idx`: images and labels in the files of MNIST and its kin, plain or gzip.
//!
//! A file is a header of big-endian 32-bit numbers (a magic that gives element type and number of axes, then the size
//! of each axis) and the bytes of all samples. Images may have two to four axes, the first counts samples.

use super::input::{Input, file_name};
use super::{
    Call, Column, Dataset, Element, Field, Kind, Outcome, Parameter, Place, Rows, Signature, Source, Splits, wording,
};
use crate::diag::{Code, Diagnostic, Span};
use std::path::PathBuf;

pub(super) const SOURCE: Source = Source {
    name: "idx",
    about: "images and labels in idx files, plain or gzip: MNIST, Fashion-MNIST and their kin",
    example: "idx(\"fashion-mnist\", batch = 64)",
    parameters: &[
        path("folder", true, "a folder with the four files of MNIST, train-images-idx3-ubyte and so on, plain or .gz"),
        path("images", false, "the file of training images, instead of a folder"),
        path("labels", false, "the file of training labels"),
        path("test_images", false, "the file of test images"),
        path("test_labels", false, "the file of test labels"),
        Parameter {
            name: "classes",
            kind: Kind::Whole(2, 256),
            default: Some("10"),
            unnamed: false,
            about: "the number of classes; every label is below it",
        },
    ],
    signature,
    read,
};

const fn path(name: &'static str, unnamed: bool, about: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Path, default: None, unnamed, about }
}

/// The number of classes if none is given.
const CLASSES: usize = 10;
/// What the byte 255 of an image reads as 1 by.
const WHITE: f64 = 255.0;
/// Rows are numbered by 32-bit integers.
const MOST_SAMPLES: usize = i32::MAX as usize;
/// How the four files are called: split, what, axes.
const STANDARD: [(&str, &str, u8); 4] =
    [("train", "images", 3), ("train", "labels", 1), ("t10k", "images", 3), ("t10k", "labels", 1)];

/// A file, found.
struct Located {
    path: PathBuf,
    span: Span,
}

/// The files of one split.
struct Pair {
    images: Located,
    labels: Option<Located>,
}

/// The files of a call.
struct Files {
    train: Pair,
    test: Option<Pair>,
}

/// One split, opened: headers are read, samples are not.
struct Opened {
    images: Input,
    labels: Option<Input>,
    samples: usize,
    shape: Vec<usize>,
}

fn signature(call: &Call, place: &Place) -> Outcome<Signature> {
    let (train, test) = open_all(call, place)?;
    let fields = fields(call, &train);
    Ok(Signature { fields, train: train.samples, validation: 0, test: test.map_or(0, |test| test.samples) })
}

fn fields(call: &Call, train: &Opened) -> Vec<Field> {
    let image = Field::new("image", Element::Byte { divisor: WHITE }, train.shape.clone());
    let label = Field::new("label", Element::Class(classes(call)), Vec::new());
    std::iter::once(image).chain(train.labels.is_some().then_some(label)).collect()
}

fn classes(call: &Call) -> usize {
    call.whole("classes").unwrap_or(CLASSES)
}

fn read(call: &Call, place: &Place) -> Outcome<Dataset> {
    let (train, test) = open_all(call, place)?;
    let fields = fields(call, &train);
    let (first, all) = (train.samples, train.samples + test.as_ref().map_or(0, |test| test.samples));
    let (mut pixels, mut labels, mut files, mut faults) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for part in std::iter::once(train).chain(test) {
        let size = part.samples * part.shape.iter().product::<usize>();
        match read_images(part.images, size, &mut pixels) {
            Ok(file) => files.push(file),
            Err(fault) => faults.push(fault),
        }
        match part.labels.map(|input| read_labels(input, part.samples, classes(call), &mut labels)) {
            Some(Ok(file)) => files.push(file),
            Some(Err(fault)) => faults.push(fault),
            None => {}
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let rows = |range: std::ops::Range<usize>| Rows::new(range.map(|row| row as u32).collect());
    let splits = Splits { train: rows(0..first), validation: Rows::default(), test: rows(first..all) };
    let mut columns = vec![Column::Bytes(pixels)];
    if fields.len() > 1 {
        columns.push(Column::Classes(labels));
    }
    let notes = vec![format!("pixels from 0 to {WHITE} read as 0 to 1")];
    Ok(Dataset { source: SOURCE.name, fields, columns, splits, files, licence: None, notes, prepared: Vec::new() })
}

fn read_images(mut input: Input, size: usize, into: &mut Vec<u8>) -> Result<super::SourceFile, Diagnostic> {
    input.body(size, into)?;
    input.finish()
}

fn read_labels(
    mut input: Input,
    samples: usize,
    classes: usize,
    into: &mut Vec<i32>,
) -> Result<super::SourceFile, Diagnostic> {
    let start = input.offset();
    let mut bytes = Vec::new();
    input.body(samples, &mut bytes)?;
    if let Some(row) = bytes.iter().position(|label| usize::from(*label) >= classes) {
        let most = bytes.iter().fold(0, |most, label| if *label > most { *label } else { most });
        let place = input.at_byte(start + row as u64);
        let found = format!("label {} of sample {} {place}", bytes[row], wording::thousands(row as u128));
        let label = format!("has labels up to {most}");
        let fault = input.fault(Code::LABEL_OUT_OF_RANGE, &found, &format!("labels from 0 to {}", classes - 1), &label);
        return Err(
            fault.help(format!("if the labels are right, say how many there are: `classes = {}`", most as u16 + 1))
        );
    }
    into.extend(bytes.iter().map(|label| i32::from(*label)));
    input.finish()
}

/// Opens all files of a call, compares their headers with each other, and reports every fault.
fn open_all(call: &Call, place: &Place) -> Outcome<(Opened, Option<Opened>)> {
    let files = files(call, place)?;
    let train = open(files.train);
    let test = files.test.map(open).transpose();
    let (train, test) = match (train, test) {
        (Ok(train), Ok(test)) => (train, test),
        (train, test) => return Err([train.err(), test.err()].into_iter().flatten().flatten().collect()),
    };
    if let Some(test) = &test {
        agree(call, &train, test).map_err(|fault| vec![fault])?;
    }
    Ok((train, test))
}

/// Test images are like training images, and all rows can be numbered.
fn agree(call: &Call, train: &Opened, test: &Opened) -> Result<(), Diagnostic> {
    if train.shape != test.shape {
        let [of_train, of_test] = [train, test].map(|part| wording::shape(&part.shape));
        let found = format!("images of {of_test}");
        let expected = format!("{of_train}, as in `{}`", train.images.path().display());
        return Err(test
            .images
            .fault(Code::SHAPES_DIFFER, &found, &expected, &format!("holds {of_test}"))
            .because(train.images.span(), format!("`{}` holds {of_train}", file_name(train.images.path())))
            .help("give training and test images of one size"));
    }
    if train.samples + test.samples > MOST_SAMPLES {
        let all = wording::thousands((train.samples + test.samples) as u128);
        let most = wording::thousands(MOST_SAMPLES as u128);
        let message = format!("`{}` holds {all} samples; expected {most} at most", SOURCE.name);
        return Err(Diagnostic::new(Code::UNREADABLE_FILE, message).at(call.span, "too many samples"));
    }
    Ok(())
}

/// Opens the files of one split and compares their counts.
fn open(pair: Pair) -> Outcome<Opened> {
    let images = header(&pair.images, "images");
    let labels = pair.labels.map(|labels| header(&labels, "labels")).transpose();
    let ((images, sizes), labels) = match (images, labels) {
        (Ok(images), Ok(labels)) => (images, labels),
        (images, labels) => return Err([images.err(), labels.err()].into_iter().flatten().collect()),
    };
    let (samples, shape) = (sizes[0], sizes[1..].to_vec());
    if let Some((labels, counts)) = &labels
        && counts[0] != samples
    {
        let [of_images, of_labels] = [samples, counts[0]].map(|count| wording::thousands(count as u128));
        let found = format!("{of_labels} labels (the count {})", labels.at_byte(4));
        let expected = format!("{of_images}, one for each image of `{}`", images.path().display());
        return Err(vec![
            labels
                .fault(Code::COUNTS_DIFFER, &found, &expected, &format!("holds {of_labels} labels"))
                .because(images.span(), format!("`{}` holds {of_images} images", file_name(images.path())))
                .help("give images and labels that belong together, both of training or both of the test"),
        ]);
    }
    Ok(Opened { images, labels: labels.map(|(input, _)| input), samples, shape })
}

/// Opens a file and reads its header: the input behind it, and the size of each axis.
fn header(file: &Located, what: &str) -> Result<(Input, Vec<usize>), Diagnostic> {
    let mut input = Input::open(&file.path, file.span)?;
    let magic = input.header::<4>("the magic of an idx file")?;
    let axes = axes(&input, magic, what)?;
    let mut sizes = Vec::with_capacity(axes);
    for axis in 0..axes {
        let what = if axis == 0 { "the number of samples" } else { "the size of an axis" };
        let size = u32::from_be_bytes(input.header::<4>(what)?);
        if size == 0 {
            let found = format!("0 {}", input.at_byte(4 + 4 * axis as u64));
            let label = if axis == 0 { "holds no samples" } else { "holds samples without elements" };
            let expected = format!("{what}, at least 1");
            return Err(input
                .fault(Code::NO_SAMPLES, &found, &expected, label)
                .help("there is nothing to learn from in it"));
        }
        sizes.push(size as usize);
    }
    input.expect(sizes.iter().map(|size| *size as u128).product())?;
    if sizes[0] > MOST_SAMPLES {
        let found = format!("{} samples", wording::thousands(sizes[0] as u128));
        let expected = format!("{} at most", wording::thousands(MOST_SAMPLES as u128));
        return Err(input.fault(Code::UNREADABLE_FILE, &found, &expected, "has too many samples"));
    }
    Ok((input, sizes))
}

/// The number of axes that a magic gives, if it is one of this kind of file.
fn axes(input: &Input, magic: [u8; 4], what: &str) -> Result<usize, Diagnostic> {
    let expected = if what == "labels" { "00 00 08 01" } else { "00 00 08 03" };
    let found = format!("{} {}", wording::hex(&magic), input.at_byte(0));
    let wanted = format!("{expected}, the magic of {what} in idx format");
    let wrong = |label: &str, help: &str| input.fault(Code::WRONG_MAGIC, &found, &wanted, label).help(help);
    if magic[..2] != [0, 0] {
        return Err(wrong("is no idx file", "give an idx file, plain or gzip; other formats are other sources"));
    }
    let element = match magic[2] {
        0x08 => "unsigned bytes",
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => {
            return Err(wrong(
                "is no idx file",
                "the third byte gives the element type, and there is none of this number",
            ));
        }
    };
    if magic[2] != 0x08 {
        let found = format!("element type {:02x} ({element}) {}", magic[2], input.at_byte(2));
        return Err(input
            .fault(Code::WRONG_ELEMENT, &found, "08 (unsigned bytes)", &format!("holds {element}"))
            .help("convert it to unsigned bytes: `idx` reads no other elements yet"));
    }
    match (what, magic[3]) {
        ("labels", 1) | ("images", 2..=4) => Ok(usize::from(magic[3])),
        ("labels", 2..=4) => Err(wrong("looks like images", "are the files of images and labels swapped?")),
        ("images", 1) => Err(wrong("looks like labels", "are the files of images and labels swapped?")),
        _ => Err(wrong("has too few or too many axes", "labels have 1 axis, images 2 to 4, samples first")),
    }
}

/// Which files a call names.
fn files(call: &Call, place: &Place) -> Outcome<Files> {
    let named = |name: &'static str| call.text(name).map(|(text, span)| (name, text, span));
    let explicit: Vec<_> = ["images", "labels", "test_images", "test_labels"].into_iter().filter_map(named).collect();
    match (call.text("folder"), explicit.first()) {
        (Some((_, span)), Some((name, _, at))) => Err(vec![
            Diagnostic::new(Code::SOURCE_ARGUMENT, format!("`idx` takes a folder or `{name}`, not both"))
                .at(*at, "names a file")
                .because(span, "names a folder, which gives all four files")
                .help("leave one of the two out"),
        ]),
        (Some((text, span)), None) => in_folder(text, span, place),
        (None, _) => one_by_one(call, place),
    }
}

/// The four standard files of a folder.
fn in_folder(text: &str, span: Span, place: &Place) -> Outcome<Files> {
    let Some(folder) = place.find(text) else { return Err(vec![place.missing(text, "folder", span, HOW_TO_GET)]) };
    if !folder.is_dir() {
        let message = format!("`{}` is a file; expected a folder", folder.display());
        let help = "name the folder that holds the four files, or name them with `images =`, `labels =`, \
                    `test_images =` and `test_labels =`";
        return Err(vec![Diagnostic::new(Code::UNREADABLE_FILE, message).at(span, "not a folder").help(help)]);
    }
    let mut found = Vec::new();
    let mut absent = Vec::new();
    for (split, what, axes) in STANDARD {
        let name = format!("{split}-{what}-idx{axes}-ubyte");
        let dotted = format!("{split}-{what}.idx{axes}-ubyte");
        let names = [name.clone(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")];
        match names.iter().map(|name| folder.join(name)).find(|path| path.exists()) {
            Some(path) => found.push(Located { path, span }),
            None => absent.push(name),
        }
    }
    if !absent.is_empty() {
        let names = wording::list(absent.iter().map(String::as_str));
        let message = format!("the folder `{}` lacks {names} (with or without .gz)", folder.display());
        return Err(vec![Diagnostic::new(Code::MISSING_FILE, message).at(span, "this folder").help(HOW_TO_GET)]);
    }
    let [images, labels, test_images, test_labels] = <[Located; 4]>::try_from(found)
        .unwrap_or_else(|found| crate::bug!("{} files are found and none is absent", found.len()));
    Ok(Files {
        train: Pair { images, labels: Some(labels) },
        test: Some(Pair { images: test_images, labels: Some(test_labels) }),
    })
}

/// The files named one by one.
fn one_by_one(call: &Call, place: &Place) -> Outcome<Files> {
    let mut faults = Vec::new();
    let mut locate = |name: &str| {
        let (text, span) = call.text(name)?;
        match place.find(text) {
            Some(path) => Some(Located { path, span }),
            None => {
                faults.push(place.missing(text, "file", span, HOW_TO_GET));
                None
            }
        }
    };
    let [images, labels, test_images, test_labels] =
        ["images", "labels", "test_images", "test_labels"].map(&mut locate);
    let given = |name: &str| call.text(name).is_some();
    let lacks = |message: &str, help: &str| {
        Diagnostic::new(Code::SOURCE_ARGUMENT, message).at(call.span, "incomplete").help(help)
    };
    if !given("images") {
        faults.push(lacks(
            "`idx` needs a folder or a file of images",
            "`idx(\"fashion-mnist\")`, or `idx(images = \"…\", labels = \"…\")`",
        ));
    } else if given("test_labels") && !given("test_images") {
        faults.push(lacks("`idx` is given test labels without test images", "add `test_images = \"…\"`"));
    } else if given("test_images") && given("labels") != given("test_labels") {
        let lacking = if given("labels") { "test_labels" } else { "labels" };
        let message = format!("`idx` is given labels for one split alone: `{lacking}` is missing");
        faults.push(lacks(&message, &format!("add `{lacking} = \"…\"`")));
    }
    match images {
        Some(images) if faults.is_empty() => Ok(Files {
            train: Pair { images, labels },
            test: test_images.map(|images| Pair { images, labels: test_labels }),
        }),
        _ => Err(faults),
    }
}

/// How to come by such files.
const HOW_TO_GET: &str = "on Debian and Ubuntu `apt-get install dataset-fashion-mnist` puts Fashion-MNIST into \
    /usr/share/datasets/fashion-mnist, which `idx(\"fashion-mnist\")` finds; files elsewhere are named by a path \
    relative to the spec, or an absolute one";
