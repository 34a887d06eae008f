//! Small graphs of every kind that differentiation meets, each with numbers to run it on.

use neurula::tensor::build::{Round, Rounds};
use neurula::tensor::{Builder, Element, Extent, Type, Value};

/// A number handed in.
#[derive(Debug, Clone)]
pub enum Input {
    Real(Vec<f64>),
    Whole(Vec<i64>),
}

impl Input {
    pub fn len(&self) -> usize {
        match self {
            Input::Real(numbers) => numbers.len(),
            Input::Whole(numbers) => numbers.len(),
        }
    }

    /// Moves one real.
    pub fn shift(&mut self, element: usize, by: f64) {
        match self {
            Input::Real(numbers) => numbers[element] += by,
            Input::Whole(_) => panic!("whole numbers do not move"),
        }
    }
}

/// A graph and what it is run on; `wrt` are the reals that it is differentiated by.
pub struct Case {
    pub b: Builder,
    pub inputs: Vec<Input>,
    pub wrt: Vec<Value>,
    drawn: u64,
}

impl Case {
    pub fn new() -> Case {
        Case { b: Builder::new(), inputs: Vec::new(), wrt: Vec::new(), drawn: 0 }
    }

    /// A number in (-1, 1) that looks random and is the same in every run.
    pub fn draw(&mut self) -> f64 {
        self.drawn += 1;
        let mixed = self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Reals between two bounds, to differentiate by.
    pub fn between(&mut self, shape: &[usize], low: f64, high: f64) -> Value {
        let n = shape.iter().product();
        let numbers = (0..n).map(|_| low + (high - low) * (self.draw() + 1.0) / 2.0).collect();
        self.inputs.push(Input::Real(numbers));
        let value = self.b.param(Type::real(shape), None);
        self.wrt.push(value);
        value
    }

    /// Reals to differentiate by.
    pub fn real(&mut self, shape: &[usize]) -> Value {
        self.between(shape, -1.0, 1.0)
    }

    /// Whole numbers below k.
    pub fn class(&mut self, k: usize, shape: &[usize], numbers: &[i64]) -> Value {
        self.inputs.push(Input::Whole(numbers.to_vec()));
        let shape: Vec<Extent> = shape.iter().map(|n| Extent::Const(*n)).collect();
        self.b.param(Type::new(Element::Class(k), shape), None)
    }

    /// A whole number.
    pub fn int(&mut self, number: i64) -> Value {
        self.inputs.push(Input::Whole(vec![number]));
        self.b.param(Type::scalar(Element::Int), None)
    }
}

/// Gives what is differentiated.
pub type Make = fn(&mut Case) -> Vec<Value>;

/// All of them, by name.
pub const ALL: &[(&str, Make)] = &[
    ("smooth_maps", smooth_maps),
    ("maps_with_corners", maps_with_corners),
    ("contractions", contractions),
    ("reductions", reductions),
    ("gather_and_scatter", gather_and_scatter),
    ("moves", moves),
    ("rnn", rnn),
    ("rnn_recorded", rnn_recorded),
    ("rnn_in_reverse", rnn_in_reverse),
    ("record_of_a_carry", record_of_a_carry),
    ("reverse_record_of_a_carry", reverse_record_of_a_carry),
    ("loop_in_a_loop", loop_in_a_loop),
    ("loop_ending_on_a_condition", loop_ending_on_a_condition),
    ("ending_loop_in_a_loop", ending_loop_in_a_loop),
    ("weight_that_changes", weight_that_changes),
    ("carries_that_change_places", carries_that_change_places),
    ("counted_rows", counted_rows),
    ("counted_rounds", counted_rounds),
    ("count_bound_in_a_loop", count_bound_in_a_loop),
    ("branches", branches),
    ("branches_in_a_loop", branches_in_a_loop),
    ("loops_in_branches", loops_in_branches),
    ("index_in_a_loop", index_in_a_loop),
    ("carried_index", carried_index),
];

fn smooth_maps(c: &mut Case) -> Vec<Value> {
    let (x, y) = (c.between(&[2, 3], 0.5, 1.5), c.real(&[2, 3]));
    let b = &mut c.b;
    let (exp, log, root, tanh) = (b.exp(y), b.log(x), b.sqrt(x), b.tanh(y));
    let (sin, cos, power) = (b.sin(y), b.cos(x), b.pow(x, y));
    let ratio = b.divide(exp, x);
    let product = b.multiply(log, sin);
    let sum = b.add(product, ratio);
    let sum = b.subtract(sum, tanh);
    let other = b.multiply(root, cos);
    let other = b.multiply(other, power);
    let minus = b.negate(other);
    let third = b.scale(x, 0.3);
    let quantile = b.normal_quantile(third);
    vec![b.add(sum, minus), quantile]
}

fn maps_with_corners(c: &mut Case) -> Vec<Value> {
    let (x, y) = (c.real(&[6]), c.real(&[6]));
    let b = &mut c.b;
    let (high, low, size) = (b.maximum(x, y), b.minimum(x, y), b.abs(x));
    let less = b.less(x, y);
    let squared = b.multiply(y, y);
    let chosen = b.select(less, squared, size);
    let steps = b.sign(y);
    let product = b.multiply(high, chosen);
    let product = b.multiply(product, steps);
    vec![product, low]
}

fn contractions(c: &mut Case) -> Vec<Value> {
    let (x, w, v) = (c.real(&[2, 3]), c.real(&[4, 3]), c.real(&[2, 4, 3]));
    let b = &mut c.b;
    let h = b.product("X -> H", "bi,oi->bo", x, w);
    let h = b.tanh(h);
    let y = b.contract("bo,boi->bi", h, v);
    let z = b.contract("bi,bi->bi", y, x);
    let outer = b.contract("bi,bo->bio", z, h);
    vec![outer, b.contract("bi,bi->", y, x)]
}

fn reductions(c: &mut Case) -> Vec<Value> {
    let x = c.real(&[3, 2, 4]);
    let b = &mut c.b;
    let squared = b.multiply(x, x);
    let (sum, max) = (b.sum(squared, &[0, 2]), b.max(x, &[1]));
    let (min, soft) = (b.min(x, &[0]), b.log_sum_exp(x, &[1, 2]));
    let max = b.multiply(max, max);
    vec![sum, max, min, soft]
}

fn gather_and_scatter(c: &mut Case) -> Vec<Value> {
    let x = c.real(&[4, 2]);
    let index = c.class(4, &[5], &[1, 3, 1, 0, 1]);
    let b = &mut c.b;
    let rows = b.gather(x, index);
    let squared = b.multiply(rows, rows);
    let back = b.scatter(squared, index, 6);
    vec![b.exp(back), rows]
}

fn moves(c: &mut Case) -> Vec<Value> {
    let (x, s) = (c.real(&[4, 3]), c.real(&[]));
    let b = &mut c.b;
    let turned = b.permute(x, &[1, 0]);
    let part = b.slice(turned, 1, 1, 2);
    let padded = b.pad(part, 0, 2, 6);
    let flat = b.reshape(padded, &[Extent::Const(12)]);
    let wide = b.expand_like(flat, flat, &[0]);
    let scalars = b.expand_to(s, &[Extent::Const(12)]);
    let product = b.multiply(wide, scalars);
    vec![b.exp(product)]
}

/// The next state of a recurrent net.
fn step(b: &mut Builder, h: Value, w: Value, x: Value) -> Value {
    let drive = b.product("H -> H", "i,oi->o", h, w);
    let drive = b.add(drive, x);
    b.tanh(drive)
}

fn rnn(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[4, 3]));
    c.b.loop_with(4, false, &[h], &[x], |b, _, rows, h| (vec![step(b, h[0], w, rows[0])], vec![])).carries
}

fn rnn_recorded(c: &mut Case) -> Vec<Value> {
    let (h, w, x, bias) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[5, 3]), c.real(&[3]));
    let looped = c.b.loop_with(4, false, &[h], &[x], |b, _, rows, h| {
        let shifted = b.sliced(x, 1);
        let sum = b.add(rows[0], bias);
        let next = step(b, h[0], w, sum);
        let cost = b.multiply(next, shifted);
        let cost = b.multiply(cost, h[0]);
        (vec![next], vec![b.exp(cost), next])
    });
    vec![looped.records[0], looped.records[1], looped.carries[0]]
}

fn rnn_in_reverse(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[4, 3]));
    let looped = c.b.loop_with(4, true, &[h], &[x], |b, _, rows, h| {
        let next = step(b, h[0], w, rows[0]);
        (vec![next], vec![b.multiply(next, h[0])])
    });
    vec![looped.carries[0], looped.records[0]]
}

/// A record of a carry takes part itself, in both directions.
fn carry_record(c: &mut Case, reverse: bool) -> Vec<Value> {
    use neurula::tensor::build::Recorded;
    let (h, w, x) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[4, 3]));
    let looped = c.b.loop_with(4, reverse, &[h], &[x], |b, _, rows, h| (vec![step(b, h[0], w, rows[0])], vec![]));
    let inner = c.b.loop_at(&looped.site);
    let carry = *inner.body.params.last().expect("a carry");
    let Ok(Recorded::Rows { array, .. }) = c.b.record(&looped.site, carry) else { panic!("a carry has rows") };
    vec![c.b.multiply(array, array)]
}

fn record_of_a_carry(c: &mut Case) -> Vec<Value> {
    carry_record(c, false)
}

fn reverse_record_of_a_carry(c: &mut Case) -> Vec<Value> {
    carry_record(c, true)
}

fn loop_in_a_loop(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[2]), c.real(&[2, 2]), c.real(&[3, 4, 2]));
    let looped = c.b.loop_with(3, false, &[h], &[x], |b, _, rows, h| {
        let inner = b.loop_with(4, true, &[h[0]], &[rows[0]], |b, _, rows, h| {
            let next = step(b, h[0], w, rows[0]);
            (vec![next], vec![b.multiply(next, h[0])])
        });
        let mean = b.sum(inner.records[0], &[0]);
        (vec![b.add(inner.carries[0], mean)], vec![mean])
    });
    vec![looped.carries[0], looped.records[0]]
}

/// Halves until it is small.
fn settle(b: &mut Builder, name: &str, h: Value, w: Value) -> (Value, Value, Value) {
    let count = b.fresh_count(name, 7);
    let looped = b.rounds_with(Rounds::until(count), &[h], &[], |b, _, _, h| {
        let zero = b.zeros_like(h[0]);
        let next = step(b, h[0], w, zero);
        let squared = b.multiply(next, next);
        let size = b.sum(squared, &[0]);
        let limit = b.scalar(0.02);
        Round { carries: vec![next], records: vec![squared], go: Some(b.less(limit, size)) }
    });
    (looped.carries[0], looped.records[0], looped.rounds.expect("rounds"))
}

fn loop_ending_on_a_condition(c: &mut Case) -> Vec<Value> {
    let (h, w) = (c.real(&[2]), c.between(&[2, 2], -0.6, 0.6));
    let (last, squares, _) = settle(&mut c.b, "n", h, w);
    let total = c.b.sum(squares, &[0]);
    vec![last, total]
}

fn ending_loop_in_a_loop(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[2]), c.between(&[2, 2], -0.6, 0.6), c.real(&[3, 2]));
    let looped = c.b.loop_with(3, false, &[h], &[x], |b, _, rows, h| {
        let (last, squares, rounds) = settle(b, "n", h[0], w);
        let product = b.multiply(squares, squares);
        let total = b.sum(product, &[0]);
        let rounds = b.real(rounds);
        let rounds = b.expand_like(rounds, total, &[]);
        let scaled = b.divide(total, rounds);
        let next = b.add(last, rows[0]);
        (vec![b.add(next, scaled)], vec![])
    });
    looped.carries
}

fn weight_that_changes(c: &mut Case) -> Vec<Value> {
    let (w, x, rate) = (c.real(&[2, 3]), c.real(&[4, 3]), c.real(&[]));
    let looped = c.b.loop_with(4, false, &[w], &[x], |b, _, rows, w| {
        let y = b.product("X -> Y", "i,oi->o", rows[0], w[0]);
        let y = b.tanh(y);
        let change = b.contract("o,i->oi", y, rows[0]);
        let rates = b.expand_like(rate, change, &[]);
        let change = b.multiply(change, rates);
        (vec![b.add(w[0], change)], vec![y])
    });
    vec![looped.carries[0], looped.records[0]]
}

fn carries_that_change_places(c: &mut Case) -> Vec<Value> {
    let (p, q, fixed) = (c.real(&[2]), c.real(&[2]), c.real(&[2]));
    let looped = c.b.loop_with(3, false, &[p, q, fixed], &[], |b, _, _, h| {
        let product = b.multiply(h[0], h[1]);
        let sum = b.add(product, h[2]);
        (vec![h[1], sum, h[2]], vec![])
    });
    looped.carries
}

fn counted_rows(c: &mut Case) -> Vec<Value> {
    let (x, w) = (c.real(&[5, 3]), c.real(&[2, 3]));
    let rows = c.int(3);
    let b = &mut c.b;
    let count = b.fresh_count("rows", 5);
    b.bind(count.clone(), rows);
    let used = b.first(x, 0, Extent::Count(count));
    let y = b.product("X -> Y", "bi,oi->bo", used, w);
    let y = b.tanh(y);
    let total = b.sum(y, &[0]);
    vec![b.contract("bo,bo->o", y, y), total]
}

fn counted_rounds(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[5, 3]));
    let steps = c.int(3);
    let b = &mut c.b;
    let count = b.fresh_count("steps", 5);
    b.bind(count.clone(), steps);
    let looped = b.loop_with(Extent::Count(count), false, &[h], &[x], |b, _, rows, h| {
        let next = step(b, h[0], w, rows[0]);
        (vec![next], vec![b.multiply(next, h[0])])
    });
    let again = b.loop_with(looped_trip(b, looped.records[0]), true, &[h], &[looped.records[0]], |b, _, rows, h| {
        (vec![step(b, h[0], w, rows[0])], vec![])
    });
    let total = b.sum(looped.records[0], &[0]);
    vec![looped.carries[0], total, again.carries[0]]
}

fn looped_trip(b: &Builder, record: Value) -> Extent {
    b.ty(record).shape[0].clone()
}

/// As many rows as the round says, and an array that is only so long lives in between.
fn count_bound_in_a_loop(c: &mut Case) -> Vec<Value> {
    let (x, w, h) = (c.real(&[4, 2]), c.real(&[2, 2]), c.real(&[2]));
    let lengths = c.class(5, &[3], &[2, 4, 0]);
    let looped = c.b.loop_with(3, false, &[h], &[lengths], |b, _, rows, h| {
        let count = b.fresh_count("used", 4);
        b.bind(count.clone(), rows[0]);
        let used = b.first(x, 0, Extent::Count(count));
        let y = b.contract("bi,oi->bo", used, w);
        let wide = b.expand_like(h[0], y, &[1]);
        let y = b.add(y, wide);
        let y = b.tanh(y);
        let y = b.multiply(y, y);
        (vec![b.sum(y, &[0])], vec![])
    });
    looped.carries
}

fn branches(c: &mut Case) -> Vec<Value> {
    let (x, w) = (c.real(&[3]), c.real(&[3, 3]));
    let (zero, one) = (c.int(0), c.int(1));
    let b = &mut c.b;
    let mut given = Vec::new();
    for condition in [b.less(zero, one), b.less(one, zero)] {
        given.extend(b.when_with(
            condition,
            |b| {
                let y = b.product("X -> Y", "i,oi->o", x, w);
                let y = b.tanh(y);
                let z = b.exp(y);
                vec![b.multiply(y, z), y]
            },
            |b| {
                let y = b.multiply(x, x);
                vec![b.sin(y), x]
            },
        ));
    }
    given
}

fn branches_in_a_loop(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[3]), c.real(&[3, 3]), c.real(&[4, 3]));
    let which = c.class(2, &[4], &[1, 0, 0, 1]);
    let looped = c.b.loop_with(4, false, &[h], &[x, which], |b, _, rows, h| {
        let zero = b.int(0);
        let condition = b.equal(rows[1], zero);
        let next = b.when_with(
            condition,
            |b| {
                let y = step(b, h[0], w, rows[0]);
                vec![b.multiply(y, y)]
            },
            |b| vec![b.multiply(h[0], rows[0])],
        );
        (vec![b.add(next[0], h[0])], vec![])
    });
    looped.carries
}

fn loops_in_branches(c: &mut Case) -> Vec<Value> {
    let (h, w, x) = (c.real(&[2]), c.between(&[2, 2], -0.6, 0.6), c.real(&[4, 2]));
    let (zero, one) = (c.int(0), c.int(1));
    let b = &mut c.b;
    let mut given = Vec::new();
    for condition in [b.less(zero, one), b.less(one, zero)] {
        given.extend(b.when_with(
            condition,
            |b| b.loop_with(4, false, &[h], &[x], |b, _, rows, h| (vec![step(b, h[0], w, rows[0])], vec![])).carries,
            |b| {
                let (last, squares, _) = settle(b, "m", h, w);
                let total = b.sum(squares, &[0]);
                vec![b.multiply(total, last)]
            },
        ));
    }
    given
}

fn index_in_a_loop(c: &mut Case) -> Vec<Value> {
    let (h, x) = (c.real(&[3]), c.real(&[4, 3]));
    let looped = c.b.loop_with(4, false, &[h], &[], |b, index, _, h| {
        let row = b.gather(x, index);
        let time = b.real(index);
        let time = b.shift(time, 0.5);
        let times = b.expand_like(time, row, &[]);
        let product = b.multiply(row, times);
        let product = b.multiply(product, h[0]);
        (vec![b.sin(product)], vec![])
    });
    looped.carries
}

/// An index that is carried as an int and used as a class.
fn carried_index(c: &mut Case) -> Vec<Value> {
    let (h, x) = (c.real(&[3]), c.real(&[4, 3]));
    let start = c.int(1);
    let looped = c.b.loop_with(5, false, &[h, start], &[], |b, _, _, h| {
        let one = b.int(1);
        let next = b.add(h[1], one);
        let four = b.int(4);
        let next = b.remainder(next, four);
        let next = b.clamp(next, 4);
        let row = b.gather(x, next);
        let product = b.multiply(row, h[0]);
        (vec![b.tanh(product), next], vec![])
    });
    looped.carries[..1].to_vec()
}
