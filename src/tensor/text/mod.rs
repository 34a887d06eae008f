//! The text that both IRs are written in: tokens, and a cursor that reads what they have in common.
//!
//! A `#` begins a comment, up to the end of its line. Names that are no plain words are quoted.

mod lex;

pub use lex::Token;

use super::{Count, Element, Extent, Role, Type};
use crate::diag::{FileId, Span};
use std::fmt;

/// Values are numbered below this, so that a slip of the pen does not ask for all memory.
pub const MOST_NUMBERED: u64 = 1 << 24;
/// Bodies are not nested deeper.
pub const DEEPEST: usize = 128;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What was found and expected.
    pub message: String,
}

/// What was read, or what is wrong.
pub type Parsed<T> = Result<T, ParseError>;

/// A name as it is written: alone if it is a plain word, else in quotes.
pub struct Word<'a>(pub &'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let starts = self.0.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if starts && self.0.chars().all(plain) { f.write_str(self.0) } else { write!(f, "{:?}", self.0) }
    }
}

/// A real as it is written: the shortest text that reads back as the same number.
pub struct Real(pub f64);

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() { f.write_str("nan") } else { write!(f, "{:?}", self.0) }
    }
}

/// A place in the spec, with a blank before it.
pub struct At(pub Option<Span>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => write!(f, " @{}:{}..{}", span.file.0, span.start, span.end),
            None => Ok(()),
        }
    }
}

/// The word for a slot's role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Parameter => "parameter",
        Role::State => "state",
        Role::Input => "input",
    }
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Cursor {
    tokens: Vec<(Token, usize)>,
    next: usize,
}

impl Cursor {
    /// The beginning of a text.
    pub fn new(text: &str) -> Parsed<Cursor> {
        Ok(Cursor { tokens: lex::lex(text)?, next: 0 })
    }

    /// What comes after what comes next.
    pub fn peek_second(&self) -> &Token {
        &self.tokens[(self.next + 1).min(self.tokens.len() - 1)].0
    }

    /// What comes next.
    pub fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    /// Whether what comes next stands on the line of what came before.
    pub fn on_the_line(&self) -> bool {
        let line = |token: usize| self.tokens[token.min(self.tokens.len() - 1)].1;
        self.next > 0 && *self.peek() != Token::End && line(self.next) == line(self.next - 1)
    }

    /// Takes what comes next.
    pub fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// The error that something else comes next.
    pub fn wrong<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.peek() {
            Token::Word(text) | Token::Number(text) => format!("`{text}`"),
            Token::Quoted(text) => format!("{text:?}"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_string(),
        };
        self.error(format!("expected {expected}, found {found}"))
    }

    /// An error where the text is now.
    pub fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let line = self.tokens[self.next.min(self.tokens.len() - 1)].1;
        Err(ParseError { line, message: message.into() })
    }

    /// Nothing may follow.
    pub fn end(&self) -> Parsed<()> {
        if *self.peek() == Token::End { Ok(()) } else { self.wrong("nothing more") }
    }

    /// Takes a sign, if it comes next.
    pub fn at_sign(&mut self, sign: &'static str) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        self.next += usize::from(found);
        found
    }

    /// Takes a sign.
    pub fn sign(&mut self, sign: &'static str) -> Parsed<()> {
        if self.at_sign(sign) { Ok(()) } else { self.wrong(&format!("`{sign}`")) }
    }

    /// Takes a word, if it comes next.
    pub fn at_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(text) if text == word);
        self.next += usize::from(found);
        found
    }

    /// Takes a word.
    pub fn word(&mut self, word: &str) -> Parsed<()> {
        if self.at_word(word) { Ok(()) } else { self.wrong(&format!("`{word}`")) }
    }

    /// One of some words.
    pub fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        let chosen = match self.peek() {
            Token::Word(text) => choices.iter().find(|(word, _)| word == text),
            _ => None,
        };
        match chosen {
            Some((_, chosen)) => {
                self.next += 1;
                Ok(*chosen)
            }
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
                self.wrong(&words.join(" or "))
            }
        }
    }

    /// A number.
    pub fn number<T: std::str::FromStr>(&mut self) -> Parsed<T> {
        match self.peek() {
            Token::Number(text) => match text.parse() {
                Ok(number) => {
                    self.next += 1;
                    Ok(number)
                }
                Err(_) => self.error(format!("`{text}` is no such number")),
            },
            _ => self.wrong("a number"),
        }
    }

    /// A word or a quoted name.
    pub fn name(&mut self) -> Parsed<String> {
        match self.take() {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => {
                self.next -= 1;
                self.wrong("a name")
            }
        }
    }

    /// The number behind a letter: `r4`, `i0`, `b12`.
    pub fn numbered(&mut self, letter: char) -> Parsed<u32> {
        match self.at_numbered(letter) {
            Some(number) if number < MOST_NUMBERED => {
                self.next += 1;
                Ok(number as u32)
            }
            Some(number) => self.error(format!("{letter}{number} is too large a number")),
            None => self.wrong(&format!("`{letter}` with a number")),
        }
    }

    /// The number behind a letter, which is not taken.
    pub fn at_numbered(&self, letter: char) -> Option<u64> {
        match self.peek() {
            Token::Word(text) => text.strip_prefix(letter).and_then(|digits| digits.parse().ok()),
            _ => None,
        }
    }

    /// `@file:start..end`, if it is there.
    pub fn span(&mut self) -> Parsed<Option<Span>> {
        if !self.at_sign("@") {
            return Ok(None);
        }
        let file = FileId(self.number()?);
        self.sign(":")?;
        let start = self.number()?;
        self.sign("..")?;
        Ok(Some(Span { file, start, end: self.number()? }))
    }

    /// What an array holds.
    pub fn element(&mut self) -> Parsed<Element> {
        if self.at_word("class") {
            self.sign("<")?;
            let below = self.number()?;
            self.sign(">")?;
            return Ok(Element::Class(below));
        }
        let elements =
            [("real", Element::Real), ("int", Element::Int), ("bool", Element::Bool), ("byte", Element::Byte)];
        self.one_of(&elements)
    }

    /// The length of an axis.
    pub fn extent(&mut self) -> Parsed<Extent> {
        if matches!(self.peek(), Token::Number(_)) {
            return Ok(Extent::Const(self.number()?));
        }
        let name = self.name()?.into();
        self.sign("<")?;
        Ok(Extent::Count(Count { name, bound: self.number()? }))
    }

    /// A word that says what a slot is.
    pub fn role(&mut self) -> Parsed<Role> {
        self.one_of(&[("parameter", Role::Parameter), ("state", Role::State), ("input", Role::Input)])
    }

    /// A type, such as `real[32, 64]`.
    pub fn ty(&mut self) -> Parsed<Type> {
        let element = self.element()?;
        Ok(Type { element, shape: self.list(Cursor::extent)? })
    }

    /// A list in brackets.
    pub fn list<T>(&mut self, mut one: impl FnMut(&mut Cursor) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut all = Vec::new();
        self.sign("[")?;
        while !self.at_sign("]") {
            if !all.is_empty() {
                self.sign(",")?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// A real; `inf`, `-inf` and `nan` are some.
    pub fn real(&mut self) -> Parsed<f64> {
        match self.peek() {
            Token::Word(word) if word == "inf" || word == "nan" => {
                let value = if word == "inf" { f64::INFINITY } else { f64::NAN };
                self.next += 1;
                Ok(value)
            }
            _ => self.number(),
        }
    }
}
