//! The orders of sums against sums written out by hand, where the order can be seen; roundings.

use super::filetest::{filled, run_everywhere};
use super::random_loops::random::Random;
use neurula::loops::build::Builder;
use neurula::loops::eval::{self, Fault};
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{FoldKind, Folding, Index, Mark, Matrix, Operand, Order, Place, Precision, Scalar, Slot, Trip};
use neurula::math::{F32, F64, Function};
use neurula::tensor::{Element, Role, Type};

const LENGTHS: [usize; 9] = [0, 1, 3, 15, 16, 17, 33, 48, 100];

fn slot(name: &str, element: Element, len: usize) -> Slot {
    let ty = Type { element, shape: vec![len.into()] };
    Slot { name: name.into(), ty, role: Role::State, strides: vec![1], len }
}

/// Numbers of very different size, so that every order of a sum has its own result.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut random = Random::new(seed);
    let number = |_| (random.below(2000) as f64 - 1000.0) * 10_f64.powi(random.below(12) as i32 - 6);
    (0..count).map(number).map(|x| f64::from(x as f32)).collect()
}

/// What arithmetic in a precision gives, in `f64`.
#[derive(Clone, Copy)]
struct Rounding(Precision);

impl Rounding {
    fn add(self, a: f64, b: f64) -> f64 {
        match self.0 {
            Precision::F32 => f64::from(a as f32 + b as f32),
            Precision::F64 => a + b,
        }
    }

    fn fma(self, a: f64, b: f64, c: f64) -> f64 {
        match self.0 {
            Precision::F32 => f64::from((a as f32).mul_add(b as f32, c as f32)),
            Precision::F64 => a.mul_add(b, c),
        }
    }

    /// Sixteen running sums of which `more(sum, i)` makes the next, then the tree, written out.
    fn lanes(self, count: usize, more: impl Fn(f64, usize) -> f64) -> f64 {
        let mut s = [0.0; 16];
        for i in 0..count {
            s[i % 16] = more(s[i % 16], i);
        }
        let add = |a, b| self.add(a, b);
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| add(add(s[i], s[i + 8]), add(s[i + 4], s[i + 12])));
        add(add(a, c), add(b, d))
    }
}

/// Both folds, each in both orders, over rows of these lengths.
fn fold_program(precision: Precision, len: usize) -> neurula::loops::Program {
    let mut b = Builder::new("orders", precision);
    let x = b.slot(slot("x", Element::Real, 128));
    let y = b.slot(slot("y", Element::Real, 128));
    let out = b.slot(slot("out", Element::Real, 4));
    for (at, (dot, lanes)) in [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate() {
        let sum = b.fold(len, lanes, |b, i| {
            let left = b.load(x, Index::at(0).var(i, 1));
            let right = b.load(y, Index::at(0).var(i, 1));
            if dot { Folding::Dot(left, right) } else { Folding::Of(FoldKind::Sum, left) }
        });
        b.store(out, Index::at(at), sum);
    }
    b.finish().expect("it is valid")
}

#[test]
fn folds_are_sums_in_their_order() {
    let mut different = 0;
    for precision in [Precision::F32, Precision::F64] {
        for len in LENGTHS {
            let program = fold_program(precision, len);
            let (x, y) = (numbers(1, 128), numbers(2, 128));
            let slots = [
                filled(&program.slots[0], precision, &x),
                filled(&program.slots[1], precision, &y),
                Storage::for_slot(&program.slots[2], precision),
            ];
            let after = run_everywhere(&program, &slots, 1);
            let r = Rounding(precision);
            let expected = [
                x[..len].iter().fold(0.0, |sum, x| r.add(sum, *x)),
                r.lanes(len, |sum, i| r.add(sum, x[i])),
                (0..len).fold(0.0, |sum, i| r.fma(x[i], y[i], sum)),
                r.lanes(len, |sum, i| r.fma(x[i], y[i], sum)),
            ];
            for (at, expected) in expected.into_iter().enumerate() {
                assert_eq!(after[2].get(at).to_bits(), expected.to_bits(), "{precision} {len} {at}");
            }
            different += usize::from(expected[0] != expected[1]) + usize::from(expected[2] != expected[3]);
        }
    }
    assert!(different >= 16, "the orders could be told apart {different} times only");
}

#[test]
fn a_matrix_product_is_one_chain_an_element() {
    for precision in [Precision::F32, Precision::F64] {
        for (rows, columns, depth) in [(1_usize, 1_usize, 1_usize), (3, 17, 5), (5, 33, 40), (2, 16, 0), (4, 3, 100)] {
            for accumulate in [false, true] {
                let mut b = Builder::new("product", precision);
                let room = columns.next_multiple_of(16);
                let (left, right) = (numbers(3, rows * depth + 1), numbers(4, depth.max(1) * room));
                let before = numbers(5, rows * room);
                let a = b.slot(slot("a", Element::Real, left.len()));
                let w = b.slot(slot("w", Element::Real, right.len()));
                let out_slot = Slot {
                    ty: Type { element: Element::Real, shape: vec![rows.into(), columns.into()] },
                    strides: vec![room, 1],
                    len: rows * room,
                    ..slot("out", Element::Real, 0)
                };
                let out = b.slot(out_slot);
                let operand = |buffer, row| Operand { buffer, base: Index::at(0), row, column: 1 };
                b.matrix(Matrix {
                    rows: rows.into(),
                    columns: columns.into(),
                    depth: depth.into(),
                    left: operand(a, depth),
                    right: operand(w, room),
                    out: operand(out, room),
                    accumulate,
                    room,
                    origin: Mark::default(),
                });
                let program = b.finish().expect("it is valid");
                let mut out = Storage::for_slot(&program.slots[2], precision);
                (0..rows * room).for_each(|cell| out.set(cell, before[cell]));
                let slots =
                    [filled(&program.slots[0], precision, &left), filled(&program.slots[1], precision, &right), out];
                let after = run_everywhere(&program, &slots, 1);
                for r in 0..rows {
                    for c in 0..columns {
                        let start = if accumulate { before[r * room + c] } else { 0.0 };
                        let step = |sum, k| Rounding(precision).fma(left[r * depth + k], right[k * room + c], sum);
                        let expected = (0..depth).fold(start, step);
                        assert_eq!(after[2].get(r * room + c).to_bits(), expected.to_bits());
                    }
                }
            }
        }
    }
}

#[test]
fn a_fused_multiply_add_rounds_once() {
    for (precision, e) in [(Precision::F32, 2_f64.powi(-12)), (Precision::F64, 2_f64.powi(-27))] {
        // (1 + e)² = 1 + 2e + e², of which the last is lost when the product is rounded by itself.
        let mut b = Builder::new("fma", precision);
        let out = b.slot(slot("out", Element::Real, 2));
        let (factor, summand) = (b.real(1.0 + e), b.real(-1.0 - 2.0 * e));
        let fused = b.fma(factor, factor, summand);
        b.store(out, Index::at(0), fused);
        let product = b.apply(Function::Multiply, &[factor, factor]);
        let apart = b.apply(Function::Add, &[product, summand]);
        b.store(out, Index::at(1), apart);
        let program = b.finish().expect("it is valid");
        let after = run_everywhere(&program, &[Storage::for_slot(&program.slots[0], precision)], 1);
        assert_eq!(after[0].get(0), e * e);
        assert_eq!(after[0].get(1), 0.0);
    }
}

/// Every function and every draw in a lanes loop of each length and, one by one, in a serial one.
#[test]
fn lanes_and_single_rounds_give_the_same_bits() {
    for precision in [Precision::F32, Precision::F64] {
        for len in LENGTHS {
            let mut b = Builder::new("functions", precision);
            let x = b.slot(slot("x", Element::Real, 100));
            let y = b.slot(slot("y", Element::Real, 100));
            let count = Function::ALL.len() + 1;
            let out = b.slot(slot("lanes", Element::Real, 100 * count));
            let one = b.slot(slot("one", Element::Real, 100 * count));
            for (order, to) in [(Order::Lanes, out), (Order::Serial, one)] {
                b.repeat(len, order, |b, i| {
                    let left = b.load(x, Index::at(0).var(i, 1));
                    let right = b.load(y, Index::at(0).var(i, 1));
                    for (at, function) in Function::ALL.iter().enumerate() {
                        let args = [left, right];
                        let value = b.apply(*function, &args[..function.arity()]);
                        b.store(to, Index::at(100 * at).var(i, 1), value);
                    }
                    let (word, key) = (b.index(i), b.int(-5));
                    let value = b.scalar(Scalar::Uniform, &[key, word, word, key]);
                    b.store(to, Index::at(100 * (count - 1)).var(i, 1), value);
                });
            }
            let program = b.finish().expect("it is valid");
            let (x, y) = (numbers(6, 100), numbers(7, 100));
            let empty = Storage::for_slot(&program.slots[2], precision);
            let (fx, fy) = (filled(&program.slots[0], precision, &x), filled(&program.slots[1], precision, &y));
            let after = run_everywhere(&program, &[fx, fy, empty.clone(), empty], 1);
            assert_eq!(after[2].first_difference(&after[3], 0..100 * count), None, "{precision} {len}");
            for (at, function) in Function::ALL.iter().enumerate() {
                for i in 0..100 {
                    let expected = match precision {
                        _ if i >= len => 0.0,
                        Precision::F32 => {
                            let args = [x[i] as f32, y[i] as f32];
                            f64::from(function.apply(&mut F32, &args[..function.arity()]))
                        }
                        Precision::F64 => function.apply(&mut F64, &[x[i], y[i]][..function.arity()]),
                    };
                    let found = after[2].get(100 * at + i);
                    assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()));
                }
            }
        }
    }
}

#[test]
fn ints_wrap_at_the_width_of_the_real_and_keep_their_low_bits() {
    for precision in [Precision::F32, Precision::F64] {
        let mut b = Builder::new("wrap", precision);
        let out = b.slot(slot("out", Element::Int, 6));
        let real = b.slot(slot("real", Element::Real, 1));
        let (most, least) = (b.int(i64::from(i32::MAX)), b.int(i64::from(i32::MIN)));
        let (one, minus) = (b.int(1), b.int(-1));
        let sum = b.apply(Function::Add, &[most, one]);
        let product = b.apply(Function::Multiply, &[most, most]);
        let quotient = b.scalar(Scalar::Quotient, &[least, minus]);
        let remainder = b.scalar(Scalar::Remainder, &[least, minus]);
        let below = b.scalar(Scalar::Less, &[sum, most]);
        let zero = b.int(0);
        let below = b.scalar(Scalar::Select, &[below, one, zero]);
        let clamped = b.clamp(sum, 7);
        for (at, value) in [sum, product, quotient, remainder, below, clamped].into_iter().enumerate() {
            b.store(out, Index::at(at), value);
        }
        let value = b.scalar(Scalar::Real, &[sum]);
        b.store(real, Index::at(0), value);
        let program = b.finish().expect("it is valid");
        let slots: Vec<_> = program.slots.iter().map(|slot| Storage::for_slot(slot, precision)).collect();
        let after = run_everywhere(&program, &slots, 1);
        let wraps = precision == Precision::F32;
        let least = f64::from(i32::MIN);
        let expected = [least, 1.0, least, 0.0, f64::from(u8::from(wraps)), if wraps { 0.0 } else { 6.0 }];
        for (at, expected) in expected.into_iter().enumerate() {
            assert_eq!(after[0].get(at), expected, "{precision} {at}");
        }
        assert_eq!(after[1].get(0), if wraps { least } else { -least });
    }
}

#[test]
fn counts_are_kept_within_their_bounds() {
    for (count, expected) in [(-1, 0), (0, 0), (1, 1), (17, 17), (33, 33), (34, 33), (i32::MAX, 33), (i32::MIN, 0)] {
        let mut b = Builder::new("count", Precision::F32);
        let counts = b.slot(slot("count", Element::Int, 1));
        let out = b.slot(slot("out", Element::Real, 33));
        b.lanes(Trip::Count { buffer: counts, bound: 33 }, |b, i| {
            let one = b.real(1.0);
            b.store(out, Index::at(0).var(i, 1), one);
        });
        let program = b.finish().expect("it is valid");
        let mut memory = Storage::for_slot(&program.slots[0], Precision::F32);
        memory.write_logical(&program.slots[0], &Values::Int(vec![count])).expect("it fits");
        let after = run_everywhere(&program, &[memory, Storage::for_slot(&program.slots[1], Precision::F32)], 1);
        let done = (0..33).filter(|cell| after[1].get(*cell) == 1.0).count();
        assert_eq!(done, expected, "{count}");
    }
}

#[test]
fn a_class_that_is_none_stops_the_interpreter() {
    let mut b = Builder::new("stray", Precision::F32);
    let class = b.slot(slot("class", Element::Class(3), 20));
    let out = b.slot(slot("out", Element::Real, 20));
    b.lanes(20, |b, i| {
        let class = b.load(class, Index::at(0).var(i, 1));
        let real = b.scalar(Scalar::Real, &[class]);
        b.store(out, Index::at(0).var(i, 1), real);
    });
    let program = b.finish().expect("it is valid");
    let mut classes = Storage::for_slot(&program.slots[0], Precision::F32);
    let mut out = Storage::for_slot(&program.slots[1], Precision::F32);
    assert_eq!(eval::run(&program, &mut [&mut classes, &mut out], 1), Ok(()));
    classes.set(18, 3.0);
    let fault = eval::run(&program, &mut [&mut classes, &mut out], 1);
    let expected = Fault::Class { buffer: "class".into(), cell: 18, value: 3, below: 3 };
    assert_eq!(fault, Err(expected));
}

#[test]
fn slots_that_do_not_fit_are_refused() {
    let mut b = Builder::new("slots", Precision::F32);
    b.slot(slot("x", Element::Real, 3));
    let program = b.finish().expect("it is valid");
    let mut right = Storage::for_slot(&program.slots[0], Precision::F32);
    let mut wrong = Storage::for_slot(&program.slots[0], Precision::F64);
    assert_eq!(eval::run(&program, &mut [&mut right], 1), Ok(()));
    assert!(matches!(eval::run(&program, &mut [], 1), Err(Fault::Slots { expected: 1, found: 0 })));
    assert!(matches!(eval::run(&program, &mut [&mut wrong], 1), Err(Fault::Slot(_))));
    let mut invalid = program;
    invalid.buffers[0].place = Place::Slot(1);
    assert!(matches!(eval::run(&invalid, &mut [&mut right], 1), Err(Fault::Invalid(_))));
}

/// Scratch memory holds nothing when a step begins.
#[test]
fn scratch_is_lost_between_steps() {
    let mut b = Builder::new("lost", Precision::F32);
    let out = b.slot(slot("out", Element::Real, 2));
    let kept = b.fresh("kept", neurula::loops::Cell::Real, 2);
    let one = b.real(1.0);
    b.store(kept, Index::at(0), one);
    for cell in 0..2 {
        let value = b.load(kept, Index::at(cell));
        b.store(out, Index::at(cell), value);
    }
    let program = b.finish().expect("it is valid");
    let mut memory = Storage::for_slot(&program.slots[0], Precision::F32);
    eval::run(&program, &mut [&mut memory], 2).expect("it runs");
    assert_eq!(memory.get(0), 1.0);
    assert!(memory.get(1).is_nan());
}
