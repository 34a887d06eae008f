//! Reverse and forward mode against differences in `f64`, for every case, and once more for their own derivatives.

use super::cases::{ALL, Case, Input, Make};
use super::run::run;
use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::{Builder, Graph, Type, Value};

/// Half the distance of the outer points of a difference.
const STEP: f64 = 2e-4;

/// The scalar that is differentiated: the outputs weighted with numbers of no pattern.
fn cost(c: &mut Case, outputs: &[Value]) -> Value {
    let mut total = c.b.scalar(0.0);
    for (i, output) in outputs.iter().enumerate() {
        let shape = c.b.ty(*output).shape.clone();
        let factor = c.b.full(0.7 + 0.31 * i as f64, &shape);
        let curved = c.b.multiply(*output, factor);
        let curved = c.b.sin(curved);
        let sum = match shape.is_empty() {
            true => curved,
            false => c.b.sum(curved, &(0..shape.len()).collect::<Vec<_>>()),
        };
        total = c.b.add(total, sum);
    }
    total
}

/// The derivative of the first result by every element of `wrt`, by differences of the fourth order.
fn differences(graph: &Graph, c: &Case, wrt: &[usize]) -> Vec<Vec<f64>> {
    let at = |input: usize, element: usize, step: f64| {
        let mut inputs = c.inputs.clone();
        inputs[input].shift(element, step);
        run(graph, &inputs)[0][0]
    };
    let difference = |input: usize, element: usize| {
        let near = at(input, element, STEP) - at(input, element, -STEP);
        let far = at(input, element, 2.0 * STEP) - at(input, element, -2.0 * STEP);
        (8.0 * near - far) / (12.0 * STEP)
    };
    wrt.iter().map(|input| (0..c.inputs[*input].len()).map(|i| difference(*input, i)).collect()).collect()
}

/// Whether two gradients agree so well that a factor of 1.01 would show.
fn assert_close(name: &str, found: &[Vec<f64>], wanted: &[Vec<f64>]) {
    for (input, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert_eq!(found.len(), wanted.len(), "{name}");
        let scale = wanted.iter().fold(0.0_f64, |scale, x| scale.max(x.abs()));
        for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            let bound = 1e-6 * wanted.abs() + 1e-8 * scale.max(0.1);
            assert!(
                (found - wanted).abs() <= bound,
                "{name}: by element {i} of {input}: {found}, differences {wanted}"
            );
        }
    }
}

fn gradients(c: &mut Case, cost: Value) -> Vec<Value> {
    let one = c.b.scalar(1.0);
    let wrt = c.wrt.clone();
    reverse(&mut c.b, &[(cost, one)], &wrt, &mut Exact)
}

fn check(name: &str, make: Make, order: usize) {
    let mut c = Case::new();
    let outputs = make(&mut c);
    let mut total = cost(&mut c, &outputs);
    for _ in 1..order {
        let gradients = gradients(&mut c, total);
        total = cost(&mut c, &gradients);
    }
    let found = gradients(&mut c, total);
    let wrt: Vec<usize> = c.wrt.iter().map(|value| value.0 as usize).collect();
    let directions: Vec<Value> = c.wrt.clone().iter().map(|value| direction(&mut c, *value)).collect();
    let tangents: Vec<(Value, Value)> = c.wrt.iter().copied().zip(directions.iter().copied()).collect();
    let moved = forward(&mut c.b, &tangents, &[total]);
    let moved = moved[0].unwrap_or_else(|| panic!("{name}: nothing moves"));
    let results: Vec<Value> = [total, moved].into_iter().chain(found).chain(directions).collect();
    let graph = c.b.clone().finish(&results);
    let given = run(&graph, &c.inputs);
    let (found, directions) = given[2..].split_at(wrt.len());
    assert_close(name, found, &differences(&graph, &c, &wrt));
    let both = found.iter().flatten().zip(directions.iter().flatten());
    let (sum, size) = both.fold((0.0, 0.0), |(sum, size), (g, t)| (sum + g * t, size + (g * t).abs()));
    assert!((given[1][0] - sum).abs() <= 1e-11 * size.max(1e-3), "{name}: forward {}, reverse {sum}", given[1][0]);
}

/// A tangent of no pattern.
fn direction(c: &mut Case, value: Value) -> Value {
    let ty = c.b.ty(value).clone();
    let n: usize = ty.shape.iter().map(|extent| extent.bound()).product();
    let flat = c.b.iota(n);
    let flat = c.b.real(flat);
    let flat = c.b.scale(flat, 1.7 + value.0 as f64);
    let flat = c.b.sin(flat);
    let flat = c.b.shift(flat, 0.1);
    c.b.reshape(flat, &ty.shape)
}

#[test]
fn derivatives_of_every_case_agree_with_differences() {
    for (name, make) in ALL {
        check(name, *make, 1);
    }
}

#[test]
fn derivatives_of_derivatives_agree_with_differences() {
    for (name, make) in ALL {
        check(name, *make, 2);
    }
}

#[test]
fn the_largest_share_the_credit_in_both_modes() {
    let mut b = Builder::new();
    let x = b.param(Type::real(&[2, 4]), None);
    let g = b.param(Type::real(&[2]), None);
    let dx = b.param(Type::real(&[2, 4]), None);
    let (high, low) = (b.max(x, &[1]), b.min(x, &[1]));
    let back = [high, low].map(|y| reverse(&mut b, &[(y, g)], &[x], &mut Exact)[0]);
    let moved = forward(&mut b, &[(x, dx)], &[high, low]);
    let graph = b.finish(&[back[0], back[1], moved[0].unwrap(), moved[1].unwrap()]);
    let inputs = [
        Input::Real(vec![3.0, -1.0, 3.0, -1.0, 2.0, 2.0, 2.0, 2.0]),
        Input::Real(vec![6.0, 8.0]),
        Input::Real(vec![1.0, 10.0, 100.0, 1000.0, 4.0, 8.0, 16.0, 32.0]),
    ];
    let found = run(&graph, &inputs);
    assert_eq!(found[0], [3.0, 0.0, 3.0, 0.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(found[1], [0.0, 3.0, 0.0, 3.0, 2.0, 2.0, 2.0, 2.0]);
    assert_eq!(found[2], [50.5, 15.0]);
    assert_eq!(found[3], [505.0, 15.0]);
}
