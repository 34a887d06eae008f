//! A program built in code learns to read digits.

use super::meaning::{difference, numbers, run};
use crate::data::{call, load};
use neurula::codegen::Code;
use neurula::data::split::{order, steps_per_epoch};
use neurula::data::{Column, Place, Split};
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{self, Precision, Slot};
use neurula::math::Stream;
use neurula::tensor::differentiate::{Exact, reverse};
use neurula::tensor::{Count, Element, Extent, Name, Program, ProgramBuilder, Role, Type, Value, pass};
use std::collections::BTreeMap;

const SAMPLES: usize = 1797;
const TRAINED_ON: usize = 1437;
const BATCH: usize = 32;

/// The activity of the last region on a batch of images.
fn forward(b: &mut ProgramBuilder, images: Value, rows: &Extent, weights: [Value; 4]) -> Value {
    let [w1, b1, w2, b2] = weights;
    let x = b.real(images);
    let x = b.scale(x, 1.0 / 16.0);
    let drive = b.product("Retina -> Hidden", "bi,oi->bo", x, w1);
    let shape = [rows.clone(), Extent::Const(32)];
    let bias = b.expand(b1, &shape, &[1]);
    let drive = b.add(drive, bias);
    b.named(drive, "Hidden.drive");
    let zero = b.full(0.0, &shape);
    let hidden = b.maximum(drive, zero);
    b.named(hidden, "Hidden");
    let drive = b.product("Hidden -> Choice", "bi,oi->bo", hidden, w2);
    let bias = b.expand(b2, &[rows.clone(), Extent::Const(10)], &[1]);
    let choice = b.add(drive, bias);
    b.named(choice, "Choice")
}

/// Cross-entropy of each sample.
fn cross_entropy(b: &mut ProgramBuilder, choice: Value, labels: Value) -> Value {
    let shape = b.ty(choice).shape.clone();
    let largest = b.max(choice, &[1]);
    let largest = b.expand(largest, &shape, &[0]);
    let shifted = b.subtract(choice, largest);
    let exponentials = b.exp(shifted);
    let sum = b.sum(exponentials, &[1]);
    let log = b.log(sum);
    let classes = b.iota(10);
    let classes = b.expand(classes, &shape, &[1]);
    let labels = b.expand(labels, &shape, &[0]);
    let chosen = b.equal(classes, labels);
    let zero = b.full(0.0, &shape);
    let own = b.select(chosen, shifted, zero);
    let own = b.sum(own, &[1]);
    b.subtract(log, own)
}

/// Whether the largest activity is that of the label, as 0 or 1.
fn hits(b: &mut ProgramBuilder, choice: Value, labels: Value) -> Value {
    let shape = b.ty(choice).shape.clone();
    let largest = b.max(choice, &[1]);
    let largest = b.expand(largest, &shape, &[0]);
    let is_largest = b.equal(choice, largest);
    let classes = b.iota(10);
    let classes = b.expand(classes, &shape, &[1]);
    let last = b.int(9);
    let last = b.clamp(last, 10);
    let last = b.expand_to(last, &shape);
    let first = b.select(is_largest, classes, last);
    let first = b.min(first, &[1]);
    let hit = b.equal(first, labels);
    b.real(hit)
}

fn weights(b: &mut ProgramBuilder) -> [Value; 4] {
    [
        b.slot("Retina -> Hidden.weight", Type::real(&[32, 64]), Role::Parameter),
        b.slot("Hidden.bias", Type::real(&[32]), Role::Parameter),
        b.slot("Hidden -> Choice.weight", Type::real(&[10, 32]), Role::Parameter),
        b.slot("Choice.bias", Type::real(&[10]), Role::Parameter),
    ]
}

/// The images and labels of the batch at the clock's position; the clock's next position.
fn batch(b: &mut ProgramBuilder, order: &str, samples: usize, clock: &str) -> (Value, Value, Extent, Value) {
    let images =
        b.slot("world.image", Type::new(Element::Byte, [Extent::Const(SAMPLES), Extent::Const(64)]), Role::Input);
    let labels = b.slot("world.label", Type::new(Element::Class(10), [Extent::Const(SAMPLES)]), Role::Input);
    let order = b.slot(order, Type::new(Element::Class(SAMPLES), [Extent::Const(samples)]), Role::Input);
    let position = b.slot(clock, Type::scalar(Element::Int), Role::State);
    let all = b.int(samples as i64);
    let left = b.subtract(all, position);
    let count = Count { name: "rows".into(), bound: BATCH };
    let rows = b.bind(count.clone(), left);
    let extent = Extent::Count(count);
    let within = b.iota(extent.clone());
    let first = b.expand_to(position, std::slice::from_ref(&extent));
    let places = b.add(first, within);
    let places = b.clamp(places, samples);
    let chosen = b.gather(order, places);
    let (images, labels) = (b.gather(images, chosen), b.gather(labels, chosen));
    let next = b.add(position, rows);
    let next = b.remainder(next, all);
    (images, labels, extent, next)
}

/// One step of training.
pub fn training() -> Program {
    let mut b = ProgramBuilder::new("learn");
    let weights = weights(&mut b);
    let (images, labels, rows, next) = batch(&mut b, "order", TRAINED_ON, "clock.position");
    let choice = forward(&mut b, images, &rows, weights);
    let costs = cross_entropy(&mut b, choice, labels);
    let total = b.sum(costs, &[0]);
    let ones = b.full(1.0, std::slice::from_ref(&rows));
    let samples = b.sum(ones, &[0]);
    let one = b.scalar(1.0);
    let share = b.divide(one, samples);
    let seed = b.expand_to(share, std::slice::from_ref(&rows));
    let gradients = reverse(&mut b, &[(costs, seed)], &weights, &mut Exact);
    for (weight, (gradient, name)) in weights.into_iter().zip(gradients.into_iter().zip([
        "Retina -> Hidden.weight",
        "Hidden.bias",
        "Hidden -> Choice.weight",
        "Choice.bias",
    ])) {
        let rate = b.full_like(weight, 0.1);
        let change = b.multiply(rate, gradient);
        let new = b.subtract(weight, change);
        b.write(name, new);
    }
    let hits = hits(&mut b, choice, labels);
    let hits = b.sum(hits, &[0]);
    for (name, value) in [("wrong.sum", total), ("accuracy.sum", hits), ("samples", samples)] {
        let sum = b.slot(name, Type::real(&[]), Role::State);
        let sum = b.add(sum, value);
        b.write(name, sum);
    }
    b.write("clock.position", next);
    b.finish()
}

/// Counts the hits among the first samples of an order.
pub fn measuring() -> Program {
    let mut b = ProgramBuilder::new("measure");
    let weights = weights(&mut b);
    let (images, labels, rows, next) = batch(&mut b, "test.order", SAMPLES - TRAINED_ON, "measure.position");
    let choice = forward(&mut b, images, &rows, weights);
    let hits = hits(&mut b, choice, labels);
    let hits = b.sum(hits, &[0]);
    let sum = b.slot("test.hits", Type::real(&[]), Role::State);
    let sum = b.add(sum, hits);
    b.write("test.hits", sum);
    b.write("measure.position", next);
    b.finish()
}

/// The memory of all slots of some programs, by name.
pub struct Desk {
    slots: BTreeMap<Name, (Slot, Storage)>,
    precision: Precision,
}

impl Desk {
    /// All zero.
    pub fn new(programs: &[&loops::Program]) -> Desk {
        let precision = programs[0].precision;
        let slots = programs.iter().flat_map(|program| &program.slots);
        let slots = slots.map(|slot| (slot.name.clone(), (slot.clone(), Storage::for_slot(slot, precision))));
        Desk { slots: slots.collect(), precision }
    }

    /// Fills a slot, row-major.
    pub fn set(&mut self, name: &str, numbers: &[f64]) {
        let (slot, storage) = self.slots.get_mut(name).unwrap();
        let values = match storage {
            Storage::F32(_) => Values::F32(numbers.iter().map(|x| *x as f32).collect()),
            Storage::F64(_) => Values::F64(numbers.to_vec()),
            Storage::Int(_) => Values::Int(numbers.iter().map(|x| *x as i32).collect()),
            Storage::Byte(_) => Values::Byte(numbers.iter().map(|x| *x as u8).collect()),
        };
        storage.write_logical(slot, &values).unwrap();
        assert_eq!(storage.stray_class(slot), None, "{name}");
    }

    /// A slot's only number.
    pub fn get(&self, name: &str) -> f64 {
        self.slots[name].1.get(0)
    }

    /// The memory of a program's slots, in its order.
    pub fn memory(&self, program: &loops::Program) -> Vec<Storage> {
        assert_eq!(program.precision, self.precision);
        program.slots.iter().map(|slot| self.slots[&slot.name].1.clone()).collect()
    }

    /// Runs a compiled program.
    pub fn run(&mut self, program: &loops::Program, code: &Code, steps: u64) {
        let mut memory = self.memory(program);
        let mut handed: Vec<&mut Storage> = memory.iter_mut().collect();
        code.call(&mut handed, steps).unwrap();
        self.take(program, memory);
    }

    /// Takes the memory of a program's slots back.
    pub fn take(&mut self, program: &loops::Program, memory: Vec<Storage>) {
        for (slot, storage) in program.slots.iter().zip(memory) {
            self.slots.get_mut(&slot.name).unwrap().1 = storage;
        }
    }

    /// Fills the slots of the data.
    pub fn fill(&mut self, images: &[f64], labels: &[f64]) {
        self.set("world.image", images);
        self.set("world.label", labels);
    }

    /// Draws weights from a seed.
    pub fn draw(&mut self, seed: u64) {
        for (name, post, pre) in [("Retina -> Hidden.weight", 32, 64), ("Hidden -> Choice.weight", 10, 32)] {
            let stream = Stream::new(seed, name);
            let scale = (2.0 / pre as f64).sqrt();
            self.set(name, &(0..post * pre).map(|i| scale * stream.normal(i)).collect::<Vec<_>>());
        }
    }
}

/// Images, labels and the rows to be trained on. Those for the test are the others, in order.
fn data() -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let (_, dataset) = load(&call("digits", &[]), &Place::only("."), 0).unwrap();
    let (Column::Bytes(pixels), Some(labels)) = (&dataset.columns[0], dataset.labels()) else { panic!() };
    let images = pixels.iter().map(|x| f64::from(*x)).collect();
    let labels = labels.iter().map(|x| f64::from(*x)).collect();
    (images, labels, dataset.splits.get(Split::Train).as_slice().to_vec())
}

/// Fills the order of an epoch.
fn shuffle(desk: &mut Desk, epoch: u64, train: &[u32]) {
    let order = order(0, "world", epoch, train);
    desk.set("order", &order.iter().map(|row| f64::from(*row)).collect::<Vec<_>>());
}

#[test]
fn a_program_built_in_code_learns_to_read() {
    let mut layouts = Layouts::new();
    let learn = lower(&pass::simplify(training()), Precision::F32, &mut layouts).unwrap();
    let measure = lower(&pass::simplify(measuring()), Precision::F32, &mut layouts).unwrap();
    let (learning, measured) = (Code::compile(&learn).unwrap(), Code::compile(&measure).unwrap());
    let mut desk = Desk::new(&[&learn, &measure]);
    let (images, labels, train) = data();
    desk.fill(&images, &labels);
    desk.draw(0);
    let test = (0..SAMPLES as u32).filter(|row| !train.contains(row));
    desk.set("test.order", &test.map(f64::from).collect::<Vec<_>>());
    let steps = steps_per_epoch(TRAINED_ON, BATCH, false) as u64;
    let mut before = f64::INFINITY;
    for epoch in 0..30 {
        shuffle(&mut desk, epoch, &train);
        ["wrong.sum", "accuracy.sum", "samples"].iter().for_each(|name| desk.set(name, &[0.0]));
        desk.run(&learn, &learning, steps);
        assert_eq!((desk.get("samples"), desk.get("clock.position")), (TRAINED_ON as f64, 0.0));
        let wrong = desk.get("wrong.sum") / TRAINED_ON as f64;
        assert!(epoch > 3 || wrong < before, "epoch {epoch}: {wrong} after {before}");
        before = wrong;
    }
    desk.run(&measure, &measured, steps_per_epoch(SAMPLES - TRAINED_ON, BATCH, false) as u64);
    let accuracy = desk.get("test.hits") / (SAMPLES - TRAINED_ON) as f64;
    assert!(accuracy > 0.95 && accuracy <= 1.0, "{accuracy}");
}

#[test]
fn training_gives_the_same_bits_in_code_and_interpreter() {
    for precision in [Precision::F32, Precision::F64] {
        let learn = lower(&training(), precision, &mut Layouts::new()).unwrap();
        let mut desk = Desk::new(&[&learn]);
        let (images, labels, train) = data();
        desk.fill(&images, &labels);
        desk.draw(3);
        for epoch in 0..2 {
            shuffle(&mut desk, epoch, &train);
            let memory = run(&learn, &desk.memory(&learn), 45);
            desk.take(&learn, memory);
            assert_eq!(desk.get("samples"), (1 + epoch) as f64 * TRAINED_ON as f64);
        }
    }
}

/// The first step of an epoch, and the last, which has fewer samples.
#[test]
fn a_step_of_training_is_that_of_the_tensors() {
    for program in [training(), pass::simplify(training())] {
        let learn = lower(&program, Precision::F64, &mut Layouts::new()).unwrap();
        let mut desk = Desk::new(&[&learn]);
        let (images, labels, train) = data();
        desk.fill(&images, &labels);
        desk.draw(1);
        shuffle(&mut desk, 0, &train);
        for position in [0, TRAINED_ON - 29] {
            desk.set("clock.position", &[position as f64]);
            let slots: Vec<Vec<f64>> =
                learn.slots.iter().map(|slot| numbers(slot, &desk.slots[&slot.name].1)).collect();
            assert_eq!(difference(&program, &slots, 1), None);
        }
    }
}
