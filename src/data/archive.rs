//! Zip archives, as `.npz` files are: which members there are, and their bytes, stored or deflated, counted and summed.
//!
//! The list is believed in nothing that can be looked at: a member is read as far as the list says, unpacks to no more
//! than deflate can hold, and must have the sum that the list gives; members that would share bytes are refused.

use super::input::{MOST_PACKED, unreadable};
use super::{SourceFile, wording};
use crate::diag::{Code, Diagnostic, Span};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;
use zip::CompressionMethod;
use zip::read::ZipArchive;

/// The most members of an archive.
const MOST_MEMBERS: usize = 1 << 12;

/// A member, as the archive's list has it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its bytes begin in the archive.
    start: u64,
    packed: u64,
    /// Its bytes, unpacked.
    pub(super) size: u64,
    crc: u32,
    deflated: bool,
}

/// The members of an archive, in its order.
pub(super) fn list(path: &Path, span: Span) -> Result<Vec<Entry>, Diagnostic> {
    let fault = |code: Code, message: String, label: &str| {
        let message = format!("`{}`: {message}", path.display());
        Diagnostic::new(code, message).at(span, label).help(
            "give an archive as `numpy.savez` and `numpy.savez_compressed` write it: members stored or deflated, no password",
        )
    };
    let damaged = |what: String| fault(Code::BAD_ARCHIVE, what, "is a damaged archive");
    let mut file = regular(path, span)?;
    let length = file.metadata().map_err(|error| unreadable(path, span, &error.to_string()))?.len();
    let mut magic = Vec::new();
    let looked = file.by_ref().take(4).read_to_end(&mut magic).and_then(|_| file.rewind());
    looked.map_err(|error| unreadable(path, span, &error.to_string()))?;
    if ![&b"PK\x03\x04"[..], b"PK\x05\x06"].contains(&&magic[..]) {
        let found =
            if magic.is_empty() { "no byte".to_string() } else { format!("{} at byte 0", wording::hex(&magic)) };
        let message = format!("found {found}; expected 50 4b 03 04, the magic of a zip archive");
        return Err(fault(Code::WRONG_MAGIC, message, "is no archive"));
    }
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| damaged(format!("found no list of members ({error}); expected one at its end")))?;
    if archive.len() > MOST_MEMBERS {
        let message = format!("found {} members; expected at most {MOST_MEMBERS}", archive.len());
        return Err(fault(Code::TOO_LARGE, message, "too many members"));
    }
    let mut entries = Vec::with_capacity(archive.len());
    for number in 0..archive.len() {
        let member = archive.by_index_raw(number).map_err(|error| {
            damaged(format!("found {error}, in its member {}; expected the head of a member", number + 1))
        })?;
        let (Ok(name), Some(start)) = (member.name(), member.data_start()) else {
            return Err(damaged(format!("found no name of its member {}; expected one", number + 1)));
        };
        let (packed, size, method) = (member.compressed_size(), member.size(), member.compression());
        let entry = Entry {
            name: name.to_string(),
            start,
            packed,
            size,
            crc: member.crc32(),
            deflated: method == CompressionMethod::DEFLATE,
        };
        let about = |found: String, expected: &str| {
            damaged(format!("found {found}, in its member `{}`; expected {expected}", entry.name))
        };
        if member.encrypted() {
            return Err(about("a password".to_string(), "none"));
        }
        if !entry.deflated && method != CompressionMethod::STORE {
            return Err(about(format!("the packing {method}"), "stored or deflated bytes"));
        }
        let most = if entry.deflated { u128::from(packed) * MOST_PACKED } else { u128::from(packed) };
        if u128::from(size) > most || (!entry.deflated && size != packed) {
            let found = format!("{} bytes packed to {}", wording::thousands(size), wording::thousands(packed));
            return Err(about(found, "what can be packed so"));
        }
        if start.checked_add(packed).is_none_or(|end| end > length) {
            let found = format!("{} bytes from byte {}", wording::thousands(packed), wording::thousands(start));
            return Err(about(found, &format!("them to lie in the {} of the file", wording::thousands(length))));
        }
        entries.push(entry);
    }
    apart(&entries).map_err(damaged)?;
    Ok(entries)
}

/// Members that share bytes would unpack to much more than the file could hold.
fn apart(entries: &[Entry]) -> Result<(), String> {
    let mut by_start: Vec<&Entry> = entries.iter().collect();
    by_start.sort_by_key(|entry| (entry.start, entry.packed));
    match by_start.windows(2).find(|pair| pair[0].start + pair[0].packed > pair[1].start) {
        None => Ok(()),
        Some(pair) => Err(format!(
            "found bytes that `{}` and `{}` share; expected each member to have its own",
            pair[0].name, pair[1].name
        )),
    }
}

/// An archive's size and sum.
pub(super) fn digest(path: &Path, span: Span) -> Result<SourceFile, Diagnostic> {
    let mut file = regular(path, span)?;
    let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => {
                digest.update(&buffer[..got]);
                bytes += got as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, span, &error.to_string())),
        }
    }
    let sha256 = super::dataset::hexadecimal(&digest.finalize());
    Ok(SourceFile { path: path.display().to_string(), bytes, sha256 })
}

/// Opens a regular file.
fn regular(path: &Path, span: Span) -> Result<File, Diagnostic> {
    let failed = |error: io::Error| unreadable(path, span, &error.to_string());
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unreadable(path, span, "it is no regular file"));
    }
    File::open(path).map_err(failed)
}

enum Bytes {
    Stored(Take<BufReader<File>>),
    Deflated(Box<DeflateDecoder<Take<BufReader<File>>>>),
}

/// The bytes of a member as they pass. Its end is an error unless length and sum are those of the list.
pub(super) struct Member {
    entry: Entry,
    bytes: Bytes,
    crc: Crc,
    passed: u64,
}

impl Member {
    pub(super) fn open(path: &Path, entry: &Entry) -> io::Result<Member> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        file.seek(SeekFrom::Start(entry.start))?;
        let raw = file.take(entry.packed);
        let bytes = match entry.deflated {
            true => Bytes::Deflated(Box::new(DeflateDecoder::new(raw))),
            false => Bytes::Stored(raw),
        };
        Ok(Member { entry: entry.clone(), bytes, crc: Crc::new(), passed: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.entry.name
    }

    fn look_at_end(&self) -> io::Result<()> {
        let wrong = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let (found, said) = (self.passed, self.entry.size);
        if found != said {
            return wrong(format!("{found} bytes where the list says {said}"));
        }
        let (found, said) = (self.crc.sum(), self.entry.crc);
        if found == said { Ok(()) } else { wrong(format!("the sum {found:08x} where the list says {said:08x}")) }
    }
}

impl Read for Member {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = match &mut self.bytes {
            Bytes::Stored(bytes) => bytes.read(buffer)?,
            Bytes::Deflated(bytes) => bytes.read(buffer)?,
        };
        self.passed += got as u64;
        self.crc.update(&buffer[..got]);
        if got == 0 && !buffer.is_empty() {
            self.look_at_end()?;
        }
        Ok(got)
    }
}
