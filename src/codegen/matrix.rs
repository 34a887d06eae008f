//! Matrix products: one function for all of a program, which gets pointers, counts and strides.
//!
//! The result is cut into tiles that stay in vector registers while the depth runs: each element is one chain of fused
//! multiply-adds in the order of the depth, whatever tile it lies in. A column of tiles is finished before the next, so
//! that its part of the right operand stays in the cache. Tiles are written without Cranelift's optimiser, which moves
//! all loads to the top of a block and then runs out of registers. Wider tiles for particular machines would take the
//! place of `Tiles::tile` behind the same parameters.

use super::Unsupported;
use super::arith::{real_type, width};
use super::emit::{Emitter, Rounds, arguments};
use crate::loops::{LANES, Matrix};
use crate::math::Precision;
use cranelift::prelude::*;

/// Pointers to left, right and result; rows, columns and depth; in bytes from row to row of left, from column to column
/// of left, from row to row of right and of the result; whether to add to what is there.
pub(super) const PARAMETERS: [Type; 11] = [types::I64; 11];

/// Steps of the depth that are written one after the other.
const UNROLL: usize = 4;

/// What a tile covers.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    /// Vectors side by side.
    vectors: usize,
    /// Lanes of a vector; 1 is a scalar.
    lanes: usize,
}

impl Emitter<'_, '_> {
    /// Calls the function of matrix products.
    pub fn matrix(&mut self, matrix: &Matrix) -> Result<(), Unsupported> {
        let number = self.units.matrix(self.precision())?;
        let mut args: Vec<_> =
            matrix.operands().iter().map(|operand| self.cell_address(operand.buffer, &operand.base)).collect();
        let rows = self.trip(matrix.rows);
        let columns = self.trip(matrix.columns);
        let columns = if matrix.room > matrix.columns.bound() { self.padded(columns) } else { columns };
        let depth = self.trip(matrix.depth);
        args.extend([rows, columns, depth].map(|count| self.count(count)));
        let bytes = self.precision().bytes();
        for stride in [matrix.left.row, matrix.left.column, matrix.right.row, matrix.out.row] {
            args.push(self.count(Rounds::Const(stride * bytes)));
        }
        args.push(self.count(Rounds::Const(usize::from(matrix.accumulate))));
        let function = self.units.import(number, &mut self.builder);
        self.builder.ins().call(function, &args);
        self.comment(|| self.program.buffers[matrix.out.buffer.0 as usize].name.to_string());
        Ok(())
    }

    /// As many columns as are computed where there is room: the next multiple of 16.
    fn padded(&mut self, columns: Rounds) -> Rounds {
        match columns {
            Rounds::Const(columns) => Rounds::Const(columns.next_multiple_of(LANES)),
            Rounds::Value(columns) => {
                let more = self.builder.ins().iadd_imm_s(columns, LANES as i64 - 1);
                Rounds::Value(self.builder.ins().band_imm_s(more, !(LANES as i64 - 1)))
            }
        }
    }
}

/// Writes the function.
pub(super) fn write<'f>(builder: FunctionBuilder<'f>, precision: Precision, params: &[Value]) -> FunctionBuilder<'f> {
    let [left, right, out, rows, columns, depth, left_row, left_column, right_row, out_row, accumulate] = *params
    else {
        crate::bug!("a matrix product has {} parameters", params.len())
    };
    let mut tiles = Tiles {
        builder,
        precision,
        pointers: [left, right, out],
        rows,
        columns,
        depth,
        left_row,
        left_column,
        right_row,
        out_row,
        accumulate,
    };
    let width = width(precision);
    let zero = tiles.number(0);
    let (wide, narrow) = (4, 1);
    let mut column = tiles.strip(zero, &[(2, wide), (1, wide)], width);
    column = tiles.strip(column, &[(4, narrow), (1, narrow)], width);
    tiles.strip(column, &[(4, 1), (1, 1)], 1);
    tiles.builder
}

struct Tiles<'f> {
    builder: FunctionBuilder<'f>,
    precision: Precision,
    pointers: [Value; 3],
    rows: Value,
    columns: Value,
    depth: Value,
    left_row: Value,
    left_column: Value,
    right_row: Value,
    out_row: Value,
    accumulate: Value,
}

/// Where a tile begins, and what the depth steps over.
#[derive(Clone, Copy)]
struct Corner {
    left: Value,
    right: Value,
    out: Value,
}

impl Tiles<'_> {
    fn number(&mut self, n: usize) -> Value {
        self.builder.ins().iconst(types::I64, n as i64)
    }

    fn bytes(&self) -> usize {
        self.precision.bytes()
    }

    /// A loop that carries values: its body, its exit, and the values in both.
    fn begin_loop(&mut self, carried: &[Value]) -> (Block, Block, Vec<Value>) {
        let [head, body, exit] = [(); 3].map(|()| self.builder.create_block());
        for value in carried {
            let ty = self.builder.func.dfg.value_type(*value);
            self.builder.append_block_param(head, ty);
        }
        self.builder.ins().jump(head, &arguments(None, carried));
        self.builder.switch_to_block(head);
        let values = self.builder.block_params(head).to_vec();
        let more = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, values[0], 0);
        self.builder.ins().brif(more, body, &[], exit, &[]);
        self.builder.switch_to_block(body);
        (head, exit, values)
    }

    fn end_loop(&mut self, head: Block, exit: Block, carried: &[Value]) {
        self.builder.ins().jump(head, &arguments(None, carried));
        self.builder.switch_to_block(exit);
    }

    /// Columns of tiles of this many vectors, from `column` as long as they fit; gives the first column that is left.
    fn strip(&mut self, column: Value, shapes: &[(usize, usize)], lanes: usize) -> Value {
        let vectors = shapes[0].1;
        let step = vectors * lanes;
        let shapes: Vec<_> = shapes.iter().map(|&(rows, vectors)| Shape { rows, vectors, lanes }).collect();
        let rest = self.builder.ins().isub(self.columns, column);
        let rest = self.builder.ins().iadd_imm_s(rest, 1 - step as i64);
        let (head, exit, values) = self.begin_loop(&[rest, column]);
        let (rest, column) = (values[0], values[1]);
        let bytes = self.bytes() as i64;
        let offset = self.builder.ins().imul_imm_s(column, bytes);
        let [left, right, out] = self.pointers;
        let right = self.builder.ins().iadd(right, offset);
        let out = self.builder.ins().iadd(out, offset);
        let mut corner = (self.rows, Corner { left, right, out });
        for shape in &shapes {
            corner = self.column_of_tiles(corner.0, corner.1, *shape);
        }
        let next = self.builder.ins().iadd_imm_s(column, step as i64);
        let rest = self.builder.ins().iadd_imm_s(rest, -(step as i64));
        self.end_loop(head, exit, &[rest, next]);
        values[1]
    }

    /// Tiles below each other as long as there are rows; gives the rows that are left and where they begin.
    fn column_of_tiles(&mut self, rows: Value, corner: Corner, shape: Shape) -> (Value, Corner) {
        let left_step = self.builder.ins().imul_imm_s(self.left_row, shape.rows as i64);
        let out_step = self.builder.ins().imul_imm_s(self.out_row, shape.rows as i64);
        let rest = self.builder.ins().iadd_imm_s(rows, 1 - shape.rows as i64);
        let (head, exit, values) = self.begin_loop(&[rest, corner.left, corner.out]);
        let at = Corner { left: values[1], right: corner.right, out: values[2] };
        self.tile(at, shape);
        let rest = self.builder.ins().iadd_imm_s(values[0], -(shape.rows as i64));
        let left = self.builder.ins().iadd(values[1], left_step);
        let out = self.builder.ins().iadd(values[2], out_step);
        self.end_loop(head, exit, &[rest, left, out]);
        let rows = self.builder.ins().iadd_imm_s(values[0], shape.rows as i64 - 1);
        (rows, Corner { left: values[1], right: corner.right, out: values[2] })
    }

    fn tile(&mut self, corner: Corner, shape: Shape) {
        let totals = self.first_totals(corner, shape);
        let lefts = self.row_pointers(corner.left, self.left_row, shape.rows);
        let totals = self.depth_loop(corner, shape, lefts, totals);
        let rows = self.row_pointers(corner.out, self.out_row, shape.rows);
        for (row, pointer) in rows.into_iter().enumerate() {
            for vector in 0..shape.vectors {
                let total = totals[row * shape.vectors + vector];
                let offset = (vector * shape.lanes * self.bytes()) as i32;
                self.builder.ins().store(flags(), total, pointer, offset);
            }
        }
    }

    fn ty(&self, shape: Shape) -> Type {
        match real_type(self.precision).by(shape.lanes as u32) {
            Some(ty) => ty,
            None => crate::bug!("no vector of {} lanes", shape.lanes),
        }
    }

    fn row_pointers(&mut self, first: Value, stride: Value, rows: usize) -> Vec<Value> {
        let mut pointers = vec![first];
        for row in 1..rows {
            let next = self.builder.ins().iadd(pointers[row - 1], stride);
            pointers.push(next);
        }
        pointers
    }

    /// Zeros, or what is there.
    fn first_totals(&mut self, corner: Corner, shape: Shape) -> Vec<Value> {
        let ty = self.ty(shape);
        let [load, zero, begin] = [(); 3].map(|()| self.builder.create_block());
        let count = shape.rows * shape.vectors;
        for _ in 0..count {
            self.builder.append_block_param(begin, ty);
        }
        self.builder.ins().brif(self.accumulate, load, &[], zero, &[]);
        self.builder.switch_to_block(load);
        let mut there = Vec::new();
        for pointer in self.row_pointers(corner.out, self.out_row, shape.rows) {
            for vector in 0..shape.vectors {
                let offset = (vector * shape.lanes * self.bytes()) as i32;
                there.push(self.builder.ins().load(ty, flags(), pointer, offset));
            }
        }
        self.builder.ins().jump(begin, &arguments(None, &there));
        self.builder.switch_to_block(zero);
        let nothing = match self.precision {
            Precision::F32 => self.builder.ins().f32const(0.0),
            Precision::F64 => self.builder.ins().f64const(0.0),
        };
        let nothing = if shape.lanes == 1 { nothing } else { self.builder.ins().splat(ty, nothing) };
        self.builder.ins().jump(begin, &arguments(None, &vec![nothing; count]));
        self.builder.switch_to_block(begin);
        self.builder.block_params(begin).to_vec()
    }

    /// The sums over the depth: as many steps as possible several at a time, then one at a time.
    fn depth_loop(&mut self, corner: Corner, shape: Shape, lefts: Vec<Value>, totals: Vec<Value>) -> Vec<Value> {
        let mut pointers = lefts;
        pointers.push(corner.right);
        let mut carried = vec![self.depth];
        carried.extend(pointers);
        carried.extend(totals);
        for unroll in [UNROLL, 1] {
            carried[0] = self.builder.ins().iadd_imm_s(carried[0], 1 - unroll as i64);
            let (head, exit, values) = self.begin_loop(&carried);
            let next = self.depth_steps(shape, &values, unroll);
            self.end_loop(head, exit, &next);
            carried = values;
            carried[0] = self.builder.ins().iadd_imm_s(carried[0], unroll as i64 - 1);
        }
        carried.split_off(shape.rows + 2)
    }

    /// Some steps of the depth: of the count that is left, the pointers into left and right, and the totals.
    fn depth_steps(&mut self, shape: Shape, values: &[Value], unroll: usize) -> Vec<Value> {
        let (pointers, totals) = values[1..].split_at(shape.rows + 1);
        let mut totals = totals.to_vec();
        let left_steps = self.row_pointers(self.left_column, self.left_column, unroll);
        let right_steps = self.row_pointers(self.right_row, self.right_row, unroll);
        for step in 0..unroll {
            let at: Vec<_> = pointers
                .iter()
                .enumerate()
                .map(|(i, pointer)| {
                    let steps = if i < shape.rows { &left_steps } else { &right_steps };
                    match step {
                        0 => *pointer,
                        _ => self.builder.ins().iadd(*pointer, steps[step - 1]),
                    }
                })
                .collect();
            self.depth_step(shape, &at[..shape.rows], at[shape.rows], &mut totals);
        }
        let mut next = vec![self.builder.ins().iadd_imm_s(values[0], -(unroll as i64))];
        for (i, pointer) in pointers.iter().enumerate() {
            let steps = if i < shape.rows { &left_steps } else { &right_steps };
            next.push(self.builder.ins().iadd(*pointer, steps[unroll - 1]));
        }
        next.extend(totals);
        next
    }

    fn depth_step(&mut self, shape: Shape, lefts: &[Value], right: Value, totals: &mut [Value]) {
        let ty = self.ty(shape);
        let rights: Vec<_> = (0..shape.vectors)
            .map(|vector| {
                let offset = (vector * shape.lanes * self.bytes()) as i32;
                self.builder.ins().load(ty, flags(), right, offset)
            })
            .collect();
        for (row, left) in lefts.iter().enumerate() {
            let scalar = self.builder.ins().load(real_type(self.precision), flags(), *left, 0);
            let factor = if shape.lanes == 1 { scalar } else { self.builder.ins().splat(ty, scalar) };
            for (vector, right) in rights.iter().enumerate() {
                let total = &mut totals[row * shape.vectors + vector];
                *total = self.builder.ins().fma(*right, factor, *total);
            }
        }
    }
}

fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
