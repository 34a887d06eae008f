//! Matrix products: functions that get pointers, counts and strides. Where there is a kernel with wide vectors it is called;
//! else a function is written, one for each [`Variety`] of products.
//!
//! The result is cut into tiles that stay in registers while the depth runs: each element is one chain of fused
//! multiply-adds in the order of the depth, whatever tile it lies in. Tiles are five or four rows by two vectors, which is
//! as many chains as hide the latency of one and leave registers for the operands; rows that are left over take tiles that
//! are as wide. A strip of columns is finished before the next, so that its part of the right operand stays in the cache.
//! Tiles are written without Cranelift's optimiser, which moves all loads to the top of a block and then runs out of
//! registers.

use super::Unsupported;
use super::arith::{real_type, width};
use super::emit::{Emitter, Rounds, arguments};
use crate::kernels::Kernel;
use crate::loops::{Axis, LANES, Matrix, Trip};
use crate::math::Precision;
use cranelift::prelude::*;

/// Pointers to left, right and result; rows, columns and depth; in bytes from row to row of left, from column to column
/// of left, from row to row of right and of the result.
pub(super) const PARAMETERS: [Type; 10] = [types::I64; 10];

/// Rows of the tallest tiles, and of those that make up for what these leave over.
const ROWS: [usize; 2] = [5, 4];
/// Vectors of a tall tile.
const VECTORS: usize = 2;
/// Vectors of a tile of one row.
const WIDE: usize = 8;
/// Steps of the depth that are written one after the other.
const UNROLL: usize = 4;

/// What is known of a product while its function is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Variety {
    precision: Precision,
    left: Left,
    accumulate: bool,
    /// Whether there may be columns that do not fill a tall tile.
    narrow: bool,
    /// Whether there may be rows that no tall tile takes.
    rest: bool,
}

/// What lies side by side in the left operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Left {
    /// The elements of a row.
    Depth,
    /// The elements of a column.
    Rows,
    /// Neither.
    Apart,
}

impl Variety {
    /// Of a product of which there may be no more than a piece, with some rows or columns less.
    fn of(matrix: &Matrix, precision: Precision, piece: Option<Axis>) -> Variety {
        let left = match (matrix.left.row, matrix.left.column) {
            (_, 1) => Left::Depth,
            (1, _) => Left::Rows,
            _ => Left::Apart,
        };
        let narrow = match matrix.columns {
            _ if matrix.room > matrix.columns.bound() => false,
            Trip::Const(columns) => !columns.is_multiple_of(VECTORS * width(precision)),
            Trip::Count { .. } => true,
        };
        let rest = match matrix.rows {
            _ if piece == Some(Axis::Rows) => true,
            Trip::Const(rows) => rows < ROWS[1] * in_fours(rows),
            Trip::Count { .. } => true,
        };
        Variety { precision, left, accumulate: matrix.accumulate, narrow, rest }
    }
}

/// So many tiles of four rows leave a multiple of five.
const fn in_fours(rows: usize) -> usize {
    rows * ROWS[1] % ROWS[0]
}

impl Emitter<'_, '_> {
    /// Calls the function of matrix products.
    pub fn matrix(&mut self, matrix: &Matrix) -> Result<(), Unsupported> {
        let piece = self.piece.filter(|(axis, ..)| matches!(axis, Axis::Rows | Axis::Columns));
        let kernel = Kernel { precision: self.precision(), accumulate: matrix.accumulate };
        let function = match self.units.kernel(kernel, &mut self.builder) {
            Some(function) => function,
            None => {
                let variety = Variety::of(matrix, self.precision(), piece.map(|(axis, ..)| axis));
                let number = self.units.matrix(variety)?;
                self.units.import(number, &mut self.builder)
            }
        };
        let mut args: Vec<_> =
            matrix.operands().iter().map(|operand| self.cell_address(operand.buffer, &operand.base)).collect();
        let (mut rows, mut columns) = (self.trip(matrix.rows), self.trip(matrix.columns));
        if let Some((axis, first, end)) = piece {
            let Matrix { left, right, out, .. } = matrix;
            let bytes = self.precision().bytes();
            let (cut, strides) = match axis {
                Axis::Rows => (&mut rows, [left.row, 0, out.row]),
                _ => (&mut columns, [0, right.column, out.column]),
            };
            *cut = Rounds::Value(self.builder.ins().isub(end, first));
            for (arg, stride) in args.iter_mut().zip(strides).filter(|(_, stride)| *stride > 0) {
                let further = self.builder.ins().imul_imm_s(first, (stride * bytes) as i64);
                *arg = self.builder.ins().iadd(*arg, further);
            }
        }
        let columns = if matrix.room > matrix.columns.bound() { self.padded(columns) } else { columns };
        let depth = self.trip(matrix.depth);
        args.extend([rows, columns, depth].map(|count| self.count(count)));
        let bytes = self.precision().bytes();
        for stride in [matrix.left.row, matrix.left.column, matrix.right.row, matrix.out.row] {
            args.push(self.count(Rounds::Const(stride * bytes)));
        }
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
pub(super) fn write<'f>(builder: FunctionBuilder<'f>, variety: Variety, params: &[Value]) -> FunctionBuilder<'f> {
    let [left, right, out, rows, columns, depth, left_row, left_column, right_row, out_row] = *params else {
        crate::bug!("a matrix product has {} parameters", params.len())
    };
    let none = Stride { once: depth, thrice: depth, four: depth };
    let mut tiles =
        Tiles { builder, variety, depth, left_row: none, left_column: none, right_row: none, out_row: none };
    [tiles.left_row, tiles.left_column, tiles.right_row, tiles.out_row] =
        [left_row, left_column, right_row, out_row].map(|stride| tiles.stride(stride));
    tiles.all(Corner { left, right, out }, rows, columns);
    tiles.builder
}

/// What a tile covers.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    /// Vectors side by side.
    vectors: usize,
    /// Lanes of a vector; 1 is a scalar.
    lanes: usize,
    /// Steps of the depth that are written one after the other.
    unroll: usize,
}

impl Shape {
    const fn columns(self) -> usize {
        self.vectors * self.lanes
    }
}

/// A distance in bytes, with multiples that no address of the machine can say.
#[derive(Clone, Copy)]
struct Stride {
    once: Value,
    thrice: Value,
    four: Value,
}

/// Where a tile begins.
#[derive(Clone, Copy)]
struct Corner {
    left: Value,
    right: Value,
    out: Value,
}

struct Tiles<'f> {
    builder: FunctionBuilder<'f>,
    variety: Variety,
    depth: Value,
    left_row: Stride,
    left_column: Stride,
    right_row: Stride,
    out_row: Stride,
}

impl Tiles<'_> {
    fn bytes(&self) -> usize {
        self.variety.precision.bytes()
    }

    fn stride(&mut self, once: Value) -> Stride {
        let thrice = self.builder.ins().imul_imm_s(once, 3);
        let four = self.builder.ins().ishl_imm_u(once, 2);
        Stride { once, thrice, four }
    }

    /// While at least `step` are left of `count`, does something with what is carried; gives what is left and carried then.
    fn repeat(
        &mut self,
        count: Value,
        step: usize,
        carried: &[Value],
        write: impl FnOnce(&mut Self, &[Value]) -> Vec<Value>,
    ) -> (Value, Vec<Value>) {
        let [head, body, exit] = [(); 3].map(|()| self.builder.create_block());
        for value in [count].iter().chain(carried) {
            let ty = self.builder.func.dfg.value_type(*value);
            self.builder.append_block_param(head, ty);
        }
        self.builder.ins().jump(head, &arguments(Some(count), carried));
        self.builder.switch_to_block(head);
        let params = self.builder.block_params(head).to_vec();
        let enough = self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, params[0], step as i64);
        self.builder.ins().brif(enough, body, &[], exit, &[]);
        self.builder.switch_to_block(body);
        let carried = write(self, &params[1..]);
        let left = self.builder.ins().iadd_imm_s(params[0], -(step as i64));
        self.builder.ins().jump(head, &arguments(Some(left), &carried));
        self.builder.switch_to_block(exit);
        (params[0], params[1..].to_vec())
    }

    /// Tall tiles strip by strip, then the rows that are left over one by one.
    fn all(&mut self, corner: Corner, rows: Value, columns: Value) {
        let lanes = width(self.variety.precision);
        let (tall, rest) = self.tall(rows);
        let mut any = self.builder.ins().iadd(tall[0], tall[1]);
        let below = self.below(corner, any);
        let zero = self.builder.ins().iconst(types::I64, 0);
        any = self.builder.ins().icmp(IntCC::SignedGreaterThan, any, zero);
        let mut left = self.builder.ins().select(any, columns, zero);
        let mut at = corner;
        let shapes = [(VECTORS, lanes, UNROLL), (1, lanes, 1), (1, 1, 1)];
        for (vectors, lanes, unroll) in &shapes[..if self.variety.narrow { 3 } else { 1 }] {
            let shape = |rows| Shape { rows, vectors: *vectors, lanes: *lanes, unroll: *unroll };
            (left, at) = self.columns(left, at, shape(1), |tiles, mut at| {
                for (rows, count) in ROWS.into_iter().zip(tall) {
                    at = tiles.strip(count, at, shape(rows));
                }
            });
        }
        if !self.variety.rest {
            return;
        }
        let shapes = if self.variety.narrow {
            &[(WIDE, lanes), (1, lanes), (1, 1)][..]
        } else {
            &[(WIDE, lanes), (VECTORS, lanes)]
        };
        self.repeat(rest, 1, &[below.left, below.out], |tiles, carried| {
            let mut left = columns;
            let mut at = Corner { left: carried[0], right: corner.right, out: carried[1] };
            for (vectors, lanes) in shapes {
                let shape = Shape { rows: 1, vectors: *vectors, lanes: *lanes, unroll: 1 };
                (left, at) = tiles.columns(left, at, shape, |tiles, at| tiles.tile(at, shape));
            }
            let next = tiles.builder.ins().iadd(carried[0], tiles.left_row.once);
            vec![next, tiles.builder.ins().iadd(carried[1], tiles.out_row.once)]
        });
    }

    /// How many rows go into tiles of each height, and how many are left over: as few as can be, then as many as can be
    /// in the tallest.
    fn tall(&mut self, rows: Value) -> ([Value; 2], Value) {
        let [five, four] = ROWS.map(|rows| rows as i64);
        let over = self.builder.ins().urem_imm_u(rows, five);
        // See `in_fours`.
        let missing = self.builder.ins().imul_imm_s(rows, four);
        let missing = self.builder.ins().urem_imm_u(missing, five);
        let in_fours = self.builder.ins().imul_imm_s(missing, four);
        let zero = self.builder.ins().iconst(types::I64, 0);
        let fits = self.builder.ins().icmp(IntCC::SignedLessThanOrEqual, in_fours, rows);
        let in_fours = self.builder.ins().select(fits, in_fours, zero);
        let rest = self.builder.ins().select(fits, zero, over);
        let in_fives = self.builder.ins().isub(rows, in_fours);
        let in_fives = self.builder.ins().isub(in_fives, rest);
        ([in_fives, in_fours], rest)
    }

    /// So many rows further down.
    fn below(&mut self, at: Corner, rows: Value) -> Corner {
        let [left, out] = [(at.left, self.left_row), (at.out, self.out_row)].map(|(pointer, stride)| {
            let down = self.builder.ins().imul(rows, stride.once);
            self.builder.ins().iadd(pointer, down)
        });
        Corner { left, out, ..at }
    }

    /// Along the columns as long as there are enough; gives the number of those that are left and where they begin.
    fn columns(
        &mut self,
        count: Value,
        at: Corner,
        shape: Shape,
        write: impl FnOnce(&mut Self, Corner),
    ) -> (Value, Corner) {
        let (count, carried) = self.repeat(count, shape.columns(), &[at.right, at.out], |tiles, carried| {
            write(tiles, Corner { left: at.left, right: carried[0], out: carried[1] });
            let bytes = (shape.columns() * tiles.bytes()) as i64;
            carried.iter().map(|pointer| tiles.builder.ins().iadd_imm_s(*pointer, bytes)).collect()
        });
        (count, Corner { left: at.left, right: carried[0], out: carried[1] })
    }

    /// Tiles below each other; gives where the rows below them begin.
    fn strip(&mut self, rows: Value, at: Corner, shape: Shape) -> Corner {
        let (_, carried) = self.repeat(rows, shape.rows, &[at.left, at.out], |tiles, carried| {
            tiles.tile(Corner { left: carried[0], right: at.right, out: carried[1] }, shape);
            let steps = [tiles.left_row, tiles.out_row];
            let down = carried.iter().zip(steps).map(|(pointer, stride)| {
                let down = tiles.builder.ins().imul_imm_s(stride.once, shape.rows as i64);
                tiles.builder.ins().iadd(*pointer, down)
            });
            down.collect()
        });
        Corner { left: carried[0], right: at.right, out: carried[1] }
    }

    fn tile(&mut self, at: Corner, shape: Shape) {
        let outs = self.starts(at.out, self.out_row, shape.rows);
        let totals = self.first_totals(&outs, shape);
        let lefts = match self.variety.left {
            Left::Rows => vec![at.left],
            Left::Depth | Left::Apart => self.starts(at.left, self.left_row, shape.rows),
        };
        let totals = self.depths(&lefts, at.right, totals, shape);
        for (place, total) in totals.iter().enumerate() {
            let (pointer, offset) = self.cell(&outs, place, shape);
            self.builder.ins().store(flags(), *total, pointer, offset);
        }
    }

    fn ty(&self, shape: Shape) -> Type {
        match real_type(self.variety.precision).by(shape.lanes as u32) {
            Some(ty) => ty,
            None => crate::bug!("no vector of {} lanes", shape.lanes),
        }
    }

    /// Every third row's pointer: the others are one, two or four rows further than one of them.
    fn starts(&mut self, first: Value, stride: Stride, rows: usize) -> Vec<Value> {
        let mut starts = vec![first];
        for _ in 1..rows.div_ceil(3) {
            let last = starts[starts.len() - 1];
            starts.push(self.builder.ins().iadd(last, stride.thrice));
        }
        starts
    }

    /// The pointer of a row, as an address that the machine can say.
    fn row(&mut self, starts: &[Value], stride: Stride, row: usize) -> Value {
        let nearest = (0..starts.len()).find_map(|start| match row.checked_sub(3 * start) {
            Some(rows @ (0 | 1 | 2 | 4)) => Some((starts[start], rows)),
            _ => None,
        });
        match nearest {
            Some((start, 0)) => start,
            Some((start, 1)) => self.builder.ins().iadd(start, stride.once),
            Some((start, rows)) => {
                let further = self.builder.ins().ishl_imm_u(stride.once, i64::from(rows.trailing_zeros()));
                self.builder.ins().iadd(start, further)
            }
            None => crate::bug!("row {row} is too far away"),
        }
    }

    /// A pointer so many strides further: 0 to 3.
    fn further(&mut self, pointer: Value, stride: Stride, steps: usize) -> Value {
        match steps {
            0 => pointer,
            3 => self.builder.ins().iadd(pointer, stride.thrice),
            _ => self.row(&[pointer], stride, steps),
        }
    }

    /// Where an element of the result lies.
    fn cell(&mut self, outs: &[Value], place: usize, shape: Shape) -> (Value, i32) {
        let pointer = self.row(outs, self.out_row, place / shape.vectors);
        (pointer, (place % shape.vectors * shape.lanes * self.bytes()) as i32)
    }

    /// Zeros, or what is there.
    fn first_totals(&mut self, outs: &[Value], shape: Shape) -> Vec<Value> {
        let (ty, count) = (self.ty(shape), shape.rows * shape.vectors);
        if self.variety.accumulate {
            let load = |place| {
                let (pointer, offset) = self.cell(outs, place, shape);
                self.builder.ins().load(ty, flags(), pointer, offset)
            };
            return (0..count).map(load).collect();
        }
        let nothing = match self.variety.precision {
            Precision::F32 => self.builder.ins().f32const(0.0),
            Precision::F64 => self.builder.ins().f64const(0.0),
        };
        vec![if shape.lanes == 1 { nothing } else { self.builder.ins().splat(ty, nothing) }; count]
    }

    /// The sums over the depth: as many steps as possible several at a time, then one at a time.
    fn depths(&mut self, lefts: &[Value], right: Value, totals: Vec<Value>, shape: Shape) -> Vec<Value> {
        let mut carried = lefts.to_vec();
        carried.push(right);
        carried.extend(totals);
        let mut count = self.depth;
        let unrolls: &[usize] = if shape.unroll == 1 { &[1] } else { &[shape.unroll, 1] };
        for unroll in unrolls {
            (count, carried) = self.repeat(count, *unroll, &carried, |tiles, carried| {
                let (pointers, totals) = carried.split_at(lefts.len() + 1);
                tiles.steps(pointers, totals, shape, *unroll)
            });
        }
        carried.split_off(lefts.len() + 1)
    }

    /// Some steps of the depth; gives the pointers and totals after them.
    fn steps(&mut self, pointers: &[Value], totals: &[Value], shape: Shape, unroll: usize) -> Vec<Value> {
        let mut totals = totals.to_vec();
        let Some((right, lefts)) = pointers.split_last() else { crate::bug!("a tile without operands") };
        for step in 0..unroll {
            self.step(lefts, *right, &mut totals, shape, step);
        }
        let over = |tiles: &mut Self, pointer: Value, stride: Stride| {
            let stride = if unroll == 1 { stride.once } else { stride.four };
            tiles.builder.ins().iadd(pointer, stride)
        };
        let mut next = Vec::new();
        let columns = (unroll * self.bytes()) as i64;
        for left in lefts {
            next.push(match self.variety.left {
                Left::Depth => self.builder.ins().iadd_imm_s(*left, columns),
                Left::Rows | Left::Apart => over(self, *left, self.left_column),
            });
        }
        next.push(over(self, *right, self.right_row));
        next.extend(totals);
        next
    }

    fn step(&mut self, lefts: &[Value], right: Value, totals: &mut [Value], shape: Shape, step: usize) {
        let (ty, lane, bytes) = (self.ty(shape), real_type(self.variety.precision), self.bytes());
        let right = self.further(right, self.right_row, step);
        let lefts: Vec<_> = match self.variety.left {
            Left::Depth => lefts.to_vec(),
            _ => lefts.iter().map(|left| self.further(*left, self.left_column, step)).collect(),
        };
        let vector = |builder: &mut FunctionBuilder, vector: usize| {
            builder.ins().load(ty, flags(), right, (vector * shape.lanes * bytes) as i32)
        };
        // What only one row needs is loaded where it is multiplied, as an operand in memory.
        let rights: Vec<_> = match shape.rows {
            1 => Vec::new(),
            _ => (0..shape.vectors).map(|number| vector(&mut self.builder, number)).collect(),
        };
        for row in 0..shape.rows {
            let (pointer, offset) = match self.variety.left {
                Left::Rows => (lefts[0], row),
                Left::Depth => (self.row(&lefts, self.left_row, row), step),
                Left::Apart => (self.row(&lefts, self.left_row, row), 0),
            };
            let factor = self.builder.ins().load(lane, flags(), pointer, (offset * bytes) as i32);
            let factor = if shape.lanes == 1 { factor } else { self.builder.ins().splat(ty, factor) };
            for number in 0..shape.vectors {
                let right = rights.get(number).copied().unwrap_or_else(|| vector(&mut self.builder, number));
                // The first factor's register takes the result: one that nobody needs any more, if there is one.
                let spent = row + 1 == shape.rows && number + 1 < shape.vectors && shape.rows > 1;
                let (first, second) = if spent { (right, factor) } else { (factor, right) };
                let total = &mut totals[row * shape.vectors + number];
                *total = self.builder.ins().fma(first, second, *total);
            }
        }
    }
}

fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
