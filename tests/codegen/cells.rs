//! Loads and stores of every kind of cell, in rows, with strides, from anywhere and to anywhere.

use super::{INTS, LENGTHS, Writer, numbers};
use neurula::loops::{Index, Order, Precision, RegKind, Scalar, Trip};
use neurula::math::Function;
use neurula::tensor::Element;

/// What a slot of that many cells holds.
fn contents(element: Element, count: usize, precision: Precision) -> Vec<f64> {
    match element {
        Element::Real => numbers(count, 5, precision, true),
        Element::Int => (0..count).map(|i| f64::from(INTS[i % INTS.len()])).collect(),
        Element::Class(k) => (0..count).map(|i| ((i * 7 + 2) % k) as f64).collect(),
        Element::Bool => (0..count).map(|i| [0.0, 1.0, 2.0, 255.0, 128.0, 0.0][i % 6]).collect(),
        Element::Byte => (0..count).map(|i| ((i * 37 + 120) % 256) as f64).collect(),
    }
}

#[test]
fn cells_are_copied_as_they_are_from_and_to_everywhere() {
    for precision in [Precision::F32, Precision::F64] {
        for length in LENGTHS {
            for element in [Element::Real, Element::Int, Element::Class(200), Element::Bool, Element::Byte] {
                let mut writer = Writer::new(&format!("{length} of {element}"), precision);
                let source = writer.slot(element, &contents(element, 3 * length + 2, precision));
                let places: Vec<f64> = (0..length).map(|i| ((i * 5 + 1) % (2 * length)) as f64).collect();
                let places = writer.slot(Element::Class(2 * length), &places);
                let count = writer.full(Element::Int, 1, length as f64);
                let trips = [Trip::Const(length), Trip::Count { buffer: count, bound: length }];
                for trip in trips {
                    for order in [Order::Lanes, Order::Serial, Order::Reverse] {
                        let outs: Vec<_> = (0..5).map(|_| writer.full(element, 3 * length, 0.0)).collect();
                        writer.b.nest("Copy", None, |b| {
                            b.repeat(trip, order, |b, var| {
                                let row = b.load(source, Index::at(1).var(var, 1));
                                b.store(outs[0], Index::at(0).var(var, 1), row);
                                b.store(outs[1], Index::at(1).var(var, 2), row);
                                let apart = b.load(source, Index::at(2).var(var, 3));
                                b.store(outs[2], Index::at(0).var(var, 1), apart);
                                let place = b.load(places, Index::at(0).var(var, 1));
                                let found = b.load(source, Index::at(0).reg(place, 1));
                                b.store(outs[3], Index::at(0).var(var, 3), found);
                                let same = b.load(source, Index::at(4));
                                b.store(outs[4], Index::at(0).var(var, 1), same);
                            });
                        });
                    }
                }
                writer.agree();
            }
        }
    }
}

#[test]
fn what_is_computed_is_stored_to_ints_bools_and_bytes() {
    for precision in [Precision::F32, Precision::F64] {
        for length in LENGTHS {
            let mut writer = Writer::new(&format!("narrow {length}"), precision);
            let ints = writer.slot(Element::Int, &contents(Element::Int, length, precision));
            let reals = writer.slot(Element::Real, &contents(Element::Real, length, precision));
            for order in [Order::Lanes, Order::Serial] {
                let byte = writer.full(Element::Byte, length, 0.0);
                let class = writer.full(Element::Class(300), length, 0.0);
                let wide = writer.full(Element::Int, length, 0.0);
                let truth = writer.full(Element::Bool, length, 0.0);
                let index = writer.full(Element::Real, length, 0.0);
                writer.b.repeat(length, order, |b, var| {
                    let here = Index::at(0).var(var, 1);
                    let (int, real) = (b.load(ints, here.clone()), b.load(reals, here.clone()));
                    let (small, medium) = (b.clamp(int, 256), b.clamp(int, 300));
                    b.store(byte, here.clone(), small);
                    b.store(class, here.clone(), medium);
                    let square = b.apply(Function::Multiply, &[int, int]);
                    b.store(wide, here.clone(), square);
                    let zero = b.real(0.0);
                    let less = b.scalar(Scalar::Less, &[real, zero]);
                    let not = b.scalar(Scalar::Not, &[less]);
                    b.store(truth, here.clone(), not);
                    let number = b.index(var);
                    let number = b.scalar(Scalar::Real, &[number]);
                    assert_eq!(b.kind(number), RegKind::Real);
                    b.store(index, here, number);
                });
            }
            writer.agree();
        }
    }
}

#[test]
fn nests_that_do_the_same_share_code_and_keep_their_buffers_variables_and_registers_apart() {
    for precision in [Precision::F32, Precision::F64] {
        let mut writer = Writer::new("shared", precision);
        let sources: Vec<_> =
            (0..4).map(|seed| writer.slot(Element::Real, &numbers(40, seed, precision, false))).collect();
        let outs: Vec<_> = (0..4).map(|_| writer.full(Element::Real, 40, 0.0)).collect();
        let flag = writer.full(Element::Bool, 1, 1.0);
        let scratch = writer.b.fresh("between", neurula::loops::Cell::Real, 40);
        let b = &mut writer.b;
        let truth = b.load(flag, Index::at(0));
        for round in 0..4 {
            // The last one reads what it writes, which the others do not: it must not share their code.
            let source = if round == 3 { outs[3] } else { sources[round] };
            let factor = b.load(sources[round], Index::at(round));
            b.nest(format!("To scratch {round}"), None, |b| {
                b.lanes(40, |b, i| {
                    let x = b.load(sources[3 - round], Index::at(0).var(i, 1));
                    b.store(scratch, Index::at(0).var(i, 1), x);
                });
            });
            b.serial(3, |b, outer| {
                b.serial(2, |b, inner| {
                    b.nest(format!("Nest {round}"), None, |b| {
                        b.lanes(9, |b, i| {
                            let place = Index::at(0).var(i, 1).var(outer, 9).var(inner, 3);
                            let x = b.load(source, place.clone());
                            let y = b.load(scratch, place.clone());
                            let old = b.load(outs[round], place.clone());
                            let sum = b.fma(x, factor, y);
                            let sum = b.scalar(Scalar::Select, &[truth, sum, old]);
                            let sum = b.apply(Function::Add, &[sum, old]);
                            b.store(outs[round], place, sum);
                        });
                    });
                });
            });
        }
        writer.agree();
    }
}
