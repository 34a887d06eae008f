//! Reverse and forward mode: against differences, against each other, and what they ask of loops.

mod cases;
mod derivatives;
mod mini;
mod run;

use cases::Case;
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
}

#[test]
fn smoke() {
    for (name, make) in cases::ALL {
        println!("{name}");
        let mut c = Case::new();
        let outputs = make(&mut c);
        println!("made");
        let seeds: Vec<(Value, Value)> = outputs.iter().map(|y| (*y, c.b.full_like(*y, 1.0))).collect();
        let wrt = c.wrt.clone();
        let found = reverse(&mut c.b, &seeds, &wrt, &mut Exact);
        println!("reversed");
        let tangents: Vec<(Value, Value)> = wrt.iter().map(|y| (*y, c.b.full_like(*y, 1.0))).collect();
        let t = forward(&mut c.b, &tangents, &outputs);
        println!("forward {t:?}");
        let again: Vec<(Value, Value)> = found.iter().map(|y| (*y, c.b.full_like(*y, 1.0))).collect();
        let found = reverse(&mut c.b, &again, &wrt, &mut Exact);
        println!("reversed twice {found:?}");
        let slots =
            c.b.graph()
                .params
                .iter()
                .enumerate()
                .map(|(i, v)| neurula::tensor::Slot {
                    name: format!("s{i}").into(),
                    ty: c.b.graph().ty(*v).clone(),
                    role: neurula::tensor::Role::Input,
                })
                .collect();
        let graph = c.b.finish(&found);
        let before = size(&graph);
        let program = neurula::tensor::Program { name: "p".into(), slots, graph, writes: vec![] };
        let program = neurula::tensor::pass::simplify(program);
        println!("simplified {} {}", before, size(&program.graph));
    }
}

fn size(graph: &neurula::tensor::Graph) -> usize {
    graph
        .nodes
        .iter()
        .map(|node| {
            1 + match &node.op {
                Op::Loop(l) => size(&l.body),
                Op::When(w) => size(&w.then) + size(&w.otherwise),
                _ => 0,
            }
        })
        .sum()
}
