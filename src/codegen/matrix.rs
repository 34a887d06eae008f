//! Matrix products: one function for all, of register-blocked tiles.
//!
//! A tile keeps some rows by some vectors of the result in registers while it goes along the depth. Every element is one
//! chain of fused multiply-adds in the order of the depth, whatever tile it falls into. Wider kernels, where a machine has
//! them, would stand behind the same parameters.

use super::arith::{real_type, width};
use crate::math::Precision;
use cranelift::prelude::*;

/// What the function takes: the left operand with its strides by row and by depth, the right one with its stride by
/// depth, the result with its stride by row (all strides in bytes), rows, columns, depth, and whether it accumulates.
pub(super) const PARAMETERS: [Type; 11] = [types::I64; 11];

/// Rows of the large tile.
const ROWS: usize = 4;
/// Vectors of a row of the large tile.
const VECTORS: usize = 2;
/// Steps of the depth that are written out one after the other.
const UNROLL: usize = 4;

struct Writer<'f> {
    b: FunctionBuilder<'f>,
    precision: Precision,
    left: Value,
    left_row: Value,
    left_depth: Value,
    right: Value,
    right_depth: Value,
    out: Value,
    out_row: Value,
    rows: Value,
    columns: Value,
    depth: Value,
    accumulate: Value,
}

/// Some rows by some columns of the result.
#[derive(Clone, Copy)]
struct Tile {
    rows: usize,
    /// Vectors, or single columns.
    columns: usize,
    /// Whether columns are vectors.
    vector: bool,
}

/// Writes the function.
pub(super) fn write<'f>(b: FunctionBuilder<'f>, precision: Precision, params: &[Value]) -> FunctionBuilder<'f> {
    let [left, left_row, left_depth, right, right_depth, out, out_row, rows, columns, depth, accumulate] = params
    else {
        crate::bug!("a matrix product with {} parameters", params.len())
    };
    let mut writer = Writer {
        b,
        precision,
        left: *left,
        left_row: *left_row,
        left_depth: *left_depth,
        right: *right,
        right_depth: *right_depth,
        out: *out,
        out_row: *out_row,
        rows: *rows,
        columns: *columns,
        depth: *depth,
        accumulate: *accumulate,
    };
    let zero = writer.b.ins().iconst(types::I64, 0);
    let mut column = zero;
    for (columns, vector) in [(VECTORS, true), (1, true), (1, false)] {
        column = writer.columns(column, columns, vector);
    }
    writer.b
}

impl Writer<'_> {
    fn lanes(&self, tile: Tile) -> usize {
        if tile.vector { width(self.precision) } else { 1 }
    }

    /// While `step` more fit below `end`, does something at each place; gives the first place where they do not.
    fn along(&mut self, start: Value, end: Value, step: usize, write: impl FnOnce(&mut Self, Value)) -> Value {
        let (head, body, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(head, types::I64);
        self.b.ins().jump(head, &[start.into()]);
        self.b.switch_to_block(head);
        let at = self.b.block_params(head)[0];
        let next = self.b.ins().iadd_imm_s(at, step as i64);
        let fits = self.b.ins().icmp(IntCC::SignedLessThanOrEqual, next, end);
        self.b.ins().brif(fits, body, &[], exit, &[]);
        self.b.switch_to_block(body);
        write(self, at);
        self.b.ins().jump(head, &[next.into()]);
        self.b.switch_to_block(exit);
        at
    }

    /// All rows of tiles of so many columns.
    fn columns(&mut self, start: Value, columns: usize, vector: bool) -> Value {
        let step = if vector { columns * width(self.precision) } else { columns };
        let end = self.columns;
        self.along(start, end, step, |writer, column| {
            let zero = writer.b.ins().iconst(types::I64, 0);
            let rows = writer.rows;
            let rest = writer.along(zero, rows, ROWS, |writer, row| {
                writer.tile(row, column, Tile { rows: ROWS, columns, vector });
            });
            writer.along(rest, rows, 1, |writer, row| {
                writer.tile(row, column, Tile { rows: 1, columns, vector });
            });
        })
    }

    fn tile(&mut self, row: Value, column: Value, tile: Tile) {
        let bytes = self.precision.bytes() as i64;
        let column_bytes = self.b.ins().imul_imm_s(column, bytes);
        let out_start = self.b.ins().imul(row, self.out_row);
        let out_start = self.b.ins().iadd(self.out, out_start);
        let out_start = self.b.ins().iadd(out_start, column_bytes);
        let left_start = self.b.ins().imul(row, self.left_row);
        let left_start = self.b.ins().iadd(self.left, left_start);
        let right_start = self.b.ins().iadd(self.right, column_bytes);
        let outs = self.row_starts(out_start, self.out_row, tile.rows);
        let first = self.first(&outs, tile);
        let totals = self.depths(left_start, right_start, first, tile);
        for (place, total) in totals.iter().enumerate() {
            let (row, column) = (place / tile.columns, place % tile.columns);
            let offset = (column * self.lanes(tile)) as i32 * bytes as i32;
            self.b.ins().store(Self::flags(), *total, outs[row], offset);
        }
    }

    fn flags() -> MemFlagsData {
        MemFlagsData::new().with_notrap()
    }

    fn row_starts(&mut self, start: Value, stride: Value, rows: usize) -> Vec<Value> {
        let mut starts = vec![start];
        for row in 1..rows {
            starts.push(self.b.ins().iadd(starts[row - 1], stride));
        }
        starts
    }

    fn cell_type(&self, tile: Tile) -> Type {
        let lane = real_type(self.precision);
        if tile.vector { lane.by(width(self.precision) as u32).unwrap_or(lane) } else { lane }
    }

    fn zero(&mut self, tile: Tile) -> Value {
        let zero = match self.precision {
            Precision::F32 => self.b.ins().f32const(0.0),
            Precision::F64 => self.b.ins().f64const(0.0),
        };
        if tile.vector {
            let ty = self.cell_type(tile);
            self.b.ins().splat(ty, zero)
        } else {
            zero
        }
    }

    /// What the accumulators begin with: what is there, or zeros.
    fn first(&mut self, outs: &[Value], tile: Tile) -> Vec<Value> {
        let ty = self.cell_type(tile);
        let bytes = self.precision.bytes() as i32;
        let (add, fresh, go) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        for _ in 0..tile.rows * tile.columns {
            self.b.append_block_param(go, ty);
        }
        self.b.ins().brif(self.accumulate, add, &[], fresh, &[]);
        self.b.switch_to_block(add);
        let mut there = Vec::new();
        for out in outs {
            for column in 0..tile.columns {
                let offset = (column * self.lanes(tile)) as i32 * bytes;
                there.push(self.b.ins().load(ty, Self::flags(), *out, offset).into());
            }
        }
        self.b.ins().jump(go, &there);
        self.b.switch_to_block(fresh);
        let zero = self.zero(tile);
        self.b.ins().jump(go, &vec![zero.into(); tile.rows * tile.columns]);
        self.b.switch_to_block(go);
        self.b.block_params(go).to_vec()
    }

    /// Along the depth: four steps at a time, then one at a time.
    fn depths(&mut self, left: Value, right: Value, totals: Vec<Value>, tile: Tile) -> Vec<Value> {
        let zero = self.b.ins().iconst(types::I64, 0);
        let (at, left, right, totals) = self.steps(zero, left, right, totals, tile, UNROLL);
        self.steps(at, left, right, totals, tile, 1).3
    }

    fn steps(
        &mut self,
        at: Value,
        left: Value,
        right: Value,
        totals: Vec<Value>,
        tile: Tile,
        unroll: usize,
    ) -> (Value, Value, Value, Vec<Value>) {
        let (head, body, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let ty = self.cell_type(tile);
        for _ in 0..3 {
            self.b.append_block_param(head, types::I64);
        }
        for _ in 0..totals.len() {
            self.b.append_block_param(head, ty);
        }
        let enter = super::emit::arguments(None, &[&[at, left, right], &totals[..]].concat());
        self.b.ins().jump(head, &enter);
        self.b.switch_to_block(head);
        let params = self.b.block_params(head).to_vec();
        let (at, mut left, mut right, mut totals) = (params[0], params[1], params[2], params[3..].to_vec());
        let state = (at, left, right, totals.clone());
        let next = self.b.ins().iadd_imm_s(at, unroll as i64);
        let fits = self.b.ins().icmp(IntCC::SignedLessThanOrEqual, next, self.depth);
        self.b.ins().brif(fits, body, &[], exit, &[]);
        self.b.switch_to_block(body);
        for _ in 0..unroll {
            self.step(left, right, &mut totals, tile);
            left = self.b.ins().iadd(left, self.left_depth);
            right = self.b.ins().iadd(right, self.right_depth);
        }
        let again = super::emit::arguments(None, &[&[next, left, right], &totals[..]].concat());
        self.b.ins().jump(head, &again);
        self.b.switch_to_block(exit);
        state
    }

    /// One step of the depth.
    fn step(&mut self, left: Value, right: Value, totals: &mut [Value], tile: Tile) {
        let (ty, lane) = (self.cell_type(tile), real_type(self.precision));
        let bytes = self.precision.bytes() as i32;
        let lanes = self.lanes(tile) as i32;
        let columns: Vec<Value> = (0..tile.columns)
            .map(|column| self.b.ins().load(ty, Self::flags(), right, column as i32 * lanes * bytes))
            .collect();
        let mut at = left;
        for row in 0..tile.rows {
            if row > 0 {
                at = self.b.ins().iadd(at, self.left_row);
            }
            let mut x = self.b.ins().load(lane, Self::flags(), at, 0);
            if tile.vector {
                x = self.b.ins().splat(ty, x);
            }
            for (column, y) in columns.iter().enumerate() {
                let total = &mut totals[row * tile.columns + column];
                *total = self.b.ins().fma(x, *y, *total);
            }
        }
    }
}
