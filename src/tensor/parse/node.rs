//! Nodes: operations with their attributes, operands, product and span.

use super::{Draft, Parser};
use crate::diag::Span;
use crate::tensor::text::{Parsed, Token};
use crate::tensor::{Attributes, Contraction, Count, Extent, Name, Node, Op, Origin, Row, Value, Windows, op};

impl Parser {
    /// A node whose outputs have been read.
    pub(super) fn node(&mut self, draft: &mut Draft, outputs: Vec<Value>) -> Parsed<()> {
        let node = if self.cursor.at_word("loop") {
            self.looped(outputs)?
        } else if self.cursor.at_word("when") {
            self.when(outputs)?
        } else {
            let op = if self.cursor.at_word("bind") { Op::Bind(self.count()?) } else { self.row()? };
            let inputs = self.operands()?;
            let (product, span) = self.tail()?;
            Node { op, inputs, outputs, span, product, origin: Origin::default() }
        };
        draft.graph.nodes.push(node);
        Ok(())
    }

    /// A product's name and a span, if they are there.
    pub(super) fn tail(&mut self) -> Parsed<(Option<Name>, Option<Span>)> {
        let product = if self.cursor.at_word("product") { Some(self.cursor.name()?.into()) } else { None };
        Ok((product, self.cursor.span()?))
    }

    pub(super) fn count(&mut self) -> Parsed<Count> {
        match self.cursor.extent()? {
            Extent::Count(count) => Ok(count),
            Extent::Const(n) => self.cursor.error(format!("expected a count, found {n}")),
        }
    }

    fn row(&mut self) -> Parsed<Op> {
        let row = match self.cursor.peek() {
            Token::Word(word) => match op::find(word) {
                Some(row) => row,
                None => return self.unknown(word),
            },
            _ => return self.cursor.wrong("an operation"),
        };
        self.cursor.take();
        Ok(Op::Row(row, self.attributes()?))
    }

    fn unknown(&self, word: &str) -> Parsed<Op> {
        let near = |row: &&&Row| strsim::damerau_levenshtein(row.name, word) <= 2;
        let nearest = op::ALL.iter().filter(near).min_by_key(|row| strsim::damerau_levenshtein(row.name, word));
        let hint = nearest.map_or(String::new(), |row| format!("; is it `{}`?", row.name));
        self.cursor.error(format!("there is no operation `{word}`{hint}"))
    }

    /// What stands between an operation and its operands.
    fn attributes(&mut self) -> Parsed<Attributes> {
        let cursor = &mut self.cursor;
        if !cursor.on_the_line() {
            return Ok(Attributes::None);
        }
        match cursor.peek().clone() {
            Token::Quoted(text) => match Contraction::read(&text) {
                Ok(indices) => {
                    cursor.take();
                    Ok(Attributes::Contract(indices))
                }
                Err(message) => cursor.error(message),
            },
            Token::Number(text) if text.contains(['.', 'e', 'E', 'i']) => Ok(Attributes::Number(cursor.real()?)),
            Token::Number(_) => Ok(Attributes::Integer(cursor.number()?)),
            Token::Word(word) => self.worded(&word),
            _ => Ok(Attributes::None),
        }
    }

    /// Attributes that begin with a word.
    fn worded(&mut self, word: &str) -> Parsed<Attributes> {
        let cursor = &mut self.cursor;
        if matches!(word, "inf" | "nan") {
            return Ok(Attributes::Number(cursor.real()?));
        }
        if !matches!(word, "true" | "false" | "axes" | "to" | "axis" | "below" | "over") {
            return Ok(Attributes::None);
        }
        cursor.take();
        match word {
            "true" | "false" => Ok(Attributes::Truth(word == "true")),
            "axes" => Ok(Attributes::Axes(cursor.list(|cursor| cursor.number())?)),
            "below" => Ok(Attributes::Below(cursor.number()?)),
            "over" => {
                let lengths = cursor.list(|cursor| cursor.number())?;
                cursor.word("size")?;
                let sizes = cursor.list(|cursor| cursor.number())?;
                cursor.word("stride")?;
                let strides = cursor.list(|cursor| cursor.number())?;
                Ok(Attributes::Windows(Windows { lengths, sizes, strides }))
            }
            "axis" => {
                let axis = cursor.number()?;
                cursor.word("start")?;
                let start = cursor.number()?;
                cursor.word("length")?;
                Ok(Attributes::Part { axis, start, length: cursor.number()? })
            }
            _ => {
                let shape = cursor.list(|cursor| cursor.extent())?;
                match cursor.at_word("axes") {
                    true => Ok(Attributes::Expand { shape, axes: cursor.list(|cursor| cursor.number())? }),
                    false => Ok(Attributes::Shape(shape)),
                }
            }
        }
    }

    /// The operands, up to the end of the line.
    fn operands(&mut self) -> Parsed<Vec<Value>> {
        let mut operands = Vec::new();
        while self.cursor.on_the_line() && self.cursor.at_numbered('v').is_some() {
            operands.push(self.value()?);
            if !self.cursor.at_sign(",") {
                break;
            }
        }
        Ok(operands)
    }
}
