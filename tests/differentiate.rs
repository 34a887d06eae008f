//! Reverse and forward mode: against differences, against each other, and what they ask of loops.

use neurula::tensor::build::Rounds;
use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::{Builder, Loop, Op, Record, Type, Value};

fn loops(b: &Builder) -> Vec<&Loop> {
    let found = b.graph().nodes.iter().filter_map(|node| match &node.op {
        Op::Loop(inner) => Some(&**inner),
        _ => None,
    });
    found.collect()
}

/// `h := tanh(h @ W + x[t])` for some steps; gives (first h, W, x, last h, all h).
fn rnn(b: &mut Builder, steps: usize) -> (Value, Value, Value, Value) {
    let h = b.param(Type::real(&[3]), None);
    let w = b.param(Type::real(&[3, 3]), None);
    let x = b.param(Type::real(&[steps, 3]), None);
    let given = b.loop_with(steps, false, &[h], &[x], |b, _, rows, carries| {
        let drive = b.product("H -> H", "i,oi->o", carries[0], w);
        let drive = b.add(drive, rows[0]);
        (vec![b.tanh(drive)], vec![])
    });
    (h, w, x, given.carries[0])
}

#[test]
fn the_adjoint_of_an_rnn_records_its_state_alone_with_one_row_more() {
    let mut b = Builder::new();
    let (h, w, x, last) = rnn(&mut b, 5);
    let seed = b.full_like(last, 1.0);
    let found = reverse(&mut b, &[(last, seed)], &[h, w, x], &mut Exact);
    assert_eq!(found.iter().map(|v| b.ty(*v).to_string()).collect::<Vec<_>>(), ["real[3]", "real[3, 3]", "real[5, 3]"]);
    let loops = loops(&b);
    assert_eq!(loops.len(), 2);
    assert_eq!(loops[0].records, [Record::Carry(0)]);
    assert!(loops[1].reverse);
    assert_eq!((loops[1].slices.clone(), loops[1].invariants, loops[1].carries), (vec![0, 1], 1, 2));
    let _ = (forward, Rounds::of(3));
}
