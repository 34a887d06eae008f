//! Folds: chains with one accumulator, or with one a lane of the loop around; and folds in 16 lanes.

use super::Unsupported;
use super::arith::register_type;
use super::emit::{Emitter, Group, Held, Rounds};
use super::scalar;
use crate::loops::{FoldKind, Folding, LANES, Reg, RegKind, Stmt, Trip, Var};
use crate::math::Arith;
use cranelift::prelude::*;

/// The registers that a fold takes in.
pub(super) fn folded(folding: Folding) -> Vec<Reg> {
    match folding {
        Folding::Of(_, reg) => vec![reg],
        Folding::Dot(a, b) => vec![a, b],
    }
}

/// What a fold does to two accumulators.
fn kind_of(folding: Folding) -> FoldKind {
    match folding {
        Folding::Of(kind, _) => kind,
        Folding::Dot(..) => FoldKind::Sum,
    }
}

/// One element more.
fn take(c: &mut super::arith::Carrier, folding: Folding, kind: RegKind, total: Value, x: &[Value]) -> Value {
    match folding {
        Folding::Of(fold, _) => scalar::fold(c, fold, kind, total, x[0]),
        Folding::Dot(..) => c.fma(x[0], x[1], total),
    }
}

impl Emitter<'_, '_> {
    /// Writes a fold.
    pub fn fold(&mut self, stmt: &Stmt) -> Result<(), Unsupported> {
        let Stmt::Fold { reg, var, trip, lanes, body, folding } = stmt else { crate::bug!("not a fold") };
        let differs = self.group.is_some() && folded(*folding).iter().any(|reg| self.varies[reg.0 as usize]);
        match (*lanes, differs) {
            (true, _) => self.fold_in_lanes(*reg, *var, *trip, body, *folding),
            (false, true) => self.chains(*reg, *var, *trip, body, *folding),
            (false, false) => self.chain(*reg, *var, *trip, body, *folding),
        }
    }

    /// One accumulator, in the order of the index.
    fn chain(&mut self, reg: Reg, var: Var, trip: Trip, body: &[Stmt], folding: Folding) -> Result<(), Unsupported> {
        let kind = self.kind(reg);
        let end = self.trip(trip);
        let first = scalar::empty_fold(&mut self.carrier(1), kind_of(folding), kind);
        let total = self.counted(Rounds::Const(0), end, 1, vec![first], |emitter, index, carried| {
            emitter.variables[var.0 as usize] = Some(index);
            emitter.block(body)?;
            let x: Vec<Value> = folded(folding).into_iter().map(|reg| emitter.one(reg)).collect();
            Ok(vec![take(&mut emitter.carrier(1), folding, kind, carried[0], &x)])
        })?;
        self.set(reg, total[0]);
        Ok(())
    }

    /// A chain for each lane of the loop around.
    fn chains(&mut self, reg: Reg, var: Var, trip: Trip, body: &[Stmt], folding: Folding) -> Result<(), Unsupported> {
        let (kind, lanes, vectors) = (self.kind(reg), self.width(), self.vectors());
        let end = self.trip(trip);
        let first = scalar::empty_fold(&mut self.carrier(lanes), kind_of(folding), kind);
        let totals = self.counted(Rounds::Const(0), end, 1, vec![first; vectors], |emitter, index, carried| {
            emitter.variables[var.0 as usize] = Some(index);
            emitter.block(body)?;
            let mut totals = Vec::new();
            for (vector, total) in carried.iter().enumerate() {
                let x: Vec<Value> = folded(folding).into_iter().map(|reg| emitter.vector(reg, vector)).collect();
                totals.push(take(&mut emitter.carrier(lanes), folding, kind, *total, &x));
            }
            Ok(totals)
        })?;
        self.hold(reg, Held::Each(totals));
        Ok(())
    }

    /// 16 accumulators, element `i` in lane `i mod 16`, then a tree.
    fn fold_in_lanes(
        &mut self,
        reg: Reg,
        var: Var,
        trip: Trip,
        body: &[Stmt],
        folding: Folding,
    ) -> Result<(), Unsupported> {
        self.mark(var, body);
        let (kind, width) = (self.kind(reg), self.width());
        let vectors = LANES / width;
        let first = scalar::empty_fold(&mut self.carrier(width), kind_of(folding), kind);
        let around = self.group;
        let end = self.trip(trip);
        let whole = match end {
            Rounds::Const(n) => Rounds::Const(n / LANES * LANES),
            Rounds::Value(n) => Rounds::Value(self.builder.ins().band_imm_s(n, -(LANES as i64))),
        };
        let totals = self.counted(Rounds::Const(0), whole, LANES, vec![first; vectors], |emitter, base, carried| {
            emitter.group = Some(Group { var, base, shift: 0, vectors, active: width });
            emitter.block(body)?;
            let mut totals = Vec::new();
            for (vector, total) in carried.iter().enumerate() {
                totals.push(emitter.taken(folding, kind, vector, *total));
            }
            Ok(totals)
        })?;
        let total = match (end, whole) {
            (Rounds::Const(n), Rounds::Const(whole)) => {
                let totals = self.rest(var, whole, n - whole, body, folding, kind, totals)?;
                self.group = around;
                self.tree(kind_of(folding), kind, totals)
            }
            _ => {
                let (whole, end) = (self.count(whole), self.count(end));
                let total = self.unknown_rest(var, whole, end, body, folding, kind, &totals)?;
                self.group = around;
                total
            }
        };
        self.group = around;
        self.set(reg, total);
        Ok(())
    }

    /// The accumulator with one vector of elements more.
    fn taken(&mut self, folding: Folding, kind: RegKind, vector: usize, total: Value) -> Value {
        let width = self.width();
        let x: Vec<Value> = folded(folding).into_iter().map(|reg| self.vector(reg, vector)).collect();
        take(&mut self.carrier(width), folding, kind, total, &x)
    }

    /// What a known number of elements leaves behind the last full sixteen.
    #[expect(clippy::too_many_arguments, reason = "one place calls it, with what it has at hand")]
    fn rest(
        &mut self,
        var: Var,
        whole: usize,
        rest: usize,
        body: &[Stmt],
        folding: Folding,
        kind: RegKind,
        mut totals: Vec<Value>,
    ) -> Result<Vec<Value>, Unsupported> {
        let width = self.width();
        for (vector, start) in (0..rest).step_by(width).enumerate() {
            let active = (rest - start).min(width);
            let base = self.builder.ins().iconst(types::I64, (whole + start) as i64);
            self.group = Some(Group { var, base, shift: 0, vectors: 1, active });
            self.block(body)?;
            let taken = self.taken(folding, kind, 0, totals[vector]);
            totals[vector] = if active == width {
                taken
            } else {
                let mut carrier = self.carrier(width);
                let mask = carrier.int_vector((0..width).map(|lane| if lane < active { -1 } else { 0 }));
                carrier.choose(kind, mask, taken, totals[vector])
            };
        }
        Ok(totals)
    }

    /// The rest if the number of elements is not known: the accumulators go to memory, the elements one by one to
    /// theirs, and the tree is folded from there.
    #[expect(clippy::too_many_arguments, reason = "one place calls it, with what it has at hand")]
    fn unknown_rest(
        &mut self,
        var: Var,
        whole: Value,
        end: Value,
        body: &[Stmt],
        folding: Folding,
        kind: RegKind,
        totals: &[Value],
    ) -> Result<Value, Unsupported> {
        let (width, precision) = (self.width(), self.precision());
        let cell = precision.bytes();
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, (LANES * cell) as u32, 4);
        let slot = self.builder.create_sized_stack_slot(slot);
        for (vector, total) in totals.iter().enumerate() {
            self.builder.ins().stack_store(types::I64, *total, slot, (vector * width * cell) as i32);
        }
        let base = self.builder.ins().stack_addr(types::I64, slot, 0);
        let lane_type = match kind {
            RegKind::Bool => register_type(RegKind::Int, precision, 1),
            _ => register_type(kind, precision, 1),
        };
        self.counted(Rounds::Value(whole), Rounds::Value(end), 1, Vec::new(), |emitter, index, _| {
            emitter.group = Some(Group { var, base: index, shift: 0, vectors: 1, active: 1 });
            emitter.block(body)?;
            let lane = emitter.builder.ins().band_imm_s(index, LANES as i64 - 1);
            let lane = emitter.builder.ins().imul_imm_s(lane, cell as i64);
            let at = emitter.builder.ins().iadd(base, lane);
            let before = emitter.builder.ins().load(lane_type, MemFlagsData::trusted(), at, 0);
            let vector_type = register_type(kind, precision, width as u32);
            let total = emitter.builder.ins().scalar_to_vector(vector_type, before);
            let after = emitter.taken(folding, kind, 0, total);
            let after = emitter.builder.ins().extractlane(after, 0);
            emitter.builder.ins().store(MemFlagsData::trusted(), after, at, 0);
            Ok(Vec::new())
        })?;
        let vector_type = register_type(kind, precision, width as u32);
        let totals = (0..totals.len())
            .map(|vector| self.builder.ins().stack_load(types::I64, vector_type, slot, (vector * width * cell) as i32));
        let totals = totals.collect();
        Ok(self.tree(kind_of(folding), kind, totals))
    }

    /// Lane `i` with lane `i + 8`, then `+ 4`, `+ 2`, `+ 1`.
    fn tree(&mut self, fold: FoldKind, kind: RegKind, mut vectors: Vec<Value>) -> Value {
        let width = self.width();
        while vectors.len() > 1 {
            let half = vectors.len() / 2;
            for i in 0..half {
                vectors[i] = scalar::fold(&mut self.carrier(width), fold, kind, vectors[i], vectors[i + half]);
            }
            vectors.truncate(half);
        }
        let mut lanes: Vec<Value> = (0..width).map(|lane| self.carrier(width).lane(kind, vectors[0], lane)).collect();
        while lanes.len() > 1 {
            let half = lanes.len() / 2;
            for i in 0..half {
                lanes[i] = scalar::fold(&mut self.carrier(1), fold, kind, lanes[i], lanes[i + half]);
            }
            lanes.truncate(half);
        }
        lanes[0]
    }
}
