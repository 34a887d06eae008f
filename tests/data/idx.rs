//! Files in idx format: what is read, and every way in which they can be wrong, with path, byte, found and expected.

use super::{CALL, bind, call, fault, gzip, idx_file, load, span, text};
use neurula::data::{Call, Column, Outcome, Place, Value::Number, Value::Percent};
use neurula::diag::{Code, Diagnostic};
use std::fs;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

/// Three images of 2 by 3.
fn images() -> Vec<u8> {
    idx_file(&[3, 2, 3], &(0..18).map(|i| i * 15).collect::<Vec<u8>>())
}

fn labels() -> Vec<u8> {
    idx_file(&[3], &[2, 0, 9])
}

/// A call of two files, the argument of images being the first.
fn pair() -> Call {
    call("idx", &[("images", text("i")), ("labels", text("l"))])
}

/// What reading these two files gives; signature and dataset must fail alike if a header is wrong.
fn read(images: &[u8], labels: &[u8]) -> (TempDir, Outcome<neurula::data::Dataset>) {
    let folder = folder(&[("i", images), ("l", labels)]);
    let place = Place::only(folder.path());
    let outcome = load(&pair(), &place, 0).map(|(_, dataset)| dataset);
    (folder, outcome)
}

/// The one fault of two files, its path shortened to the file's name.
fn refused(images: &[u8], labels: &[u8]) -> (Diagnostic, String) {
    let (folder, outcome) = read(images, labels);
    let fault = fault(outcome);
    let message = fault.message.replace(&format!("{}/", folder.path().display()), "");
    (fault, message)
}

#[test]
fn two_files_give_images_and_labels() {
    for pack in [|bytes: Vec<u8>| bytes, |bytes: Vec<u8>| gzip(&bytes)] {
        let (folder, outcome) = read(&pack(images()), &pack(labels()));
        let dataset = outcome.unwrap();
        assert_eq!(dataset.columns[0], Column::Bytes((0..18).map(|i| i * 15).collect()));
        assert_eq!(dataset.columns[1], Column::Classes(vec![2, 0, 9]));
        assert_eq!(dataset.signature().fields[0].ty.to_string(), "[2, 3]");
        assert_eq!(dataset.signature().fields[1].ty.to_string(), "class[10]");
        assert_eq!((dataset.splits.train.as_slice(), dataset.splits.test.len()), (&[0, 1, 2][..], 0));
        assert_eq!(dataset.value(0, 2, 5), 1.0);
        assert_eq!(dataset.value(0, 0, 1), 15.0 / 255.0);
        let file = &dataset.files[0];
        assert_eq!(file.path, folder.path().join("i").display().to_string());
        assert_eq!(file.bytes, pack(images()).len() as u64);
    }
    let (_folder, outcome) = read(&images(), &labels());
    let digest = "b9c4589e04402cb4db21cf1e7bf7c36ed78b5ec86a4945df51d28f3e0269d1d3";
    assert_eq!(outcome.unwrap().files[0].sha256, digest);
}

#[test]
fn several_gzip_members_are_one_file() {
    let mut packed = gzip(&images()[..20]);
    packed.extend(gzip(&images()[20..]));
    let (_folder, outcome) = read(&packed, &labels());
    assert_eq!(outcome.unwrap().rows(), 3);
}

#[test]
fn channels_and_vectors_are_shapes_like_any_other() {
    for sizes in [vec![3, 6], vec![3, 2, 1, 3]] {
        let (_folder, outcome) = read(&idx_file(&sizes, &[7; 18]), &labels());
        let shape: Vec<usize> = sizes[1..].iter().map(|size| *size as usize).collect();
        assert_eq!(outcome.unwrap().fields[0].ty.shape, shape);
    }
}

#[test]
fn images_alone_have_no_labels() {
    let folder = folder(&[("i", &images())]);
    let call = call("idx", &[("images", text("i")), ("validation", Percent(34.0))]);
    let dataset = load(&call, &Place::only(folder.path()), 0).unwrap().1;
    assert_eq!((dataset.fields.len(), dataset.labels(), dataset.splits.validation.len()), (1, None, 1));
    assert!(dataset.notes[1].starts_with("1 of 3 training samples held out for validation, by seed 0"));
}

#[test]
fn a_folder_holds_the_four_files_under_their_usual_names() {
    let test_images = idx_file(&[1, 2, 3], &[5; 6]);
    let test_labels = idx_file(&[1], &[4]);
    for dot in ["-", "."] {
        let name = |name: &str, axes: u8| format!("{name}{dot}idx{axes}-ubyte");
        let folder = folder(&[
            (&name("train-images", 3), &images()),
            (&(name("train-labels", 1) + ".gz"), &gzip(&labels())),
            (&(name("t10k-images", 3) + ".gz"), &gzip(&test_images)),
            (&name("t10k-labels", 1), &test_labels),
        ]);
        let above = Place::only(folder.path().parent().unwrap());
        let given = folder.path().file_name().unwrap().to_str().unwrap();
        let (signature, dataset) = load(&call("idx", &[("", text(given))]), &above, 0).unwrap();
        assert_eq!((signature.train, signature.test), (3, 1));
        assert_eq!(dataset.splits.test.as_slice(), [3]);
        assert_eq!(dataset.labels(), Some(&[2, 0, 9, 4][..]));
        assert_eq!((dataset.value(0, 3, 0), dataset.files.len()), (5.0 / 255.0, 4));
    }
}

#[test]
fn installed_folders_are_looked_through_after_the_own_one() {
    let (own, installed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(installed.path().join("i"), images()).unwrap();
    let place = Place { folder: own.path().into(), installed: vec![installed.path().into()] };
    let call = call("idx", &[("images", text("i"))]);
    assert_eq!(call.signature(&place).unwrap().train, 3);
    fs::write(own.path().join("i"), idx_file(&[1, 1], &[0])).unwrap();
    assert_eq!(call.signature(&place).unwrap().train, 1);
    let absolute = installed.path().join("i");
    let call = super::call("idx", &[("images", text(absolute.to_str().unwrap()))]);
    assert_eq!(call.signature(&place).unwrap().train, 3);
    assert_eq!(
        Place::of_spec("a/b.neu".as_ref()).candidates("x")[..],
        [std::path::PathBuf::from("a/x"), std::path::PathBuf::from("/usr/share/datasets/x")]
    );
    assert_eq!(Place::of_spec("b.neu".as_ref()).candidates("x")[0], std::path::PathBuf::from("x"));
}

#[test]
fn a_missing_file_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::only(folder.path());
    let faults = pair().signature(&place).err().unwrap();
    assert_eq!(faults.iter().map(|fault| fault.labels[0].span).collect::<Vec<_>>(), [span(0), span(1)]);
    assert_eq!(faults[0].code, Code::MISSING_FILE);
    assert_eq!(faults[0].message, format!("there is no file `{}`", folder.path().join("i").display()));
    let help = faults[0].help.as_ref().unwrap();
    assert!(help.contains("apt-get install dataset-fashion-mnist") && help.contains("idx(\"fashion-mnist\")"));
    let absent = fault(call("idx", &[("", text("mnist"))]).signature(&place));
    assert_eq!(absent.message, format!("there is no folder `{}`", folder.path().join("mnist").display()));
    fs::write(folder.path().join("train-images-idx3-ubyte"), images()).unwrap();
    let lacking = fault(call("idx", &[("", text("."))]).signature(&place));
    assert_eq!((lacking.code, lacking.labels[0].span), (Code::MISSING_FILE, span(0)));
    assert!(lacking.message.ends_with(
        "lacks `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` (with or without .gz)"
    ));
    let home = fault(call("idx", &[("", text("~/mnist"))]).signature(&place));
    assert_eq!(home.help.unwrap(), "`~` is not read as a home folder: write the whole path");
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    let folder = folder(&[("l", &labels())]);
    fs::create_dir(folder.path().join("i")).unwrap();
    let place = Place::only(folder.path());
    let fault_ = fault(pair().signature(&place));
    assert_eq!((fault_.code, fault_.labels[0].span), (Code::UNREADABLE_FILE, span(0)));
    assert!(fault_.message.ends_with("cannot be read: it is a folder"));
    let device = fault(call("idx", &[("images", text("/dev/zero"))]).signature(&place));
    assert_eq!(device.message, "`/dev/zero` cannot be read: it is no regular file");
    let file = fault(call("idx", &[("", text("l"))]).signature(&place));
    assert!(file.message.ends_with("is a file; expected a folder"));
}

#[test]
fn the_arguments_must_name_enough_and_not_too_much() {
    let folder = folder(&[("i", &images()), ("l", &labels())]);
    let refuse = |names: &[&str]| {
        let files: Vec<_> =
            names.iter().map(|name| (*name, text(if name.ends_with("labels") { "l" } else { "i" }))).collect();
        let fault = fault(bind("idx", &files).unwrap().signature(&Place::only(folder.path())));
        assert_eq!(fault.code, Code::SOURCE_ARGUMENT);
        (fault.message, fault.labels[0].span)
    };
    assert_eq!(refuse(&[]), ("`idx` needs a folder or a file of images".into(), span(CALL)));
    assert_eq!(refuse(&["labels"]), ("`idx` needs a folder or a file of images".into(), span(CALL)));
    assert_eq!(refuse(&["folder", "labels"]), ("`idx` takes a folder or `labels`, not both".into(), span(1)));
    assert_eq!(refuse(&["images", "test_labels"]).0, "`idx` is given test labels without test images");
    let lacking = refuse(&["images", "labels", "test_images"]).0;
    assert_eq!(lacking, "`idx` is given labels for one split alone: `test_labels` is missing");
    let lacking = refuse(&["images", "test_images", "test_labels"]).0;
    assert_eq!(lacking, "`idx` is given labels for one split alone: `labels` is missing");
}

#[test]
fn a_wrong_magic_is_told_from_a_swap() {
    let (fault, message) = refused(b"\x93NUMPY\x01\x00", &labels());
    assert_eq!((fault.code, fault.labels[0].span), (Code::WRONG_MAGIC, span(0)));
    assert_eq!(message, "`i`: found 93 4e 55 4d at byte 0; expected 00 00 08 03, the magic of images in idx format");
    let (fault, message) = refused(&labels(), &labels());
    assert_eq!((fault.code, fault.labels[0].text.as_str()), (Code::WRONG_MAGIC, "`i` looks like labels"));
    assert_eq!(message, "`i`: found 00 00 08 01 at byte 0; expected 00 00 08 03, the magic of images in idx format");
    let (fault, message) = refused(&images(), &gzip(&images()));
    assert_eq!((fault.labels[0].span, fault.labels[0].text.as_str()), (span(1), "`l` looks like images"));
    let place = "at byte 0 of the unpacked file";
    assert_eq!(
        message,
        format!("`l`: found 00 00 08 03 {place}; expected 00 00 08 01, the magic of labels in idx format")
    );
    for magic in [[0, 0, 7, 3], [0, 0, 8, 0], [0, 0, 8, 5], [0, 0, 8, 255], [0, 1, 8, 3]] {
        assert_eq!(refused(&[&magic, &[0; 40][..]].concat(), &labels()).0.code, Code::WRONG_MAGIC);
    }
}

#[test]
fn other_elements_than_bytes_are_named() {
    for (code, name) in [
        (9, "09 (signed bytes)"),
        (11, "0b (16-bit integers)"),
        (12, "0c (32-bit integers)"),
        (13, "0d (32-bit floats)"),
        (14, "0e (64-bit floats)"),
    ] {
        let mut file = images();
        file[2] = code;
        let (fault, message) = refused(&file, &labels());
        assert_eq!((fault.code, fault.labels[0].span), (Code::WRONG_ELEMENT, span(0)));
        assert_eq!(message, format!("`i`: found element type {name} at byte 2; expected 08 (unsigned bytes)"));
    }
}

#[test]
fn a_file_that_ends_anywhere_is_truncated() {
    let whole = images();
    for end in 0..whole.len() {
        let (fault, message) = refused(&whole[..end], &labels());
        assert_eq!((fault.code, fault.labels[0].span), (Code::TRUNCATED_FILE, span(0)), "{end}");
        assert!(message.starts_with(&format!("`i`: found the end at byte {end}; expected ")), "{message}");
    }
    let message = refused(&whole[..20], &labels()).1;
    assert_eq!(message, "`i`: found the end at byte 20; expected 34 bytes in all, as the header declares");
    let message = refused(&whole[..6], &labels()).1;
    assert_eq!(message, "`i`: found the end at byte 6; expected the number of samples, 4 bytes from byte 4");
    let message = refused(&gzip(&whole[..20]), &labels()).1;
    let place = "at byte 20 of the unpacked file";
    assert_eq!(message, format!("`i`: found the end {place}; expected 34 bytes in all, as the header declares"));
}

#[test]
fn a_file_that_goes_on_is_refused() {
    let (fault, message) = refused(&images(), &[labels(), vec![1, 1]].concat());
    assert_eq!((fault.code, fault.labels[0].span), (Code::TRAILING_BYTES, span(1)));
    assert_eq!(message, "`l`: found 2 more bytes at byte 11; expected the end there, as the header declares");
    let (fault, message) = refused(&gzip(&[images(), vec![1]].concat()), &labels());
    assert_eq!(fault.code, Code::TRAILING_BYTES);
    let place = "at byte 34 of the unpacked file";
    assert_eq!(
        message,
        format!("`i`: found at least 1 more byte {place}; expected the end there, as the header declares")
    );
}

#[test]
fn a_label_beyond_the_classes_is_found() {
    let (fault, message) = refused(&images(), &idx_file(&[3], &[2, 10, 46]));
    assert_eq!((fault.code, fault.labels[0].span), (Code::LABEL_OUT_OF_RANGE, span(1)));
    assert_eq!(message, "`l`: found label 10 of sample 1 at byte 9; expected labels from 0 to 9");
    assert_eq!(fault.labels[0].text, "`l` has labels up to 46");
    assert_eq!(fault.help.unwrap(), "if the labels are right, say how many there are: `classes = 47`");
    let folder = folder(&[("i", &images()), ("l", &idx_file(&[3], &[2, 255, 46]))]);
    let all = call("idx", &[("images", text("i")), ("labels", text("l")), ("classes", Number(256.0))]);
    let dataset = load(&all, &Place::only(folder.path()), 0).unwrap().1;
    assert_eq!(dataset.summary().fields[1].classes[255].train, 1);
}

#[test]
fn nothing_is_no_data() {
    let (fault, message) = refused(&idx_file(&[0, 2, 3], &[]), &labels());
    assert_eq!(
        (fault.code, message.as_str()),
        (Code::NO_SAMPLES, "`i`: found 0 at byte 4; expected the number of samples, at least 1")
    );
    let (fault, message) = refused(&images(), &idx_file(&[0], &[]));
    assert_eq!((fault.code, fault.labels[0].span), (Code::NO_SAMPLES, span(1)));
    assert!(message.starts_with("`l`: found 0 at byte 4"));
    let (fault, message) = refused(&idx_file(&[3, 2, 0], &[]), &labels());
    assert_eq!(
        (fault.code, message.as_str()),
        (Code::NO_SAMPLES, "`i`: found 0 at byte 12; expected the size of an axis, at least 1")
    );
}

#[test]
fn images_and_labels_must_be_equally_many() {
    let (fault, message) = refused(&images(), &idx_file(&[2], &[1, 1]));
    assert_eq!((fault.code, fault.labels[0].span, fault.labels[1].span), (Code::COUNTS_DIFFER, span(1), span(0)));
    assert!(message.starts_with("`l`: found 2 labels (the count at byte 4); expected 3, one for each image of `"));
    assert_eq!(fault.labels[1].text, "`i` holds 3 images");
}

#[test]
fn test_images_must_be_of_the_same_size() {
    let folder = folder(&[("i", &images()), ("t", &idx_file(&[1, 3, 2], &[0; 6]))]);
    let call = call("idx", &[("images", text("i")), ("test_images", text("t"))]);
    let fault = fault(call.signature(&Place::only(folder.path())));
    assert_eq!((fault.code, fault.labels[0].span, fault.labels[1].span), (Code::SHAPES_DIFFER, span(1), span(0)));
    assert!(fault.message.contains("found images of [3, 2]; expected [2, 3], as in"));
}

#[test]
fn faults_of_several_files_are_all_told() {
    let folder = folder(&[("i", &images()[..9]), ("l", &idx_file(&[2], &[1])), ("t", b"GIF89a")]);
    let files = [("images", text("i")), ("labels", text("l")), ("test_images", text("t")), ("test_labels", text("l"))];
    let faults = call("idx", &files).signature(&Place::only(folder.path())).err().unwrap();
    let told: Vec<_> = faults.iter().map(|fault| (fault.code, fault.labels[0].span)).collect();
    let short = Code::TRUNCATED_FILE;
    assert_eq!(told, [(short, span(0)), (short, span(1)), (Code::WRONG_MAGIC, span(2)), (short, span(3))]);
}
