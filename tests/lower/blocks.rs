//! What lowering does for the sake of the cache and of slow instructions: large results block by block, rows that are
//! fetched from a large array, bytes divided by a constant.

use super::meaning::{difference, numbers, run};
use crate::loops::filetest::filled;
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::{Precision, verify};
use neurula::tensor::{Element, Extent, Program, ProgramBuilder, Role, Type, Value};

fn state(b: &mut ProgramBuilder, name: &str, shape: &[usize]) -> Value {
    b.slot(name, Type::real(shape), Role::State)
}

fn some(cells: usize, seed: usize) -> Vec<f64> {
    (0..cells).map(|i| ((i * 37 + seed * 11) % 64) as f64 / 32.0 - 1.0).collect()
}

/// The program's loops as text; they mean what the tensors mean, to interpreter and machine code.
fn right(program: &Program, slots: &[Vec<f64>]) -> String {
    assert_eq!(difference(program, slots, 2), None);
    let lowered = lower(program, Precision::F32, &mut Layouts::new()).unwrap();
    assert_eq!(verify::verify(&lowered), []);
    lowered.to_string()
}

#[test]
fn a_large_gradient_lies_in_memory_a_block_at_a_time() {
    let mut b = ProgramBuilder::new("blocks");
    let (x, d) = (state(&mut b, "x", &[9, 96]), state(&mut b, "d", &[9, 130]));
    let (w, m) = (state(&mut b, "w", &[130, 96]), state(&mut b, "m", &[130, 96]));
    let gradient = b.contract("bo,bi->oi", d, x);
    let kept = b.scale(m, 0.5);
    let momentum = b.add(kept, gradient);
    let change = b.scale(momentum, 0.1);
    let new = b.subtract(w, change);
    b.write("m", momentum);
    b.write("w", new);
    let text = right(&b.finish(), &[some(9 * 96, 1), some(9 * 130, 2), some(130 * 96, 3), some(130 * 96, 4)]);
    assert!(text.contains("matrix rows 26 columns 96 depth 9"), "{text}");
    assert!(text.contains(&format!("scratch 0 own {} {{", 26 * 96 * 4)), "{text}");
}

#[test]
fn what_the_product_still_reads_is_not_replaced_block_by_block() {
    let mut b = ProgramBuilder::new("replaced");
    let (x, d) = (state(&mut b, "x", &[96, 96]), state(&mut b, "d", &[96, 96]));
    let product = b.contract("bo,bi->oi", d, x);
    let small = b.scale(product, 0.01);
    let new = b.add(x, small);
    b.write("x", new);
    let text = right(&b.finish(), &[some(96 * 96, 1), some(96 * 96, 2)]);
    assert!(text.contains("matrix rows 96 columns 96 depth 96"), "{text}");
}

#[test]
fn what_is_used_at_other_places_too_is_computed_as_a_whole() {
    let mut b = ProgramBuilder::new("turned");
    let (x, d) = (state(&mut b, "x", &[9, 96]), state(&mut b, "d", &[9, 96]));
    state(&mut b, "both", &[96, 96]);
    let product = b.contract("bo,bi->oi", d, x);
    let turned = b.permute(product, &[1, 0]);
    let both = b.add(product, turned);
    b.write("both", both);
    let text = right(&b.finish(), &[some(9 * 96, 1), some(9 * 96, 2), some(96 * 96, 3)]);
    assert!(text.contains("matrix rows 96 columns 96 depth 9"), "{text}");
}

#[test]
fn rows_that_are_fetched_from_afar_wait_side_by_side() {
    let program = |rows: usize| {
        let mut b = ProgramBuilder::new("fetched");
        let image = b.slot("image", Type::new(Element::Byte, [Extent::Const(rows), Extent::Const(301)]), Role::Input);
        let order = b.slot("order", Type::new(Element::Class(rows), [Extent::Const(7)]), Role::Input);
        state(&mut b, "batch", &[7, 301]);
        let batch = b.gather(image, order);
        let batch = b.real(batch);
        b.write("batch", batch);
        let bytes = (0..rows * 301).map(|i| (i * 31 % 256) as f64).collect();
        let order = (0..7).map(|i| (i * 613 % rows) as f64).collect();
        right(&b.finish(), &[bytes, order, vec![0.0; 7 * 301]])
    };
    let (near, far) = (program(30), program(4000));
    assert!(near.contains("loop i0 < 7 serial") && near.contains("loop i1 < 301 lanes"), "{near}");
    assert!(far.contains("loop i0 < 301 lanes") && far.contains("loop i1 < 7 serial"), "{far}");
}

#[test]
fn bytes_are_divided_to_the_bit() {
    for precision in [Precision::F32, Precision::F64] {
        for (divisor, divides) in [(255.0, false), (256.0, false), (3.0, false), (0.1, false), (0.0, true)] {
            let mut b = ProgramBuilder::new("ratio");
            let byte = b.slot("byte", Type::new(Element::Byte, [Extent::Const(256)]), Role::Input);
            state(&mut b, "ratio", &[256]);
            let whole = b.real(byte);
            let by = b.scalar(divisor);
            let by = b.expand_like(by, whole, &[]);
            let ratio = b.divide(whole, by);
            b.write("ratio", ratio);
            let lowered = lower(&b.finish(), precision, &mut Layouts::new()).unwrap();
            let data = [(0..256).map(f64::from).collect(), vec![0.0; 256]];
            let memory: Vec<_> =
                lowered.slots.iter().zip(&data).map(|(slot, data)| filled(slot, precision, data)).collect();
            let after = run(&lowered, &memory, 1);
            let expected = |n: f64| match precision {
                Precision::F32 => f64::from(n as f32 / divisor as f32),
                Precision::F64 => n / divisor,
            };
            for (n, found) in numbers(&lowered.slots[1], &after[1]).into_iter().enumerate() {
                let expected = expected(n as f64);
                assert!(found == expected || found.is_nan() && expected.is_nan(), "{n} / {divisor}: {found:e}");
            }
            assert_eq!(lowered.to_string().contains("divide"), divides, "{lowered}");
        }
    }
}
