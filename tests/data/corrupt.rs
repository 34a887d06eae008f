//! Damaged files never panic, never take memory that they do not fill, and never give what was not written.

use super::{bind, fault, gzip, idx_file, text};
use neurula::data::{Column, Dataset, Outcome, Place};
use neurula::diag::Code;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

const COUNT: u32 = 40;

fn pixels() -> Vec<u8> {
    (0..COUNT * 12).map(|i| (i * 37 % 251) as u8).collect()
}

fn images() -> Vec<u8> {
    idx_file(&[COUNT, 3, 4], &pixels())
}

fn labels() -> Vec<u8> {
    idx_file(&[COUNT], &(0..COUNT).map(|i| (i % 10) as u8).collect::<Vec<_>>())
}

/// Reads a pair of files; if the header alone is refused, the whole must be refused for the same reason.
fn read(folder: &Path, images: &[u8], labels: &[u8]) -> Outcome<Dataset> {
    std::fs::write(folder.join("i"), images).unwrap();
    std::fs::write(folder.join("l"), labels).unwrap();
    let call = bind("idx", &[("images", text("i")), ("labels", text("l"))])?;
    let place = Place::only(folder);
    let (signature, dataset) = (call.signature(&place), call.read(&place, 0, "world"));
    match (signature, dataset) {
        (Ok(signature), Ok(dataset)) => {
            assert_eq!(signature, dataset.signature());
            Ok(dataset)
        }
        (Err(header), Err(whole)) => {
            assert_eq!(header, whole);
            Err(whole)
        }
        (Ok(_), Err(whole)) => Err(whole),
        (Err(header), Ok(_)) => panic!("refused by its header alone: {header:?}"),
    }
}

/// What a dataset that was accepted must be.
fn sound(dataset: &Dataset) {
    let (Column::Bytes(pixels), Column::Classes(labels)) = (&dataset.columns[0], &dataset.columns[1]) else { panic!() };
    assert_eq!(pixels.len(), labels.len() * dataset.fields[0].ty.elements());
    assert!(labels.iter().all(|label| (0..10).contains(label)));
    assert_eq!(dataset.splits.train.len(), labels.len());
}

/// Every fault is of this room and points at an argument.
fn told(outcome: &Outcome<Dataset>) {
    if let Err(faults) = outcome {
        assert!(!faults.is_empty());
        for fault in faults {
            assert!(fault.code.0.starts_with("E07") && fault.is_error() && !fault.labels.is_empty(), "{fault:?}");
            assert!(fault.help.is_some(), "{fault:?}");
        }
    }
}

/// One way to damage a file.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Append(Vec<u8>),
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    // Half of all places are in the header, where it matters.
    let place = || prop_oneof![0..24usize, 0..700usize];
    let some = || prop::collection::vec(any::<u8>(), 1..20);
    prop_oneof![
        place().prop_map(Damage::Cut),
        some().prop_map(Damage::Append),
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place(), some()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), 1..20usize).prop_map(|(at, count)| Damage::Remove(at, count)),
    ]
}

fn apply(mut file: Vec<u8>, damage: &Damage) -> Vec<u8> {
    let within = |at: usize| at % file.len().max(1);
    match damage {
        Damage::Cut(at) => file.truncate(within(*at)),
        Damage::Append(bytes) => file.extend(bytes),
        Damage::Set(at, byte) => {
            let at = within(*at);
            if let Some(place) = file.get_mut(at) {
                *place = *byte;
            }
        }
        Damage::Insert(at, bytes) => drop(file.splice(within(*at)..within(*at), bytes.iter().copied())),
        Damage::Remove(at, count) => {
            let at = within(*at);
            let end = (at + count).min(file.len());
            file.drain(at..end);
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damage_is_told_or_harmless(
        changes in prop::collection::vec(damage(), 1..4), of_images: bool, packed: bool, inside: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let whole = if of_images { images() } else { labels() };
        let spoil = |file| changes.iter().fold(file, apply);
        let file = match (packed, inside) {
            (true, true) => gzip(&spoil(whole)),
            (true, false) => spoil(gzip(&whole)),
            (false, _) => spoil(whole),
        };
        let outcome = match of_images {
            true => read(folder.path(), &file, &labels()),
            false => read(folder.path(), &images(), &file),
        };
        told(&outcome);
        if let Ok(dataset) = outcome {
            sound(&dataset);
            // The checksum of gzip lets nothing through that was not packed.
            if packed && !inside {
                prop_assert_eq!(&dataset.columns[0], &Column::Bytes(pixels()));
            }
        }
    }

    #[test]
    fn noise_is_no_file(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..4usize) {
        let folder = tempfile::tempdir().unwrap();
        let begin: [&[u8]; 4] = [&[], &[0x1f, 0x8b], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &[0, 0, 8, 3]];
        let outcome = read(folder.path(), &[begin[start], &bytes].concat(), &labels());
        told(&outcome);
        prop_assert!(outcome.is_err());
    }
}

#[test]
fn a_gzip_file_cut_or_prolonged_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let packed = gzip(&images());
    for end in 0..packed.len() {
        let fault = fault(read(folder.path(), &packed[..end], &labels()));
        assert_eq!(fault.code, Code::TRUNCATED_FILE, "{end}: {}", fault.message);
    }
    for more in [&[0][..], &[0; 700], b"tail", &[0x1f, 0x8b]] {
        let fault = fault(read(folder.path(), &[&packed, more].concat(), &labels()));
        assert!([Code::CORRUPT_GZIP, Code::TRUNCATED_FILE].contains(&fault.code), "{}", fault.message);
    }
}

#[test]
fn every_flipped_bit_of_a_gzip_file_is_told_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let packed = gzip(&labels());
    let mut corrupt = 0;
    for bit in 0..packed.len() * 8 {
        let mut file = packed.clone();
        file[bit / 8] ^= 1 << (bit % 8);
        let outcome = read(folder.path(), &images(), &file);
        told(&outcome);
        match outcome {
            Ok(dataset) => assert_eq!(dataset.labels().unwrap()[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]),
            Err(faults) => corrupt += usize::from(faults[0].code == Code::CORRUPT_GZIP),
        }
    }
    // The last eight bytes are checksum and length: each of their bits must be missed.
    assert!(corrupt >= 64, "{corrupt}");
}

#[test]
fn a_damaged_checksum_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut packed = gzip(&images());
    let end = packed.len();
    packed[end - 6] ^= 1;
    let fault = fault(read(folder.path(), &packed, &labels()));
    assert_eq!(fault.code, Code::CORRUPT_GZIP);
    assert!(
        fault.message.contains("at byte 496 of the unpacked file; expected a gzip stream whose checksums agree"),
        "{}",
        fault.message
    );
}

#[test]
fn a_header_of_terabytes_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for sizes in [[u32::MAX, u32::MAX, u32::MAX], [COUNT, 1 << 20, 1 << 20], [COUNT, 3, 5]] {
        for file in [idx_file(&sizes, &pixels()), gzip(&idx_file(&sizes, &pixels()))] {
            let fault = fault(read(folder.path(), &file, &labels()));
            assert_eq!(fault.code, Code::TRUNCATED_FILE, "{}", fault.message);
        }
    }
}

#[test]
fn a_bomb_is_not_unpacked_beyond_its_declared_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&images()).unwrap();
    (0..512).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    let bomb = encoder.finish().unwrap();
    let fault = fault(read(folder.path(), &bomb, &labels()));
    assert_eq!(fault.code, Code::TRAILING_BYTES);
}

/// Names the folder that [`reads_what_its_parent_wrote`] reads.
const FOLDER: &str = "NEURULA_TEST_DAMAGED_FOLDER";

/// A packed file promises 3 GB, holds 4 MB, and is read by a process that may take 1 GB.
#[cfg(target_os = "linux")]
#[test]
fn memory_grows_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    // Noise does not pack, so the length of the file alone would allow for the 3 GB.
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let packed = gzip(&idx_file(&[COUNT, 10_000, 7_500], &noise.take(4_000_000).collect::<Vec<_>>()));
    std::fs::write(folder.path().join("promise"), packed).unwrap();
    let child = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 1000000 && exec \"$0\" --exact data::corrupt::reads_what_its_parent_wrote"])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(folder.path().join("done").exists());
}

/// The child of the test above; by itself it has nothing to read.
#[test]
fn reads_what_its_parent_wrote() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let place = Place::only(&folder);
    let call = bind("idx", &[("images", text("promise"))]).unwrap();
    assert_eq!(call.signature(&place).unwrap().bytes(), 3_000_000_000);
    let fault = fault(call.read(&place, 0, "world"));
    assert_eq!(fault.code, Code::TRUNCATED_FILE, "{}", fault.message);
    assert!(fault.message.contains("found the end at byte 4,000,016 of the unpacked file"), "{}", fault.message);
    std::fs::write(Path::new(&folder).join("done"), "").unwrap();
}
