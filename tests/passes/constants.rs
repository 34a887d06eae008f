//! What `fold_constants` computes, and what it leaves alone.

use super::{after, program};
use neurula::tensor::{Attributes, Builder, Op, Value, op};

/// What `fold_constants` makes of a scalar.
fn folded(side: fn(&mut Builder) -> Value) -> Option<Attributes> {
    let mut b = Builder::new();
    let value = side(&mut b);
    let graph = after(program(b, &[value]), &["fold_constants", "dead_code"]);
    match (&graph.nodes[..], graph.nodes.first().map(|node| &node.op)) {
        ([_], Some(Op::Row(row, attributes))) if **row == op::constant::ROW => Some(attributes.clone()),
        _ => None,
    }
}

#[test]
fn constants_are_computed_with_where_both_precisions_agree() {
    let number = |x: f64| Some(Attributes::Number(x));
    let truth = |x: bool| Some(Attributes::Truth(x));
    let integer = |x: i64| Some(Attributes::Integer(x));
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.5), b.scalar(0.25));
            b.add(x, y)
        }),
        number(1.75)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.5), b.scalar(0.25));
            b.subtract(x, y)
        }),
        number(1.25)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.5), b.scalar(0.25));
            b.multiply(x, y)
        }),
        number(0.375)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.5), b.scalar(0.25));
            b.divide(x, y)
        }),
        number(6.0)
    );
    assert_eq!(
        folded(|b| {
            let x = b.scalar(6.25);
            b.sqrt(x)
        }),
        number(2.5)
    );
    assert_eq!(
        folded(|b| {
            let x = b.scalar(-6.25);
            b.abs(x)
        }),
        number(6.25)
    );
    assert_eq!(
        folded(|b| {
            let x = b.scalar(2.0);
            let x = b.negate(x);
            b.negate(x)
        }),
        number(2.0)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.0), b.scalar(2.0));
            b.less(x, y)
        }),
        truth(true)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(2.0), b.scalar(2.0));
            b.less_equal(x, y)
        }),
        truth(true)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.0), b.scalar(2.0));
            b.equal(x, y)
        }),
        truth(false)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.int(7), b.int(-9));
            b.add(x, y)
        }),
        integer(-2)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.int(7), b.int(-9));
            b.multiply(x, y)
        }),
        integer(-63)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.int(7), b.int(-9));
            b.maximum(x, y)
        }),
        integer(7)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.int(7), b.int(-9));
            b.less(x, y)
        }),
        truth(false)
    );
    assert_eq!(
        folded(|b| {
            let x = b.int(7);
            b.real(x)
        }),
        number(7.0)
    );
    assert_eq!(
        folded(|b| {
            let x = b.truth(true);
            b.real(x)
        }),
        number(1.0)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.truth(true), b.truth(false));
            b.and(x, y)
        }),
        truth(false)
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.truth(true), b.truth(false));
            b.or(x, y)
        }),
        truth(true)
    );
    assert_eq!(
        folded(|b| {
            let x = b.truth(true);
            b.not(x)
        }),
        truth(false)
    );
}

#[test]
fn where_the_precisions_differ_constants_stay() {
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(0.1), b.scalar(0.2));
            b.add(x, y)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.0), b.scalar(3.0));
            b.divide(x, y)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(16_777_216.0), b.scalar(1.0));
            b.add(x, y)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1e30), b.scalar(1e30));
            b.multiply(x, y)
        }),
        None
    );
    // In f32 the two are one number.
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.scalar(1.0), b.scalar(1.0 + 1e-12));
            b.less(x, y)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let x = b.scalar(1.0);
            b.exp(x)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let (x, y) = (b.int(2_000_000_000), b.int(2_000_000_000));
            b.add(x, y)
        }),
        None
    );
    assert_eq!(
        folded(|b| {
            let x = b.int(16_777_217);
            b.real(x)
        }),
        None
    );
}
