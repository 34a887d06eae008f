//! Statements, and those that hold others: loops, `when`, `until` and nests.

use super::Unsupported;
use super::emit::{Emitter, Held, Rounds, arguments};
use super::outline::Outline;
use super::scalar;
use super::units::ARGUMENT;
use crate::loops::verify;
use crate::loops::walk::walk;
use crate::loops::{Axis, BufferId, Index, Order, Reg, Split, Stmt, Trip, Var};
use crate::math::Arith;
use cranelift::prelude::*;

/// Rows of a matrix product that tiles divide without rest.
const ROWS: usize = 4;

impl Emitter<'_, '_> {
    /// Writes a statement.
    pub fn stmt(&mut self, stmt: &Stmt) -> Result<(), Unsupported> {
        match stmt {
            Stmt::Constant { reg, value } => self.hold(*reg, Held::Constant(*value)),
            Stmt::Index { reg, var } => self.index(*reg, *var),
            Stmt::Let { reg, op, args, below } => {
                let Some(kind) = args.last().map(|last| self.kind(*last)) else {
                    crate::bug!("{op:?} without operands")
                };
                self.compute(*reg, args, |carrier, args| scalar::apply(carrier, *op, kind, args, *below));
            }
            Stmt::Fma { reg, a, b, c } => {
                self.compute(*reg, &[*a, *b, *c], |carrier, args| carrier.fma(args[0], args[1], args[2]));
            }
            Stmt::Load { reg, buffer, index } => self.load(*reg, *buffer, index),
            Stmt::Store { buffer, index, value } => self.store(*buffer, index, *value),
            Stmt::Loop { var, trip, order: Order::Lanes, body } if trip.bound() > 1 => self.lanes(*var, *trip, body)?,
            Stmt::Loop { var, trip, order, body } => self.serial(*var, *trip, *order == Order::Reverse, body)?,
            Stmt::Fold { reg, var, trip, lanes, body, folding } => {
                if *lanes {
                    self.fold_in_lanes(*reg, *var, *trip, body, *folding)?;
                } else {
                    self.chain(*reg, *var, *trip, body, *folding)?;
                }
            }
            Stmt::Matrix(matrix) => self.matrix(matrix)?,
            Stmt::Until { var, trip, body, go, rounds } => self.until(*var, *trip, body, *go, *rounds)?,
            Stmt::When { cond, then, otherwise } => self.when(*cond, then, otherwise)?,
            Stmt::Nest { name, body, split: Some(split), .. } if self.split => self.share_nest(name, body, *split)?,
            Stmt::Nest { name, body, .. } if self.split && !holds_nests(body) => self.call_nest(name, body)?,
            Stmt::Nest { body, .. } => self.block(body)?,
        }
        Ok(())
    }

    fn index(&mut self, reg: Reg, var: Var) {
        let int = self.carrier(1).int_type();
        match self.group {
            Some(group) if group.var == var => {
                let lanes = self.width();
                let base = self.narrow(group.base, int);
                let each = (0..group.vectors).map(|vector| {
                    let first = (group.shift + vector * lanes) as i64;
                    let mut carrier = self.carrier(lanes);
                    let base = carrier.splat(crate::loops::RegKind::Int, base);
                    let steps = carrier.int_vector((0..lanes as i64).map(|lane| first + lane));
                    carrier.int_add(base, steps)
                });
                let each = each.collect();
                self.hold(reg, Held::Each(each));
            }
            _ => {
                let value = self.variable(var);
                let value = self.narrow(value, int);
                self.set(reg, value);
            }
        }
    }

    fn narrow(&mut self, value: Value, int: Type) -> Value {
        if int == types::I64 { value } else { self.builder.ins().ireduce(int, value) }
    }

    fn serial(&mut self, var: Var, trip: Trip, reverse: bool, body: &[Stmt]) -> Result<(), Unsupported> {
        let (first, rounds) = self.range(var, trip);
        self.counted(first, rounds, 1, Vec::new(), |emitter, index, _| {
            let value = if reverse {
                let count = emitter.count(rounds);
                let last = emitter.builder.ins().iadd_imm_s(count, -1);
                emitter.builder.ins().isub(last, index)
            } else {
                index
            };
            emitter.variables[var.0 as usize] = Some(value);
            emitter.block(body)?;
            Ok(Vec::new())
        })?;
        Ok(())
    }

    /// The first round of a loop, and the one behind its last: in a piece there are fewer of the loop that is cut.
    pub fn range(&mut self, var: Var, trip: Trip) -> (Rounds, Rounds) {
        match self.piece {
            Some((Axis::Loop(cut), first, end)) if cut == var => (Rounds::Value(first), Rounds::Value(end)),
            _ => (Rounds::Const(0), self.trip(trip)),
        }
    }

    fn when(&mut self, cond: Reg, then: &[Stmt], otherwise: &[Stmt]) -> Result<(), Unsupported> {
        let cond = self.one(cond);
        let [yes, no, after] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(cond, yes, &[], no, &[]);
        for (block, body) in [(yes, then), (no, otherwise)] {
            self.builder.switch_to_block(block);
            self.block(body)?;
            self.builder.ins().jump(after, &[]);
        }
        self.builder.switch_to_block(after);
        Ok(())
    }

    fn until(&mut self, var: Var, trip: Trip, body: &[Stmt], go: Reg, rounds: BufferId) -> Result<(), Unsupported> {
        let limit = self.trip(trip);
        let limit = self.count(limit);
        let (round, exit) = (self.builder.create_block(), self.builder.create_block());
        let index = self.builder.append_block_param(round, types::I64);
        let done = self.builder.append_block_param(exit, types::I64);
        let zero = self.builder.ins().iconst(types::I64, 0);
        let start = arguments(Some(zero), &[]);
        let any = self.builder.ins().icmp(IntCC::SignedLessThan, zero, limit);
        self.builder.ins().brif(any, round, &start, exit, &start);
        self.builder.switch_to_block(round);
        self.variables[var.0 as usize] = Some(index);
        self.block(body)?;
        let next = self.builder.ins().iadd_imm_s(index, 1);
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, next, limit);
        let go = self.one(go);
        let more = self.builder.ins().band(more, go);
        let next = arguments(Some(next), &[]);
        self.builder.ins().brif(more, round, &next, exit, &next);
        self.builder.switch_to_block(exit);
        let address = self.cell_address(rounds, &Index::at(0));
        let done = self.builder.ins().ireduce(types::I32, done);
        self.builder.ins().store(MemFlagsData::trusted(), done, address, 0);
        Ok(())
    }

    fn call_nest(&mut self, name: &str, body: &[Stmt]) -> Result<(), Unsupported> {
        let (number, outline) = self.units.nest(self.program, name, body, None)?;
        let args = self.seen(&outline);
        let function = self.units.import(number, &mut self.builder);
        self.builder.ins().call(function, &args);
        self.comment(|| name.to_string());
        Ok(())
    }

    /// What a nest sees of what is around it.
    fn seen(&mut self, outline: &Outline) -> Vec<Value> {
        let mut args = Vec::new();
        for (buffer, _) in &outline.buffers {
            args.push(self.place(*buffer).pointer);
        }
        args.extend(outline.variables.iter().map(|var| self.variable(*var)));
        for reg in &outline.registers {
            args.push(self.one(*reg));
        }
        args
    }

    /// Hands a nest to the team: the function of its pieces, where its arguments lie, and how many rounds there are to be cut.
    fn share_nest(&mut self, name: &str, body: &[Stmt], split: Split) -> Result<(), Unsupported> {
        let outside = self.outside();
        let (number, outline) = self.units.nest(self.program, name, body, Some(split))?;
        let mut args = self.seen(&outline);
        args.push(self.count(Rounds::Const(self.program.own)));
        let slot = &mut self.builder.func.sized_stack_slots[outside.arguments];
        slot.size = slot.size.max(args.len() as u32 * ARGUMENT);
        let arguments = self.builder.ins().stack_addr(types::I64, outside.arguments, 0);
        for (number, arg) in args.into_iter().enumerate() {
            self.builder.ins().store(MemFlagsData::trusted(), arg, arguments, number as i32 * ARGUMENT as i32);
        }
        let rounds = self.trip(along(body, split.axis));
        let rounds = self.count(rounds);
        let function = self.units.import(number, &mut self.builder);
        let function = self.builder.ins().func_addr(types::I64, function);
        let least = self.count(Rounds::Const(split.grain));
        let unit = self.count(Rounds::Const(unit(body, split.axis)));
        let signature = self.units.signature([types::I64; 6]);
        let signature = self.builder.import_signature(signature);
        let args = [outside.team, function, arguments, rounds, least, unit];
        self.builder.ins().call_indirect(signature, outside.share, &args);
        self.comment(|| name.to_string());
        Ok(())
    }
}

/// Pieces begin at multiples of this: where lanes begin, or tiles.
fn unit(body: &[Stmt], axis: Axis) -> usize {
    match axis {
        Axis::Rows => ROWS,
        _ => verify::split::unit(body, axis),
    }
}

/// How many rounds of a nest there are to be cut.
fn along(body: &[Stmt], axis: Axis) -> Trip {
    let mut found = None;
    walk(body, &mut |stmt| match (stmt, axis) {
        (Stmt::Loop { var, trip, .. }, Axis::Loop(cut)) if *var == cut => found = Some(*trip),
        (Stmt::Matrix(matrix), Axis::Rows) => found = Some(matrix.rows),
        (Stmt::Matrix(matrix), Axis::Columns) => found = Some(matrix.columns),
        _ => {}
    });
    match found {
        Some(trip) => trip,
        None => crate::bug!("a nest is split along {axis:?}, which it has not"),
    }
}

fn holds_nests(body: &[Stmt]) -> bool {
    let mut found = false;
    walk(body, &mut |stmt| found |= matches!(stmt, Stmt::Nest { .. }));
    found
}
