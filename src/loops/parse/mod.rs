//! Back from text; the form is shown in [`print`](super::print). What is read is not verified yet.
//!
//! A `#` begins a comment, up to the end of its line.

mod stmt;

pub use crate::tensor::text::ParseError;

use super::{Buffer, BufferId, Cell, Origins, Place, Precision, Program, RegKind, Slot};
use crate::tensor::text::{Cursor, MOST_NUMBERED, Parsed};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// The program of a text.
pub fn parse(text: &str) -> Parsed<Program> {
    let mut parser = Parser { cursor: Cursor::new(text)?, registers: BTreeMap::new(), most: 0, depth: 0 };
    let program = parser.program()?;
    parser.end()?;
    Ok(program)
}

struct Parser {
    cursor: Cursor,
    /// Kinds by register, as they were said.
    registers: BTreeMap<u32, RegKind>,
    /// One more than the largest register.
    most: u32,
    depth: usize,
}

impl Deref for Parser {
    type Target = Cursor;

    fn deref(&self) -> &Cursor {
        &self.cursor
    }
}

impl DerefMut for Parser {
    fn deref_mut(&mut self) -> &mut Cursor {
        &mut self.cursor
    }
}

impl Parser {
    fn program(&mut self) -> Parsed<Program> {
        self.word("loops")?;
        let name = self.name()?;
        let precision = self.one_of(&[("f32", Precision::F32), ("f64", Precision::F64)])?;
        self.word("scratch")?;
        let scratch = self.number()?;
        let own = if self.at_word("own") { self.number()? } else { 0 };
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
        Ok(Program {
            name: name.into(),
            precision,
            slots,
            buffers,
            registers,
            variables,
            scratch,
            own,
            body,
            origins: Origins::default(),
        })
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
        let ty = self.ty()?;
        let role = self.role()?;
        self.word("strides")?;
        let strides = self.list(Cursor::number)?;
        self.word("len")?;
        Ok(Slot { name, ty, role, strides, len: self.number()? })
    }

    fn buffer(&mut self, number: usize) -> Parsed<Buffer> {
        let found = self.numbered('b')?;
        self.in_order(found as usize, number)?;
        let cell = Cell::of(self.element()?);
        self.sign("[")?;
        let len = self.number()?;
        self.sign("]")?;
        let kind = self.one_of(&[("slot", 0), ("scratch", 1), ("own", 2)])?;
        let at = self.number()?;
        let place = match kind {
            0 => Place::Slot(at),
            1 => Place::Scratch(at),
            _ => Place::Own(at),
        };
        let name = self.name()?.into();
        Ok(Buffer { name, cell, len, place, span: self.span()? })
    }

    fn buffer_id(&mut self) -> Parsed<BufferId> {
        Ok(BufferId(self.numbered('b')?))
    }
}
