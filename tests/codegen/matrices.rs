//! Matrix products of every odd size: tails of rows, columns and depth, room behind the columns, counts, and sums onto
//! what is there.

use super::{Writer, numbers};
use neurula::loops::build::Builder;
use neurula::loops::{BufferId, Index, Mark, Matrix, Operand, Precision, Trip};
use neurula::tensor::Element;

const SIZES: [usize; 12] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33];

/// What a product is like beside its sizes.
#[derive(Clone, Copy)]
struct Style {
    accumulate: bool,
    transposed: bool,
    /// No neighbours of the left operand lie side by side.
    apart: bool,
    /// Rows are padded to a multiple of 16, and code may use the padding.
    room: bool,
    /// Trips are read from memory; the part of the bound that they are, in quarters.
    counted: Option<usize>,
    special: bool,
}

impl Style {
    fn of(number: usize) -> Style {
        Style {
            accumulate: number.is_multiple_of(2),
            transposed: number.is_multiple_of(3),
            apart: number % 4 == 1,
            room: number % 5 < 2,
            counted: [None, None, Some(3), Some(4), Some(0)][number / 2 % 5],
            special: number.is_multiple_of(7),
        }
    }
}

fn operand(buffer: BufferId, base: Index, row: usize, column: usize) -> Operand {
    Operand { buffer, base, row, column }
}

fn product(writer: &mut Writer, [rows, columns, depth]: [usize; 3], style: Style, seed: u64) {
    let precision = writer.b.precision();
    let room = if style.room { columns.next_multiple_of(16) } else { columns };
    let step = if style.apart { 2 } else { 1 };
    let left = writer.slot(Element::Real, &numbers(rows * depth * step, seed, precision, style.special));
    let right = numbers(depth * columns, seed + 1, precision, style.special);
    let right = writer.rows(Element::Real, room, columns, &right);
    let out = numbers(rows * columns, seed + 2, precision, false);
    let out = writer.rows(Element::Real, room, columns, &out);
    // Past a number of columns that is read, where there is room, lies no value that could be compared.
    let mut trip = |size: usize, known: bool| match style.counted {
        Some(quarters) if !known => {
            let buffer = writer.full(Element::Int, 1, (size * quarters).div_ceil(4) as f64);
            Trip::Count { buffer, bound: size }
        }
        _ => Trip::Const(size),
    };
    let (row, column) = if style.transposed { (step, rows * step) } else { (depth * step, step) };
    let (rows, columns, depth) = (trip(rows, false), trip(columns, style.room), trip(depth, false));
    writer.b.matrix(Matrix {
        rows,
        columns,
        depth,
        left: operand(left, Index::at(0), row, column),
        right: operand(right, Index::at(0), room, 1),
        out: operand(out, Index::at(0), room, 1),
        accumulate: style.accumulate,
        room,
        origin: Mark::default(),
    });
}

#[test]
fn products_of_every_size_have_the_same_bits() {
    for precision in [Precision::F32, Precision::F64] {
        for (first, rows) in SIZES.into_iter().enumerate() {
            let mut writer = Writer::new(&format!("{rows} rows"), precision);
            for (second, columns) in SIZES.into_iter().enumerate() {
                for (third, depth) in SIZES.into_iter().enumerate() {
                    let seed = (first * 12 + second) * 12 + third;
                    let style = Style::of(seed * 31 + first);
                    product(&mut writer, [rows, columns, depth], style, seed as u64);
                }
            }
            writer.agree();
        }
    }
}

/// A product for each of five batches, each at its place, into one array, between guards that nothing may touch.
fn batches(b: &mut Builder, left: BufferId, right: BufferId, out: BufferId, columns: usize) {
    b.nest("Batches", None, |b| {
        b.serial(5, |b, batch| {
            b.matrix(Matrix {
                rows: Trip::Const(3),
                columns: Trip::Const(columns),
                depth: Trip::Const(6),
                left: operand(left, Index::at(0).var(batch, 18), 6, 1),
                right: operand(right, Index::at(0).var(batch, 6 * columns), columns, 1),
                out: operand(out, Index::at(3).var(batch, 3 * columns), columns, 1),
                accumulate: false,
                room: columns,
                origin: Mark::default(),
            });
        });
    });
}

#[test]
fn products_in_a_loop_lie_where_its_variable_says_and_touch_nothing_else() {
    for precision in [Precision::F32, Precision::F64] {
        for columns in SIZES {
            let mut writer = Writer::new("batches", precision);
            let left = writer.slot(Element::Real, &numbers(90, 1, precision, false));
            let right = writer.slot(Element::Real, &numbers(30 * columns, 2, precision, false));
            let cells = 15 * columns + 6;
            let out = writer.full(Element::Real, cells, 7.5);
            batches(&mut writer.b, left, right, out, columns);
            let after = writer.agree();
            for guard in [0, 1, 2, cells - 3, cells - 2, cells - 1] {
                assert_eq!(after[2].get(guard), 7.5, "cell {guard} of {cells}");
            }
            assert!((3..cells - 3).all(|cell| after[2].get(cell) != 7.5));
        }
    }
}
