//! Causes: of all values that are not finite, those are told that flow into what a step leaves.

use neurula::loops::build::Builder;
use neurula::loops::eval::{Cause, Deed, Interpreter, Traced};
use neurula::loops::memory::Storage;
use neurula::loops::{FoldKind, Folding, Index, Mark, Matrix, Operand, Program, Scalar, Slot};
use neurula::math::{Function, Precision};
use neurula::tensor::{Role, Type};

fn slot(name: &str, len: usize) -> Slot {
    let ty = Type::real(&[len]);
    Slot { name: name.into(), ty, role: Role::State, strides: vec![1], len }
}

/// The slots after a traced step; `x` is the first of them.
fn traced(program: &Program, x: &[f64]) -> Traced {
    let mut memory: Vec<_> = program.slots.iter().map(|slot| Storage::for_slot(slot, Precision::F32)).collect();
    x.iter().enumerate().for_each(|(cell, value)| memory[0].set(cell, *value));
    let mut again = memory.clone();
    let interpreter = Interpreter::new(program).expect("it is valid");
    let traced = interpreter.trace(&mut memory.iter_mut().collect::<Vec<_>>()).expect("it runs");
    interpreter.run(&mut again.iter_mut().collect::<Vec<_>>(), 1).expect("it runs");
    for ((slot, a), b) in program.slots.iter().zip(&memory).zip(&again) {
        assert!(a.same_bits(b, slot), "`{}` is another when it is traced", slot.name);
    }
    traced
}

fn cause(traced: &Traced, slot: usize) -> (Deed, Vec<f64>, f64) {
    let Some(Cause { deed, operands, value, .. }) = traced.first([slot]) else { panic!("slot {slot} is finite") };
    (deed.clone(), operands.clone(), *value)
}

/// A map over twenty cells, in lanes and one by one.
fn maps(write: impl Fn(&mut Builder, neurula::loops::Reg) -> neurula::loops::Reg) -> Vec<Program> {
    let make = |lanes: bool| {
        let mut b = Builder::new("map", Precision::F32);
        let x = b.slot(slot("x", 20));
        let y = b.slot(slot("y", 20));
        let body = |b: &mut Builder, i| {
            let value = b.load(x, Index::at(0).var(i, 1));
            let value = write(b, value);
            b.store(y, Index::at(0).var(i, 1), value);
        };
        if lanes {
            b.lanes(20, body)
        } else {
            b.serial(20, body)
        }
        b.finish().expect("it is valid")
    };
    vec![make(true), make(false)]
}

fn twenty(cell: usize, value: f64) -> Vec<f64> {
    (0..20).map(|i| if i == cell { value } else { 1.0 + i as f64 }).collect()
}

#[test]
fn the_operation_is_told_that_made_it_and_what_it_was_given() {
    for program in maps(|b, x| {
        let logarithm = b.apply(Function::Log, &[x]);
        let twice = b.apply(Function::Add, &[logarithm, logarithm]);
        b.apply(Function::Subtract, &[twice, twice])
    }) {
        let (deed, operands, value) = cause(&traced(&program, &twenty(17, 0.0)), 1);
        assert_eq!((deed, operands, value), (Deed::Function(Function::Log), vec![0.0], f64::NEG_INFINITY));
        assert_eq!(traced(&program, &twenty(17, 1.0)).first([0, 1]), None);
    }
}

#[test]
fn what_is_not_chosen_and_what_becomes_finite_again_is_not_told() {
    for program in maps(|b, x| {
        // The logarithm of 0 is not chosen, 1 / inf is 0, and the square overflows.
        let (zero, one) = (b.real(0.0), b.real(1.0));
        let logarithm = b.apply(Function::Log, &[x]);
        let is_zero = b.scalar(Scalar::LessEqual, &[x, zero]);
        let kept = b.scalar(Scalar::Select, &[is_zero, one, logarithm]);
        let large = b.apply(Function::Divide, &[one, x]);
        let small = b.apply(Function::Divide, &[one, large]);
        let square = b.apply(Function::Multiply, &[x, x]);
        let sum = b.apply(Function::Add, &[kept, small]);
        b.apply(Function::Add, &[sum, square])
    }) {
        assert_eq!(traced(&program, &twenty(3, 0.0)).first([1]), None);
        let mut both = twenty(3, 0.0);
        both[18] = 1e20;
        let (deed, operands, _) = cause(&traced(&program, &both), 1);
        assert_eq!((deed, operands.len()), (Deed::Function(Function::Multiply), 2));
    }
}

#[test]
fn folds_tell_what_they_were_given_or_that_they_overflow_themselves() {
    for lanes in [false, true] {
        for (kind, large) in [(FoldKind::Sum, true), (FoldKind::Max, false)] {
            let mut b = Builder::new("fold", Precision::F32);
            let x = b.slot(slot("x", 20));
            let y = b.slot(slot("y", 1));
            let sum = b.fold(20, lanes, |b, i| {
                let value = b.load(x, Index::at(0).var(i, 1));
                let root = b.apply(Function::Sqrt, &[value]);
                let square = b.apply(Function::Multiply, &[root, root]);
                Folding::Of(kind, square)
            });
            b.store(y, Index::at(0), sum);
            let program = b.finish().expect("it is valid");
            let (deed, operands, _) = cause(&traced(&program, &twenty(9, -4.0)), 1);
            assert_eq!((deed, operands), (Deed::Function(Function::Sqrt), vec![-4.0]));
            let all = traced(&program, &[2e38; 20]);
            match large {
                true => assert_eq!(cause(&all, 1).0, Deed::Fold(FoldKind::Sum)),
                false => {
                    assert_eq!(all.first([1]), None, "a largest begins with minus infinity, and that is none's fault")
                }
            }
        }
    }
}

#[test]
fn products_memory_and_rounds_keep_causes() {
    let mut b = Builder::new("products", Precision::F32);
    let x = b.slot(slot("x", 20));
    let kept = b.slot(slot("kept", 20));
    let out = b.slot(slot("out", 1));
    let empty = b.slot(slot("empty", 1));
    // Each round squares; a product sums the last powers.
    b.serial(3, |b, _| {
        b.lanes(20, |b, i| {
            let value = b.load(x, Index::at(0).var(i, 1));
            let square = b.apply(Function::Multiply, &[value, value]);
            b.store(x, Index::at(0).var(i, 1), square);
        });
    });
    let operand = |buffer, row, column| Operand { buffer, base: Index::at(0), row, column };
    b.matrix(Matrix {
        rows: 1.into(),
        columns: 1.into(),
        depth: 20.into(),
        left: operand(x, 20, 1),
        right: operand(kept, 1, 1),
        out: operand(out, 1, 1),
        accumulate: false,
        room: 1,
        origin: Mark::default(),
    });
    let none = b.fold(0, false, |b, i| {
        let value = b.load(x, Index::at(0).var(i, 1));
        Folding::Of(FoldKind::Max, value)
    });
    b.store(empty, Index::at(0), none);
    let mut program = b.finish().expect("it is valid");
    program.origins.rounds = vec![neurula::loops::Var(0)];
    let traced = traced(&program, &twenty(4, 1e10));
    let first = traced.first([2]).expect("0 times infinity is no number");
    let square = 1e10_f32 * 1e10_f32;
    assert_eq!((&first.deed, &first.operands), (&Deed::Function(Function::Multiply), &vec![f64::from(square); 2]));
    assert_eq!(first.rounds, [1], "the first round gives 1e20, the second is too much");
    assert_eq!(traced.first([0, 2, 3]), Some(first));
    assert_eq!(cause(&traced, 3).0, Deed::Fold(FoldKind::Max));
    assert_eq!(traced.first([1]), None);
}

#[test]
fn what_was_there_before_is_told_by_the_name_of_its_slot() {
    for program in maps(|b, x| b.apply(Function::Tanh, &[x])) {
        let given = traced(&program, &twenty(2, f64::NAN));
        assert_eq!(cause(&given, 1).0, Deed::Given("x".into()));
        assert_eq!(traced(&program, &twenty(2, f64::INFINITY)).first([1]), None);
    }
}
