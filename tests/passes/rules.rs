//! Each equation of `algebra`: its left side becomes its right side.

use super::{after, program};
use neurula::tensor::{Builder, Element, Extent, Graph, Type, Value};

/// The operands that the sides of an equation are written with.
struct Operands {
    x: Value,
    y: Value,
    /// A scalar.
    s: Value,
    c: Value,
    d: Value,
    /// Of `class<4>`.
    n: Value,
}

type Side = fn(&mut Builder, &Operands) -> Value;

fn shape() -> Vec<Extent> {
    vec![Extent::Const(3), Extent::Const(4)]
}

fn graph(side: Side, passes: &[&str]) -> Graph {
    let mut b = Builder::new();
    let mut param = |element, shape: Vec<Extent>| b.param(Type::new(element, shape), None);
    let (x, y) = (param(Element::Real, shape()), param(Element::Real, shape()));
    let s = param(Element::Real, Vec::new());
    let (c, d) = (param(Element::Bool, shape()), param(Element::Bool, shape()));
    let n = param(Element::Class(4), shape());
    let value = side(&mut b, &Operands { x, y, s, c, d, n });
    after(program(b, &[value]), passes)
}

/// A constant over the whole shape.
fn full(b: &mut Builder, number: f64) -> Value {
    b.full(number, &shape())
}

fn truths(b: &mut Builder, truth: bool) -> Value {
    let truth = b.truth(truth);
    b.expand_to(truth, &shape())
}

fn constants(n: usize) -> Vec<Extent> {
    vec![Extent::Const(n)]
}

/// The equations of `algebra`, by the names of the rules: left side, right side.
const EQUATIONS: &[(&str, Side, Side)] = &[
    (
        "add_zero",
        |b, o| {
            let zero = full(b, 0.0);
            b.add(o.x, zero)
        },
        |_, o| o.x,
    ),
    (
        "add_zero, left",
        |b, o| {
            let zero = full(b, 0.0);
            b.add(zero, o.x)
        },
        |_, o| o.x,
    ),
    (
        "add_negated",
        |b, o| {
            let y = b.negate(o.y);
            b.add(o.x, y)
        },
        |b, o| b.subtract(o.x, o.y),
    ),
    (
        "add_negated, left",
        |b, o| {
            let x = b.negate(o.x);
            b.add(x, o.y)
        },
        |b, o| b.subtract(o.y, o.x),
    ),
    (
        "subtract_zero",
        |b, o| {
            let zero = full(b, 0.0);
            b.subtract(o.x, zero)
        },
        |_, o| o.x,
    ),
    (
        "subtract_from_zero",
        |b, o| {
            let zero = full(b, 0.0);
            b.subtract(zero, o.x)
        },
        |b, o| b.negate(o.x),
    ),
    (
        "subtract_negated",
        |b, o| {
            let y = b.negate(o.y);
            b.subtract(o.x, y)
        },
        |b, o| b.add(o.x, o.y),
    ),
    (
        "multiply_one",
        |b, o| {
            let one = full(b, 1.0);
            b.multiply(o.x, one)
        },
        |_, o| o.x,
    ),
    (
        "multiply_one, left",
        |b, o| {
            let one = full(b, 1.0);
            b.multiply(one, o.x)
        },
        |_, o| o.x,
    ),
    (
        "multiply_minus_one",
        |b, o| {
            let one = full(b, -1.0);
            b.multiply(o.x, one)
        },
        |b, o| b.negate(o.x),
    ),
    (
        "multiply_minus_one, left",
        |b, o| {
            let one = full(b, -1.0);
            b.multiply(one, o.x)
        },
        |b, o| b.negate(o.x),
    ),
    (
        "multiply_negated",
        |b, o| {
            let (x, y) = (b.negate(o.x), b.negate(o.y));
            b.multiply(x, y)
        },
        |b, o| b.multiply(o.x, o.y),
    ),
    (
        "divide_one",
        |b, o| {
            let one = full(b, 1.0);
            b.divide(o.x, one)
        },
        |_, o| o.x,
    ),
    (
        "negate_negated",
        |b, o| {
            let x = b.negate(o.x);
            b.negate(x)
        },
        |_, o| o.x,
    ),
    (
        "negate_difference",
        |b, o| {
            let z = b.subtract(o.x, o.y);
            b.negate(z)
        },
        |b, o| b.subtract(o.y, o.x),
    ),
    (
        "select_constant, true",
        |b, o| {
            let c = truths(b, true);
            b.select(c, o.x, o.y)
        },
        |_, o| o.x,
    ),
    (
        "select_constant, false",
        |b, o| {
            let c = truths(b, false);
            b.select(c, o.x, o.y)
        },
        |_, o| o.y,
    ),
    ("select_same", |b, o| b.select(o.c, o.x, o.x), |_, o| o.x),
    (
        "select_not",
        |b, o| {
            let c = b.not(o.c);
            b.select(c, o.x, o.y)
        },
        |b, o| b.select(o.c, o.y, o.x),
    ),
    (
        "not_not",
        |b, o| {
            let c = b.not(o.c);
            b.not(c)
        },
        |_, o| o.c,
    ),
    (
        "and_constant, true",
        |b, o| {
            let d = truths(b, true);
            b.and(o.c, d)
        },
        |_, o| o.c,
    ),
    (
        "and_constant, false",
        |b, o| {
            let d = truths(b, false);
            b.and(d, o.c)
        },
        |b, _| truths(b, false),
    ),
    (
        "or_constant, false",
        |b, o| {
            let d = truths(b, false);
            b.or(d, o.c)
        },
        |_, o| o.c,
    ),
    (
        "or_constant, true",
        |b, o| {
            let d = truths(b, true);
            b.or(o.c, d)
        },
        |b, _| truths(b, true),
    ),
    ("clamp_class", |b, o| b.clamp(o.n, 4), |_, o| o.n),
    ("expand_same", |b, o| b.expand(o.x, &shape(), &[0, 1]), |_, o| o.x),
    (
        "expand_expanded",
        |b, o| {
            let x = b.expand(o.s, &constants(3), &[]);
            b.expand(x, &shape(), &[0])
        },
        |b, o| b.expand(o.s, &shape(), &[]),
    ),
    ("permute_same", |b, o| b.permute(o.x, &[0, 1]), |_, o| o.x),
    (
        "permute_permuted",
        |b, o| {
            let wide = b.expand(o.x, &[constants(2), shape()].concat(), &[1, 2]);
            let turned = b.permute(wide, &[1, 2, 0]);
            b.permute(turned, &[1, 0, 2])
        },
        |b, o| {
            let wide = b.expand(o.x, &[constants(2), shape()].concat(), &[1, 2]);
            b.permute(wide, &[2, 1, 0])
        },
    ),
    (
        "permute_repeated",
        |b, o| {
            let x = b.expand(o.s, &shape(), &[]);
            b.permute(x, &[1, 0])
        },
        |b, o| b.expand(o.s, &[constants(4), constants(3)].concat(), &[]),
    ),
    ("reshape_same", |b, o| b.reshape(o.x, &shape()), |_, o| o.x),
    (
        "reshape_reshaped",
        |b, o| {
            let x = b.reshape(o.x, &constants(12));
            b.reshape(x, &[constants(2), constants(6)].concat())
        },
        |b, o| b.reshape(o.x, &[constants(2), constants(6)].concat()),
    ),
    (
        "reshape_repeated",
        |b, o| {
            let x = b.expand(o.s, &shape(), &[]);
            b.reshape(x, &constants(12))
        },
        |b, o| b.expand(o.s, &constants(12), &[]),
    ),
    ("slice_all", |b, o| b.slice(o.x, 1, 0, 4), |_, o| o.x),
    (
        "slice_sliced",
        |b, o| {
            let x = b.slice(o.x, 1, 1, 3);
            b.slice(x, 1, 1, 2)
        },
        |b, o| b.slice(o.x, 1, 2, 2),
    ),
    (
        "slice_padded",
        |b, o| {
            let x = b.pad(o.x, 0, 5, 9);
            b.slice(x, 0, 6, 2)
        },
        |b, o| b.slice(o.x, 0, 1, 2),
    ),
    (
        "slice_repeated",
        |b, o| {
            let x = b.expand(o.s, &shape(), &[]);
            b.slice(x, 0, 1, 2)
        },
        |b, o| b.expand(o.s, &[constants(2), constants(4)].concat(), &[]),
    ),
    ("pad_nothing", |b, o| b.pad(o.x, 0, 0, 3), |_, o| o.x),
    (
        "pad_padded",
        |b, o| {
            let x = b.pad(o.x, 0, 1, 5);
            b.pad(x, 0, 2, 9)
        },
        |b, o| b.pad(o.x, 0, 3, 9),
    ),
    (
        "gather_all",
        |b, o| {
            let index = b.iota(3);
            b.gather(o.x, index)
        },
        |_, o| o.x,
    ),
    (
        "gather_repeated",
        |b, o| {
            let x = b.expand(o.s, &[constants(4), constants(2)].concat(), &[]);
            b.gather(x, o.n)
        },
        |b, o| b.expand(o.s, &[shape(), constants(2)].concat(), &[]),
    ),
    (
        "reduce_single",
        |b, o| {
            let x = b.slice(o.x, 0, 1, 1);
            b.sum(x, &[0])
        },
        |b, o| {
            let x = b.slice(o.x, 0, 1, 1);
            b.reshape(x, &constants(4))
        },
    ),
    (
        "extreme_of_expanded",
        |b, o| {
            let x = b.expand(o.x, &[constants(2), shape()].concat(), &[1, 2]);
            b.max(x, &[0])
        },
        |_, o| o.x,
    ),
    (
        "map_of_expanded",
        |b, o| {
            let wide = [constants(2), shape()].concat();
            let (x, y) = (b.expand(o.x, &wide, &[1, 2]), b.expand(o.y, &wide, &[1, 2]));
            b.multiply(x, y)
        },
        |b, o| {
            let product = b.multiply(o.x, o.y);
            b.expand(product, &[constants(2), shape()].concat(), &[1, 2])
        },
    ),
    // Rules in a row, operands first.
    (
        "a chain",
        |b, o| {
            let (zero, one) = (full(b, 0.0), full(b, 1.0));
            let x = b.multiply(o.x, one);
            let y = b.subtract(zero, o.y);
            let sum = b.add(x, y);
            let minus = b.negate(sum);
            b.add(zero, minus)
        },
        |b, o| b.subtract(o.y, o.x),
    ),
];

#[test]
fn the_left_side_of_each_equation_becomes_the_right_side() {
    for (name, left, right) in EQUATIONS {
        let (found, wanted) = (graph(*left, &["algebra", "dead_code"]), graph(*right, &["dead_code"]));
        assert_ne!(graph(*left, &["dead_code"]), wanted, "{name} has one side twice");
        assert_eq!(found, wanted, "{name}");
    }
}

/// What only looks like the left side of an equation.
const NO_EQUATIONS: &[(&str, Side)] = &[
    ("x * 0 is NaN where x is", |b, o| {
        let zero = full(b, 0.0);
        b.multiply(o.x, zero)
    }),
    ("x + 1 is not x", |b, o| {
        let one = full(b, 1.0);
        b.add(o.x, one)
    }),
    ("1 - x is not -x", |b, o| {
        let one = full(b, 1.0);
        b.subtract(one, o.x)
    }),
    ("1 / x is not x", |b, o| {
        let one = full(b, 1.0);
        b.divide(one, o.x)
    }),
    ("-x * y has one sign", |b, o| {
        let x = b.negate(o.x);
        b.multiply(x, o.y)
    }),
    ("both sides of a choice count", |b, o| b.select(o.c, o.x, o.y)),
    ("and of two", |b, o| b.and(o.c, o.d)),
    ("a narrower class", |b, o| b.clamp(o.n, 3)),
    ("slices of two axes", |b, o| {
        let x = b.slice(o.x, 0, 1, 2);
        b.slice(x, 1, 1, 2)
    }),
    ("a part with zeros around", |b, o| {
        let x = b.pad(o.x, 0, 5, 9);
        b.slice(x, 0, 4, 3)
    }),
    ("a sum of what is repeated is a multiple", |b, o| {
        let x = b.expand(o.x, &[constants(2), shape()].concat(), &[1, 2]);
        b.sum(x, &[0])
    }),
    ("a maximum over an axis that is not new", |b, o| {
        let x = b.expand(o.x, &[constants(2), shape()].concat(), &[1, 2]);
        b.max(x, &[0, 1])
    }),
    ("a map of one that is repeated", |b, o| {
        let x = b.expand(o.s, &shape(), &[]);
        b.multiply(x, o.y)
    }),
];

#[test]
fn what_only_looks_like_a_left_side_stays() {
    for (name, side) in NO_EQUATIONS {
        assert_eq!(graph(*side, &["algebra", "dead_code"]), graph(*side, &["dead_code"]), "{name}");
    }
}
