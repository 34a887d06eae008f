//! Statements.

use super::Parser;
use crate::loops::kinds::{fold_of_name, scalar_of_name};
use crate::loops::{
    Axis, Constant, FoldKind, Folding, Index, Mark, Matrix, Operand, Order, Reg, RegKind, Split, Stmt, Term, Trip, Var,
};
use crate::tensor::text::{DEEPEST, Parsed, Token};

impl Parser {
    /// Statements up to the closing brace, whose opening one has been read.
    pub(super) fn block(&mut self) -> Parsed<Vec<Stmt>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error(format!("blocks are nested deeper than {DEEPEST}"));
        }
        let mut block = Vec::new();
        while !self.at_sign("}") {
            block.push(self.stmt()?);
        }
        self.depth -= 1;
        Ok(block)
    }

    fn braces(&mut self) -> Parsed<Vec<Stmt>> {
        self.sign("{")?;
        self.block()
    }

    fn stmt(&mut self) -> Parsed<Stmt> {
        if self.at_numbered('r').is_some() {
            return self.definition();
        }
        if self.at_word("store") {
            let buffer = self.buffer_id()?;
            return Ok(Stmt::Store { buffer, index: self.index()?, value: self.reg()? });
        }
        if self.at_word("loop") {
            let (var, trip) = self.counted()?;
            let orders = [("serial", Order::Serial), ("reverse", Order::Reverse), ("lanes", Order::Lanes)];
            let order = self.one_of(&orders)?;
            return Ok(Stmt::Loop { var, trip, order, body: self.braces()? });
        }
        if self.at_word("matrix") {
            return Ok(Stmt::Matrix(self.matrix()?));
        }
        if self.at_word("until") {
            let (var, trip) = self.counted()?;
            self.word("go")?;
            let go = self.reg()?;
            self.word("rounds")?;
            let rounds = self.buffer_id()?;
            return Ok(Stmt::Until { var, trip, body: self.braces()?, go, rounds });
        }
        if self.at_word("when") {
            let cond = self.reg()?;
            let then = self.braces()?;
            self.word("else")?;
            return Ok(Stmt::When { cond, then, otherwise: self.braces()? });
        }
        if self.at_word("nest") {
            let name = self.name()?.into();
            let span = self.span()?;
            let split = if self.at_word("split") { Some(self.split()?) } else { None };
            return Ok(Stmt::Nest { name, span, split, body: self.braces()? });
        }
        self.wrong("a statement")
    }

    /// `i0 by 16` or `rows by 4`.
    fn split(&mut self) -> Parsed<Split> {
        let axis = if self.at_numbered('i').is_some() {
            Axis::Loop(self.var()?)
        } else {
            self.one_of(&[("rows", Axis::Rows), ("columns", Axis::Columns)])?
        };
        self.word("by")?;
        Ok(Split { axis, grain: self.number()? })
    }

    /// `r4: real = …`.
    fn definition(&mut self) -> Parsed<Stmt> {
        let number = self.numbered('r')?;
        let reg = Reg(number);
        self.sign(":")?;
        self.declare(number)?;
        self.sign("=")?;
        if self.at_word("constant") {
            return Ok(Stmt::Constant { reg, value: self.constant(self.registers[&number])? });
        }
        if self.at_word("index") {
            return Ok(Stmt::Index { reg, var: self.var()? });
        }
        if self.at_word("fma") {
            return Ok(Stmt::Fma { reg, a: self.reg()?, b: self.reg()?, c: self.reg()? });
        }
        if self.at_word("load") {
            let buffer = self.buffer_id()?;
            return Ok(Stmt::Load { reg, buffer, index: self.index()? });
        }
        if self.at_word("fold") {
            let (var, trip) = self.counted()?;
            let lanes = self.one_of(&[("chain", false), ("lanes", true)])?;
            let folding = self.folding()?;
            return Ok(Stmt::Fold { reg, var, trip, lanes, body: self.braces()?, folding });
        }
        let op = match self.peek() {
            Token::Word(word) => scalar_of_name(word),
            _ => None,
        };
        let Some(op) = op else { return self.wrong("an operation") };
        self.take();
        let mut args = Vec::new();
        while self.at_numbered('r').is_some() && !self.at_definition() {
            args.push(self.reg()?);
        }
        let below = if self.at_word("below") { Some(self.number()?) } else { None };
        Ok(Stmt::Let { reg, op, args, below })
    }

    /// Whether the next register is one that is written, by the next statement.
    fn at_definition(&self) -> bool {
        *self.peek_second() == Token::Sign(":")
    }

    fn constant(&mut self, kind: RegKind) -> Parsed<Constant> {
        match kind {
            RegKind::Real => Ok(Constant::Real(self.real()?)),
            RegKind::Int => Ok(Constant::Int(self.number()?)),
            RegKind::Bool => Ok(Constant::Bool(self.one_of(&[("true", true), ("false", false)])?)),
        }
    }

    fn folding(&mut self) -> Parsed<Folding> {
        if self.at_word("dot") {
            return Ok(Folding::Dot(self.reg()?, self.reg()?));
        }
        let fold: Option<FoldKind> = match self.peek() {
            Token::Word(word) => fold_of_name(word),
            _ => None,
        };
        let Some(fold) = fold else { return self.wrong("a fold") };
        self.take();
        Ok(Folding::Of(fold, self.reg()?))
    }

    fn reg(&mut self) -> Parsed<Reg> {
        let number = self.numbered('r')?;
        self.most = self.most.max(number + 1);
        Ok(Reg(number))
    }

    fn var(&mut self) -> Parsed<Var> {
        Ok(Var(self.numbered('i')?))
    }

    /// `i0 < 32` or `i0 < b7 max 32`.
    fn counted(&mut self) -> Parsed<(Var, Trip)> {
        let var = self.var()?;
        self.sign("<")?;
        Ok((var, self.trip()?))
    }

    fn trip(&mut self) -> Parsed<Trip> {
        if self.at_numbered('b').is_none() {
            return Ok(Trip::Const(self.number()?));
        }
        let buffer = self.buffer_id()?;
        self.word("max")?;
        Ok(Trip::Count { buffer, bound: self.number()? })
    }

    /// `[4 + 16*i0 + r2]`.
    fn index(&mut self) -> Parsed<Index> {
        let mut index = Index::default();
        self.sign("[")?;
        loop {
            let number = if matches!(self.peek(), Token::Number(_)) { Some(self.number::<usize>()?) } else { None };
            match number {
                Some(number) if !self.at_sign("*") => match index.offset.checked_add(number) {
                    Some(offset) => index.offset = offset,
                    None => return self.error("an offset larger than what can be counted"),
                },
                stride => index.terms.push((self.term()?, stride.unwrap_or(1))),
            }
            if !self.at_sign("+") {
                break;
            }
        }
        self.sign("]")?;
        Ok(index)
    }

    fn term(&mut self) -> Parsed<Term> {
        if self.at_numbered('i').is_some() { Ok(Term::Var(self.var()?)) } else { Ok(Term::Reg(self.reg()?)) }
    }

    fn matrix(&mut self) -> Parsed<Matrix> {
        self.word("rows")?;
        let rows = self.trip()?;
        self.word("columns")?;
        let columns = self.trip()?;
        self.word("depth")?;
        let depth = self.trip()?;
        self.word("left")?;
        let left = self.operand()?;
        self.word("right")?;
        let right = self.operand()?;
        self.word("out")?;
        let out = self.operand()?;
        self.word("room")?;
        let room = self.number()?;
        let accumulate = self.at_word("accumulate");
        Ok(Matrix { rows, columns, depth, left, right, out, accumulate, room, origin: Mark::default() })
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let buffer = self.buffer_id()?;
        let base = self.index()?;
        self.word("row")?;
        let row = self.number()?;
        let column = if self.at_word("column") { self.number()? } else { 1 };
        Ok(Operand { buffer, base, row, column })
    }
}
