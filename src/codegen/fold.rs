//! Folds: a chain has one accumulator (in a lanes loop one in each lane); a fold in lanes has sixteen and a tree.

use super::Unsupported;
use super::arith::Carrier;
use super::emit::{Emitter, Group, Held, Rounds};
use super::scalar;
use crate::loops::{FoldKind, Folding, LANES, Reg, RegKind, Stmt, Trip, Var};
use crate::math::Arith;
use cranelift::prelude::*;

/// What is folded, of which kind.
#[derive(Clone, Copy)]
struct Fold {
    how: Folding,
    kind: RegKind,
}

impl Fold {
    fn begin(self, carrier: &mut Carrier) -> Value {
        scalar::empty_fold(carrier, self.merging(), self.kind)
    }

    /// How two accumulators are put together.
    const fn merging(self) -> FoldKind {
        match self.how {
            Folding::Of(fold, _) => fold,
            Folding::Dot(..) => FoldKind::Sum,
        }
    }

    /// `total` with one more element, whose registers have these values.
    fn step(self, carrier: &mut Carrier, total: Value, args: &[Value]) -> Value {
        match self.how {
            Folding::Of(fold, _) => scalar::fold(carrier, fold, self.kind, total, args[0]),
            Folding::Dot(..) => carrier.fma(args[0], args[1], total),
        }
    }

    fn merge(self, carrier: &mut Carrier, a: Value, b: Value) -> Value {
        scalar::fold(carrier, self.merging(), self.kind, a, b)
    }

    fn args(self) -> Vec<Reg> {
        match self.how {
            Folding::Of(_, reg) => vec![reg],
            Folding::Dot(a, b) => vec![a, b],
        }
    }
}

impl Emitter<'_, '_> {
    /// A chain.
    pub fn chain(&mut self, reg: Reg, var: Var, trip: Trip, body: &[Stmt], how: Folding) -> Result<(), Unsupported> {
        let fold = Fold { how, kind: self.kind(reg) };
        let varies = self.group.is_some() && self.varies[reg.0 as usize];
        let (vectors, lanes) = if varies { (self.vectors(), self.width()) } else { (1, 1) };
        let begin = fold.begin(&mut self.carrier(lanes));
        let rounds = self.trip(trip);
        let totals = self.counted(Rounds::Const(0), rounds, 1, vec![begin; vectors], |emitter, index, totals| {
            emitter.variables[var.0 as usize] = Some(index);
            emitter.block(body)?;
            let totals = totals.iter().enumerate().map(|(vector, total)| {
                let args = if varies { emitter.vectors_of(fold, vector) } else { emitter.ones_of(fold) };
                fold.step(&mut emitter.carrier(lanes), *total, &args)
            });
            Ok(totals.collect())
        })?;
        self.hold(reg, if varies { Held::Each(totals) } else { Held::One(totals[0]) });
        Ok(())
    }

    fn vectors_of(&mut self, fold: Fold, vector: usize) -> Vec<Value> {
        fold.args().into_iter().map(|arg| self.vector(arg, vector)).collect()
    }

    fn ones_of(&mut self, fold: Fold) -> Vec<Value> {
        fold.args().into_iter().map(|arg| self.one(arg)).collect()
    }

    /// Sixteen running accumulators, element `i` in lane `i mod 16`.
    pub fn fold_in_lanes(
        &mut self,
        reg: Reg,
        var: Var,
        trip: Trip,
        body: &[Stmt],
        how: Folding,
    ) -> Result<(), Unsupported> {
        let fold = Fold { how, kind: self.kind(reg) };
        self.mark_varying(var, body);
        let width = self.width();
        let vectors = LANES / width;
        let begin = fold.begin(&mut self.carrier(width));
        let rounds = self.trip(trip);
        let whole = match rounds {
            Rounds::Const(n) => Rounds::Const(n - n % LANES),
            Rounds::Value(n) => Rounds::Value(self.builder.ins().band_imm_s(n, !(LANES as i64 - 1))),
        };
        let totals = self.counted(Rounds::Const(0), whole, LANES, vec![begin; vectors], |emitter, base, totals| {
            let group = Group { var, base, shift: 0, vectors, active: width };
            emitter.group_totals(fold, group, body, totals)
        })?;
        let totals = match (rounds, whole) {
            (Rounds::Const(n), _) => self.rest_const(fold, var, n, body, totals)?,
            (Rounds::Value(n), whole) => self.rest_counted(fold, var, whole, n, body, &totals)?,
        };
        let total = self.tree(fold, totals);
        self.set(reg, total);
        Ok(())
    }

    /// The totals of a group's vectors with one more element in each active lane.
    fn group_totals(
        &mut self,
        fold: Fold,
        group: Group,
        body: &[Stmt],
        totals: &[Value],
    ) -> Result<Vec<Value>, Unsupported> {
        let width = self.width();
        self.group = Some(group);
        self.block(body)?;
        let totals = totals.iter().take(group.vectors).enumerate().map(|(vector, total)| {
            let args = self.vectors_of(fold, vector);
            let mut carrier = self.carrier(width);
            let more = fold.step(&mut carrier, *total, &args);
            if group.active == width {
                return more;
            }
            let used = carrier.int_vector((0..width).map(|lane| -i64::from(lane < group.active)));
            carrier.choose(fold.kind, used, more, *total)
        });
        let totals = totals.collect();
        self.group = None;
        Ok(totals)
    }

    /// The last elements if their number is known: full vectors, then one that is not full.
    fn rest_const(
        &mut self,
        fold: Fold,
        var: Var,
        rounds: usize,
        body: &[Stmt],
        mut totals: Vec<Value>,
    ) -> Result<Vec<Value>, Unsupported> {
        let width = self.width();
        let (first, rest) = (rounds - rounds % LANES, rounds % LANES);
        let (full, active) = (rest / width, rest % width);
        let base = self.count(Rounds::Const(0));
        if full > 0 {
            let group = Group { var, base, shift: first, vectors: full, active: width };
            let more = self.group_totals(fold, group, body, &totals)?;
            totals[..full].copy_from_slice(&more);
        }
        if active > 0 {
            let group = Group { var, base, shift: first + full * width, vectors: 1, active };
            totals[full] = self.group_totals(fold, group, body, &totals[full..])?[0];
        }
        Ok(totals)
    }

    /// The last elements if their number is read: one after the other, with the accumulators in memory.
    fn rest_counted(
        &mut self,
        fold: Fold,
        var: Var,
        first: Rounds,
        rounds: Value,
        body: &[Stmt],
        totals: &[Value],
    ) -> Result<Vec<Value>, Unsupported> {
        let (precision, width) = (self.precision(), self.width());
        let bytes = precision.bytes();
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, (LANES * bytes) as u32, 4);
        let slot = self.builder.create_sized_stack_slot(data);
        let memory = self.builder.ins().stack_addr(types::I64, slot, 0);
        let flags = MemFlagsData::new().with_notrap();
        for (vector, total) in totals.iter().enumerate() {
            self.builder.ins().store(flags, *total, memory, (vector * 16) as i32);
        }
        let begin = self.count(first);
        self.counted(first, Rounds::Value(rounds), 1, Vec::new(), |emitter, index, _| {
            let lane = emitter.builder.ins().isub(index, begin);
            let lane = emitter.builder.ins().imul_imm_s(lane, bytes as i64);
            let cell = emitter.builder.ins().iadd(memory, lane);
            emitter.variables[var.0 as usize] = Some(index);
            emitter.block(body)?;
            let total = emitter.load_total(fold.kind, cell);
            let args = emitter.ones_of(fold);
            let total = fold.step(&mut emitter.carrier(1), total, &args);
            emitter.store_total(fold.kind, total, cell);
            Ok(Vec::new())
        })?;
        let ty = super::arith::register_type(fold.kind, precision, width as u32);
        let totals = (0..totals.len()).map(|vector| self.builder.ins().load(ty, flags, memory, (vector * 16) as i32));
        Ok(totals.collect())
    }

    /// A lane of an accumulator in memory; truth values lie there as lanes of zeros or ones.
    fn load_total(&mut self, kind: RegKind, cell: Value) -> Value {
        let carrier = self.carrier(1);
        let ty = if kind == RegKind::Real { carrier.real_type() } else { carrier.int_type() };
        let value = carrier.builder.ins().load(ty, MemFlagsData::trusted(), cell, 0);
        match kind {
            RegKind::Bool => carrier.builder.ins().icmp_imm_u(IntCC::NotEqual, value, 0),
            RegKind::Real | RegKind::Int => value,
        }
    }

    fn store_total(&mut self, kind: RegKind, total: Value, cell: Value) {
        let carrier = self.carrier(1);
        let total = match kind {
            RegKind::Bool => {
                let ty = carrier.int_type();
                carrier.builder.ins().bmask(ty, total)
            }
            RegKind::Real | RegKind::Int => total,
        };
        carrier.builder.ins().store(MemFlagsData::trusted(), total, cell, 0);
    }

    /// Lane `i` with lane `i + 8`, then `+ 4`, `+ 2`, `+ 1`.
    fn tree(&mut self, fold: Fold, mut totals: Vec<Value>) -> Value {
        let width = self.width();
        let mut carrier = self.carrier(width);
        while totals.len() > 1 {
            let upper = totals.split_off(totals.len() / 2);
            for (total, other) in totals.iter_mut().zip(upper) {
                *total = fold.merge(&mut carrier, *total, other);
            }
        }
        let mut lanes: Vec<_> = (0..width).map(|lane| carrier.lane(fold.kind, totals[0], lane)).collect();
        let mut carrier = self.carrier(1);
        while lanes.len() > 1 {
            let upper = lanes.split_off(lanes.len() / 2);
            for (total, other) in lanes.iter_mut().zip(upper) {
                *total = fold.merge(&mut carrier, *total, other);
            }
        }
        lanes[0]
    }
}
