//! Statements: scalar operations, loops, branches and calls of nests and matrix products.

use super::Unsupported;
use super::emit::{Emitter, Group, Held, Rounds, arguments};
use super::scalar;
use crate::loops::{Matrix, Order, Reg, Stmt, Term, Trip, Var};
use crate::math::Arith;
use cranelift::prelude::*;

/// How many vectors of a lanes loop are carried out side by side: few enough for the machine's registers.
const VECTORS: usize = 4;
/// A lanes loop of more statements than this is carried out a vector at a time.
const MANY: usize = 48;

impl Emitter<'_, '_> {
    /// Writes a statement.
    pub fn stmt(&mut self, stmt: &Stmt) -> Result<(), Unsupported> {
        match stmt {
            Stmt::Constant { reg, value } => self.hold(*reg, Held::Constant(*value)),
            Stmt::Index { reg, var } => self.index(*reg, *var),
            Stmt::Let { reg, op, args, below } => {
                let kind = match args.last() {
                    Some(arg) => self.kind(*arg),
                    None => crate::bug!("{op:?} without operands"),
                };
                self.compute(*reg, args, |c, args| scalar::apply(c, *op, kind, args, *below));
            }
            Stmt::Fma { reg, a, b, c } => {
                self.compute(*reg, &[*a, *b, *c], |carrier, args| carrier.fma(args[0], args[1], args[2]))
            }
            Stmt::Load { reg, buffer, index } => self.load(*reg, *buffer, index),
            Stmt::Store { buffer, index, value } => self.store(*buffer, index, *value),
            Stmt::Loop { var, trip, order: Order::Lanes, body } => self.lanes(*var, *trip, body)?,
            Stmt::Loop { var, trip, order, body } => self.serial(*var, *trip, *order == Order::Reverse, body)?,
            Stmt::Fold { .. } => self.fold(stmt)?,
            Stmt::Matrix(matrix) => self.matrix(matrix)?,
            Stmt::Until { .. } => self.until(stmt)?,
            Stmt::When { cond, then, otherwise } => self.when(*cond, then, otherwise)?,
            Stmt::Nest { name, body, .. } => self.nest(name, body)?,
        }
        Ok(())
    }

    /// A loop's variable as an int register.
    fn index(&mut self, reg: Reg, var: Var) {
        let group = match self.group {
            Some(group) if group.var == var => group,
            _ => {
                let value = self.variable(var);
                let value = self.narrow(value);
                return self.set(reg, value);
            }
        };
        let lanes = self.width();
        let base = self.narrow(group.base);
        let each = (0..group.vectors).map(|vector| {
            let first = group.shift + vector * lanes;
            let mut carrier = self.carrier(lanes);
            let base = carrier.splat(crate::loops::RegKind::Int, base);
            let steps = carrier.int_vector((0..lanes).map(|lane| (first + lane) as i64));
            carrier.int_add(base, steps)
        });
        let each = each.collect();
        self.hold(reg, Held::Each(each));
    }

    /// A number of 64 bits as an int of the program.
    fn narrow(&mut self, value: Value) -> Value {
        match self.carrier(1).int_type() {
            types::I64 => value,
            ty => self.builder.ins().ireduce(ty, value),
        }
    }

    fn serial(&mut self, var: Var, trip: Trip, reverse: bool, body: &[Stmt]) -> Result<(), Unsupported> {
        let end = self.trip(trip);
        let last = if reverse {
            let count = self.count(end);
            Some(self.builder.ins().iadd_imm_s(count, -1))
        } else {
            None
        };
        self.counted(Rounds::Const(0), end, 1, Vec::new(), |emitter, index, _| {
            let index = match last {
                Some(last) => emitter.builder.ins().isub(last, index),
                None => index,
            };
            emitter.variables[var.0 as usize] = Some(index);
            emitter.block(body)?;
            Ok(Vec::new())
        })?;
        Ok(())
    }

    /// A lanes loop: groups of vectors, then single vectors, then what is left of one.
    fn lanes(&mut self, var: Var, trip: Trip, body: &[Stmt]) -> Result<(), Unsupported> {
        self.mark(var, body);
        let width = self.width();
        let vectors = if statements(body) > MANY { 1 } else { VECTORS };
        let wide = width * vectors;
        match self.trip(trip) {
            Rounds::Const(rounds) => {
                let (groups, whole) = (rounds / wide * wide, rounds / width * width);
                self.groups(var, (Rounds::Const(0), Rounds::Const(groups)), vectors, width, body)?;
                self.groups(var, (Rounds::Const(groups), Rounds::Const(whole)), 1, width, body)?;
                if rounds > whole {
                    let base = self.builder.ins().iconst(types::I64, whole as i64);
                    self.group(Group { var, base, shift: 0, vectors: 1, active: rounds - whole }, body)?;
                }
            }
            Rounds::Value(count) => {
                let groups = self.builder.ins().band_imm_s(count, -(wide as i64));
                let whole = self.builder.ins().band_imm_s(count, -(width as i64));
                self.groups(var, (Rounds::Const(0), Rounds::Value(groups)), vectors, width, body)?;
                if vectors > 1 {
                    self.groups(var, (Rounds::Value(groups), Rounds::Value(whole)), 1, width, body)?;
                }
                self.groups(var, (Rounds::Value(whole), Rounds::Value(count)), 1, 1, body)?;
            }
        }
        Ok(())
    }

    /// Groups of some vectors, one after the other. `active` is the width, or 1 for a lane at a time.
    fn groups(
        &mut self,
        var: Var,
        (first, end): (Rounds, Rounds),
        vectors: usize,
        active: usize,
        body: &[Stmt],
    ) -> Result<(), Unsupported> {
        self.counted(first, end, vectors * active, Vec::new(), |emitter, base, _| {
            emitter.group(Group { var, base, shift: 0, vectors, active }, body)?;
            Ok(Vec::new())
        })?;
        Ok(())
    }

    fn group(&mut self, group: Group, body: &[Stmt]) -> Result<(), Unsupported> {
        let around = self.group.replace(group);
        let written = self.block(body);
        self.group = around;
        written
    }

    /// Notes which registers of a lanes loop's body differ from lane to lane.
    pub fn mark(&mut self, var: Var, body: &[Stmt]) {
        for stmt in body {
            let (reg, differs) = match stmt {
                Stmt::Constant { reg, .. } => (*reg, false),
                Stmt::Index { reg, var: own } => (*reg, *own == var),
                Stmt::Let { reg, args, .. } => (*reg, args.iter().any(|arg| self.varies[arg.0 as usize])),
                Stmt::Fma { reg, a, b, c } => (*reg, [a, b, c].into_iter().any(|arg| self.varies[arg.0 as usize])),
                Stmt::Load { reg, index, .. } => (
                    *reg,
                    index.terms.iter().any(|(term, _)| match term {
                        Term::Var(own) => *own == var,
                        Term::Reg(reg) => self.varies[reg.0 as usize],
                    }),
                ),
                Stmt::Fold { reg, body, folding, .. } => {
                    self.mark(var, body);
                    let folded = super::fold::folded(*folding);
                    (*reg, folded.iter().any(|reg| self.varies[reg.0 as usize]))
                }
                Stmt::Loop { body, .. } | Stmt::Nest { body, .. } => {
                    self.mark(var, body);
                    continue;
                }
                Stmt::When { then, otherwise, .. } => {
                    self.mark(var, then);
                    self.mark(var, otherwise);
                    continue;
                }
                _ => continue,
            };
            self.varies[reg.0 as usize] = differs;
        }
    }

    fn until(&mut self, stmt: &Stmt) -> Result<(), Unsupported> {
        let Stmt::Until { var, trip, body, go, rounds } = stmt else { crate::bug!("not an until") };
        let end = self.trip(*trip);
        let limit = self.count(end);
        let (round, exit) = (self.builder.create_block(), self.builder.create_block());
        self.builder.append_block_param(round, types::I64);
        self.builder.append_block_param(exit, types::I64);
        let zero = self.builder.ins().iconst(types::I64, 0);
        let any = self.builder.ins().icmp(IntCC::SignedLessThan, zero, limit);
        self.builder.ins().brif(any, round, &arguments(Some(zero), &[]), exit, &arguments(Some(zero), &[]));
        self.builder.switch_to_block(round);
        let index = self.builder.block_params(round)[0];
        self.variables[var.0 as usize] = Some(index);
        self.block(body)?;
        let go = self.one(*go);
        let next = self.builder.ins().iadd_imm_s(index, 1);
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, next, limit);
        let more = self.builder.ins().band(more, go);
        self.builder.ins().brif(more, round, &arguments(Some(next), &[]), exit, &arguments(Some(next), &[]));
        self.builder.switch_to_block(exit);
        let done = self.builder.block_params(exit)[0];
        let done = self.builder.ins().ireduce(types::I32, done);
        let place = self.place(*rounds);
        self.builder.ins().store(MemFlagsData::trusted(), done, place.pointer, 0);
        Ok(())
    }

    fn when(&mut self, cond: Reg, then: &[Stmt], otherwise: &[Stmt]) -> Result<(), Unsupported> {
        if !self.is_one(cond) {
            return Err(Unsupported { message: "a branch that differs from lane to lane".to_string(), span: None });
        }
        let cond = self.one(cond);
        let (yes, no, exit) = (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(cond, yes, &[], no, &[]);
        for (block, body) in [(yes, then), (no, otherwise)] {
            self.builder.switch_to_block(block);
            self.block(body)?;
            self.builder.ins().jump(exit, &[]);
        }
        self.builder.switch_to_block(exit);
        Ok(())
    }

    /// A nest: a call of its function in the function that runs the steps, else its statements.
    fn nest(&mut self, name: &str, body: &[Stmt]) -> Result<(), Unsupported> {
        if !self.split {
            return self.block(body);
        }
        let program = self.program;
        let (number, outline) = self.units.nest(program, name, body)?;
        let mut args: Vec<Value> = Vec::new();
        for (buffer, _) in &outline.buffers {
            args.push(self.place(*buffer).pointer);
        }
        args.extend(outline.variables.iter().map(|var| self.variable(*var)));
        for reg in &outline.registers {
            let value = self.one(*reg);
            args.push(value);
        }
        let function = self.units.import(number, &mut self.builder);
        self.builder.ins().call(function, &args);
        self.comment(|| name.to_string());
        Ok(())
    }

    fn matrix(&mut self, matrix: &Matrix) -> Result<(), Unsupported> {
        let precision = self.precision();
        let number = self.units.matrix(precision)?;
        let bytes = precision.bytes() as i64;
        let mut args = Vec::new();
        let left = self.cell_address(matrix.left.buffer, &matrix.left.base);
        args.push(left);
        for stride in [matrix.left.row, matrix.left.column] {
            args.push(self.builder.ins().iconst(types::I64, stride as i64 * bytes));
        }
        for operand in [&matrix.right, &matrix.out] {
            args.push(self.cell_address(operand.buffer, &operand.base));
            args.push(self.builder.ins().iconst(types::I64, operand.row as i64 * bytes));
        }
        let rows = self.trip(matrix.rows);
        let rows = self.count(rows);
        let columns = self.trip(matrix.columns);
        let columns = self.count(columns);
        let columns = if matrix.room > bound(matrix.columns) {
            let wide = 2 * self.width() as i64;
            let up = self.builder.ins().iadd_imm_s(columns, wide - 1);
            self.builder.ins().band_imm_s(up, -wide)
        } else {
            columns
        };
        let depth = self.trip(matrix.depth);
        let depth = self.count(depth);
        let accumulate = self.builder.ins().iconst(types::I64, i64::from(matrix.accumulate));
        args.extend([rows, columns, depth, accumulate]);
        let function = self.units.import(number, &mut self.builder);
        self.builder.ins().call(function, &args);
        self.comment(|| self.program.buffers[matrix.out.buffer.0 as usize].name.to_string());
        Ok(())
    }
}

fn bound(trip: Trip) -> usize {
    match trip {
        Trip::Const(n) | Trip::Count { bound: n, .. } => n,
    }
}

/// How many statements a block has, those inside others too.
fn statements(body: &[Stmt]) -> usize {
    let mut count = 0;
    crate::loops::walk::walk(body, &mut |_| count += 1);
    count
}
