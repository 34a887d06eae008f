//! A data file that is being read: plain or gzip, told apart by content, or a member of an archive; measured, digested,
//! never read too far.

use super::archive::{Entry, Member};
use super::dataset::hexadecimal;
use super::{SourceFile, wording};
use crate::diag::{Code, Diagnostic, Span};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

/// Deflate packs no more than this many bytes into one.
pub(super) const MOST_PACKED: u128 = 1032;
/// Memory is taken in steps: as much again as has been read, and at least this.
pub(super) const STEP: usize = 1 << 20;
/// The longest text that is read, in bytes, unpacked.
const LARGEST_TEXT: usize = 1 << 30;

/// The file's bytes as they pass, counted and digested.
struct Tap {
    file: File,
    passed: u64,
    digest: Sha256,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read(buffer)?;
        self.passed += got as u64;
        self.digest.update(&buffer[..got]);
        Ok(got)
    }
}

enum Stream {
    Plain(BufReader<Tap>),
    Packed(Box<MultiGzDecoder<BufReader<Tap>>>),
    Member(Box<Member>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Packed(stream) => stream.read(buffer),
            Stream::Member(member) => member.read(buffer),
        }
    }
}

/// An open data file.
pub(super) struct Input {
    path: PathBuf,
    /// The argument that named it.
    span: Span,
    stream: Stream,
    /// The file's length as it lies there.
    length: u64,
    /// Bytes read so far, unpacked.
    offset: u64,
    /// Where it ends by its own header, once that is known.
    end: Option<u64>,
}

impl Input {
    /// Opens a file that exists.
    pub(super) fn open(path: &Path, span: Span) -> Result<Input, Diagnostic> {
        let refuse = |why: &str| Err(unreadable(path, span, why));
        let found = std::fs::metadata(path).map_err(|error| unreadable(path, span, &error.to_string()))?;
        if found.is_dir() {
            return refuse("it is a folder");
        }
        if !found.is_file() {
            return refuse("it is no regular file");
        }
        let (file, packed) = open_regular(path).map_err(|error| unreadable(path, span, &error.to_string()))?;
        let reader = BufReader::with_capacity(1 << 16, Tap { file, passed: 0, digest: Sha256::new() });
        let stream = match packed {
            true => Stream::Packed(Box::new(MultiGzDecoder::new(reader))),
            false => Stream::Plain(reader),
        };
        Ok(Input { path: path.to_path_buf(), span, stream, length: found.len(), offset: 0, end: None })
    }

    /// Opens a member of an archive.
    pub(super) fn member(path: &Path, span: Span, entry: &Entry) -> Result<Input, Diagnostic> {
        let member = Member::open(path, entry).map_err(|error| unreadable(path, span, &error.to_string()))?;
        let stream = Stream::Member(Box::new(member));
        Ok(Input { path: path.to_path_buf(), span, stream, length: entry.size, offset: 0, end: None })
    }

    /// The path for a message.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The argument that named it.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// Bytes read so far, unpacked.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next `N` bytes, part of a header of which `what` says what it is.
    pub(super) fn header<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Diagnostic> {
        let mut bytes = [0; N];
        let mut filled = 0;
        while filled < N {
            match self.stream.read(&mut bytes[filled..]) {
                Ok(0) => {
                    let end = self.offset + filled as u64;
                    let expected = format!("{what}, {N} bytes from byte {}", self.offset);
                    return Err(self.truncated(end, &expected));
                }
                Ok(got) => filled += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error, self.offset + filled as u64)),
            }
        }
        self.offset += N as u64;
        Ok(bytes)
    }

    /// Whether the file can hold the `declared` bytes that follow, judged by its length alone. A plain file must hold
    /// exactly these.
    pub(super) fn expect(&mut self, declared: u128) -> Result<(), Diagnostic> {
        let end = u128::from(self.offset) + declared;
        let most = match self.stream {
            Stream::Plain(_) | Stream::Member(_) => u128::from(self.length),
            Stream::Packed(_) => u128::from(self.length) * MOST_PACKED,
        };
        let expected = format!("{} bytes in all, as the header declares", wording::thousands(end));
        if end <= most {
            self.end = u64::try_from(end).ok();
            return match self.stream {
                Stream::Plain(_) | Stream::Member(_) if end < most => Err(self.trailing(end, most - end)),
                _ => Ok(()),
            };
        }
        Err(match self.stream {
            Stream::Plain(_) | Stream::Member(_) => self.truncated(self.length, &expected),
            Stream::Packed(_) => {
                let length = wording::thousands(self.length);
                let found = format!("{length} packed bytes, which unpack to {} at most", wording::thousands(most));
                self.fault(Code::TRUNCATED_FILE, &found, &expected, "is shorter than its header says")
                    .help("the file was cut short or damaged: get it again")
            }
        })
    }

    /// The next `declared` bytes, appended to `into`, whose memory grows with what is really there.
    pub(super) fn body(&mut self, declared: usize, into: &mut Vec<u8>) -> Result<(), Diagnostic> {
        let end = self.end.unwrap_or(self.offset + declared as u64);
        let mut missing = declared;
        while missing > 0 {
            let step = missing.min((declared - missing).max(STEP));
            if into.try_reserve_exact(step).is_err() {
                let why = format!("its {} bytes do not fit in memory", wording::thousands(declared as u128));
                return Err(unreadable(&self.path, self.span, &why));
            }
            let before = into.len();
            let read = self.stream.by_ref().take(step as u64).read_to_end(into);
            let got = into.len() - before;
            self.offset += got as u64;
            read.map_err(|error| self.failed(&error, self.offset))?;
            if got < step {
                let expected = format!("{} bytes in all, as the header declares", wording::thousands(end));
                return Err(self.truncated(self.offset, &expected));
            }
            missing -= step;
        }
        Ok(())
    }

    /// Everything to the end of the file, and what was read.
    pub(super) fn whole(mut self) -> Result<(Vec<u8>, SourceFile), Diagnostic> {
        let mut all = Vec::new();
        loop {
            let before = all.len();
            if before > LARGEST_TEXT || all.try_reserve(STEP).is_err() {
                let why = format!("it holds more than {} bytes", wording::thousands(LARGEST_TEXT as u128));
                return Err(unreadable(&self.path, self.span, &why));
            }
            let read = self.stream.by_ref().take(STEP as u64).read_to_end(&mut all);
            let got = all.len() - before;
            self.offset += got as u64;
            read.map_err(|error| self.failed(&error, self.offset))?;
            if got == 0 {
                return Ok((all, self.finish()?));
            }
        }
    }

    /// Makes sure that nothing follows, and that what was read has the sum that an archive says.
    pub(super) fn close(&mut self) -> Result<(), Diagnostic> {
        let mut more = [0];
        loop {
            match self.stream.read(&mut more) {
                Ok(0) => return Ok(()),
                Ok(_) => return Err(self.trailing(u128::from(self.offset), 1)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error, self.offset)),
            }
        }
    }

    /// Closes it, and says what was read.
    pub(super) fn finish(mut self) -> Result<SourceFile, Diagnostic> {
        self.close()?;
        let tap = match self.stream {
            Stream::Plain(stream) => stream.into_inner(),
            Stream::Packed(stream) => stream.into_inner().into_inner(),
            Stream::Member(_) => crate::bug!("a member of an archive is no file"),
        };
        let sha256 = hexadecimal(&tap.digest.finalize());
        Ok(SourceFile { path: self.path.display().to_string(), bytes: tap.passed, sha256 })
    }

    /// A diagnostic about this file: what was found and what was expected instead.
    pub(super) fn fault(&self, code: Code, found: &str, expected: &str, label: &str) -> Diagnostic {
        let message = format!("`{}`: found {found}; expected {expected}", self.path.display());
        Diagnostic::new(code, message).at(self.span, format!("`{}` {label}", file_name(&self.path)))
    }

    /// An offset as a message names it.
    pub(super) fn at_byte(&self, offset: u64) -> String {
        let place = wording::thousands(offset);
        match &self.stream {
            Stream::Plain(_) => format!("at byte {place}"),
            Stream::Packed(_) => format!("at byte {place} of the unpacked file"),
            Stream::Member(member) => format!("at byte {place} of its member `{}`", member.name()),
        }
    }

    fn truncated(&self, end: u64, expected: &str) -> Diagnostic {
        let found = format!("the end {}", self.at_byte(end));
        self.fault(Code::TRUNCATED_FILE, &found, expected, "ends too early")
            .help("the file was cut short: get it again, and compare its checksum with the publisher's")
    }

    /// How much more there is in a packed file is not looked at.
    fn trailing(&self, end: u128, more: u128) -> Diagnostic {
        let least = if matches!(self.stream, Stream::Packed(_)) { "at least " } else { "" };
        let plural = if more == 1 { "" } else { "s" };
        let place = self.at_byte(u64::try_from(end).unwrap_or(u64::MAX));
        let found = format!("{least}{} more byte{plural} {place}", wording::thousands(more));
        let expected = "the end there, as the header declares";
        self.fault(Code::TRAILING_BYTES, &found, expected, "is longer than its header says")
            .help("the header or the file is damaged: get it again, or cut off what does not belong to it")
    }

    /// What a failed read means.
    fn failed(&self, error: &io::Error, offset: u64) -> Diagnostic {
        let packed = matches!(self.stream, Stream::Packed(_));
        match error.kind() {
            io::ErrorKind::UnexpectedEof if packed => {
                self.truncated(offset, "the end of the gzip stream, with its checksum")
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if packed => {
                let found = format!("a damaged gzip stream ({error}) {}", self.at_byte(offset));
                self.fault(Code::CORRUPT_GZIP, &found, "a gzip stream whose checksums agree", "cannot be unpacked")
                    .help(format!(
                        "`gzip -t {}` says the same if the file is damaged: get it again",
                        self.path.display()
                    ))
            }
            _ if matches!(self.stream, Stream::Member(_)) => {
                let found = format!("damage ({error}) {}", self.at_byte(offset));
                self.fault(Code::BAD_ARCHIVE, &found, "what the archive's list says of it", "is damaged")
                    .help("get the archive again, or write it anew")
            }
            _ => unreadable(&self.path, self.span, &format!("{error}, {}", self.at_byte(offset))),
        }
    }
}

/// Opens a file and looks whether it begins as gzip does.
fn open_regular(path: &Path) -> io::Result<(File, bool)> {
    let mut file = File::open(path)?;
    let mut first = Vec::new();
    file.by_ref().take(2).read_to_end(&mut first)?;
    file.rewind()?;
    Ok((file, first == [0x1f, 0x8b]))
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The diagnostic for a file that is there and cannot be read.
pub(super) fn unreadable(path: &Path, span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::UNREADABLE_FILE, format!("`{}` cannot be read: {why}", path.display()))
        .at(span, "named here")
        .help("name a regular file that you may read, by a path relative to the spec or an absolute one")
}
