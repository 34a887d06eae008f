//! A program built in code learns to read digits.

use neurula::loops::lower::{Layouts, lower};
use neurula::loops::memory::{Storage, Values};
use neurula::loops::{self, Precision, eval};
use neurula::tensor::differentiate::{Exact, reverse};
use neurula::tensor::{Count, Element, Extent, Program, ProgramBuilder, Role, Type, Value};

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
    let first = b.expand_to(position, &[extent.clone()]);
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
    let ones = b.full(1.0, &[rows.clone()]);
    let samples = b.sum(ones, &[0]);
    let one = b.scalar(1.0);
    let share = b.divide(one, samples);
    let seed = b.expand_to(share, &[rows.clone()]);
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

#[test]
fn print() {
    let program = lower(&training(), Precision::F32, &mut Layouts::new()).unwrap();
    println!("{program}");
}
