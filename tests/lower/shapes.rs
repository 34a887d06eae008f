//! What small programs become, to the letter: `tests/ir/lower/*.txt` (`BLESS=1` writes them anew).

use super::digits;
use neurula::loops::lower::{Layouts, lower};
use neurula::loops::{Precision, verify};
use neurula::tensor::build::Rounds;
use neurula::tensor::{Count, Element, Extent, Program, ProgramBuilder, Role, Type, Value};
use std::path::Path;

/// Lowers a program and compares its text with that of the file of its name.
fn becomes(program: &Program) -> String {
    let lowered = lower(program, Precision::F32, &mut Layouts::new()).unwrap();
    let violations = verify::verify(&lowered);
    assert!(violations.is_empty(), "{violations:?}\n{lowered}");
    let text = lowered.to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/ir/lower/{}.txt", program.name));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} is not what stands in {}:\n{text}", program.name, path.display());
    text
}

fn nests(text: &str) -> usize {
    text.matches("nest ").count()
}

fn state(b: &mut ProgramBuilder, name: &str, shape: &[usize]) -> Value {
    b.slot(name, Type::real(shape), Role::State)
}

fn parameter(b: &mut ProgramBuilder, name: &str, shape: &[usize]) -> Value {
    b.slot(name, Type::real(shape), Role::Parameter)
}

#[test]
fn a_chain_of_maps_is_one_nest() {
    let mut b = ProgramBuilder::new("chain");
    let (x, y) = (state(&mut b, "x", &[5, 20]), state(&mut b, "y", &[20]));
    let wide = b.expand(y, &[5.into(), 20.into()], &[1]);
    let sum = b.multiply(x, wide);
    let curve = b.tanh(sum);
    let square = b.multiply(curve, curve);
    b.write("x", square);
    assert_eq!(nests(&becomes(&b.finish())), 1);
}

#[test]
fn a_map_that_feeds_a_reduction_has_no_buffer() {
    let mut b = ProgramBuilder::new("map_into_sum");
    let (x, y) = (state(&mut b, "x", &[6, 40]), state(&mut b, "y", &[6, 40]));
    state(&mut b, "rows", &[6]);
    state(&mut b, "columns", &[40]);
    state(&mut b, "all", &[]);
    let curve = b.exp(x);
    let rows = b.sum(curve, &[1]);
    let product = b.multiply(x, y);
    let columns = b.sum(product, &[0]);
    let difference = b.subtract(x, y);
    let distance = b.abs(difference);
    let all = b.max(distance, &[0, 1]);
    b.write("rows", rows);
    b.write("columns", columns);
    b.write("all", all);
    let text = becomes(&b.finish());
    assert!(text.contains("scratch 0 {"), "{text}");
    assert_eq!(nests(&text), 3);
}

#[test]
fn a_rule_per_synapse_has_no_axis_of_samples_in_memory() {
    let mut b = ProgramBuilder::new("synapse");
    let (pre, post) = (state(&mut b, "pre", &[32, 20]), state(&mut b, "post", &[32, 12]));
    let w = parameter(&mut b, "weight", &[12, 20]);
    let shape = [32.into(), 12.into(), 20.into()];
    let wide = b.expand(w, &shape, &[1, 2]);
    let (pre, post) = (b.expand(pre, &shape, &[0, 2]), b.expand(post, &shape, &[0, 1]));
    let shrunk = b.multiply(post, wide);
    let rest = b.subtract(pre, shrunk);
    let change = b.multiply(post, rest);
    let change = b.sum(change, &[0]);
    let change = b.scale(change, 0.01);
    let new = b.add(w, change);
    b.write("weight", new);
    let text = becomes(&b.finish());
    assert_eq!(nests(&text), 2);
}

#[test]
fn what_changes_places_waits_apart() {
    let mut b = ProgramBuilder::new("places");
    let (x, y) = (state(&mut b, "x", &[8]), state(&mut b, "y", &[8]));
    let square = state(&mut b, "square", &[6, 6]);
    let turned = b.permute(square, &[1, 0]);
    b.write("x", y);
    b.write("y", x);
    b.write("square", turned);
    becomes(&b.finish());
}

#[test]
fn adam_is_one_nest_where_its_numbers_lie() {
    let mut b = ProgramBuilder::new("adam");
    let x = state(&mut b, "x", &[32, 24]);
    let d = state(&mut b, "d", &[32, 48]);
    let out = b.slot("drive", Type::real(&[32, 48]), Role::State);
    let w = parameter(&mut b, "weight", &[48, 24]);
    let (m, v) = (state(&mut b, "m", &[48, 24]), state(&mut b, "v", &[48, 24]));
    let steps = b.slot("steps", Type::scalar(Element::Int), Role::State);
    let drive = b.product("X -> Y", "bi,oi->bo", x, w);
    let drive = b.add(drive, out);
    let gradient = b.contract("bo,bi->oi", d, x);
    let one = b.int(1);
    let steps = b.add(steps, one);
    let time = b.real(steps);
    let decay = b.scalar(0.9);
    let power = b.pow(decay, time);
    let unit = b.scalar(1.0);
    let correction = b.subtract(unit, power);
    let (old, new) = (b.scale(m, 0.9), b.scale(gradient, 0.1));
    let m = b.add(old, new);
    let square = b.multiply(gradient, gradient);
    let (old, new) = (b.scale(v, 0.999), b.scale(square, 0.001));
    let v = b.add(old, new);
    let correction = b.expand_like(correction, m, &[]);
    let up = b.divide(m, correction);
    let down = b.sqrt(v);
    let down = b.shift(down, 1e-8);
    let change = b.divide(up, down);
    let change = b.scale(change, 0.001);
    let w = b.subtract(w, change);
    for (name, value) in [("drive", drive), ("weight", w), ("m", m), ("v", v), ("steps", steps)] {
        b.write(name, value);
    }
    becomes(&b.finish());
}

#[test]
fn a_recorded_carry_lies_in_its_record() {
    let mut b = ProgramBuilder::new("recorded");
    let h = state(&mut b, "h", &[4, 16]);
    let u = parameter(&mut b, "recurrent", &[16, 16]);
    let x = state(&mut b, "x", &[7, 4, 16]);
    let looped = b.loop_with(7, false, &[h], &[x], |b, _, rows, carries| {
        let drive = b.contract("bi,oi->bo", carries[0], u);
        let drive = b.add(drive, rows[0]);
        (vec![b.tanh(drive)], vec![])
    });
    let gradients = neurula::tensor::differentiate::reverse(
        &mut b,
        &[(looped.carries[0], h)],
        &[u],
        &mut neurula::tensor::differentiate::Exact,
    );
    b.write("recurrent", gradients[0]);
    b.write("h", looped.carries[0]);
    becomes(&b.finish());
}

#[test]
fn weights_that_learn_in_a_loop_stay_where_they_are() {
    let mut b = ProgramBuilder::new("online");
    let w = parameter(&mut b, "weight", &[12, 20]);
    let x = state(&mut b, "x", &[9, 20]);
    let looped = b.loop_with(9, false, &[w], &[x], |b, _, rows, carries| {
        let y = b.contract("i,oi->o", rows[0], carries[0]);
        let outer = b.contract("o,i->oi", y, rows[0]);
        let change = b.scale(outer, 0.01);
        (vec![b.add(carries[0], change)], vec![y])
    });
    state(&mut b, "ys", &[9, 12]);
    b.write("weight", looped.carries[0]);
    b.write("ys", looped.records[0]);
    becomes(&b.finish());
}

#[test]
fn a_loop_that_ends_on_a_condition_counts_its_rounds() {
    let mut b = ProgramBuilder::new("until");
    let x = state(&mut b, "x", &[10]);
    state(&mut b, "sum", &[]);
    b.slot("rounds", Type::scalar(Element::Int), Role::State);
    let count = Count { name: "rounds".into(), bound: 20 };
    let looped = b.rounds_with(Rounds::until(count), &[x], &[], |b, _, _, carries| {
        let half = b.scale(carries[0], 0.5);
        let largest = b.max(half, &[0]);
        let small = b.scalar(0.01);
        let go = b.less(small, largest);
        neurula::tensor::build::Round { carries: vec![half], records: vec![largest], go: Some(go) }
    });
    let sum = b.sum(looped.records[0], &[0]);
    b.write("x", looped.carries[0]);
    b.write("sum", sum);
    b.write("rounds", looped.rounds.unwrap());
    becomes(&b.finish());
}

#[test]
fn branches_put_their_results_at_one_place() {
    let mut b = ProgramBuilder::new("when");
    let (x, y) = (state(&mut b, "x", &[10]), state(&mut b, "y", &[10]));
    let on = b.slot("on", Type::scalar(Element::Bool), Role::Input);
    let results = b.when_with(
        on,
        |b| {
            let sum = b.add(x, y);
            vec![sum, x]
        },
        |_| vec![x, y],
    );
    b.write("x", results[0]);
    b.write("y", results[1]);
    becomes(&b.finish());
}

#[test]
fn elements_move_without_buffers() {
    let mut b = ProgramBuilder::new("moves");
    let x = state(&mut b, "x", &[6, 4, 5]);
    let index = b.slot("index", Type::new(Element::Class(6), [Extent::Const(3)]), Role::Input);
    for (name, shape) in
        [("flat", &[6, 20][..]), ("rows", &[3, 4, 5]), ("padded", &[9, 4, 5]), ("scattered", &[6, 4, 5])]
    {
        state(&mut b, name, shape);
    }
    let flat = b.reshape(x, &[6.into(), 20.into()]);
    let flat = b.tanh(flat);
    let rows = b.gather(x, index);
    let twice = b.add(rows, rows);
    let part = b.slice(x, 1, 1, 3);
    let padded = b.pad(x, 0, 2, 9);
    let scattered = b.scatter(twice, index, 6);
    let part = b.pad(part, 1, 0, 4);
    let scattered = b.add(scattered, part);
    for (name, value) in [("flat", flat), ("rows", twice), ("padded", padded), ("scattered", scattered)] {
        b.write(name, value);
    }
    becomes(&b.finish());
}

#[test]
fn a_training_step_becomes_matrices_and_nests() {
    let text = becomes(&digits::training());
    assert_eq!(text.matches("matrix ").count(), 5);
}
