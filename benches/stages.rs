//! Each stage of each example by itself, and the training of W1's shape and of the digits, in samples per second.
//!
//! `cargo bench` runs them all; `cargo bench -- digits` those of one example. `neurula bench SPEC` times one spec.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurula::codegen::Code;
use neurula::diag::Sources;
use neurula::driver;
use neurula::loops::lower::Layouts;
use neurula::loops::memory::Storage;
use neurula::math::Precision;
use neurula::model::{Model, Options};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

const EXAMPLES: &[&str] = &["digits", "infancy", "oja"];

fn read(name: &str) -> (String, String) {
    let path = format!("examples/{name}.neu");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    (path, text)
}

fn model(path: &str, text: &str) -> Model {
    let mut sources = Sources::new();
    let checked = driver::parse_text(&mut sources, Path::new(path), text).check(&sources, &Options::default());
    checked.model.unwrap_or_else(|| panic!("{:?}", checked.said))
}

fn stages(c: &mut Criterion) {
    for name in EXAMPLES {
        let (path, text) = read(name);
        let mut group = c.benchmark_group(*name);
        group.measurement_time(Duration::from_secs(2)).sample_size(20);
        group.bench_function("parse and check", |b| b.iter(|| black_box(model(&path, &text))));
        let model = model(&path, &text);
        let rows = model.data[0].signature.total();
        group.bench_function("plan", |b| b.iter(|| black_box(driver::plan(&model, 0, rows))));
        let planned = driver::plan(&model, 0, rows);
        let lower = || planned.lower(Precision::F32, &mut Layouts::default()).unwrap_or_else(|error| panic!("{error}"));
        group.bench_function("lower", |b| b.iter(|| black_box(lower())));
        let lowered = lower();
        group.bench_function("compile", |b| b.iter(|| Code::compile(black_box(&lowered.learn)).map(drop)));
        group.finish();
    }
}

/// Steps of a program on made-up data: what is computed is the same whatever the numbers.
fn steps(c: &mut Criterion) {
    let w1 = "data world = digits(batch = 32)\nregion Retina[8, 8] = world.image\nregion Wide[784] = drive\nregion Hidden[128] = relu(drive)\nregion Choice[10] = drive\n\
        connect Retina -> Wide : fixed(0.01)\nconnect Wide -> Hidden -> Choice\ncost wrong in Choice = cross_entropy(Choice, world.label)\n\
        learn Wide -> Hidden -> Choice by backprop from wrong using sgd(rate = 0.1)";
    let (_, digits) = read("digits");
    for (name, text) in [("W11 digits", digits.as_str()), ("W1 shape 784-128-10", w1)] {
        let model = model("spec.neu", text);
        let planned = driver::plan(&model, 0, model.data[0].signature.total());
        let lowered = planned.lower(Precision::F32, &mut Layouts::default()).unwrap_or_else(|error| panic!("{error}"));
        let code = Code::compile(&lowered.learn).unwrap_or_else(|error| panic!("{error}"));
        let mut slots: Vec<Storage> =
            lowered.learn.slots.iter().map(|slot| Storage::for_slot(slot, Precision::F32)).collect();
        let place = |wanted: &str| lowered.learn.slots.iter().position(|slot| *slot.name == *wanted);
        let (Some(rows), Some(position)) = (place("clock.rows"), place("clock.position")) else { panic!("no clocks") };
        slots[rows].set(0, 1437.0);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(44 * 32)).measurement_time(Duration::from_secs(3)).sample_size(20);
        group.bench_function("train", |b| {
            b.iter(|| {
                slots[position].set(0, 0.0);
                let mut lent: Vec<&mut Storage> = slots.iter_mut().collect();
                code.call(&mut lent, 44).unwrap_or_else(|error| panic!("{error}"));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, stages, steps);
criterion_main!(benches);
