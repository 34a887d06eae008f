//! Back from text; the form is shown in [`print`](super::print). What is read is not verified yet.
//!
//! A `#` begins a comment, up to the end of its line.

mod lex;
mod stmt;

use self::lex::{Token, lex};
use super::{Buffer, BufferId, Cell, Place, Precision, Program, RegKind, Slot};
use crate::diag::{FileId, Span};
use crate::tensor::{Count, Element, Extent, Role, Type};
use std::collections::BTreeMap;

/// Registers and variables are numbered below this, so that a slip of the pen does not ask for all memory.
const MOST_NUMBERED: u64 = 1 << 24;
/// Blocks are not nested deeper.
const DEEPEST: usize = 128;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What was found and expected.
    pub message: String,
}

type Parsed<T> = Result<T, ParseError>;

/// The program of a text.
pub fn parse(text: &str) -> Parsed<Program> {
    let mut parser = Parser { tokens: lex(text)?, next: 0, registers: BTreeMap::new(), most: 0, depth: 0 };
    let program = parser.program()?;
    parser.end()?;
    Ok(program)
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    next: usize,
    /// Kinds by register, as they were said.
    registers: BTreeMap<u32, RegKind>,
    /// One more than the largest register.
    most: u32,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)].0
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn wrong<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.peek() {
            Token::Word(text) | Token::Number(text) => format!("`{text}`"),
            Token::Quoted(text) => format!("{text:?}"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_string(),
        };
        self.error(format!("expected {expected}, found {found}"))
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let line = self.tokens[self.next.min(self.tokens.len() - 1)].1;
        Err(ParseError { line, message: message.into() })
    }

    fn end(&self) -> Parsed<()> {
        if *self.peek() == Token::End { Ok(()) } else { self.wrong("nothing more") }
    }

    fn at_sign(&mut self, sign: &'static str) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        self.next += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &'static str) -> Parsed<()> {
        if self.at_sign(sign) { Ok(()) } else { self.wrong(&format!("`{sign}`")) }
    }

    fn at_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(text) if text == word);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Parsed<()> {
        if self.at_word(word) { Ok(()) } else { self.wrong(&format!("`{word}`")) }
    }

    /// One of some words.
    fn one_of<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
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

    fn number<T: std::str::FromStr>(&mut self) -> Parsed<T> {
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

    fn name(&mut self) -> Parsed<String> {
        match self.take() {
            Token::Word(name) | Token::Quoted(name) => Ok(name),
            _ => {
                self.next -= 1;
                self.wrong("a name")
            }
        }
    }

    /// The number behind a letter: `r4`, `i0`, `b12`.
    fn numbered(&mut self, letter: char) -> Parsed<u32> {
        match self.at_numbered(letter) {
            Some(number) if number < MOST_NUMBERED => {
                self.next += 1;
                Ok(number as u32)
            }
            Some(number) => self.error(format!("{letter}{number} is too large a number")),
            None => self.wrong(&format!("`{letter}` with a number")),
        }
    }

    fn at_numbered(&self, letter: char) -> Option<u64> {
        match self.peek() {
            Token::Word(text) => text.strip_prefix(letter).and_then(|digits| digits.parse().ok()),
            _ => None,
        }
    }

    /// `@file:start..end`, if it is there.
    fn span(&mut self) -> Parsed<Option<Span>> {
        if !self.at_sign("@") {
            return Ok(None);
        }
        let file = FileId(self.number()?);
        self.sign(":")?;
        let start = self.number()?;
        self.sign("..")?;
        Ok(Some(Span { file, start, end: self.number()? }))
    }

    fn program(&mut self) -> Parsed<Program> {
        self.word("loops")?;
        let name = self.name()?;
        let precision = self.one_of(&[("f32", Precision::F32), ("f64", Precision::F64)])?;
        self.word("scratch")?;
        let scratch = self.number()?;
        let variables = if self.at_word("variables") { Some(self.number::<u32>()?) } else { None };
        if variables.is_some_and(|variables| u64::from(variables) > MOST_NUMBERED) {
            return self.error("too many variables");
        }
        self.sign("{")?;
        let (mut slots, mut buffers) = (Vec::new(), Vec::new());
        while self.at_word("slot") {
            slots.push(self.slot(slots.len())?);
        }
        while self.at_word("buffer") {
            buffers.push(self.buffer(buffers.len())?);
        }
        while self.at_word("register") {
            let reg = self.numbered('r')?;
            self.sign(":")?;
            self.declare(reg)?;
        }
        let body = self.block()?;
        // What is read and never written has no kind yet, and `verify` refuses it.
        let kind = |reg| self.registers.get(&reg).copied().unwrap_or(RegKind::Real);
        let registers = (0..self.most).map(kind).collect();
        let variables = variables.unwrap_or_else(|| super::print::variables(&body));
        Ok(Program { name: name.into(), precision, slots, buffers, registers, variables, scratch, body })
    }

    /// The kind of a register, which stays the same.
    fn declare(&mut self, reg: u32) -> Parsed<()> {
        let kind = self.one_of(&[("real", RegKind::Real), ("int", RegKind::Int), ("bool", RegKind::Bool)])?;
        self.most = self.most.max(reg + 1);
        match self.registers.insert(reg, kind) {
            Some(other) if other != kind => self.error(format!("r{reg} was of another kind before")),
            _ => Ok(()),
        }
    }

    fn in_order(&mut self, found: usize, expected: usize) -> Parsed<()> {
        if found == expected { Ok(()) } else { self.error(format!("number {expected} comes next, not {found}")) }
    }

    fn slot(&mut self, number: usize) -> Parsed<Slot> {
        let found = self.number()?;
        self.in_order(found, number)?;
        let name = self.name()?.into();
        self.sign(":")?;
        let element = self.element()?;
        let shape = self.list(|parser| parser.extent())?;
        let roles = [("parameter", Role::Parameter), ("state", Role::State), ("input", Role::Input)];
        let role = self.one_of(&roles)?;
        self.word("strides")?;
        let strides = self.list(|parser| parser.number())?;
        self.word("len")?;
        Ok(Slot { name, ty: Type { element, shape }, role, strides, len: self.number()? })
    }

    fn element(&mut self) -> Parsed<Element> {
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

    fn extent(&mut self) -> Parsed<Extent> {
        if matches!(self.peek(), Token::Number(_)) {
            return Ok(Extent::Const(self.number()?));
        }
        let name = self.name()?.into();
        self.sign("<")?;
        Ok(Extent::Count(Count { name, bound: self.number()? }))
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Parser) -> Parsed<T>) -> Parsed<Vec<T>> {
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

    fn buffer(&mut self, number: usize) -> Parsed<Buffer> {
        let found = self.numbered('b')?;
        self.in_order(found as usize, number)?;
        let cell = Cell::of(self.element()?);
        self.sign("[")?;
        let len = self.number()?;
        self.sign("]")?;
        let in_slot = self.one_of(&[("slot", true), ("scratch", false)])?;
        let at = self.number()?;
        let place = if in_slot { Place::Slot(at) } else { Place::Scratch(at) };
        let name = self.name()?.into();
        Ok(Buffer { name, cell, len, place, span: self.span()? })
    }

    fn buffer_id(&mut self) -> Parsed<BufferId> {
        Ok(BufferId(self.numbered('b')?))
    }
}
