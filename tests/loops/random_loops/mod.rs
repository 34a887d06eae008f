//! Random valid loop programs with random memory: a function of a seed, for all who execute or transform programs.

pub mod random;
mod values;

use self::random::Random;
use self::values::Pool;
use neurula::loops::build::Builder;
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{
    BufferId, Cell, FoldKind, Folding, Index, Mark, Matrix, Operand, Order, Precision, Program, Scalar, Slot, Trip, Var,
};
use neurula::math::Function;
use neurula::tensor::{Element, Role, Type};

/// A program with what its slots hold at the beginning.
pub struct Case {
    pub program: Program,
    pub slots: Vec<Storage>,
}

/// A buffer of the program and how many of its cells are in use.
#[derive(Debug, Clone, Copy)]
struct Area {
    buffer: BufferId,
    cell: Cell,
    len: usize,
}

/// The loops around, with their bounds.
type Vars = Vec<(Var, usize)>;

struct Generator {
    random: Random,
    areas: Vec<Area>,
    slots: Vec<(Slot, Values)>,
    count: Option<BufferId>,
}

const LENGTHS: [usize; 10] = [1, 2, 3, 7, 15, 16, 17, 31, 33, 50];

/// The program of a seed.
pub fn random_case(seed: u64, precision: Precision) -> Case {
    let mut b = Builder::new(format!("random.{seed}"), precision);
    let mut generator = Generator { random: Random::new(seed), areas: Vec::new(), slots: Vec::new(), count: None };
    generator.make_slots(&mut b);
    for number in 0..generator.random.below(5) + 1 {
        generator.nest(&mut b, &format!("Nest {number}"));
    }
    let program = b.finish().unwrap_or_else(|violations| panic!("seed {seed} gave: {violations:?}"));
    let slots = generator.slots.iter().map(|(slot, values)| {
        let mut storage = Storage::for_slot(slot, precision);
        storage.write_logical(slot, values).expect("the values fit");
        storage
    });
    Case { slots: slots.collect(), program }
}

impl Generator {
    fn make_slots(&mut self, b: &mut Builder) {
        for number in 0..self.random.below(3) + 2 {
            let (rows, columns) = (self.random.pick(&LENGTHS), self.random.pick(&LENGTHS));
            self.slot(b, &format!("real {number}"), Element::Real, rows, columns);
        }
        let (classes, length) = (self.random.pick(&LENGTHS), self.random.pick(&LENGTHS));
        self.slot(b, "class", Element::Class(classes), 1, length);
        self.slot(b, "int", Element::Int, 1, length);
        self.slot(b, "bool", Element::Bool, 1, length);
        self.slot(b, "byte", Element::Byte, 2, length);
        self.slot(b, "count", Element::Int, 1, 1);
        self.count = self.areas.pop().map(|area| area.buffer);
    }

    fn slot(&mut self, b: &mut Builder, name: &str, element: Element, rows: usize, columns: usize) {
        let row = if self.random.chance(50) { columns.next_multiple_of(16) } else { columns };
        let slot = Slot {
            name: name.into(),
            ty: Type { element, shape: vec![rows.into(), columns.into()] },
            role: self.random.pick(&[Role::Parameter, Role::State, Role::Input]),
            strides: vec![row, 1],
            len: rows * row,
        };
        let values = self.values(element, rows * columns, b.precision());
        let buffer = b.slot(slot.clone());
        self.areas.push(Area { buffer, cell: slot.cell(), len: slot.len });
        self.slots.push((slot, values));
    }

    fn values(&mut self, element: Element, count: usize, precision: Precision) -> Values {
        let random = &mut self.random;
        // In most slots nothing special, or most sums would be NaN.
        let special = if random.chance(25) { 8 } else { 0 };
        match element {
            Element::Real if precision == Precision::F32 => {
                Values::F32((0..count).map(|_| random.real(special) as f32).collect())
            }
            Element::Real => Values::F64((0..count).map(|_| random.real(special)).collect()),
            Element::Int => Values::Int((0..count).map(|_| random.below(100) as i32 - 40).collect()),
            Element::Class(k) => Values::Int((0..count).map(|_| random.below(k) as i32).collect()),
            Element::Bool => Values::Byte((0..count).map(|_| random.below(2) as u8).collect()),
            Element::Byte => Values::Byte((0..count).map(|_| random.below(256) as u8).collect()),
        }
    }

    /// A new buffer in scratch memory, all of which is written first.
    fn scratch(&mut self, b: &mut Builder) {
        let len = self.random.pick(&LENGTHS) * self.random.pick(&[1, 2, 16]);
        let cell = match self.random.below(10) {
            0 => Cell::Int(None),
            1 => Cell::Int(Some(self.random.pick(&LENGTHS))),
            2 => Cell::Bool,
            _ => Cell::Real,
        };
        let buffer = b.fresh(format!("scratch {}", self.areas.len()), cell, len);
        let factor = self.random.real(2);
        b.nest("Fill", None, |b| {
            b.lanes(len, |b, i| {
                let int = b.index(i);
                let value = match cell {
                    Cell::Real => {
                        let (real, factor) = (b.scalar(Scalar::Real, &[int]), b.real(factor));
                        b.apply(Function::Multiply, &[real, factor])
                    }
                    Cell::Int(None) => int,
                    Cell::Int(Some(k)) => b.clamp(int, k),
                    Cell::Bool => b.truth(factor > 0.0),
                    Cell::Byte => b.clamp(int, 256),
                };
                b.store(buffer, Index::at(0).var(i, 1), value);
            });
        });
        self.areas.push(Area { buffer, cell, len });
    }

    fn trip(&mut self) -> Trip {
        let bound = if self.random.chance(10) { 64 } else { self.random.pick(&LENGTHS) };
        match self.count {
            Some(buffer) if self.random.chance(25) => Trip::Count { buffer, bound },
            _ => Trip::Const(bound),
        }
    }

    /// A place in an area that may vary with these variables and stays inside.
    fn index(&mut self, len: usize, vars: &Vars) -> Index {
        let mut room = len - 1;
        let mut index = Index::at(0);
        for (var, bound) in vars {
            let steps = bound.saturating_sub(1).max(1);
            let most = room / steps;
            if most > 0 && self.random.chance(80) {
                let stride = if self.random.chance(60) { 1 } else { self.random.below(most) + 1 };
                // Sometimes in two terms.
                index = match self.random.below(4) {
                    0 => index.var(*var, stride - 1).var(*var, 1),
                    _ => index.var(*var, stride),
                };
                room -= stride * steps;
            }
        }
        index.offset = if self.random.chance(50) { 0 } else { self.random.below(room + 1) };
        index
    }

    /// An area for a store side by side: from round to round it goes to another cell.
    fn apart(&mut self, var: Var, bound: usize) -> Option<(Area, Index)> {
        let wide: Vec<_> = self.areas.iter().copied().filter(|area| area.len >= bound && written(area)).collect();
        if wide.is_empty() {
            return None;
        }
        let area = self.random.pick(&wide);
        let most = (area.len - 1) / (bound.saturating_sub(1)).max(1);
        let stride = if self.random.chance(70) { 1 } else { self.random.below(most.max(1)) + 1 };
        let stride = if most == 0 { 1 } else { stride };
        let room = area.len - 1 - stride * bound.saturating_sub(1);
        Some((area, Index::at(self.random.below(room + 1)).var(var, stride)))
    }

    fn area(&mut self, wanted: impl Fn(&Area) -> bool) -> Area {
        let found: Vec<_> = self.areas.iter().copied().filter(wanted).collect();
        self.random.pick(&found)
    }

    fn nest(&mut self, b: &mut Builder, name: &str) {
        if self.random.chance(40) {
            self.scratch(b);
        }
        b.nest(name, None, |b| match self.random.below(14) {
            0..=3 => self.elementwise(b),
            4 | 5 => self.row_folds(b),
            6 => self.column_folds(b),
            12 | 13 => self.sums(b),
            7 | 8 => self.product(b),
            9 => self.recurrence(b),
            10 => self.scatter(b),
            _ => self.conditional(b),
        });
    }

    /// Side by side, perhaps inside a loop one after the other.
    fn elementwise(&mut self, b: &mut Builder) {
        let outer = if self.random.chance(30) { Some(Trip::Const(self.random.below(4))) } else { None };
        let trip = self.trip();
        let mut vars = Vars::new();
        let write = |g: &mut Generator, b: &mut Builder, vars: &Vars| {
            let mut pool = Pool::default();
            g.compute(b, &mut pool, vars, None);
            let outside = pool.clone();
            b.lanes(trip, |b, var| g.round(b, outside, vars, var, trip.bound()));
        };
        match outer {
            None => write(self, b, &vars),
            Some(outer) => b.serial(outer, |b, var| {
                vars.push((var, outer.bound()));
                write(self, b, &vars);
            }),
        }
    }

    /// One round of a lanes loop: everything but the buffer that is stored to is read anywhere, that one where it is
    /// stored.
    fn round(&mut self, b: &mut Builder, mut pool: Pool, outer: &Vars, var: Var, bound: usize) {
        let Some((area, place)) = self.apart(var, bound) else { return };
        let mut vars = outer.clone();
        vars.push((var, bound));
        if area.cell == Cell::Real {
            pool.reals.push(b.load(area.buffer, place.clone()));
        }
        // A count that is stored to would be read by other rounds.
        self.compute(b, &mut pool, &vars, Some(area.buffer));
        if self.random.chance(30) {
            let trip = Trip::Const(self.random.below(6));
            let (inner, outer_vars) = (pool.clone(), vars.clone());
            let reg = b.fold(trip, false, |b, inner_var| {
                let mut vars = outer_vars;
                vars.push((inner_var, trip.bound()));
                let mut pool = inner;
                self.compute(b, &mut pool, &vars, Some(area.buffer));
                self.folding(&pool)
            });
            self.keep(b, &mut pool, reg);
        }
        let value = self.value(b, &pool, area.cell);
        b.store(area.buffer, place, value);
    }

    /// A loop over rows, each folded in one of the orders.
    fn row_folds(&mut self, b: &mut Builder) {
        let (rows, trip, lanes) = (self.trip(), self.trip(), self.random.chance(60));
        let area = self.area(written);
        b.serial(rows, |b, row| {
            let mut vars = vec![(row, rows.bound())];
            let mut pool = Pool::default();
            self.compute(b, &mut pool, &vars, None);
            let (outside, mut inner_vars) = (pool.clone(), vars.clone());
            let reg = b.fold(trip, lanes, |b, column| {
                inner_vars.push((column, trip.bound()));
                let mut pool = outside;
                self.compute(b, &mut pool, &inner_vars, None);
                if self.random.chance(20) {
                    let (trip, outside) = (Trip::Const(self.random.below(5)), pool.clone());
                    let reg = b.fold(trip, false, |b, var| {
                        let mut pool = outside;
                        let mut vars = inner_vars.clone();
                        vars.push((var, trip.bound()));
                        self.compute(b, &mut pool, &vars, None);
                        self.folding(&pool)
                    });
                    self.keep(b, &mut pool, reg);
                }
                self.folding(&pool)
            });
            self.keep(b, &mut pool, reg);
            let value = self.value(b, &pool, area.cell);
            vars.truncate(1);
            let index = self.index(area.len, &vars);
            b.store(area.buffer, index, value);
        });
    }

    /// Sums of what is in memory, stored as they are.
    fn sums(&mut self, b: &mut Builder) {
        let (rows, lanes, dot) = (Trip::Const(3), self.random.chance(60), self.random.chance(50));
        let (left, right) = (self.area(|a| a.cell == Cell::Real), self.area(|a| a.cell == Cell::Real));
        let target = self.area(|a| a.cell == Cell::Real);
        let most = left.len.min(right.len);
        b.serial(rows, |b, row| {
            let sum = b.fold(Trip::Const(most), lanes, |b, i| {
                let (x, y) =
                    (b.load(left.buffer, Index::at(0).var(i, 1)), b.load(right.buffer, Index::at(0).var(i, 1)));
                if dot { Folding::Dot(x, y) } else { Folding::Of(FoldKind::Sum, x) }
            });
            let place = self.index(target.len, &vec![(row, rows.bound())]);
            b.store(target.buffer, place, sum);
        });
    }

    /// Side by side over columns, each a chain over the rows.
    fn column_folds(&mut self, b: &mut Builder) {
        let (columns, rows) = (self.trip(), Trip::Const(self.random.pick(&LENGTHS)));
        b.lanes(columns, |b, column| {
            let Some((area, place)) = self.apart(column, columns.bound()) else { return };
            let mut pool = Pool::default();
            let vars = vec![(column, columns.bound())];
            self.compute(b, &mut pool, &vars, Some(area.buffer));
            let (outside, mut vars) = (pool.clone(), vars);
            let reg = b.fold(rows, false, |b, row| {
                vars.push((row, rows.bound()));
                let mut pool = outside;
                self.compute(b, &mut pool, &vars, Some(area.buffer));
                self.folding(&pool)
            });
            self.keep(b, &mut pool, reg);
            let value = self.value(b, &pool, area.cell);
            b.store(area.buffer, place, value);
        });
    }

    /// A matrix product of whatever fits.
    fn product(&mut self, b: &mut Builder) {
        let (rows, columns, depth) = (self.trip(), self.trip(), self.trip());
        let room = if self.random.chance(50) { columns.bound().next_multiple_of(16) } else { columns.bound() };
        let row = room + self.random.below(3) * 8;
        let out_len = row * (rows.bound() - 1) + room;
        let out = b.fresh("product", Cell::Real, out_len);
        let out_area = Area { buffer: out, cell: Cell::Real, len: out_len };
        b.lanes(out_len, |b, i| {
            let zero = b.real(-0.0);
            b.store(out, Index::at(0).var(i, 1), zero);
        });
        let right_len = row * (depth.bound() - 1) + room;
        let right = self.real_area(b, right_len);
        let transposed = self.random.chance(30);
        let (left_row, left_column) = if transposed { (1, rows.bound()) } else { (depth.bound(), 1) };
        let left = self.real_area(b, rows.bound() * depth.bound());
        let operand =
            |area: Area, row, column, offset| Operand { buffer: area.buffer, base: Index::at(offset), row, column };
        let offset = self.random.below(right.len - right_len + 1);
        b.matrix(Matrix {
            rows,
            columns,
            depth,
            left: operand(left, left_row, left_column, 0),
            right: operand(right, row, 1, offset),
            out: operand(out_area, row, 1, 0),
            accumulate: self.random.chance(50),
            room,
            origin: Mark::default(),
        });
        // Only what is a value may be looked at: not what lies past the columns.
        let wide: Vec<_> =
            self.areas.iter().copied().filter(|a| a.cell == Cell::Real && a.len >= columns.bound()).collect();
        if wide.is_empty() {
            return;
        }
        let target = self.random.pick(&wide);
        b.serial(rows, |b, r| {
            b.lanes(columns, |b, c| {
                let sum = b.load(out, Index::at(0).var(r, row).var(c, 1));
                let old = b.load(target.buffer, Index::at(0).var(c, 1));
                let sum = b.apply(Function::Subtract, &[sum, old]);
                b.store(target.buffer, Index::at(0).var(c, 1), sum);
            });
        });
    }

    /// An area of at least so many reals; a new one if there is none.
    fn real_area(&mut self, b: &mut Builder, len: usize) -> Area {
        let fitting: Vec<_> = self.areas.iter().copied().filter(|a| a.cell == Cell::Real && a.len >= len).collect();
        if !fitting.is_empty() {
            return self.random.pick(&fitting);
        }
        let source = self.area(|area| area.cell == Cell::Real);
        let buffer = b.fresh(format!("operand {}", self.areas.len()), Cell::Real, len);
        b.lanes(len, |b, i| {
            let (int, length) = (b.index(i), b.int(source.len as i64));
            let cell = b.scalar(Scalar::Remainder, &[int, length]);
            let value = b.load(source.buffer, Index::at(0).reg(cell, 1));
            b.store(buffer, Index::at(0).var(i, 1), value);
        });
        let area = Area { buffer, cell: Cell::Real, len };
        self.areas.push(area);
        area
    }

    /// One cell after the other from its neighbours.
    fn recurrence(&mut self, b: &mut Builder) {
        let (trip, order) = (self.trip(), self.random.pick(&[Order::Serial, Order::Reverse]));
        let area = self.area(written);
        b.repeat(trip, order, |b, var| {
            let vars = vec![(var, trip.bound())];
            let mut pool = Pool::default();
            self.compute(b, &mut pool, &vars, None);
            let value = self.value(b, &pool, area.cell);
            let index = self.index(area.len, &vars);
            b.store(area.buffer, index, value);
        });
    }

    /// Adds rows where a class says.
    fn scatter(&mut self, b: &mut Builder) {
        let classes = self.area(|area| matches!(area.cell, Cell::Int(Some(_))));
        let target = self.area(|area| area.cell == Cell::Real);
        let Cell::Int(Some(k)) = classes.cell else { return };
        let width = target.len / k;
        if width == 0 {
            return;
        }
        b.serial(classes.len, |b, i| {
            let class = b.load(classes.buffer, Index::at(0).var(i, 1));
            b.lanes(width, |b, column| {
                let mut pool = Pool::default();
                let place = Index::at(0).reg(class, width).var(column, 1);
                let old = b.load(target.buffer, place.clone());
                self.compute(b, &mut pool, &vec![(i, classes.len), (column, width)], Some(target.buffer));
                let more = self.value(b, &pool, Cell::Real);
                let sum = b.apply(Function::Add, &[old, more]);
                b.store(target.buffer, place, sum);
            });
        });
    }

    /// A choice, and a loop that ends on a condition.
    fn conditional(&mut self, b: &mut Builder) {
        let rounds = b.fresh("rounds", Cell::Int(None), 1);
        let (trip, area) = (self.trip(), self.area(written));
        b.until(trip, rounds, |b, var| {
            let vars = vec![(var, trip.bound())];
            let mut pool = Pool::default();
            self.compute(b, &mut pool, &vars, None);
            let cond = self.random.pick(&pool.bools);
            let (yes, no) = (self.value(b, &pool, area.cell), self.value(b, &pool, area.cell));
            let (here, there) = (self.index(area.len, &vars), self.index(area.len, &vars));
            b.when(cond, |b| b.store(area.buffer, here, yes), |b| b.store(area.buffer, there, no));
            self.truth(b, &mut pool);
            let (go, again) = (self.random.pick(&pool.bools), self.random.pick(&pool.bools));
            b.scalar(Scalar::Or, &[go, again])
        });
        let target = self.area(|area| area.cell == Cell::Real);
        let done = b.load(rounds, Index::at(0));
        let real = b.scalar(Scalar::Real, &[done]);
        b.store(target.buffer, Index::at(0), real);
    }
}

/// Whether random values may be stored there.
fn written(area: &Area) -> bool {
    area.cell != Cell::Byte
}
