//! Passes that look at more than one operation: common subexpressions, dead code, what leaves a loop.

use super::{after, program};
use neurula::tensor::build::Rounds;
use neurula::tensor::pass::{self, Pass};
use neurula::tensor::{Builder, Graph, Loop, Op, Program, Record, Type, Value, When, op};

fn names(graph: &Graph) -> Vec<&str> {
    let name = |node: &neurula::tensor::Node| match &node.op {
        Op::Row(row, _) => row.name,
        Op::Bind(_) => "bind",
        Op::Loop(_) => "loop",
        Op::When(_) => "when",
    };
    graph.nodes.iter().map(name).collect()
}

fn the_loop(graph: &Graph) -> &Loop {
    let found = graph.nodes.iter().find_map(|node| match &node.op {
        Op::Loop(inner) => Some(&**inner),
        _ => None,
    });
    found.expect("a loop")
}

fn the_when(graph: &Graph) -> &When {
    let found = graph.nodes.iter().find_map(|node| match &node.op {
        Op::When(inner) => Some(&**inner),
        _ => None,
    });
    found.expect("a when")
}

#[test]
fn what_is_the_same_is_computed_once_in_each_graph() {
    let mut b = Builder::new();
    let (x, w) = (b.param(Type::real(&[2, 3]), None), b.param(Type::real(&[4, 3]), None));
    let (first, second) = (b.exp(x), b.exp(x));
    let sum = b.add(first, second);
    let products = [
        b.product("A -> B", "bi,oi->bo", x, w),
        b.product("A -> B", "bi,oi->bo", x, w),
        b.product("A -> C", "bi,oi->bo", x, w),
    ];
    let condition = b.truth(true);
    let chosen = b.when_with(condition, |b| vec![b.exp(x)], |b| vec![b.exp(sum)]);
    let results = [&[sum][..], &products, &chosen].concat();
    let graph = after(program(b, &results), &["common_subexpressions", "dead_code"]);
    // Products of two projections are two; what a branch computes is its own.
    assert_eq!(names(&graph), ["exp", "add", "contract", "contract", "constant", "when"]);
    assert_eq!(graph.results[1], graph.results[2]);
    assert_eq!(names(&the_when(&graph).then), ["exp"]);
}

#[test]
fn what_is_handed_in_twice_is_handed_in_once() {
    let mut b = Builder::new();
    let (x, s) = (b.param(Type::real(&[5, 3]), None), b.param(Type::real(&[3]), None));
    let (one, same) = (b.exp(s), b.exp(s));
    let (rows, same_rows) = (b.tanh(x), b.tanh(x));
    let looped = b.loop_with(5, false, &[s], &[rows, same_rows], |b, _, rows, h| {
        let a = b.multiply(rows[0], one);
        let c = b.multiply(rows[1], same);
        let sum = b.add(a, c);
        (vec![b.add(sum, h[0])], vec![a, c])
    });
    let total = b.add(looped.records[0], looped.records[1]);
    let graph = after(program(b, &[looped.carries[0], total]), &["common_subexpressions", "dead_code"]);
    let inner = the_loop(&graph);
    assert_eq!((inner.invariants, inner.slices.len(), inner.records.len()), (1, 1, 1));
    assert_eq!(names(&inner.body), ["multiply", "add", "add"]);
}

#[test]
fn a_bind_is_never_merged_with_another() {
    let mut b = Builder::new();
    let n = b.param(Type::scalar(neurula::tensor::Element::Int), None);
    let counts = [b.fresh_count("n", 4), b.fresh_count("m", 4)];
    let x = b.param(Type::real(&[4]), None);
    let mut sums = Vec::new();
    for count in counts {
        b.bind(count.clone(), n);
        let part = b.first(x, 0, count_extent(count));
        sums.push(b.sum(part, &[0]));
    }
    let graph = after(program(b, &sums), &["common_subexpressions", "dead_code"]);
    assert_eq!(names(&graph), ["bind", "iota", "gather", "sum", "bind", "iota", "gather", "sum"]);
}

fn count_extent(count: neurula::tensor::Count) -> neurula::tensor::Extent {
    neurula::tensor::Extent::Count(count)
}

#[test]
fn of_a_loop_only_what_is_read_is_left() {
    let mut b = Builder::new();
    let (x, w) = (b.param(Type::real(&[5, 3]), None), b.param(Type::real(&[3]), None));
    let unread = b.exp(w);
    let looped = b.loop_with(5, false, &[w, w, w], &[x, x], |b, _, rows, h| {
        let next = b.add(h[0], rows[0]);
        // The second carry is read by itself alone, the third by the record that is read.
        let second = b.multiply(h[1], rows[1]);
        let second = b.add(second, unread);
        let third = b.tanh(h[2]);
        (vec![next, second, third], vec![b.exp(second), b.exp(third)])
    });
    let graph = after(program(b, &[looped.carries[0], looped.records[1]]), &["dead_code"]);
    let inner = the_loop(&graph);
    assert_eq!((inner.invariants, inner.slices.len(), inner.carries), (0, 1, 2));
    assert_eq!(inner.records, [Record::Value]);
    assert_eq!(names(&inner.body), ["add", "tanh", "exp"]);
    assert_eq!(names(&graph), ["loop"]);
    // Numbered in the order of definition.
    assert_eq!(graph.results, [Value(4), Value(6)]);
}

#[test]
fn a_loop_whose_count_is_mentioned_stays_with_its_condition() {
    let mut b = Builder::new();
    let (x, y) = (b.param(Type::real(&[]), None), b.param(Type::real(&[6]), None));
    let count = b.fresh_count("n", 6);
    let looped = b.rounds_with(Rounds::until(count.clone()), &[x, x], &[], |b, _, _, h| {
        let half = b.scale(h[0], 0.5);
        let limit = b.scalar(0.1);
        let go = b.less(limit, half);
        let other = b.exp(h[1]);
        neurula::tensor::build::Round { carries: vec![half, other], records: vec![half], go: Some(go) }
    });
    let _ = looped;
    let part = b.first(y, 0, count_extent(count));
    let sum = b.sum(part, &[0]);
    let graph = after(program(b, &[sum]), &["dead_code"]);
    assert_eq!(names(&graph), ["loop", "iota", "gather", "sum"]);
    let inner = the_loop(&graph);
    assert_eq!((inner.carries, inner.records.len(), inner.until.is_some()), (1, 0, true));
    assert_eq!(names(&inner.body), ["constant", "multiply", "constant", "less"]);
}

#[test]
fn of_a_branch_only_what_is_read_is_left() {
    let mut b = Builder::new();
    let (x, y) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3]), None));
    let condition = b.truth(true);
    let given = b.when_with(condition, |b| vec![b.exp(x), b.exp(y)], |_| vec![x, y]);
    let graph = after(program(b, &given[..1]), &["dead_code"]);
    let when = the_when(&graph);
    assert_eq!((when.then.params.len(), when.then.results.len(), when.otherwise.results.len()), (1, 1, 1));
    assert_eq!(names(&when.then), ["exp"]);
}

#[test]
fn what_is_dear_and_the_same_in_each_round_leaves_all_loops() {
    let mut b = Builder::new();
    let (x, w) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[3, 3]), None));
    let looped = b.loop_with(5, false, &[x], &[], |b, _, _, outer| {
        let inner = b.loop_with(4, false, &[outer[0]], &[], |b, _, _, inner| {
            let squares = b.multiply(w, w);
            let sum = b.sum(squares, &[1]);
            let sum = b.shift(sum, 1.0);
            let product = b.multiply(inner[0], sum);
            (vec![b.tanh(product)], vec![])
        });
        (inner.carries, vec![])
    });
    let graph = after(program(b, &looped.carries), &["hoist_invariants", "dead_code"]);
    // The product of weights goes along since the sum reads it; the cheap sum of two stays in the round.
    assert_eq!(names(&graph), ["multiply", "sum", "loop"]);
    let inner = the_loop(&the_loop(&graph).body);
    assert_eq!(names(&inner.body), ["constant", "expand", "add", "multiply", "tanh"]);
    assert_eq!((the_loop(&graph).invariants, inner.invariants), (1, 1));
}

#[test]
fn nothing_leaves_a_branch_or_mentions_an_inner_count() {
    let mut b = Builder::new();
    let (x, w) = (b.param(Type::real(&[3]), None), b.param(Type::real(&[4]), None));
    let lengths = b.param(Type::new(neurula::tensor::Element::Class(5), vec![neurula::tensor::Extent::Const(5)]), None);
    let looped = b.loop_with(5, false, &[x], &[lengths], |b, _, rows, h| {
        let count = b.fresh_count("n", 4);
        b.bind(count.clone(), rows[0]);
        let one = b.scalar(1.0);
        let ones = b.expand_to(one, &[count_extent(count)]);
        let roots = b.exp(ones);
        let sum = b.sum(roots, &[0]);
        let condition = b.less(sum, one);
        let chosen = b.when_with(condition, |b| vec![b.exp(w)], |_| vec![w]);
        let total = b.sum(chosen[0], &[0]);
        let total = b.add(total, sum);
        let totals = b.expand_like(total, h[0], &[]);
        (vec![b.multiply(h[0], totals)], vec![])
    });
    let graph = after(program(b, &looped.carries), &["hoist_invariants", "dead_code"]);
    assert_eq!(names(&graph), ["loop"]);
}

#[test]
fn composites_are_written_with_what_they_are_composed_of_in_bodies_too() {
    let mut b = Builder::new();
    let x = b.param(Type::real(&[5, 3]), None);
    let start = b.scalar(0.0);
    let looped = b.loop_with(5, false, &[start], &[x], |b, _, rows, h| {
        let soft = b.log_sum_exp(rows[0], &[0]);
        (vec![b.add(soft, h[0])], vec![b.argmax(rows[0], 0)])
    });
    let graph = after(program(b, &[looped.carries[0], looped.records[0]]), &["expand_composites"]);
    let is_composite = |node: &neurula::tensor::Node| match &node.op {
        Op::Row(row, _) => **row == op::log_sum_exp::ROW || **row == op::argmax::ROW,
        _ => false,
    };
    assert!(!the_loop(&graph).body.nodes.iter().any(is_composite));
}

#[test]
fn names_and_places_stay_with_what_they_belong_to() {
    let mut b = Builder::new();
    let x = b.param(Type::real(&[3]), Some("x".into()));
    let span = neurula::diag::Span { file: neurula::diag::FileId(0), start: 3, end: 9 };
    b.at(Some(span));
    let zero = b.zeros_like(x);
    let root = b.exp(x);
    let drive = b.add(root, zero);
    b.named(drive, "Hidden.drive");
    b.at(None);
    let twice = b.exp(x);
    let result = b.add(drive, twice);
    b.named(result, "Hidden");
    let graph = after(program(b, &[result]), &["algebra", "common_subexpressions", "dead_code"]);
    let names: Vec<_> = graph.values.iter().map(|info| info.name.as_deref()).collect();
    assert_eq!(names, [Some("x"), None, Some("Hidden.drive"), Some("Hidden")]);
    assert_eq!(graph.nodes.iter().map(|node| node.span).collect::<Vec<_>>(), [Some(span), None]);
}

#[test]
fn the_pass_that_breaks_a_program_is_named() {
    let mut b = Builder::new();
    let x = b.param(Type::real(&[3]), None);
    let root = b.exp(x);
    let program = program(b, &[root]);
    let swap = |program: Program| {
        let mut graph = program.graph.clone();
        graph.nodes[0].inputs = graph.nodes[0].outputs.clone();
        Program { graph, ..program }
    };
    let broken = Pass { name: "swap", about: "reads a value before it is computed", run: swap };
    let panic = std::panic::catch_unwind(|| pass::run_these(program.clone(), &[&broken])).expect_err("it is not valid");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("after the pass `swap`"), "{message}");
}
