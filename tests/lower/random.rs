//! Random tensor programs that read and write slots: a function of a seed.

use crate::loops::random_loops::random::Random;
use neurula::tensor::build::{Round, Rounds};
use neurula::tensor::{Builder, Count, Element, Extent, Program, ProgramBuilder, Role, Type, Value};

const SHAPES: [&[usize]; 14] = [
    &[],
    &[3],
    &[9],
    &[20],
    &[3, 9],
    &[9, 20],
    &[20, 9],
    &[4, 4],
    &[9, 1],
    &[3, 9, 20],
    &[20, 3, 9],
    &[2, 4, 4],
    &[20, 20],
    &[16, 16],
];

/// A program with what its slots hold at the beginning, row-major.
pub struct Case {
    pub program: Program,
    pub slots: Vec<Vec<f64>>,
}

struct Generator {
    random: Random,
    /// Values of each graph that is being written, those of the outermost first.
    known: Vec<Vec<Value>>,
    counts: usize,
}

/// The program of a seed.
pub fn random_case(seed: u64) -> Case {
    let mut b = ProgramBuilder::new(format!("random.{seed}"));
    let mut random = Random::new(seed);
    let mut slots = Vec::new();
    let mut known = Vec::new();
    let mut types: Vec<Type> = (0..random.below(5) + 3).map(|_| Type::real(random.pick(&SHAPES))).collect();
    let again = types[0].clone();
    types.push(again);
    types.push(Type::new(Element::Class(9), [Extent::Const(20)]));
    types.push(Type::new(Element::Class(3), [Extent::Const(4), Extent::Const(4)]));
    types.push(Type::scalar(Element::Int));
    types.push(Type::new(Element::Bool, [Extent::Const(9)]));
    types.push(Type::scalar(Element::Bool));
    types.push(Type::new(Element::Byte, [Extent::Const(9), Extent::Const(20)]));
    for (number, ty) in types.iter().enumerate() {
        known.push(b.slot(format!("s{number}"), ty.clone(), Role::State));
        let size: usize = ty.shape.iter().map(Extent::bound).product();
        let mut number = || match ty.element {
            Element::Real => random.below(2001) as f64 / 1000.0 - 1.0,
            Element::Int => random.below(12) as f64 - 2.0,
            Element::Class(k) => random.below(k) as f64,
            Element::Bool => random.below(2) as f64,
            Element::Byte => random.below(256) as f64,
        };
        slots.push((0..size).map(|_| number()).collect());
    }
    let room = random.below(30) + 6;
    let mut generator = Generator { random, known: vec![known], counts: 0 };
    generator.block(&mut b, room);
    for (number, ty) in types.iter().enumerate() {
        let fitting: Vec<Value> = generator.fitting(&b, ty);
        if ty.element != Element::Byte && generator.random.below(4) > 0 {
            // New values rather than old ones.
            let newest = fitting.len() - fitting.len().min(4);
            let chosen = generator.random.pick(&fitting[newest..]);
            b.write(&format!("s{number}"), chosen);
        }
    }
    Case { program: b.finish(), slots }
}

impl Generator {
    fn all(&self) -> impl Iterator<Item = Value> {
        self.known.iter().flatten().copied()
    }

    fn fitting(&self, b: &Builder, ty: &Type) -> Vec<Value> {
        self.all().filter(|value| b.ty(*value).fits(ty)).collect()
    }

    fn keep(&mut self, value: Value) {
        self.known.last_mut().unwrap().push(value);
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.random.below(one_in) == 0
    }

    /// Some value that satisfies a condition; newer ones rather than older ones.
    fn some(&mut self, b: &Builder, is: impl Fn(&Type) -> bool) -> Option<Value> {
        let found: Vec<Value> = self.all().filter(|value| is(b.ty(*value))).collect();
        let from = if self.chance(2) { found.len() - found.len().min(6) } else { 0 };
        (!found.is_empty()).then(|| self.random.pick(&found[from..]))
    }

    fn real(&mut self, b: &Builder) -> Value {
        self.some(b, |ty| ty.element == Element::Real).unwrap()
    }

    fn block(&mut self, b: &mut Builder, steps: usize) {
        for _ in 0..steps {
            self.step(b);
        }
    }

    fn step(&mut self, b: &mut Builder) {
        match self.random.below(21) {
            0..4 => self.map(b),
            4..6 => self.pair(b),
            6 => self.choose(b),
            7 | 8 => self.widen(b),
            9 | 10 => self.reduce(b),
            11 | 12 => self.contract(b),
            13 | 14 => self.rearrange(b),
            15 => self.rows(b),
            16 => self.ints(b),
            17 => self.counted(b),
            18 if self.known.len() < 3 => self.repeat(b),
            19 if self.known.len() < 3 => self.branch(b),
            20 => self.windows(b),
            _ => self.map(b),
        }
    }

    fn map(&mut self, b: &mut Builder) {
        let x = self.real(b);
        let y = match self.random.below(6) {
            0 => b.tanh(x),
            1 => b.negate(x),
            2 => b.abs(x),
            3 => b.sin(x),
            4 => b.scale(x, 0.5),
            _ => {
                let small = b.tanh(x);
                b.exp(small)
            }
        };
        self.keep(y);
    }

    fn pair(&mut self, b: &mut Builder) {
        let x = self.real(b);
        let shape = b.ty(x).shape.clone();
        let y = self.some(b, |ty| ty.element == Element::Real && ty.shape == shape).unwrap();
        let z = match self.random.below(5) {
            0 => b.add(x, y),
            1 => b.subtract(x, y),
            2 => b.maximum(x, y),
            3 => {
                let product = b.multiply(x, y);
                b.add(product, x)
            }
            _ => b.multiply(x, y),
        };
        let z = if self.chance(3) { b.tanh(z) } else { z };
        self.keep(z);
    }

    fn choose(&mut self, b: &mut Builder) {
        let x = self.real(b);
        let shape = b.ty(x).shape.clone();
        let y = self.some(b, |ty| ty.element == Element::Real && ty.shape == shape).unwrap();
        let less = b.less(x, y);
        let chosen = b.select(less, y, x);
        self.keep(chosen);
        self.keep(less);
        if !shape.is_empty() {
            let any = b.any(less, &[0]);
            self.keep(any);
        }
        if let Some(bool) = self.some(b, |ty| ty.element == Element::Bool && ty.shape == shape) {
            let both = b.and(bool, less);
            let number = b.real(both);
            self.keep(number);
        }
    }

    fn widen(&mut self, b: &mut Builder) {
        let (x, like) = (self.real(b), self.real(b));
        let (narrow, wide) = (b.ty(x).shape.clone(), b.ty(like).shape.clone());
        let mut axes = Vec::new();
        for (axis, extent) in wide.iter().enumerate() {
            if narrow.get(axes.len()) == Some(extent)
                && (self.chance(2) || wide.len() - axis == narrow.len() - axes.len())
            {
                axes.push(axis);
            }
        }
        if axes.len() == narrow.len() {
            let wider = b.expand(x, &wide, &axes);
            let sum = b.add(wider, like);
            self.keep(wider);
            self.keep(sum);
        }
    }

    fn reduce(&mut self, b: &mut Builder) {
        let x = self.real(b);
        let rank = b.ty(x).shape.len();
        let axes: Vec<usize> = (0..rank).filter(|_| self.random.below(2) == 0).collect();
        if axes.is_empty() {
            return;
        }
        let y = match self.random.below(3) {
            0 => {
                let largest = b.max(x, &axes);
                let shape = b.ty(x).shape.clone();
                let largest = b.expand_over(largest, &shape, &axes);
                // Nothing may be infinite: an empty maximum stays out of it.
                let is = b.equal(largest, x);
                let zero = b.zeros_like(x);
                let kept = b.select(is, x, zero);
                b.sum(kept, &axes)
            }
            1 => {
                let square = b.multiply(x, x);
                b.sum(square, &axes)
            }
            _ => b.sum(x, &axes),
        };
        let y = b.tanh(y);
        self.keep(y);
    }

    fn contract(&mut self, b: &mut Builder) {
        let wide = |ty: &Type| ty.element == Element::Real && ty.shape.len() > 1;
        let x = self.some(b, wide).filter(|_| !self.chance(4)).unwrap_or_else(|| self.real(b));
        let y = self.some(b, wide).filter(|_| !self.chance(4)).unwrap_or_else(|| self.real(b));
        let (a, c) = (b.ty(x).shape.clone(), b.ty(y).shape.clone());
        let left: Vec<u8> = (0..a.len() as u8).collect();
        let mut right = Vec::new();
        for extent in &c {
            let shared = left.iter().find(|letter| a[**letter as usize] == *extent && !right.contains(*letter));
            right.push(match shared.filter(|_| self.random.below(3) > 0) {
                Some(letter) => *letter,
                None => (a.len() + right.len()) as u8,
            });
        }
        let mut out = Vec::new();
        for letter in left.iter().chain(right.iter().filter(|letter| !left.contains(letter))) {
            let both = left.contains(letter) && right.contains(letter);
            if !both || self.chance(4) {
                let place = self.random.below(out.len() + 1);
                out.insert(place, *letter);
            }
        }
        let size = |letter: &u8| match left.iter().position(|other| other == letter) {
            Some(axis) => a[axis].bound(),
            None => c[right.iter().position(|other| other == letter).unwrap()].bound(),
        };
        if out.iter().map(size).product::<usize>() <= 4000 {
            let z = b.contract_indices(left, right, out, x, y);
            let z = if self.chance(2) { b.scale(z, 0.1) } else { b.tanh(z) };
            self.keep(z);
        }
    }

    fn rearrange(&mut self, b: &mut Builder) {
        let x = self.real(b);
        let shape = b.ty(x).shape.clone();
        let rank = shape.len();
        if rank == 0 {
            return;
        }
        let axis = self.random.below(rank);
        let constant = matches!(shape[axis], Extent::Const(_));
        let n = shape[axis].bound();
        let y = match self.random.below(6) {
            0 => {
                let mut axes: Vec<usize> = (0..rank).collect();
                axes.rotate_left(axis);
                b.permute(x, &axes)
            }
            1 if constant && n > 1 => {
                let start = self.random.below(n - 1);
                let length = self.random.below(n - start) + 1;
                b.slice(x, axis, start, length)
            }
            2 => {
                let start = self.random.below(3);
                let length = n + start + self.random.below(3);
                b.pad(x, axis, start, length)
            }
            3 if axis + 1 < rank && constant && matches!(shape[axis + 1], Extent::Const(_)) => {
                let mut merged = shape.clone();
                merged[axis] = Extent::Const(n * shape[axis + 1].bound());
                merged.remove(axis + 1);
                b.reshape(x, &merged)
            }
            4 if shape.iter().all(|extent| matches!(extent, Extent::Const(_))) => {
                let all: usize = shape.iter().map(Extent::bound).product();
                let inner = [2, 4, 6, 10, 12][self.random.below(5)];
                match all.is_multiple_of(inner) && all > 0 {
                    true => b.reshape(x, &[Extent::Const(all / inner), Extent::Const(inner)]),
                    false => return,
                }
            }
            _ if constant => match [3, 2, 5].into_iter().find(|part| n.is_multiple_of(*part) && n > *part) {
                Some(part) => {
                    let mut split = shape.clone();
                    split[axis] = Extent::Const(part);
                    split.insert(axis, Extent::Const(n / part));
                    b.reshape(x, &split)
                }
                None => return,
            },
            _ => return,
        };
        self.keep(y);
        if self.chance(2) {
            let z = b.tanh(y);
            self.keep(z);
        }
    }

    fn rows(&mut self, b: &mut Builder) {
        let Some(index) = self.some(b, |ty| matches!(ty.element, Element::Class(_))) else { return };
        let Element::Class(k) = b.ty(index).element else { return };
        let long = |ty: &Type| matches!(ty.shape.first(), Some(Extent::Const(n)) if *n >= k);
        if let Some(x) = self.some(b, |ty| matches!(ty.element, Element::Real | Element::Byte) && long(ty)) {
            if b.ty(x).shape.len() + b.ty(index).shape.len() > 4 {
                return;
            }
            let rows = b.gather(x, index);
            let rows = if b.ty(rows).element == Element::Byte { b.real(rows) } else { rows };
            let rows = if self.chance(2) { b.sin(rows) } else { rows };
            self.keep(rows);
            let back = b.scatter(rows, index, k + 1);
            let back = b.tanh(back);
            self.keep(back);
        }
    }

    /// Windows on the last axis, what they are added up to, and a product with them.
    fn windows(&mut self, b: &mut Builder) {
        let long = |ty: &Type| matches!(ty.shape.last(), Some(Extent::Const(2..)));
        let Some(x) = self.some(b, |ty| ty.element == Element::Real && long(ty) && ty.shape.len() < 4) else { return };
        let rank = b.ty(x).shape.len();
        let length = b.ty(x).shape[rank - 1].bound();
        let (size, stride) = (1 + self.random.below(length.min(4)), 1 + self.random.below(3));
        let windows = b.windows(x, &[size], &[stride]);
        let y = match self.random.below(4) {
            0 => b.max(windows, &[rank - 1]),
            1 => b.sum(windows, &[rank]),
            2 => {
                let back = b.tanh(windows);
                b.overlap(back, &[length], &[size], &[stride])
            }
            _ => {
                let like = b.ty(windows).shape[..rank].to_vec();
                let first = b.slice(windows, rank, 0, 1);
                let weights = b.reshape(first, &like);
                let letters: Vec<u8> = (0..=rank as u8).collect();
                let (left, right) = (letters.clone(), letters[..rank].to_vec());
                let product = b.contract_indices(left, right, vec![rank as u8], windows, weights);
                b.tanh(product)
            }
        };
        self.keep(y);
    }

    fn ints(&mut self, b: &mut Builder) {
        let shape = {
            let x = self.real(b);
            b.ty(x).shape.clone()
        };
        let int = self.some(b, |ty| ty.element.is_whole() && ty.shape.is_empty()).unwrap();
        let wide = b.expand_to(int, &shape);
        let sum = match shape.first() {
            Some(extent) => {
                let places = b.iota(extent.clone());
                let places = b.expand(places, &shape, &[0]);
                let three = b.int(3);
                let three = b.expand_to(three, &shape);
                let product = b.multiply(places, three);
                let quotient = b.quotient(product, wide);
                b.add(quotient, places)
            }
            None => b.add(wide, wide),
        };
        let class = b.clamp(sum, 9);
        self.keep(class);
        if shape.len() == 1 {
            let least = b.min(class, &[0]);
            let least = b.clamp(least, 9);
            self.keep(least);
        }
        let number = b.real(class);
        let number = b.scale(number, 0.1);
        let random = b.uniform(class, sum, wide, class);
        let number = b.add(number, random);
        self.keep(number);
    }

    /// A count, and an array of which it says how much is in use.
    fn counted(&mut self, b: &mut Builder) {
        let whole = self.some(b, |ty| ty.element.is_whole() && ty.shape.is_empty()).unwrap();
        let x = self
            .some(b, |ty| ty.element == Element::Real && matches!(ty.shape.first(), Some(Extent::Const(n)) if *n < 21));
        let Some(x) = x else { return };
        self.counts += 1;
        let count = Count { name: format!("n{}", self.counts).into(), bound: b.ty(x).shape[0].bound() };
        let bound = b.bind(count.clone(), whole);
        self.keep(bound);
        let first = b.first(x, 0, Extent::Count(count));
        self.keep(first);
        let curve = b.sin(first);
        self.keep(curve);
        if b.ty(x).shape.len() == 2 {
            let product = b.contract("ni,nj->ij", curve, first);
            let product = b.tanh(product);
            self.keep(product);
        }
    }

    fn constant_real(&mut self, b: &Builder) -> Value {
        self.some(b, |ty| ty.element == Element::Real && ty.shape.iter().all(|e| matches!(e, Extent::Const(_))))
            .unwrap()
    }

    fn repeat(&mut self, b: &mut Builder) {
        let first: Vec<Value> = (0..self.random.below(3) + 1).map(|_| self.constant_real(b)).collect();
        let trip = [3, 4, 9][self.random.below(3)];
        let count = self.some(b, |ty| ty.element.is_whole() && ty.shape.is_empty()).filter(|_| self.chance(3));
        let mut rounds = match count {
            Some(whole) => {
                self.counts += 1;
                let count = Count { name: format!("n{}", self.counts).into(), bound: trip };
                b.bind(count.clone(), whole);
                Rounds::of(Extent::Count(count))
            }
            None => Rounds::of(trip),
        };
        let until = count.is_none() && self.chance(3);
        if until {
            self.counts += 1;
            rounds = Rounds::until(Count { name: format!("n{}", self.counts).into(), bound: trip });
        } else if self.chance(3) {
            rounds = rounds.reversed();
        }
        let sliced = self.some(b, |ty| {
            ty.element == Element::Real && matches!(ty.shape.first(), Some(Extent::Const(n)) if *n >= trip)
        });
        let slices: Vec<Value> = sliced.into_iter().collect();
        let inside = self.random.below(8) + 2;
        let looped = b.rounds_with(rounds, &first, &slices, |b, index, rows, carries| {
            let own: Vec<Value> = [&[index], rows, carries].concat();
            self.known.push(own);
            self.block(b, inside);
            let next = carries.iter().map(|carry| {
                let ty = b.ty(*carry).clone();
                let fitting = self.fitting(b, &ty);
                let newest = fitting.len() - fitting.len().min(3);
                let next = self.random.pick(&fitting[newest..]);
                // Rounding must not grow from round to round.
                if carries.contains(&next) { next } else { b.scale(next, 0.2) }
            });
            let carries: Vec<Value> = next.collect();
            let record = self.constant_real(b);
            let go = until.then(|| {
                let axes: Vec<usize> = (0..b.ty(record).shape.len()).collect();
                let one = if axes.is_empty() { record } else { b.sum(record, &axes) };
                let least = b.scalar(-0.5);
                b.less(least, one)
            });
            self.known.pop();
            Round { carries, records: vec![record], go }
        });
        looped.carries.iter().chain(&looped.records).for_each(|value| self.keep(*value));
        if let Some(rounds) = looped.rounds {
            self.keep(rounds);
        }
        if self.chance(2)
            && let neurula::tensor::build::Recorded::Rows { array, .. } = {
                let inner = b.loop_at(&looped.site);
                let carry = inner.body.params[1 + inner.invariants + inner.slices.len()];
                b.record(&looped.site, carry).unwrap()
            }
        {
            self.keep(array);
        }
    }

    fn branch(&mut self, b: &mut Builder) {
        let Some(condition) = self.some(b, |ty| *ty == Type::scalar(Element::Bool)) else { return };
        let shape = {
            let x = self.constant_real(b);
            b.ty(x).clone()
        };
        let other = {
            let x = self.constant_real(b);
            b.ty(x).clone()
        };
        let inside = self.random.below(6) + 1;
        let generator = std::cell::RefCell::new(&mut *self);
        let one = |b: &mut Builder| {
            let mut generator = generator.borrow_mut();
            generator.known.push(Vec::new());
            generator.block(b, inside);
            let results = [&shape, &other].map(|ty| {
                let fitting = generator.fitting(b, ty);
                let newest = fitting.len() - fitting.len().min(3);
                generator.random.pick(&fitting[newest..])
            });
            generator.known.pop();
            results.to_vec()
        };
        let results = b.when_with(condition, one, one);
        results.into_iter().for_each(|value| self.keep(value));
    }
}
