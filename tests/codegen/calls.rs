//! What a call looks at before anything runs, and that code lives exactly as long as it is used.

use super::{Writer, numbers};
use neurula::codegen::{CallError, Code};
use neurula::loops::memory::{Mismatch, Storage};
use neurula::loops::{Cell, Folding, Index, Order, Place, Precision, Program, Stmt, Trip};
use neurula::math::Function;
use neurula::tensor::Element;

/// `values[class[i]] += i + 1`, and the sum of their squares, over scratch memory.
fn program(precision: Precision, length: usize) -> (Program, Vec<Storage>) {
    let mut writer = Writer::new("call", precision);
    let values = writer.slot(Element::Real, &numbers(length, 3, precision, false));
    let classes: Vec<f64> = (0..length).map(|i| ((i * 3) % length) as f64).collect();
    let classes = writer.slot(Element::Class(length), &classes);
    let sum = writer.full(Element::Real, 1, 0.0);
    let b = &mut writer.b;
    let scratch = b.fresh("squares", Cell::Real, length);
    b.nest("Scatter", None, |b| {
        b.serial(length, |b, i| {
            let class = b.load(classes, Index::at(0).var(i, 1));
            let old = b.load(values, Index::at(0).reg(class, 1));
            let one = b.real(1.25);
            let new = b.apply(Function::Add, &[old, one]);
            b.store(values, Index::at(0).reg(class, 1), new);
        });
    });
    b.nest("Squares", None, |b| {
        b.lanes(length, |b, i| {
            let x = b.load(values, Index::at(0).var(i, 1));
            let square = b.apply(Function::Multiply, &[x, x]);
            b.store(scratch, Index::at(0).var(i, 1), square);
        });
    });
    b.nest("Sum", None, |b| {
        let total = b.fold(length, true, |b, i| {
            Folding::Of(neurula::loops::FoldKind::Sum, b.load(scratch, Index::at(0).var(i, 1)))
        });
        b.store(sum, Index::at(0), total);
    });
    writer.finish()
}

fn call(code: &Code, slots: &mut [Storage], steps: u64) -> Result<(), CallError> {
    let mut handed: Vec<&mut Storage> = slots.iter_mut().collect();
    code.call(&mut handed, steps)
}

/// Calls with slots that are not right: the error, after which all is as it was.
fn refused(code: &Code, mut slots: Vec<Storage>) -> CallError {
    let before = slots.clone();
    let error = call(code, &mut slots, 3).expect_err("the call is refused");
    assert_eq!(slots, before, "nothing has run");
    error
}

#[test]
fn slots_that_do_not_fit_are_refused_and_nothing_runs() {
    for precision in [Precision::F32, Precision::F64] {
        let (program, slots) = program(precision, 19);
        let code = Code::compile(&program).expect("it compiles");
        assert_eq!(refused(&code, slots[..2].to_vec()), CallError::Slots { expected: 3, found: 2 });
        assert_eq!(refused(&code, Vec::new()), CallError::Slots { expected: 3, found: 0 });
        let mut more = slots.clone();
        more.push(slots[0].clone());
        assert_eq!(refused(&code, more), CallError::Slots { expected: 3, found: 4 });

        let other = if precision == Precision::F32 { Precision::F64 } else { Precision::F32 };
        for wrong in [
            Storage::zeros(Cell::Real, other, 19),
            Storage::zeros(Cell::Int(None), precision, 19),
            Storage::zeros(Cell::Byte, precision, 19),
        ] {
            let mut kinds = slots.clone();
            kinds[0] = wrong;
            assert!(matches!(refused(&code, kinds), CallError::Mismatch(Mismatch::Cells { .. })));
        }
        for length in [0, 18, 20] {
            let mut lengths = slots.clone();
            lengths[0] = Storage::zeros(Cell::Real, precision, length);
            let expected = Mismatch::Length { name: "slot 0".to_string(), expected: 19, found: length };
            assert_eq!(refused(&code, lengths), CallError::Mismatch(expected));
        }
    }
}

#[test]
fn a_class_out_of_range_is_refused_wherever_it_stands() {
    let (program, slots) = program(Precision::F32, 19);
    let code = Code::compile(&program).expect("it compiles");
    for place in [0, 7, 18] {
        for value in [19, 20, -1, i32::MAX, i32::MIN] {
            let mut stray = slots.clone();
            stray[1].set(place, f64::from(value));
            let expected = CallError::Class { slot: "slot 1".to_string(), value, below: 19 };
            assert_eq!(refused(&code, stray), expected);
        }
    }
    let mut last = slots.clone();
    last[1].set(7, 18.0);
    assert_eq!(call(&code, &mut last, 1), Ok(()));
}

#[test]
fn no_steps_change_nothing_and_two_calls_are_one() {
    let (program, slots) = program(Precision::F64, 19);
    let code = Code::compile(&program).expect("it compiles");
    let mut none = slots.clone();
    assert_eq!(call(&code, &mut none, 0), Ok(()));
    assert_eq!(none, slots);
    let (mut once, mut twice) = (slots.clone(), slots);
    assert_eq!(call(&code, &mut once, 5), Ok(()));
    assert_eq!(call(&code, &mut twice, 2), Ok(()));
    assert_eq!(call(&code, &mut twice, 3), Ok(()));
    assert_eq!(once, twice);
}

#[test]
fn a_program_that_is_not_valid_is_not_compiled() {
    let (mut program, _) = program(Precision::F32, 19);
    let outside = Index::at(19);
    let Some(Stmt::Nest { body, .. }) = program.body.last_mut() else { panic!("the program ends with a nest") };
    let Some(Stmt::Store { index, .. }) = body.last_mut() else { panic!("the nest ends with a store") };
    *index = outside;
    let error = Code::compile(&program).err().expect("it is refused");
    assert!(error.message.contains("not valid"), "{error}");
}

#[test]
fn code_lives_on_while_other_code_is_dropped() {
    let expected = |length: usize| {
        let (program, mut slots) = program(Precision::F32, length);
        let mut handed: Vec<&mut Storage> = slots.iter_mut().collect();
        neurula::loops::eval::run(&program, &mut handed, 2).expect("it runs");
        slots
    };
    let compiled = |length: usize| {
        let (program, slots) = program(Precision::F32, length);
        (length, Code::compile(&program).expect("it compiles"), slots)
    };
    let mut living: Vec<_> = [5, 16, 19, 33].into_iter().map(compiled).collect();
    for round in 0..12 {
        drop(living.remove(round * 7 % living.len()));
        living.push(compiled(20 + round));
        for (length, code, slots) in &living {
            let mut slots = slots.clone();
            assert_eq!(call(code, &mut slots, 2), Ok(()));
            assert_eq!(slots, expected(*length), "{length}, round {round}");
        }
    }
}

#[test]
fn many_threads_call_one_code_at_once_each_on_its_own_memory() {
    let (program, slots) = program(Precision::F64, 333);
    let code = Code::compile(&program).expect("it compiles");
    let expected: Vec<Vec<Storage>> = (0..8_u64)
        .map(|thread| {
            let mut own = slots.clone();
            own[0].set(0, thread as f64);
            let mut handed: Vec<&mut Storage> = own.iter_mut().collect();
            neurula::loops::eval::run(&program, &mut handed, 10 + thread).expect("it runs");
            own
        })
        .collect();
    std::thread::scope(|scope| {
        for (thread, expected) in expected.iter().enumerate() {
            let (code, slots) = (&code, &slots);
            scope.spawn(move || {
                for _ in 0..50 {
                    let mut own = slots.clone();
                    own[0].set(0, thread as f64);
                    assert_eq!(call(code, &mut own, 10 + thread as u64), Ok(()));
                    assert_eq!(&own, expected, "thread {thread}");
                }
            });
        }
    });
}

/// Whatever lies in scratch memory where no class was written, since its count was 0, is no way out of an array.
#[test]
fn what_lies_in_scratch_memory_instead_of_classes_leads_nowhere() {
    for precision in [Precision::F32, Precision::F64] {
        let (classes, length) = (5, 21);
        let mut writer = Writer::new("stray", precision);
        let values = writer.slot(Element::Real, &[1.0, 2.0, 3.0, 4.0, 5.0]);
        let count = writer.full(Element::Int, 1, 0.0);
        let outs: Vec<_> = (0..3).map(|_| writer.full(Element::Real, length, 0.0)).collect();
        let b = &mut writer.b;
        let garbage = b.fresh("garbage", Cell::Real, length);
        b.nest("Garbage", None, |b| {
            b.lanes(length, |b, i| {
                let large = b.real(-1e30);
                b.store(garbage, Index::at(0).var(i, 1), large);
            });
        });
        let stray = b.buffer("stray", Cell::Int(Some(classes)), length, Place::Scratch(0), None);
        b.nest("Classes", None, |b| {
            b.lanes(Trip::Count { buffer: count, bound: length }, |b, i| {
                let int = b.index(i);
                let class = b.clamp(int, classes);
                b.store(stray, Index::at(0).var(i, 1), class);
            });
        });
        for (out, lanes) in outs.iter().zip([true, false]) {
            let order = if lanes { Order::Lanes } else { Order::Serial };
            b.nest("Gather", None, |b| {
                b.repeat(length, order, |b, i| {
                    let class = b.load(stray, Index::at(0).var(i, 1));
                    let value = b.load(values, Index::at(0).reg(class, 1));
                    b.store(*out, Index::at(0).var(i, 1), value);
                });
            });
        }
        b.nest("Apart", None, |b| {
            b.lanes(length.div_ceil(2), |b, i| {
                let class = b.load(stray, Index::at(0).var(i, 2));
                let value = b.load(values, Index::at(0).reg(class, 1));
                b.store(outs[2], Index::at(0).var(i, 1), value);
            });
        });
        let (program, mut slots) = writer.finish();
        let code = Code::compile(&program).expect("it compiles");
        assert_eq!(call(&code, &mut slots, 2), Ok(()));
        for out in &slots[2..] {
            assert!((0..length / 2).all(|cell| (1.0..=5.0).contains(&out.get(cell))), "{out:?}");
        }
    }
}
