//! Random programs of loops, branches and operations: passes keep their meaning, and forward and reverse mode are each
//! other's transpose.

use super::meaning::assert_same;
use crate::differentiate::cases::{Case, Input};
use crate::differentiate::run::run;
use neurula::tensor::build::{Round, Rounds};
use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::verify::verify;
use neurula::tensor::{Builder, Element, Extent, Type, Value, pass};

/// Chooses; the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Values of the two shapes that random graphs are made of, `[3]` and `[3, 2]`.
#[derive(Clone)]
struct Pool {
    vectors: Vec<Value>,
    matrices: Vec<Value>,
}

fn vector() -> Vec<Extent> {
    vec![Extent::Const(3)]
}

fn matrix() -> Vec<Extent> {
    vec![Extent::Const(3), Extent::Const(2)]
}

/// Some operations; nothing in them tells a negative zero from a positive one.
fn write(b: &mut Builder, chance: &mut Chance, pool: &mut Pool, depth: usize) {
    for _ in 0..3 + chance.below(6) {
        let (v, w) = (chance.of(&pool.vectors), chance.of(&pool.vectors));
        let (m, n) = (chance.of(&pool.matrices), chance.of(&pool.matrices));
        match chance.below(if depth > 0 { 18 } else { 15 }) {
            0..4 => {
                let made = map(b, chance, m, n);
                pool.matrices.push(made);
            }
            4..7 => {
                let made = map(b, chance, v, w);
                pool.vectors.push(made);
            }
            7 => {
                let number = chance.of(&[0.0, 1.0, -1.0, 0.5]);
                let (v, m) = (b.full(number, &vector()), b.full(number, &matrix()));
                pool.vectors.push(v);
                pool.matrices.push(m);
            }
            8 => pool.matrices.push(b.expand(v, &matrix(), &[0])),
            9 => {
                let outer = b.contract("a,b->ab", v, w);
                pool.matrices.push(b.slice(outer, 1, 1, 2));
            }
            10 => pool.vectors.push(b.contract("ab,ab->a", m, n)),
            11 => pool.vectors.push(match chance.below(4) {
                0 => b.sum(m, &[1]),
                1 => b.max(m, &[1]),
                2 => b.min(m, &[1]),
                _ => b.log_sum_exp(m, &[1]),
            }),
            12 => {
                let turned = b.permute(m, &[1, 0]);
                let turned = b.permute(turned, &[1, 0]);
                let flat = b.reshape(turned, &[Extent::Const(6)]);
                let part = b.slice(flat, 0, 1, 4);
                let padded = b.pad(part, 0, 2, 6);
                pool.matrices.push(b.reshape(padded, &matrix()));
            }
            13 => {
                let index = b.iota(3);
                let third = b.int(1);
                let third = b.expand_to(third, &vector());
                let next = b.add(index, third);
                let next = b.clamp(next, 3);
                pool.vectors.push(b.gather(v, next));
                pool.matrices.push(b.scatter(m, next, 3));
            }
            14 => {
                let less = b.less(v, w);
                pool.vectors.push(b.select(less, w, v));
            }
            15 => branch(b, chance, pool, depth - 1),
            _ => rounds(b, chance, pool, depth - 1),
        }
    }
}

fn map(b: &mut Builder, chance: &mut Chance, x: Value, y: Value) -> Value {
    match chance.below(9) {
        0 => b.add(x, y),
        1 => b.subtract(x, y),
        2 | 3 => b.multiply(x, y),
        4 => b.negate(x),
        5 => b.tanh(x),
        6 => b.maximum(x, y),
        7 => b.minimum(x, y),
        _ => b.sin(x),
    }
}

/// A `when` on whether one sum is less than another.
fn branch(b: &mut Builder, chance: &mut Chance, pool: &mut Pool, depth: usize) {
    let (x, y) = (b.sum(chance.of(&pool.vectors), &[0]), b.sum(chance.of(&pool.vectors), &[0]));
    let condition = b.less(x, y);
    let seeds = [chance.below(1 << 30) as u64, chance.below(1 << 30) as u64];
    let side = |b: &mut Builder, seed: u64| {
        let (mut chance, mut pool) = (Chance(seed), pool.clone());
        write(b, &mut chance, &mut pool, depth);
        vec![chance.of(&pool.vectors), pool.matrices[pool.matrices.len() - 1]]
    };
    let given = b.when_with(condition, |b| side(b, seeds[0]), |b| side(b, seeds[1]));
    pool.vectors.push(given[0]);
    pool.matrices.push(given[1]);
}

/// A loop that carries a vector and a matrix, slices a matrix, and records one of each; some end on a condition, some
/// are as long as a count that is bound before them.
fn rounds(b: &mut Builder, chance: &mut Chance, pool: &mut Pool, depth: usize) {
    let first = [chance.of(&pool.vectors), chance.of(&pool.matrices)];
    let sliced = chance.of(&pool.matrices);
    let ends = chance.below(3);
    let rounds = match ends {
        0 => Rounds::until(b.fresh_count("n", 3)),
        1 => {
            let count = b.fresh_count("m", 3);
            let number = b.int(chance.below(4) as i64);
            b.bind(count.clone(), number);
            Rounds::of(Extent::Count(count))
        }
        _ => Rounds::of(3),
    };
    let rounds = if ends > 0 && chance.below(2) == 0 { rounds.reversed() } else { rounds };
    let mut inner = Chance(chance.below(1 << 30) as u64);
    let outside = pool.clone();
    let looped = b.rounds_with(rounds, &first, &[sliced], |b, index, rows, carries| {
        let mut pool = outside.clone();
        let row = b.expand(rows[0], &[Extent::Const(3), Extent::Const(2)], &[1]);
        let time = b.real(index);
        let times = b.expand_to(time, &vector());
        pool.vectors.extend([carries[0], times]);
        pool.matrices.extend([carries[1], row]);
        write(b, &mut inner, &mut pool, depth);
        let last = |all: &[Value], back: usize| all[all.len() - 1 - back.min(all.len() - 1)];
        let (v, m) = (last(&pool.vectors, inner.below(3)), last(&pool.matrices, inner.below(3)));
        let v = b.tanh(v);
        let go = (ends == 0).then(|| {
            let sum = b.sum(v, &[0]);
            let limit = b.scalar(0.4);
            b.less(sum, limit)
        });
        Round { carries: vec![v, m], records: vec![inner.of(&pool.vectors), m], go }
    });
    let sums = [b.sum(looped.records[0], &[0]), b.sum(looped.records[1], &[0])];
    pool.vectors.extend([looped.carries[0], sums[0]]);
    pool.matrices.extend([looped.carries[1], sums[1]]);
}

/// A random graph and what it gives.
fn random(seed: u64) -> (Case, Vec<Value>) {
    let mut c = Case::new();
    for _ in 0..seed % 7 {
        c.draw();
    }
    let mut pool = Pool { vectors: Vec::new(), matrices: Vec::new() };
    for _ in 0..2 {
        pool.vectors.push(c.real(&[3]));
        pool.matrices.push(c.real(&[3, 2]));
    }
    write(&mut c.b, &mut Chance(seed.wrapping_mul(0x9E37_79B9) + 1), &mut pool, 2);
    let results = pool.vectors[2..].iter().rev().take(3).chain(pool.matrices[2..].iter().rev().take(3));
    let results = results.copied().collect();
    (c, results)
}

/// Reals of no pattern in the shape of a value.
fn direction(c: &mut Case, value: Value) -> Value {
    let ty: Type = c.b.ty(value).clone();
    assert_eq!(ty.element, Element::Real);
    let flat = c.b.iota(ty.shape.iter().map(Extent::bound).product::<usize>());
    let flat = c.b.real(flat);
    let flat = c.b.shift(flat, 0.3 + f64::from(value.0 % 13));
    let flat = c.b.sin(flat);
    c.b.reshape(flat, &ty.shape)
}

#[test]
fn passes_keep_what_random_programs_compute() {
    for seed in 0..200 {
        let (mut c, mut results) = random(seed);
        if seed % 2 == 0 {
            let seeds: Vec<(Value, Value)> = results.iter().map(|value| (*value, c.b.full_like(*value, 1.0))).collect();
            let wrt = c.wrt.clone();
            results.extend(reverse(&mut c.b, &seeds, &wrt, &mut Exact));
        }
        let mut inputs: Vec<Input> = c.inputs.clone();
        let before = super::program(c.b, &results);
        assert_eq!(verify(&before), [], "seed {seed}");
        inputs.resize(before.slots.len(), Input::Real(vec![0.0; 6]));
        let numbers = |slot: &neurula::tensor::Slot| slot.ty.shape.iter().map(Extent::bound).product::<usize>();
        for (input, slot) in inputs.iter_mut().zip(&before.slots).skip(c.inputs.len()) {
            *input = Input::Real(vec![0.0; numbers(slot)]);
        }
        let wanted = run(&before.graph, &inputs);
        for pass in pass::ALL {
            let after = pass::run_these(before.clone(), &[pass]);
            assert_same(&format!("seed {seed} after {}", pass.name), &run(&after.graph, &inputs), &wanted);
        }
        let after = pass::simplify(before);
        assert_same(&format!("seed {seed}, simplified"), &run(&after.graph, &inputs), &wanted);
    }
}

#[test]
fn forward_and_reverse_mode_are_transposes_on_random_programs() {
    let mut moved = 0;
    for seed in 0..400 {
        let (mut c, results) = random(seed);
        let wrt = c.wrt.clone();
        let tangents: Vec<(Value, Value)> = wrt.iter().map(|value| (*value, direction(&mut c, *value))).collect();
        let seeds: Vec<(Value, Value)> = results.iter().map(|value| (*value, direction(&mut c, *value))).collect();
        let found = reverse(&mut c.b, &seeds, &wrt, &mut Exact);
        let pairs = forward(&mut c.b, &tangents, &results).into_iter().zip(&seeds);
        let given: Vec<(Value, Value)> = pairs.filter_map(|(tangent, (_, seed))| Some((tangent?, *seed))).collect();
        let ends = tangents.iter().map(|(_, tangent)| *tangent).zip(found).chain(given.iter().copied());
        let ends: Vec<Value> = ends.flat_map(|(a, b)| [a, b]).collect();
        let arrays = run(&c.b.finish(&ends), &c.inputs);
        let (mut sums, mut size) = ([0.0, 0.0], 0.0);
        for (i, pair) in arrays.chunks(2).enumerate() {
            for (x, y) in pair[0].iter().zip(&pair[1]) {
                sums[usize::from(i >= wrt.len())] += x * y;
                size += (x * y).abs();
            }
        }
        moved += usize::from(size > 1e-3);
        assert!((sums[0] - sums[1]).abs() <= 1e-10 * size, "seed {seed}: reverse {}, forward {}", sums[0], sums[1]);
    }
    assert!(moved > 300, "of 400 random programs {moved} depend on what they are given");
}
