//! Tensors, loops and machine code give the same values, of the type that the row's rule says.

use super::cases::{self, Case};
use crate::loops::filetest::{filled, run_everywhere};
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{self, Precision};
use neurula::tensor::eval::{Array, step};
use neurula::tensor::op::Fold;
use neurula::tensor::{Element, Extent, Kind, Program, ProgramBuilder, Role, op, pass, verify};

/// A program whose last slot becomes what the row gives.
fn program(case: &Case) -> Program {
    let mut b = ProgramBuilder::new(case.row.name);
    let slots: Vec<_> = case.types.iter().enumerate().collect();
    let inputs: Vec<_> = slots.iter().map(|(i, ty)| b.slot(format!("x{i}"), (*ty).clone(), Role::State)).collect();
    let ty = (case.row.ty)(&case.types.iter().collect::<Vec<_>>(), &case.attributes).expect("well-formed");
    b.slot("y", ty, Role::State);
    let y = b.row(case.row, case.attributes.clone(), &inputs);
    b.write("y", y);
    b.finish()
}

/// What tensors make of these numbers.
fn evaluated(program: &Program, numbers: &[Vec<f64>]) -> Array {
    let none = Vec::new();
    let arrays = program.slots.iter().enumerate();
    let mut arrays: Vec<Array> = arrays
        .map(|(i, slot)| Array::from_numbers(&slot.ty, numbers.get(i).unwrap_or(&none).iter().copied()))
        .collect();
    step(program, &mut arrays).unwrap_or_else(|fault| panic!("{}: {fault}", program.name));
    arrays.pop().expect("a slot")
}

/// What loops and machine code make of them; they agree to the bit.
fn lowered(program: &Program, precision: Precision, numbers: &[Vec<f64>]) -> Vec<f64> {
    let expanded = pass::run_these(program.clone(), &[pass::find("expand_composites").expect("a pass")]);
    let loops = lower(&expanded, precision, &mut Layouts::new()).unwrap_or_else(|error| panic!("{error}"));
    let none = Vec::new();
    let slots = loops.slots.iter().enumerate();
    let memory: Vec<Storage> =
        slots.map(|(i, slot)| filled_or_zero(slot, precision, numbers.get(i).unwrap_or(&none))).collect();
    let after = run_everywhere(&loops, &memory, 1);
    let (slot, storage) = loops.slots.iter().zip(&after).next_back().expect("a slot");
    match storage.read_logical(slot) {
        Values::F64(numbers) => numbers,
        Values::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
        Values::Int(numbers) => numbers.into_iter().map(f64::from).collect(),
        Values::Byte(numbers) => numbers.into_iter().map(f64::from).collect(),
    }
}

fn filled_or_zero(slot: &loops::Slot, precision: Precision, numbers: &[f64]) -> Storage {
    match numbers.is_empty() {
        true => Storage::for_slot(slot, precision),
        false => filled(slot, precision, numbers),
    }
}

/// For each element how much loops may differ from tensors, which sum in another order: 1e-10 of the sum of absolute
/// terms; what is no sum is the same.
fn bounds(case: &Case, program: &Program, numbers: &[Vec<f64>], y: &[f64]) -> Vec<f64> {
    let absolute = || {
        let absolute: Vec<Vec<f64>> = numbers.iter().map(|x| x.iter().map(|x| x.abs()).collect()).collect();
        evaluated(program, &absolute).numbers().iter().map(|sum| 1e-10 * sum).collect()
    };
    let real = program.slots.last().is_some_and(|slot| slot.ty.element == Element::Real);
    match case.row.kind {
        Kind::Reduce(Fold::Sum) | Kind::Contract | Kind::Scatter | Kind::Overlap if real => absolute(),
        // The sum of the exponentials of what lies below the largest is at least 1, so its logarithm errs no more.
        Kind::Composite(_) if real => vec![1e-10; y.len()],
        _ => vec![0.0; y.len()],
    }
}

#[test]
fn values_agree_across_tensors_loops_and_machine_code() {
    for row in op::ALL {
        for case in cases::of(row) {
            let program = program(&case);
            assert_eq!(verify::verify(&program), [], "{case:?}");
            let numbers: Vec<Vec<f64>> = (0..case.types.len()).map(|i| cases::numbers(&case, i, 0)).collect();
            let array = evaluated(&program, &numbers);
            let expected = array.numbers();
            let found = lowered(&program, Precision::F64, &numbers);
            assert_eq!(found.len(), expected.len(), "{case:?}");
            let bounds = bounds(&case, &program, &numbers, &expected);
            for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let off = (found - expected).abs();
                assert!(off <= bounds[place], "{case:?}: element {place}: {found}, not {expected}");
            }
            // In f32 there is no judge but the loops' interpreter, which is asked here.
            lowered(&program, Precision::F32, &numbers);
        }
    }
}

#[test]
fn what_comes_out_is_of_the_type_that_the_rule_gives() {
    for row in op::ALL {
        for case in cases::of(row) {
            let program = program(&case);
            let ty = &program.slots.last().expect("a slot").ty;
            for seed in 0..3 {
                let numbers: Vec<Vec<f64>> = (0..case.types.len()).map(|i| cases::numbers(&case, i, seed)).collect();
                let array = evaluated(&program, &numbers);
                let shape: Vec<usize> = ty.shape.iter().map(Extent::bound).collect();
                assert_eq!(array.shape(), shape, "{case:?}");
                let fits = match (&array, ty.element) {
                    (Array::Real(_), Element::Real) | (Array::Bool(_), Element::Bool) => true,
                    (Array::Int(_), Element::Int) => true,
                    (Array::Int(x), Element::Class(k)) => x.iter().all(|x| (0..k as i64).contains(x)),
                    (Array::Int(x), Element::Byte) => x.iter().all(|x| (0..256).contains(x)),
                    _ => false,
                };
                assert!(fits, "{case:?}: {array:?} is no {ty}");
            }
        }
    }
}
