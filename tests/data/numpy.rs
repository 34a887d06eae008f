//! Arrays of numpy: files that numpy wrote (`tests/data/numpy`), in every type, order and version, and files that are
//! wrong in every way.

use super::{bind, call, fault, gzip, load, text};
use neurula::data::{Column, Dataset, Outcome, Place, Split, Value, Value::Number, Value::Percent};
use neurula::diag::{Code, Diagnostic};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The files that numpy wrote.
fn written() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy")
}

/// An array of version 1.0 with this head.
pub fn npy(head: &str, values: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((head.len() as u16).to_le_bytes());
    file.extend(head.bytes());
    file.extend(values);
    file
}

/// The text of a head.
pub fn head(element: &str, shape: &str) -> String {
    format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

/// Little-endian doubles.
pub fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An archive of these members, stored.
pub fn npz(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn place(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

fn read(folder: &Path, source: &str, arguments: &[(&str, Value)]) -> Outcome<Dataset> {
    load(&bind(source, arguments)?, &Place::only(folder), 0).map(|(_, set)| set)
}

/// The one fault of a file `a` read by `npy`, which an archive of it must share.
fn refused(file: Vec<u8>) -> Diagnostic {
    let folder = place(&[("a", file.clone()), ("b", npz(&[("a.npy", file)]))]);
    let alone = fault(read(folder.path(), "npy", &[("", text("a"))]));
    let within = fault(read(folder.path(), "npz", &[("", text("b"))]));
    assert!(alone.message.contains("found") && alone.message.contains("expected"), "{}", alone.message);
    let shared = [Code::TRUNCATED_FILE, Code::TRAILING_BYTES].contains(&alone.code) && within.code == Code::BAD_ARCHIVE;
    assert!(alone.code == within.code || shared, "{alone:?} {within:?}");
    alone
}

fn field(set: &Dataset, name: &str) -> Vec<f64> {
    let place = set.fields.iter().position(|field| field.name == name).unwrap_or_else(|| panic!("no `{name}`"));
    let each = set.fields[place].ty.elements();
    (0..set.rows() as u32).flat_map(|row| (0..each).map(move |i| set.value(place, row, i))).collect()
}

#[test]
fn every_element_order_and_packing_that_numpy_writes_is_read() {
    let set = read(&written(), "npz", &[("", text("packed.npz")), ("target", text("label")), ("classes", Number(3.0))]);
    let set = set.unwrap();
    let base: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 11)).collect();
    let mut looked = 0;
    for name in ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"] {
        let wanted = base.iter().map(|value| match name {
            "f4" | "f8" => (value - 5.0) * 0.5,
            "i1" => value - 5.0,
            "i2" | "i4" | "i8" => (value - 5.0) * 300.0,
            "u2" | "u4" | "u8" => value * 300.0,
            "b1" => f64::from(u8::from(*value > 4.0)),
            _ => *value,
        });
        for ending in ["", "_columns", "_big"] {
            if ending == "_big" && ["i1", "u1", "b1"].contains(&name) {
                continue;
            }
            assert_eq!(field(&set, &format!("{name}{ending}")), wanted.clone().collect::<Vec<_>>(), "{name}{ending}");
            looked += 1;
        }
    }
    assert_eq!(looked, 30);
    assert_eq!(field(&set, "deep"), (0..36).map(f64::from).collect::<Vec<_>>());
    assert_eq!(set.fields.iter().find(|field| field.name == "deep").unwrap().ty.shape, [2, 3]);
    assert_eq!(set.labels().unwrap(), [0, 1, 2, 0, 1, 2]);
    let bytes = set.fields.iter().position(|field| field.name == "u1_columns").unwrap();
    assert!(matches!(set.columns[bytes], Column::Bytes(_)), "bytes stay bytes in memory");
    assert_eq!(set.files.len(), 1);
    let stored = read(&written(), "npz", &[("", text("stored.npz"))]).unwrap();
    for name in ["x", "deep", "label"] {
        assert_eq!(field(&stored, name), field(&set, if name == "x" { "i2" } else { name }));
    }
    for version in ["version1.npy", "version2.npy", "version3.npy"] {
        assert_eq!(field(&read(&written(), "npy", &[("", text(version))]).unwrap(), "x"), field(&set, "f4"));
    }
}

#[test]
fn an_array_may_have_a_target_and_a_test() {
    let of = |values: &[f64]| npy(&head("<f8", &format!("({},)", values.len())), &doubles(values));
    let x = |rows: usize| npy(&head("<f8", &format!("({rows}, 2)")), &doubles(&vec![0.5; rows * 2]));
    let folder =
        place(&[("x", gzip(&x(6))), ("y", of(&[0.0, 1.0, 2.0, 0.0, 1.0, 2.0])), ("tx", x(2)), ("ty", of(&[2.0, 1.0]))]);
    let (file, target, classes) = (("", text("x")), ("target", text("y")), ("classes", Number(3.0)));
    let test = [("test", text("tx")), ("test_target", text("ty"))];
    let all = [file.clone(), target.clone(), classes.clone(), test[0].clone(), test[1].clone()];
    let set = read(folder.path(), "npy", &all).unwrap();
    assert_eq!(Split::ALL.map(|split| set.splits.get(split).len()), [6, 0, 2]);
    assert_eq!(set.labels().unwrap(), [0, 1, 2, 0, 1, 2, 2, 1]);
    assert_eq!(set.files.len(), 4);
    let share = [file.clone(), target.clone(), classes.clone(), ("test", Percent(50.0))];
    let set = read(folder.path(), "npy", &share).unwrap();
    let test = set.splits.get(Split::Test).as_slice();
    let mut classes_of: Vec<i32> = test.iter().map(|row| set.labels().unwrap()[*row as usize]).collect();
    classes_of.sort_unstable();
    assert_eq!(classes_of, [0, 1, 2], "a share of each class");
    let bare = read(folder.path(), "npy", &[file.clone(), target.clone()]).unwrap();
    assert_eq!(field(&bare, "y")[..3], [0.0, 1.0, 2.0]);
    assert!(bare.labels().is_none());
    for wrong in [
        vec![],
        vec![file.clone(), classes.clone()],
        vec![file.clone(), ("test_target", text("ty"))],
        vec![file.clone(), target.clone(), ("test", text("tx"))],
        vec![file.clone(), ("test", text("tx")), ("test_target", text("ty"))],
    ] {
        assert_eq!(fault(read(folder.path(), "npy", &wrong)).code, Code::SOURCE_ARGUMENT, "{wrong:?}");
    }
    let said = fault(read(folder.path(), "npy", &[file.clone(), ("target", text("ty"))]));
    assert_eq!(said.code, Code::COUNTS_DIFFER);
    assert!(said.message.contains("found 2 samples of `y`; expected 6, one for each of `x`"), "{}", said.message);
    let said = fault(read(folder.path(), "npy", &[file.clone(), ("test", text("ty"))]));
    assert_eq!(said.code, Code::SHAPES_DIFFER);
    let said = fault(read(folder.path(), "npy", &[file, target, ("classes", Number(2.0))]));
    assert_eq!(said.code, Code::LABEL_OUT_OF_RANGE);
    assert!(said.message.contains("found 2 in sample 2 at byte"), "{}", said.message);
}

#[test]
fn arrays_of_an_archive_are_fields_or_are_named() {
    let of = |values: &[f64]| npy(&head("<f8", &format!("({},)", values.len())), &doubles(values));
    let two = vec![
        ("x_train.npy", of(&[1.0, 2.0, 3.0])),
        ("y_train.npy", of(&[0.0, 1.0, 0.0])),
        ("x_test.npy", of(&[4.0])),
        ("y_test.npy", of(&[1.0])),
        ("notes.txt", b"not an array".to_vec()),
    ];
    let one = |values: &[f64], labels: &[f64]| {
        npz(&[("x.npy", of(values)), ("kind.npy", of(labels)), ("no-name.npy", of(&[7.0]))])
    };
    let folder = place(&[("two", npz(&two)), ("a", one(&[1.0, 2.0], &[0.0, 1.0])), ("b", one(&[9.0], &[1.0]))]);
    let named = [
        ("", text("two")),
        ("x", text("x_train")),
        ("target", text("y_train")),
        ("test_x", text("x_test")),
        ("test_target", text("y_test")),
        ("classes", Number(2.0)),
    ];
    let set = read(folder.path(), "npz", &named).unwrap();
    assert_eq!(Split::ALL.map(|split| set.splits.get(split).len()), [3, 0, 1]);
    assert_eq!((field(&set, "x"), set.labels().unwrap()), (vec![1.0, 2.0, 3.0, 4.0], &[0, 1, 0, 1][..]));
    let said = read(folder.path(), "npz", &[("", text("two"))]).unwrap_err();
    assert!(said.iter().all(|said| said.code == Code::COUNTS_DIFFER) && said.len() == 2, "{said:?}");
    let every = [("", text("a")), ("test", text("b")), ("target", text("kind")), ("classes", Number(2.0))];
    let set = read(folder.path(), "npz", &every).unwrap();
    assert_eq!((field(&set, "x"), set.labels().unwrap()), (vec![1.0, 2.0, 9.0], &[0, 1, 1][..]));
    assert_eq!(set.fields.len(), 2, "no name of the language");
    let said = fault(read(folder.path(), "npz", &[("", text("two")), ("x", text("x_trian"))]));
    assert_eq!((said.code, said.help.as_deref()), (Code::MISSING_ARRAY, Some("did you mean `x_train`?")));
    for wrong in [
        vec![("", text("a")), ("classes", Number(2.0))],
        vec![("", text("a")), ("test_x", text("x"))],
        vec![("", text("two")), ("x", text("x_train")), ("target", text("y_train")), ("test_x", text("x_test"))],
        vec![("", text("two")), ("x", text("x_train")), ("test_target", text("y_test"))],
        vec![("", text("two")), ("x", text("x_train")), ("test_x", text("x_test")), ("test", Percent(20.0))],
    ] {
        assert_eq!(fault(read(folder.path(), "npz", &wrong)).code, Code::SOURCE_ARGUMENT, "{wrong:?}");
    }
}

#[test]
fn what_is_wrong_in_an_array_is_told_with_its_byte() {
    let good = |shape: &str| npy(&head("<f8", shape), &doubles(&[1.0, 2.0]));
    for (file, code, found) in [
        (vec![], Code::TRUNCATED_FILE, "found the end at byte 0"),
        (good("(2,)")[..30].to_vec(), Code::TRUNCATED_FILE, "found the end at byte 30"),
        (good("(2,)")[..70].to_vec(), Code::TRUNCATED_FILE, "found the end at byte 70"),
        (b"PK\x03\x04 something".to_vec(), Code::WRONG_MAGIC, "found 50 4b 03 04 20 73 at byte 0"),
        (npy(&head("|O", "(2,)"), b"pickle"), Code::WRONG_ELEMENT, "found elements `|O` (Python objects) at byte 20"),
        (npy(&head("<c16", "(2,)"), &[0; 32]), Code::WRONG_ELEMENT, "(complex numbers)"),
        (npy(&head("<U3", "(2,)"), &[0; 24]), Code::WRONG_ELEMENT, "(texts)"),
        (npy(&head("|f8", "(2,)"), &[0; 16]), Code::WRONG_ELEMENT, "without a byte order"),
        (
            npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
            Code::WRONG_ELEMENT,
            "records",
        ),
        (good("(3,)"), Code::TRUNCATED_FILE, "expected 92 bytes in all, as the header declares"),
        (good("(1,)"), Code::TRAILING_BYTES, "found 8 more bytes at byte 76"),
        (good("(2, 4294967295, 4294967295, 4294967295, 4294967295)"), Code::TRUNCATED_FILE, "found the end at byte"),
        (good("(2, 18446744073709551616)"), Code::BAD_HEAD, "expected the size of an axis"),
        (good("(-2,)"), Code::BAD_HEAD, "found `-` at byte"),
        (good("()"), Code::BAD_HEAD, "found an array without axes"),
        (good(&format!("({})", "1, ".repeat(33))), Code::BAD_HEAD, "more than 32 axes"),
        (good("(0,)"), Code::NO_SAMPLES, "found the shape [0]"),
        (good("(2, 0)"), Code::NO_SAMPLES, "found the shape [2, 0]"),
        (npy("{'descr': '<f8', 'shape': (2,)}", &[0; 16]), Code::BAD_HEAD, "found the end of the head"),
        (npy("{'descr': '<f8', 'shape': (2,), 'shape': (2,)}", &[0; 16]), Code::BAD_HEAD, "found the entry `shape`"),
        (npy(&(head("<f8", "(2,)") + "more"), &[0; 16]), Code::BAD_HEAD, "expected nothing behind the dictionary"),
        (npy("{'descr", &[0; 16]), Code::BAD_HEAD, "expected the end of a text in quotes"),
        (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), Code::BAD_HEAD, "found version 9 at byte 6"),
        (
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
            Code::BAD_HEAD,
            "found a head of 4,294,967,295 bytes at byte 8",
        ),
        (npy(&head("<f8", "(2,)"), &doubles(&[1.0, f64::NAN])), Code::NOT_FINITE, "found NaN in sample 1 at byte 76"),
        (
            npy(&head(">f4", "(1, 1)"), &f32::INFINITY.to_be_bytes()),
            Code::NOT_FINITE,
            "found inf in sample 0 at byte 70",
        ),
    ] {
        let said = refused(file);
        assert_eq!(said.code, code, "{}", said.message);
        assert!(said.message.contains(found), "{}\n{found}", said.message);
        assert!(said.help.is_some());
    }
}

#[test]
fn what_is_wrong_in_an_archive_is_told_with_its_member() {
    let array = |value: f64| npy(&head("<f8", "(1,)"), &doubles(&[value]));
    let good = npz(&[("x.npy", array(1.0)), ("y.npy", array(2.0))]);
    let said = |file: Vec<u8>| fault(read(place(&[("a", file)]).path(), "npz", &[("", text("a"))]));
    let holds = |said: &Diagnostic, code: Code, words: &str| {
        assert_eq!(said.code, code, "{}", said.message);
        assert!(said.message.contains(words) && said.help.is_some(), "{}", said.message);
    };
    holds(&said(array(1.0)), Code::WRONG_MAGIC, "found 93 4e 55 4d at byte 0; expected 50 4b 03 04");
    holds(&said(vec![]), Code::WRONG_MAGIC, "found no byte");
    holds(&said(good[..good.len() - 1].to_vec()), Code::BAD_ARCHIVE, "found no list of members");
    holds(&said(npz(&[])), Code::MISSING_ARRAY, "expected one whose name can stand in a spec");
    holds(&said(npz(&[("x.npy", array(f64::NAN))])), Code::NOT_FINITE, "at byte 68 of its member `x.npy`");
    let mut torn = good.clone();
    let at = torn.windows(8).position(|bytes| bytes == 2f64.to_le_bytes()).unwrap();
    torn[at] ^= 1;
    holds(&said(torn), Code::BAD_ARCHIVE, "of its member `y.npy`");
    assert!(fault(read(place(&[("a", good.clone())]).path(), "npz", &[("", text("b"))])).code == Code::MISSING_FILE);
    // The list says a password, another packing, more bytes than there can be, the bytes of another member.
    let list = good.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let second = list + 4 + good[list + 4..].windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let with = |changes: &[(usize, u8)]| {
        let mut file = good.clone();
        changes.iter().for_each(|(at, byte)| file[*at] = *byte);
        file
    };
    holds(&said(with(&[(list + 8, 1)])), Code::BAD_ARCHIVE, "found a password, in its member `x.npy`");
    holds(&said(with(&[(list + 10, 93)])), Code::BAD_ARCHIVE, "expected stored or deflated bytes");
    holds(&said(with(&[(list + 27, 9)])), Code::BAD_ARCHIVE, "expected what can be packed so");
    let deflated = with(&[(list + 10, 8), (list + 26, 255)]);
    holds(&said(deflated), Code::BAD_ARCHIVE, "expected what can be packed so");
    let head_of_first = (0..4).map(|i| (second + 42 + i, 0)).collect::<Vec<_>>();
    holds(&said(with(&head_of_first)), Code::BAD_ARCHIVE, "share; expected each member to have its own");
}

#[test]
fn an_archive_that_unpacks_to_more_than_it_says_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&npy(&head("<f8", "(1,)"), &doubles(&[1.0]))).unwrap();
    (0..256).for_each(|_| packer.write_all(&[0; 1 << 20]).unwrap());
    let bomb = packer.finish().unwrap();
    let size = npy(&head("<f8", "(1,)"), &doubles(&[1.0])).len() as u32;
    // A zip archive by hand: what is stored is said to be deflated, and small.
    let mut file = npz(&[("x.npy", bomb)]);
    let list = file.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    file[list + 10] = 8;
    file[list + 24..list + 28].copy_from_slice(&size.to_le_bytes());
    std::fs::write(folder.path().join("a"), file).unwrap();
    let said = fault(read(folder.path(), "npz", &[("", text("a"))]));
    assert_eq!(said.code, Code::TRAILING_BYTES, "{}", said.message);
    // 100 million samples that deflate has packed well are promised by a head alone.
    let promise = npz(&[("x.npy", npy(&head("<f8", "(100000000, 1000)"), &[0; 64]))]);
    std::fs::write(folder.path().join("a"), promise).unwrap();
    let said = fault(read(folder.path(), "npz", &[("", text("a"))]));
    assert_eq!(said.code, Code::TRUNCATED_FILE, "{}", said.message);
}

/// Every byte of every file damaged in turn: what comes is an error value, or samples of the shape that was said.
#[test]
fn damage_anywhere_is_told_or_harmless() {
    let original = read(&written(), "npz", &[("", text("packed.npz"))]).unwrap();
    for (name, source, every) in [("version1.npy", "npy", 1), ("stored.npz", "npz", 2), ("packed.npz", "npz", 23)] {
        let whole = std::fs::read(written().join(name)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let call = call(source, &[("", text("a"))]);
        let (mut told, mut tried) = (0, 0);
        let mut damaged = |bytes: Vec<u8>| {
            std::fs::write(folder.path().join("a"), bytes).unwrap();
            tried += 1;
            match load(&call, &Place::only(folder.path()), 0) {
                Err(faults) => {
                    told += 1;
                    assert!(!faults.is_empty());
                    for fault in &faults {
                        let known = fault.code.0.starts_with("E07") || fault.code == Code::TOO_LARGE;
                        assert!(known && fault.help.is_some() && !fault.labels.is_empty(), "{fault:?}");
                    }
                }
                Ok((_, set)) => {
                    for (field, column) in set.fields.iter().zip(&set.columns) {
                        assert_eq!(column.len(), field.ty.elements() * set.rows());
                        // The sums of an archive let no other value through.
                        if name == "packed.npz"
                            && let Some(place) = original.fields.iter().position(|other| other == field)
                        {
                            assert_eq!(&original.columns[place], column, "{}", field.name);
                        }
                    }
                }
            }
        };
        for at in (0..whole.len()).step_by(every) {
            for flip in [0x01, 0x20, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                damaged(bytes);
            }
            damaged(whole[..at].to_vec());
            damaged([&whole[..at], &whole[at + 1..]].concat());
        }
        assert!(told * 3 > tried, "{name}: {told} of {tried}");
    }
}
