//! One pass over the bytes of a text: comments, strings, numbers, brackets, and the cuts between items.
//!
//! The reserved words cut a text into pieces that are parsed alone, so that one slip hides no other. An item
//! word that begins a line begins a piece whatever is still open (`learn` and `data` go on within the braces
//! of a schedule); in mid-line it does so only where no bracket is open. What is wrong with the letters
//! themselves is found here, in plain words, before any grammar sees them.

use super::fault::{self, Fault, FaultKind};
use super::tree::{Comment, Unit};
use super::words;
use crate::diag::{FileId, Span};
use std::ops::Range;

/// How many brackets may be open at once.
pub const DEPTH_LIMIT: usize = 128;

/// How many faults of one piece are told.
const FAULT_LIMIT: usize = 8;

/// What the scan found.
pub struct Scan {
    /// The `//!` lines at the head.
    pub head: Vec<String>,
    /// All other comments.
    pub comments: Vec<Comment>,
    /// The pieces, in the order of the text.
    pub pieces: Vec<Piece>,
}

/// One item's stretch of the text.
pub struct Piece {
    /// From its first to its last token.
    pub range: Range<usize>,
    /// Where its keyword stands; none if it begins with no item word.
    pub keyword: Option<Range<usize>>,
    /// What is wrong with its letters and brackets; then it is not parsed.
    pub faults: Vec<Fault>,
    /// Whether it seems to begin in the midst of another item, by a word that is no name.
    pub accidental: bool,
}

/// What kind of token was read last.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Value,
    /// Something that a value must follow: an operator, a comma, a preposition.
    Open,
    Dot,
    Colon,
    /// The keyword of the current piece.
    Keyword,
}

struct Scanner<'a> {
    file: FileId,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// No token yet on this line.
    line_start: bool,
    last: Last,
    /// No line end since the last token.
    last_same_line: bool,
    /// Where an `also` or `allow(…)` began that only other such words separate from here.
    prefix: Option<usize>,
    prefix_end: usize,
    prefix_begins_line: bool,
    /// The open brackets of this piece, up to the limit, and how many are open beyond it.
    open: Vec<(u8, usize)>,
    beyond: usize,
    too_deep: bool,
    scan: Scan,
}

/// Scans a text.
pub fn scan(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
        line_start: true,
        last: Last::Nothing,
        last_same_line: false,
        prefix: None,
        prefix_end: 0,
        prefix_begins_line: false,
        open: Vec::new(),
        beyond: 0,
        too_deep: false,
        scan: Scan { head: Vec::new(), comments: Vec::new(), pieces: Vec::new() },
    };
    if text.starts_with('\u{feff}') {
        scanner.at = '\u{feff}'.len_utf8();
    }
    scanner.run();
    scanner.scan
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line_start = true;
                    self.last_same_line = false;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.bytes.get(self.at + 1) == Some(&b'/') => self.comment(),
                b'"' => self.string(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                b'0'..=b'9' => self.number(),
                b'(' | b'[' | b'{' => self.opening(byte),
                b')' | b']' | b'}' => self.closing(byte),
                0x80.. => self.foreign(),
                _ => self.sign(),
            }
        }
        if let (Some(_), Some(piece)) = (self.prefix, self.scan.pieces.last_mut()) {
            piece.range.end = self.prefix_end;
        }
        self.end_piece(self.bytes.len(), "the text ends here");
    }

    /// Notes a token from `start` to here.
    fn token(&mut self, start: usize, kind: Last) {
        self.prefix = None;
        self.piece_from(start);
        self.note(kind);
    }

    fn note(&mut self, kind: Last) {
        self.last = kind;
        self.last_same_line = true;
        self.line_start = false;
        if let Some(piece) = self.scan.pieces.last_mut() {
            piece.range.end = self.at;
        }
    }

    /// Makes sure that there is a piece to which a token can belong.
    fn piece_from(&mut self, start: usize) {
        if self.scan.pieces.is_empty() {
            self.scan.pieces.push(Piece { range: start..start, keyword: None, faults: Vec::new(), accidental: false });
        }
    }

    fn fault(&mut self, fault: Fault) {
        let start = self.at;
        self.piece_from(start);
        if let Some(piece) = self.scan.pieces.last_mut()
            && piece.faults.len() < FAULT_LIMIT
        {
            piece.faults.push(fault);
        }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, start: range.start as u32, end: range.end as u32 }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let line = self.text[self.at..self.at + length].trim_end();
        let untouched = self.scan.pieces.is_empty() && self.prefix.is_none();
        match line.strip_prefix("//!") {
            Some(about) if untouched => {
                self.scan.head.push(about.strip_prefix(' ').unwrap_or(about).to_owned());
            }
            _ => self.scan.comments.push(Comment {
                span: self.span(self.at..self.at + line.len()),
                text: line[2..].to_owned(),
                own_line: self.line_start,
            }),
        }
        self.at += length;
    }

    fn string(&mut self) {
        let start = self.at;
        let mut bad_escape = None;
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                None | Some(b'\n') => {
                    self.token(start, Last::Value);
                    let end = start + self.text[start..self.at].trim_end().len();
                    return self.fault(fault::unclosed_string(self.span(start..end), &self.text[start..end]));
                }
                Some(b'\\') => {
                    if !matches!(self.bytes.get(self.at + 1), Some(b'"' | b'\\' | b'n')) {
                        bad_escape = bad_escape.or(Some(self.at));
                        self.at += 1;
                    } else {
                        self.at += 2;
                    }
                }
                Some(_) => self.at += 1,
            }
        }
        self.token(start, Last::Value);
        if let Some(escape) = bad_escape {
            let end = escape + 1 + self.text[escape + 1..].chars().next().map_or(0, char::len_utf8);
            self.fault(fault::bad_escape(self.span(escape..end)));
        }
    }

    fn number(&mut self) {
        let start = self.at;
        self.digits();
        if self.bytes.get(self.at) == Some(&b'.') {
            match self.bytes.get(self.at + 1) {
                Some(b'0'..=b'9') => {
                    self.at += 1;
                    self.digits();
                }
                Some(b'.') => {}
                _ => {
                    self.at += 1;
                    self.token(start, Last::Value);
                    let written = &self.text[start..self.at];
                    return self.fault(fault::bare_point(self.span(start..self.at), format!("{written}0")));
                }
            }
        }
        self.exponent();
        let end = self.at;
        let word = word_end(self.bytes, self.at);
        self.at = word;
        self.token(start, Last::Value);
        if word > end && Unit::find(&self.text[end..word]).is_none() {
            let fault = fault::glued_letters(self.span(start..word), &self.text[start..end], &self.text[end..word]);
            self.fault(fault);
        }
    }

    fn digits(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            let within = byte.is_ascii_digit() || (*byte == b'_' && self.digit_follows(self.at));
            if !within {
                break;
            }
            self.at += 1;
        }
    }

    fn digit_follows(&self, at: usize) -> bool {
        self.bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    }

    fn exponent(&mut self) {
        if !matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            return;
        }
        let sign = usize::from(matches!(self.bytes.get(self.at + 1), Some(b'+' | b'-')));
        if self.bytes.get(self.at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            self.at += 1 + sign;
            self.digits();
        }
    }

    /// Whatever is neither a letter nor a digit nor a bracket.
    fn sign(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..];
        if rest.starts_with(b"..") {
            self.at += 2;
            return self.token(start, Last::Open);
        }
        if rest[0] == b'.' && self.digit_follows(start) {
            self.at += 1;
            self.digits();
            self.exponent();
            self.at = word_end(self.bytes, self.at);
            self.token(start, Last::Value);
            let written = &self.text[start..self.at];
            return self.fault(fault::bare_point(self.span(start..self.at), format!("0{written}")));
        }
        let two = [b":=".as_slice(), b"->", b"==", b"!=", b"<=", b">="].iter().any(|sign| rest.starts_with(sign));
        self.at += if two { 2 } else { 1 };
        let kind = match rest[0] {
            b'.' => Last::Dot,
            b':' if !two => Last::Colon,
            b';' => Last::Value,
            _ => Last::Open,
        };
        self.token(start, kind);
    }

    fn foreign(&mut self) {
        let start = self.at;
        let length = self.bytes[start..].iter().take_while(|b| **b >= 0x80).count();
        self.at += length;
        self.token(start, Last::Value);
        let fault = fault::foreign_letters(self.span(start..self.at), &self.text[start..self.at]);
        self.fault(fault);
    }

    fn opening(&mut self, byte: u8) {
        let start = self.at;
        self.at += 1;
        self.token(start, Last::Open);
        if self.open.len() < DEPTH_LIMIT {
            self.open.push((byte, start));
            return;
        }
        self.beyond += 1;
        if !self.too_deep {
            self.too_deep = true;
            self.fault(fault::too_deep(self.span(start..start + 1)));
        }
    }

    fn closing(&mut self, byte: u8) {
        let start = self.at;
        self.at += 1;
        self.token(start, Last::Value);
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let opener = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let here = self.span(start..start + 1);
        match self.open.iter().rposition(|(open, _)| *open == opener) {
            None => match self.open.last().copied().filter(|(open, _)| self.wrongly_closed(*open)) {
                Some((open, place)) => {
                    self.fault(fault::mismatched_bracket(self.span(place..place + 1), open, here, byte));
                    self.open.pop();
                }
                None => self.fault(fault::stray_bracket(here, byte)),
            },
            Some(depth) => {
                if let Some((other, place)) = self.open.get(depth + 1..).and_then(<[_]>::last).copied() {
                    self.fault(fault::mismatched_bracket(self.span(place..place + 1), other, here, byte));
                }
                self.open.truncate(depth);
            }
        }
    }

    /// Whether a closing bracket of another kind stands for the one that would close `open`: that one does not follow
    /// on the line.
    fn wrongly_closed(&self, open: u8) -> bool {
        let wanted = match open {
            b'(' => ')',
            b'[' => ']',
            _ => return false,
        };
        let line = self.text[self.at..].lines().next().unwrap_or("");
        !line.contains(wanted)
    }

    fn word(&mut self) {
        let start = self.at;
        self.at = word_end(self.bytes, start);
        let word = &self.text[start..self.at];
        let begins_line = self.line_start;
        if matches!(word, "also" | "allow") {
            return self.prefix_word(start, word == "allow");
        }
        let behind_sign = self.last_same_line && matches!(self.last, Last::Dot | Last::Colon);
        match words::item_word(word) {
            Some(keyword) if !behind_sign => self.item_word(start, keyword, begins_line),
            _ => {
                let open = words::OTHER_RESERVED.contains(&word) && !matches!(word, "true" | "false");
                self.token(start, if open { Last::Open } else { Last::Value });
            }
        }
    }

    /// `also` or `allow(…)`, which belongs to the item that follows.
    fn prefix_word(&mut self, start: usize, allow: bool) {
        let (begins_line, depth) = (self.line_start, self.open.len());
        if let (true, Some(end)) = (allow, allow_end(self.bytes, self.at)) {
            self.at = end;
        }
        if self.prefix.is_none() && (begins_line || depth == 0) {
            self.prefix = Some(start);
            self.prefix_begins_line = begins_line;
        }
        self.prefix_end = self.at;
        self.last = Last::Value;
        self.last_same_line = true;
        self.line_start = false;
        // It is counted to the piece so far only if no item word follows: then `token` moves the end past it.
        if self.scan.pieces.is_empty() {
            self.piece_from(start);
        }
    }

    fn item_word(&mut self, start: usize, keyword: &'static str, begins_line: bool) {
        let on_line = begins_line || (self.prefix.is_some() && self.prefix_begins_line);
        let goes_on = matches!(keyword, "learn" | "data") && self.in_schedule();
        if goes_on || (!on_line && !self.open.is_empty()) {
            return self.token(start, Last::Value);
        }
        if !on_line && self.last == Last::Keyword && self.prefix.is_none() {
            self.token(start, Last::Value);
            let fault = fault::reserved_name(self.span(start..self.at), &self.text[start..self.at]);
            return self.fault(fault);
        }
        let accidental = !on_line && self.last_same_line && self.last == Last::Open;
        if accidental {
            let fault = fault::reserved_name(self.span(start..self.at), &self.text[start..self.at]);
            self.fault(fault);
        }
        let begin = self.prefix.take().unwrap_or(start);
        self.end_piece(begin, "the next item begins here");
        let range = begin..self.at;
        self.scan.pieces.push(Piece { range, keyword: Some(start..self.at), faults: Vec::new(), accidental });
        self.note(Last::Keyword);
    }

    /// Whether a brace of a development, an experiment or an evolution is open.
    fn in_schedule(&self) -> bool {
        let keyword = self.scan.pieces.last().and_then(|piece| piece.keyword.clone());
        let schedule =
            keyword.is_some_and(|word| matches!(&self.text[word], "development" | "experiment" | "evolution"));
        schedule && self.open.iter().any(|(open, _)| *open == b'{')
    }

    /// Ends the current piece before `next`; `why` says what is there.
    fn end_piece(&mut self, next: usize, why: &str) {
        let deep = std::mem::take(&mut self.too_deep);
        self.beyond = 0;
        let open = std::mem::take(&mut self.open);
        let Some(piece) = self.scan.pieces.last_mut() else { return };
        if piece.range.is_empty() {
            self.scan.pieces.pop();
            return;
        }
        let excused = deep || piece.faults.iter().any(|fault| fault.kind == FaultKind::OpenString);
        if let (Some((byte, place)), false) = (open.last().copied(), excused) {
            let end = piece.range.end;
            let at = next.min(self.bytes.len());
            let here = Span { file: self.file, start: at as u32, end: at as u32 };
            let opener = Span { file: self.file, start: place as u32, end: place as u32 + 1 };
            let last = self.text[..end].split_whitespace().next_back().unwrap_or_default();
            piece.faults.push(fault::unclosed_bracket(opener, byte, here, why, last));
        }
    }
}

/// Where the word that begins at `start` ends.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    start + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
}

/// Where the brackets behind an `allow` end, if they stand there on one line and hold what they should.
fn allow_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let blank = |at: &mut usize| {
        while matches!(bytes.get(*at), Some(b' ' | b'\t')) {
            *at += 1;
        }
    };
    blank(&mut at);
    (bytes.get(at) == Some(&b'(')).then_some(())?;
    let mut in_string = false;
    loop {
        at += 1;
        match bytes.get(at)? {
            b'\n' => return None,
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b')' if !in_string => return Some(at + 1),
            b'(' | b'{' | b'}' if !in_string => return None,
            _ => {}
        }
    }
}
