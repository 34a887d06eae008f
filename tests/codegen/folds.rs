//! Every fold in every order, at every length, with trips that are known and trips that are read.

use super::{INTS, LENGTHS, Writer, numbers};
use neurula::loops::build::Builder;
use neurula::loops::{BufferId, FoldKind, Folding, Index, Precision, Reg, RegKind, Trip};
use neurula::tensor::Element;

/// A fold of a kind of registers; `None` is a sum of products.
const FOLDS: [(Option<FoldKind>, RegKind); 9] = [
    (None, RegKind::Real),
    (Some(FoldKind::Sum), RegKind::Real),
    (Some(FoldKind::Max), RegKind::Real),
    (Some(FoldKind::Min), RegKind::Real),
    (Some(FoldKind::Sum), RegKind::Int),
    (Some(FoldKind::Max), RegKind::Int),
    (Some(FoldKind::Min), RegKind::Int),
    (Some(FoldKind::All), RegKind::Bool),
    (Some(FoldKind::Any), RegKind::Bool),
];

const fn element(kind: RegKind) -> Element {
    match kind {
        RegKind::Real => Element::Real,
        RegKind::Int => Element::Int,
        RegKind::Bool => Element::Bool,
    }
}

/// What is folded: special numbers only in some rows, or all sums were NaN.
fn folded(kind: RegKind, count: usize, seed: u64, precision: Precision) -> Vec<f64> {
    let draws = numbers(count, seed, precision, seed.is_multiple_of(3));
    match kind {
        RegKind::Real => draws,
        RegKind::Int => (0..count).map(|i| f64::from(INTS[(i * 5 + seed as usize) % INTS.len()])).collect(),
        RegKind::Bool => draws.iter().map(|x| f64::from(u8::from(*x > 1.9 * f64::from(seed as i32 % 3 - 1)))).collect(),
    }
}

fn folding(fold: Option<FoldKind>, x: Reg, y: Reg) -> Folding {
    match fold {
        Some(fold) => Folding::Of(fold, x),
        None => Folding::Dot(x, y),
    }
}

/// The trips of a length: known, read, and read where it is too large or negative.
fn trips(writer: &mut Writer, length: usize) -> Vec<Trip> {
    let mut trips = vec![Trip::Const(length), Trip::Const(0)];
    for count in [length as f64, length as f64 / 2.0, 1e6, -1.0, 0.0] {
        let buffer = writer.full(Element::Int, 1, count);
        trips.push(Trip::Count { buffer, bound: length });
    }
    trips
}

#[test]
fn folds_in_lanes_and_chains_have_the_same_bits_at_every_length() {
    for precision in [Precision::F32, Precision::F64] {
        for length in LENGTHS {
            let mut writer = Writer::new(&format!("folds of {length}"), precision);
            for (seed, (fold, kind)) in FOLDS.into_iter().cycle().take(27).enumerate() {
                let left = writer.slot(element(kind), &folded(kind, length + 1, seed as u64, precision));
                let right = writer.slot(element(kind), &folded(kind, length + 1, seed as u64 + 50, precision));
                for trip in trips(&mut writer, length) {
                    for lanes in [false, true] {
                        let out = writer.full(element(kind), 1, 0.0);
                        writer.b.nest("Fold", None, |b| {
                            let reg = b.fold(trip, lanes, |b, var| {
                                let x = b.load(left, Index::at(1).var(var, 1));
                                let y = b.load(right, Index::at(0).var(var, 1));
                                folding(fold, x, y)
                            });
                            b.store(out, Index::at(0), reg);
                        });
                    }
                }
            }
            writer.agree();
        }
    }
}

/// Side by side over the columns, each a chain over the rows.
fn columns(b: &mut Builder, fold: Option<FoldKind>, matrix: BufferId, out: BufferId, trips: (Trip, Trip), row: usize) {
    b.nest("Columns", None, |b| {
        b.lanes(trips.0, |b, column| {
            let reg = b.fold(trips.1, false, |b, var| {
                let x = b.load(matrix, Index::at(0).var(var, row).var(column, 1));
                let y = b.load(matrix, Index::at(0).var(var, row));
                folding(fold, x, y)
            });
            // A fold that is the same in all lanes stands beside one that is not.
            let first = b.fold(trips.1, false, |b, var| {
                let x = b.load(matrix, Index::at(0).var(var, row));
                folding(fold, x, x)
            });
            b.store(out, Index::at(0).var(column, 1), reg);
            b.store(out, Index::at(row).var(column, 1), first);
        });
    });
}

#[test]
fn chains_side_by_side_have_the_same_bits_at_every_length() {
    let depth = 7;
    for precision in [Precision::F32, Precision::F64] {
        for width in LENGTHS {
            let mut writer = Writer::new(&format!("chains of {width}"), precision);
            for (seed, (fold, kind)) in FOLDS.into_iter().cycle().take(18).enumerate() {
                let matrix = writer.slot(element(kind), &folded(kind, depth * width, seed as u64, precision));
                let depths = trips(&mut writer, depth);
                for (across, down) in trips(&mut writer, width).into_iter().zip(depths) {
                    let out = writer.full(element(kind), 2 * width, 0.0);
                    columns(&mut writer.b, fold, matrix, out, (across, down), width);
                }
            }
            writer.agree();
        }
    }
}

#[test]
fn a_fold_in_lanes_holds_chains_and_operands_of_every_stride() {
    for precision in [Precision::F32, Precision::F64] {
        for length in LENGTHS {
            let mut writer = Writer::new(&format!("rows of {length}"), precision);
            let (rows, most) = (5, 3 * length * 6);
            let source = writer.slot(Element::Real, &numbers(most, length as u64, precision, false));
            let classes: Vec<f64> = (0..length).map(|i| ((i * 11 + 3) % (2 * length)) as f64).collect();
            let classes = writer.slot(Element::Class(2 * length), &classes);
            for trip in trips(&mut writer, length) {
                let out = writer.full(Element::Real, rows, 0.0);
                writer.b.nest("Rows", None, |b| {
                    b.serial(rows, |b, row| {
                        let reg = b.fold(trip, true, |b, var| {
                            let class = b.load(classes, Index::at(0).var(var, 1));
                            let gathered = b.load(source, Index::at(0).reg(class, 1).var(row, length));
                            let strided = b.load(source, Index::at(2).var(var, 3).var(row, 1));
                            let chain = b.fold(4, false, |b, inner| {
                                let x = b.load(source, Index::at(0).var(var, 2).var(inner, length));
                                Folding::Dot(x, strided)
                            });
                            Folding::Dot(gathered, chain)
                        });
                        b.store(out, Index::at(0).var(row, 1), reg);
                    });
                });
            }
            writer.agree();
        }
    }
}
