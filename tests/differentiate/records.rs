//! What differentiation asks loops and branches for: exactly what it reads, once.

use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::{Builder, Graph, Loop, Op, Record, Type, Value, When};

/// The loops of a graph, in order.
fn loops(graph: &Graph) -> Vec<&Loop> {
    let found = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Loop(inner) => Some(&**inner),
        _ => None,
    });
    found.collect()
}

fn backwards(b: &mut Builder, of: Value, wrt: &[Value]) -> Vec<Value> {
    let seed = b.full_like(of, 1.0);
    reverse(b, &[(of, seed)], wrt, &mut Exact)
}

/// The names of the operations of the body that give what a loop records.
fn recorded(looped: &Loop) -> Vec<String> {
    let name = |k: usize| match looped.records[k] {
        Record::Carry(j) => format!("carry {j}"),
        Record::Value => {
            let value = looped.recorded(k);
            let node = looped.body.nodes.iter().find(|node| node.outputs.contains(&value));
            match node.map(|node| &node.op) {
                Some(Op::Row(row, _)) => row.name.to_string(),
                Some(Op::Loop(inner)) => {
                    let node = node.expect("it is there");
                    let place = node.outputs.iter().position(|output| *output == value).expect("it is an output");
                    match place.checked_sub(inner.carries) {
                        Some(record) if record < inner.records.len() => format!("record {record} of the inner loop"),
                        Some(_) => "rounds of the inner loop".into(),
                        None => format!("last carry {place} of the inner loop"),
                    }
                }
                other => format!("{other:?}"),
            }
        }
    };
    (0..looped.records.len()).map(name).collect()
}

/// `h := tanh(h @ W + x[t])`
fn rnn(b: &mut Builder) -> (Value, [Value; 3]) {
    let (h, w, x) =
        (b.param(Type::real(&[3]), None), b.param(Type::real(&[3, 3]), None), b.param(Type::real(&[5, 3]), None));
    let looped = b.loop_with(5, false, &[h], &[x], |b, _, rows, carries| {
        let drive = b.product("H -> H", "i,oi->o", carries[0], w);
        let drive = b.add(drive, rows[0]);
        (vec![b.tanh(drive)], vec![])
    });
    (looped.carries[0], [h, w, x])
}

#[test]
fn the_adjoint_of_an_rnn_records_its_state_alone_with_one_row_more() {
    let mut b = Builder::new();
    let (last, wrt) = rnn(&mut b);
    let found = backwards(&mut b, last, &wrt);
    let types: Vec<String> = found.iter().map(|value| b.ty(*value).to_string()).collect();
    assert_eq!(types, ["real[3]", "real[3, 3]", "real[5, 3]"]);
    let loops = loops(b.graph());
    assert_eq!(loops.len(), 2);
    assert_eq!(recorded(loops[0]), ["carry 0"]);
    // The old state and the new one are rows i and i + 1 of one record; the input is not read; the weight is.
    assert_eq!((loops[1].reverse, loops[1].invariants, &loops[1].slices[..]), (true, 1, &[0, 1][..]));
    assert_eq!((loops[1].carries, recorded(loops[1])), (2, vec!["multiply".to_string()]));
}

#[test]
fn differentiating_again_asks_for_nothing_twice() {
    let mut b = Builder::new();
    let (last, wrt) = rnn(&mut b);
    backwards(&mut b, last, &wrt);
    backwards(&mut b, last, &wrt);
    let tangent = b.full_like(wrt[0], 1.0);
    forward(&mut b, &[(wrt[0], tangent)], &[last]);
    assert_eq!(recorded(loops(b.graph())[0]), ["carry 0"]);
}

#[test]
fn what_does_not_lie_between_is_neither_recorded_nor_written() {
    let mut b = Builder::new();
    let (h, other, x) =
        (b.param(Type::real(&[3]), None), b.param(Type::real(&[3]), None), b.param(Type::real(&[5, 3]), None));
    let looped = b.loop_with(5, false, &[h, other], &[x], |b, _, rows, carries| {
        let root = b.exp(carries[1]);
        let aside = b.multiply(root, rows[0]);
        let next = b.multiply(carries[0], rows[0]);
        (vec![next, aside], vec![b.sin(aside)])
    });
    let found = backwards(&mut b, looped.carries[0], &[h]);
    assert_eq!(found.len(), 1);
    let loops = loops(b.graph());
    // The product's other operand is a slice, which is sliced again.
    assert_eq!(recorded(loops[0]), ["sin"]);
    assert_eq!((loops[1].carries, loops[1].slices.len(), loops[1].invariants, loops[1].records.len()), (1, 1, 0, 0));
    assert_eq!(loops[1].body.nodes.len(), 1);
}

#[test]
fn what_is_cheap_or_the_same_in_each_round_is_computed_again() {
    let mut b = Builder::new();
    let (h, w, s) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3]), None), b.param(Type::real(&[]), None));
    let looped = b.loop_with(5, false, &[h], &[], |b, index, _, carries| {
        let scale = b.exp(w);
        let time = b.real(index);
        let time = b.multiply(time, s);
        let times = b.expand_like(time, scale, &[]);
        let half = b.full_like(scale, 0.5);
        let factor = b.multiply(times, half);
        let factor = b.add(factor, scale);
        (vec![b.multiply(carries[0], factor)], vec![])
    });
    backwards(&mut b, looped.carries[0], &[h]);
    let loops = loops(b.graph());
    assert_eq!(recorded(loops[0]), [""; 0]);
    assert_eq!((loops[1].slices.len(), loops[1].invariants, loops[1].carries), (0, 2, 1));
}

#[test]
fn what_is_only_repeated_is_recorded_before_it_is() {
    let mut b = Builder::new();
    let (h, x) = (b.param(Type::real(&[]), None), b.param(Type::real(&[5, 4, 3]), None));
    let looped = b.loop_with(5, false, &[h], &[x], |b, _, rows, carries| {
        let root = b.exp(carries[0]);
        let wide = b.expand_like(root, rows[0], &[]);
        let product = b.multiply(wide, rows[0]);
        let product = b.multiply(product, wide);
        (vec![b.sum(product, &[0, 1])], vec![])
    });
    backwards(&mut b, looped.carries[0], &[h]);
    let loops = loops(b.graph());
    // The root is read, as exp's own result. Of the two products, the first is, as the other operand of the second; it follows
    // from the root.
    assert_eq!(recorded(loops[0]), ["exp"]);
}

#[test]
fn records_of_an_inner_loop_are_recorded_by_the_outer_loop_in_turn() {
    let mut b = Builder::new();
    let (h, w) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3, 3]), None));
    let looped = b.loop_with(5, false, &[h], &[], |b, _, _, outer| {
        let inner = b.loop_with(4, false, &[outer[0]], &[], |b, _, _, inner| {
            let drive = b.product("H -> H", "i,oi->o", inner[0], w);
            (vec![b.tanh(drive)], vec![])
        });
        (inner.carries, vec![])
    });
    backwards(&mut b, looped.carries[0], &[h, w]);
    let outer = loops(b.graph());
    assert_eq!(recorded(outer[0]), ["record 0 of the inner loop"]);
    assert_eq!(recorded(loops(&outer[0].body)[0]), ["carry 0"]);
    assert_eq!(b.ty(Value(outer_output(b.graph(), 1))).to_string(), "real[5, 5, 3]");
    let inner = loops(&outer[1].body);
    assert_eq!((inner.len(), inner[0].reverse, &inner[0].slices[..]), (1, true, &[0, 1][..]));
}

/// The number of an output of the first loop.
fn outer_output(graph: &Graph, place: usize) -> u32 {
    let node = graph.nodes.iter().find(|node| matches!(node.op, Op::Loop(_))).expect("a loop");
    node.outputs[place].0
}

#[test]
fn a_branch_gives_what_its_derivative_reads_and_the_other_gives_zeros() {
    let mut b = Builder::new();
    let (x, y) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3]), None));
    let (a, c) = (b.scalar(1.0), b.scalar(2.0));
    let condition = b.less(a, c);
    let given = b.when_with(
        condition,
        |b| {
            let root = b.exp(x);
            vec![b.multiply(root, y)]
        },
        |b| vec![b.multiply(x, y)],
    );
    backwards(&mut b, given[0], &[x]);
    let whens: Vec<&When> = b
        .graph()
        .nodes
        .iter()
        .filter_map(|node| match &node.op {
            Op::When(when) => Some(&**when),
            _ => None,
        })
        .collect();
    assert_eq!(whens.len(), 2);
    // The exponential, for the first branch; nothing for the second, whose operands are handed in again.
    assert_eq!((whens[0].then.results.len(), whens[0].otherwise.results.len()), (2, 2));
    assert_eq!((whens[1].then.params.len(), whens[1].then.results.len()), (3, 1));
    assert_eq!((whens[1].then.nodes.len(), whens[1].otherwise.nodes.len()), (2, 1));
}

#[test]
fn where_nothing_arrives_nothing_is_written_until_zeros_are_asked_for() {
    let mut b = Builder::new();
    let (x, y) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3]), None));
    let steps = b.floor(x);
    let product = b.multiply(steps, y);
    let seed = b.full_like(product, 1.0);
    let before = b.graph().nodes.len();
    let found = reverse(&mut b, &[(product, seed)], &[x, y], &mut Exact);
    let written: Vec<String> = b.graph().nodes[before..]
        .iter()
        .map(|node| match &node.op {
            Op::Row(row, _) => row.name.into(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(written, ["multiply", "constant", "expand"]);
    assert!(b.constant_of(found[0]).is_some());
    let tangent = b.full_like(x, 1.0);
    assert_eq!(forward(&mut b, &[(x, tangent)], &[product]), [None]);
}

#[test]
fn values_that_were_there_keep_their_numbers() {
    let mut b = Builder::new();
    let (last, wrt) = rnn(&mut b);
    let before = b.graph().clone();
    backwards(&mut b, last, &wrt);
    let after = b.graph();
    assert_eq!(before.values[..], after.values[..before.values.len()]);
    for (old, new) in before.nodes.iter().zip(&after.nodes) {
        assert_eq!(old.outputs[..], new.outputs[..old.outputs.len()]);
        if let (Op::Loop(old), Op::Loop(new)) = (&old.op, &new.op) {
            assert_eq!((&old.body.nodes, &old.body.values), (&new.body.nodes, &new.body.values));
        }
    }
}
