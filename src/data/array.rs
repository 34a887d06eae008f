//! The head of an array in numpy's `.npy` format, and its values: numbers of any width and byte order, in rows or columns.

use super::input::{Input, STEP};
use super::{Column, Element, wording};
use crate::diag::{Code, Diagnostic};

const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// The longest text of a head.
const LONGEST_HEAD: usize = 1 << 16;
const MOST_AXES: usize = 32;
/// Rows are numbered by 32-bit integers.
pub(super) const MOST_SAMPLES: usize = i32::MAX as usize;

/// What an element of an array is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
    Truth,
}

/// What an array's head says.
#[derive(Debug, Clone)]
pub(super) struct Head {
    kind: Kind,
    /// Bytes of an element.
    width: usize,
    big_endian: bool,
    /// Whether the first axis runs fastest.
    columns_first: bool,
    /// The size of every axis; there is one at least.
    sizes: Vec<usize>,
    /// Where the values begin.
    start: u64,
}

impl Head {
    /// Samples: the size of the first axis.
    pub(super) fn samples(&self) -> usize {
        self.sizes[0]
    }

    /// The shape of a sample.
    pub(super) fn shape(&self) -> &[usize] {
        &self.sizes[1..]
    }

    /// Whether its values are bytes, and so are kept as bytes.
    pub(super) fn bytes(&self) -> bool {
        self.width == 1 && matches!(self.kind, Kind::Unsigned | Kind::Truth)
    }

    fn elements(&self) -> usize {
        self.sizes.iter().product()
    }
}

/// Why the text of a head cannot be used: the code, what was found where in the text, what was expected.
struct Misread {
    code: Code,
    found: String,
    at: usize,
    expected: &'static str,
}

/// Reads a head; the values follow, and nothing after them.
pub(super) fn head(input: &mut Input) -> Result<Head, Diagnostic> {
    let first = input.header::<8>("the magic of an npy file, with its version")?;
    if first[..6] != MAGIC {
        let found = format!("{} {}", wording::hex(&first[..6]), input.at_byte(0));
        return Err(input
            .fault(Code::WRONG_MAGIC, &found, "93 4e 55 4d 50 59, the magic of an npy file", "is no npy file")
            .help("give an array as `numpy.save` writes it; other formats are other sources"));
    }
    let length = match first[6] {
        1 => usize::from(u16::from_le_bytes(input.header::<2>("the length of the head")?)),
        2 | 3 => u32::from_le_bytes(input.header::<4>("the length of the head")?) as usize,
        version => {
            let found = format!("version {version} {}", input.at_byte(6));
            return Err(bad(input, &found, "version 1, 2 or 3"));
        }
    };
    if length > LONGEST_HEAD {
        let found = format!("a head of {} bytes {}", wording::thousands(length as u128), input.at_byte(8));
        return Err(bad(input, &found, &format!("at most {}", wording::thousands(LONGEST_HEAD as u128))));
    }
    let begin = input.offset();
    let mut text = Vec::new();
    input.body(length, &mut text)?;
    let mut head = Text { bytes: &text, at: 0 }.head().map_err(|misread| {
        let found = format!("{} {}", misread.found, input.at_byte(begin + misread.at as u64));
        let label = if misread.code == Code::WRONG_ELEMENT { "holds other elements" } else { "has a damaged head" };
        input.fault(misread.code, &found, misread.expected, label).help(HELP)
    })?;
    head.start = input.offset();
    if let Some(axis) = head.sizes.iter().position(|size| *size == 0) {
        let found = format!("the shape {}", wording::shape(&head.sizes));
        let label = if axis == 0 { "holds no samples" } else { "holds samples without elements" };
        return Err(input
            .fault(Code::NO_SAMPLES, &found, "at least one sample, with at least one element", label)
            .help("there is nothing to learn from in it"));
    }
    let all = head.sizes.iter().fold(head.width as u128, |all, size| all.saturating_mul(*size as u128));
    input.expect(all.min(u128::MAX >> 1))?;
    if head.samples() > MOST_SAMPLES {
        let found = format!("{} samples", wording::thousands(head.samples() as u128));
        let expected = format!("{} at most", wording::thousands(MOST_SAMPLES as u128));
        return Err(input.fault(Code::TOO_LARGE, &found, &expected, "has too many samples").help("give fewer samples"));
    }
    Ok(head)
}

const HELP: &str = "give an array of floats (f4, f8), integers (i1 to i8, u1 to u8) or bools, samples along its first axis, \
                    as `numpy.save` writes it";

fn bad(input: &Input, found: &str, expected: &str) -> Diagnostic {
    input.fault(Code::BAD_HEAD, found, expected, "has a damaged head").help(HELP)
}

/// The text of a head: a Python dictionary of three entries.
struct Text<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Text<'t> {
    fn head(mut self) -> Result<Head, Misread> {
        const ENTRIES: &str = "a dictionary of `descr`, `fortran_order` and `shape`, each once";
        let (mut element, mut columns_first, mut sizes) = (None, None, None);
        self.want(b'{')?;
        while !self.take(b'}') {
            let at = self.at;
            let key = self.quoted()?;
            self.want(b':')?;
            let again = match key {
                b"descr" => element.replace(self.element()?).is_some(),
                b"fortran_order" => columns_first.replace(self.truth()?).is_some(),
                b"shape" => sizes.replace(self.sizes()?).is_some(),
                _ => true,
            };
            if again {
                let found = format!("the entry `{}`", String::from_utf8_lossy(key));
                return Err(Misread { code: Code::BAD_HEAD, found, at, expected: ENTRIES });
            }
            if !self.take(b',') && self.look() != Some(b'}') {
                return Err(self.other("a comma or `}`"));
            }
        }
        if self.look().is_some() {
            return Err(self.other("nothing behind the dictionary"));
        }
        let (Some((kind, width, big_endian)), Some(columns_first), Some(sizes)) = (element, columns_first, sizes)
        else {
            let found = "the end of the head".to_string();
            return Err(Misread { code: Code::BAD_HEAD, found, at: self.at, expected: ENTRIES });
        };
        Ok(Head { kind, width, big_endian, columns_first, sizes, start: 0 })
    }

    /// The next byte that is no space.
    fn look(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.look() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn want(&mut self, byte: u8) -> Result<(), Misread> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.other(match byte {
            b'{' => "`{`",
            b':' => "`:`",
            _ => "`(`",
        }))
    }

    /// What is here is not what was expected.
    fn other(&mut self, expected: &'static str) -> Misread {
        let found = match self.look() {
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(byte)),
            Some(byte) => format!("the byte {byte:02x}"),
            None => "the end of the head".to_string(),
        };
        Misread { code: Code::BAD_HEAD, found, at: self.at, expected }
    }

    fn quoted(&mut self) -> Result<&'t [u8], Misread> {
        let quote = match self.look() {
            Some(quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.other("a text in quotes")),
        };
        let begin = self.at + 1;
        match self.bytes[begin..].iter().position(|byte| *byte == quote) {
            Some(length) => {
                self.at = begin + length + 1;
                Ok(&self.bytes[begin..begin + length])
            }
            None => {
                self.at = self.bytes.len();
                Err(self.other("the end of a text in quotes"))
            }
        }
    }

    fn element(&mut self) -> Result<(Kind, usize, bool), Misread> {
        let elements = "f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 or b1";
        let wrong = |found: String, at: usize| Misread { code: Code::WRONG_ELEMENT, found, at, expected: elements };
        if self.look() == Some(b'[') {
            return Err(wrong("records of several fields".to_string(), self.at));
        }
        let at = self.at;
        let text = self.quoted()?;
        let (order, rest) = match text {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            _ => (b'=', text),
        };
        let found = match rest {
            b"f4" => (Kind::Float, 4),
            b"f8" => (Kind::Float, 8),
            b"i1" => (Kind::Signed, 1),
            b"i2" => (Kind::Signed, 2),
            b"i4" => (Kind::Signed, 4),
            b"i8" => (Kind::Signed, 8),
            b"u1" => (Kind::Unsigned, 1),
            b"u2" => (Kind::Unsigned, 2),
            b"u4" => (Kind::Unsigned, 4),
            b"u8" => (Kind::Unsigned, 8),
            b"b1" => (Kind::Truth, 1),
            _ => {
                let what = match rest.first() {
                    Some(b'O') => " (Python objects)",
                    Some(b'c') => " (complex numbers)",
                    Some(b'U' | b'S' | b'a') => " (texts)",
                    Some(b'M' | b'm') => " (times)",
                    _ => "",
                };
                return Err(wrong(format!("elements `{}`{what}", String::from_utf8_lossy(text)), at));
            }
        };
        if order == b'|' && found.1 > 1 {
            return Err(wrong(format!("elements `{}` without a byte order", String::from_utf8_lossy(text)), at));
        }
        Ok((found.0, found.1, order == b'>'))
    }

    fn truth(&mut self) -> Result<bool, Misread> {
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            self.look();
            if self.bytes[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.other("`True` or `False`"))
    }

    fn sizes(&mut self) -> Result<Vec<usize>, Misread> {
        self.want(b'(')?;
        let (begin, mut sizes) = (self.at, Vec::new());
        while !self.take(b')') {
            self.look();
            let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let text = std::str::from_utf8(&self.bytes[self.at..self.at + digits]).unwrap_or("");
            let Ok(size) = text.parse::<u32>() else { return Err(self.other("the size of an axis, below 4294967296")) };
            self.at += digits;
            sizes.push(size as usize);
            if !self.take(b',') && self.look() != Some(b')') {
                return Err(self.other("a comma or `)`"));
            }
        }
        let found = |found: &str, expected| Misread { code: Code::BAD_HEAD, found: found.into(), at: begin, expected };
        match sizes.len() {
            0 => Err(found("an array without axes", "samples along a first axis")),
            1..=MOST_AXES => Ok(sizes),
            _ => Err(found("more than 32 axes", "at most 32")),
        }
    }
}

/// The values of an array as a column of this kind of element: bytes, classes, or real numbers; always in rows.
pub(super) fn values(input: &mut Input, head: &Head, element: Element) -> Result<Column, Diagnostic> {
    let mut column = match element {
        Element::Byte { .. } => Column::Bytes(Vec::new()),
        Element::Class(_) => Column::Classes(Vec::new()),
        Element::Int | Element::Real => Column::Reals(Vec::new()),
    };
    let (mut missing, mut bytes) = (head.elements(), Vec::new());
    while missing > 0 {
        let count = missing.min(STEP / head.width);
        bytes.clear();
        input.body(count * head.width, &mut bytes)?;
        let before = head.elements() - missing;
        let room = match &mut column {
            Column::Bytes(values) => values.try_reserve(count),
            Column::Classes(values) | Column::Ints(values) => values.try_reserve(count),
            Column::Reals(values) => values.try_reserve(count),
        };
        if room.is_err() {
            let why = format!("its {} values do not fit in memory", wording::thousands(head.elements() as u128));
            return Err(super::input::unreadable(input.path(), input.span(), &why));
        }
        for (number, raw) in bytes.chunks_exact(head.width).enumerate() {
            let value = value(head, raw);
            match &mut column {
                Column::Bytes(values) => values.push(value as u8),
                Column::Classes(values) | Column::Ints(values) => {
                    let classes = if let Element::Class(classes) = element { classes } else { 0 };
                    if value.fract() != 0.0 || !(0.0..classes as f64).contains(&value) {
                        return Err(no_class(input, head, before + number, value, classes));
                    }
                    values.push(value as i32);
                }
                Column::Reals(values) => {
                    if !value.is_finite() {
                        return Err(not_finite(input, head, before + number, value));
                    }
                    values.push(value);
                }
            }
        }
        missing -= count;
    }
    input.close()?;
    Ok(match (column, head.columns_first && head.sizes.len() > 1) {
        (Column::Bytes(values), true) => Column::Bytes(in_rows(&values, &head.sizes)),
        (Column::Classes(values), true) => Column::Classes(in_rows(&values, &head.sizes)),
        (Column::Reals(values), true) => Column::Reals(in_rows(&values, &head.sizes)),
        (column, _) => column,
    })
}

/// One value; integers beyond 2^53 are the nearest real number.
fn value(head: &Head, raw: &[u8]) -> f64 {
    let mut bytes = [0; 8];
    let width = head.width;
    bytes[..width].copy_from_slice(raw);
    if head.big_endian {
        bytes[..width].reverse();
    }
    let word = u64::from_le_bytes(bytes);
    let unused = 64 - 8 * width as u32;
    match (head.kind, width) {
        (Kind::Float, 4) => f64::from(f32::from_bits(word as u32)),
        (Kind::Float, _) => f64::from_bits(word),
        (Kind::Signed, _) => ((word << unused) as i64 >> unused) as f64,
        (Kind::Unsigned, _) => word as f64,
        (Kind::Truth, _) => f64::from(u8::from(word != 0)),
    }
}

/// The values of an array whose first axis runs fastest, with the last running fastest.
fn in_rows<T: Copy>(values: &[T], sizes: &[usize]) -> Vec<T> {
    let mut strides = Vec::with_capacity(sizes.len());
    let mut stride = 1;
    for size in sizes {
        strides.push(stride);
        stride *= size;
    }
    let (mut index, mut place, mut out) = (vec![0; sizes.len()], 0, Vec::with_capacity(values.len()));
    for _ in 0..values.len() {
        out.push(values[place]);
        for axis in (0..sizes.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < sizes[axis] {
                break;
            }
            place -= strides[axis] * sizes[axis];
            index[axis] = 0;
        }
    }
    out
}

/// A value as a message names it, by its place in the file.
fn told(input: &Input, head: &Head, number: usize, value: f64) -> String {
    let sample = if head.columns_first { number % head.samples() } else { number / (head.elements() / head.samples()) };
    let place = input.at_byte(head.start + (number * head.width) as u64);
    format!("{value} in sample {} {place}", wording::thousands(sample as u128))
}

fn not_finite(input: &Input, head: &Head, number: usize, value: f64) -> Diagnostic {
    let found = told(input, head, number, value);
    input
        .fault(Code::NOT_FINITE, &found, "a finite number", "holds what is no finite number")
        .help("leave such samples out, or put a number there, before the array is written")
}

fn no_class(input: &Input, head: &Head, number: usize, value: f64, classes: usize) -> Diagnostic {
    let found = told(input, head, number, value);
    let expected = format!("a whole number from 0 to {}", classes - 1);
    input
        .fault(Code::LABEL_OUT_OF_RANGE, &found, &expected, "holds what is no class")
        .help("raise `classes`, or number the classes from 0")
}
