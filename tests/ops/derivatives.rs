//! Each row's derivative: partial derivatives against differences, transposes against the operation itself.

use super::cases::{self, Case};
use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::eval::{self, Array};
use neurula::tensor::{Builder, Derivative, Element, Graph, Kind, Row, Type, Value, op};

/// Half the distance of the inner points of a difference.
const STEP: f64 = 2e-4;

/// Numbers without pattern between -1 and 1, none of them near 0.
fn weights(count: usize) -> Vec<f64> {
    (0..count).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } * (0.1 + 0.9 * (0.618 * i as f64 + 0.4).fract())).collect()
}

fn run(graph: &Graph, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let arrays: Vec<Array> = graph
        .params
        .iter()
        .zip(inputs)
        .map(|(param, x)| Array::from_numbers(graph.ty(*param), x.iter().copied()))
        .collect();
    let results = eval::graph(graph, &arrays).unwrap_or_else(|fault| panic!("{fault}"));
    results.iter().map(Array::numbers).collect()
}

fn size(ty: &Type) -> usize {
    ty.shape.iter().map(|extent| extent.bound()).product()
}

fn inputs(case: &Case) -> Vec<Vec<f64>> {
    (0..case.types.len()).map(|i| cases::numbers(case, i, 0)).collect()
}

/// Whether a derivative agrees with differences so well that a factor of 1.01 would show.
fn close(found: f64, wanted: f64, scale: f64) -> bool {
    (found - wanted).abs() <= 1e-6 * wanted.abs() + 1e-8 * scale
}

/// The graph of the operation, with the cotangent as its last parameter: the result, and the derivative by operand `i`.
fn partial_graph(case: &Case, i: usize) -> Graph {
    let mut b = Builder::new();
    let xs: Vec<Value> = case.types.iter().map(|ty| b.param(ty.clone(), None)).collect();
    let y = b.row(case.row, case.attributes.clone(), &xs);
    let ty = b.ty(y).clone();
    let g = b.param(ty, None);
    let (wide_g, wide_y) = match (case.row.kind, &case.attributes) {
        (Kind::Reduce(_) | Kind::Composite(_), neurula::tensor::Attributes::Axes(axes)) => {
            let shape = case.types[i].shape.clone();
            (b.expand_over(g, &shape, axes), b.expand_over(y, &shape, axes))
        }
        _ => (g, y),
    };
    let derivative = match case.row.derivative {
        Derivative::Partial(partial) => partial(&mut b, i, wide_g, &xs, wide_y),
        _ => reverse(&mut b, &[(y, g)], &[xs[i]], &mut Exact)[0],
    };
    assert_eq!(b.ty(derivative), &case.types[i], "{case:?}");
    b.finish(&[y, derivative])
}

/// The derivative of `Σ g y` by each element of operand `i`, by differences of the fourth order.
fn differences(graph: &Graph, inputs: &[Vec<f64>], i: usize) -> Vec<f64> {
    let g = &inputs[inputs.len() - 1];
    let at = |element: usize, step: f64| {
        let mut moved = inputs.to_vec();
        moved[i][element] += step;
        run(graph, &moved)[0].iter().zip(g).map(|(y, g)| y * g).sum::<f64>()
    };
    let difference = |element: usize| {
        let near = at(element, STEP) - at(element, -STEP);
        let far = at(element, 2.0 * STEP) - at(element, -2.0 * STEP);
        (8.0 * near - far) / (12.0 * STEP)
    };
    (0..inputs[i].len()).map(difference).collect()
}

fn is_partial(row: &Row) -> bool {
    matches!(row.derivative, Derivative::Partial(_) | Derivative::Shared)
}

#[test]
fn partial_derivatives_agree_with_differences() {
    let mut shown = Vec::new();
    for row in op::ALL {
        if !is_partial(row) {
            continue;
        }
        for case in cases::of(row).iter().filter(|case| case.types.iter().any(|ty| ty.element == Element::Real)) {
            for i in (0..case.types.len()).filter(|i| case.types[*i].element == Element::Real) {
                let graph = partial_graph(case, i);
                let mut inputs = inputs(case);
                inputs.push(weights(size(graph.ty(graph.results[0]))));
                let found = &run(&graph, &inputs)[1];
                let wanted = differences(&graph, &inputs, i);
                let scale = wanted.iter().fold(0.1_f64, |scale, x| scale.max(x.abs()));
                for (element, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                    assert!(
                        close(*found, *wanted, scale),
                        "{case:?} by element {element} of {i}: {found}, differences {wanted}"
                    );
                    if !close(1.01 * found, *wanted, scale) {
                        shown.push((row.name, i));
                    }
                }
            }
        }
    }
    for row in op::ALL.iter().filter(|row| is_partial(row)) {
        let operands = cases::of(row)[0].types.len();
        for i in usize::from(row.name == "select")..operands {
            assert!(shown.contains(&(row.name, i)), "a factor of 1.01 would not show in {} by {i}", row.name);
        }
    }
}

/// `g`, a tangent of operand `i`, what the operation makes of the tangent, and what the transpose makes of `g`.
fn transpose_graph(
    case: &Case,
    i: usize,
    transpose: fn(&mut Builder, Value, usize, &[Value], &neurula::tensor::Attributes) -> Value,
) -> Graph {
    let mut b = Builder::new();
    let xs: Vec<Value> = case.types.iter().map(|ty| b.param(ty.clone(), None)).collect();
    let y = b.row(case.row, case.attributes.clone(), &xs);
    let ty = b.ty(y).clone();
    let (dx, g) = (b.param(case.types[i].clone(), None), b.param(ty, None));
    let mut moved = xs.clone();
    moved[i] = dx;
    let dy = b.row(case.row, case.attributes.clone(), &moved);
    let back = transpose(&mut b, g, i, &xs, &case.attributes);
    assert_eq!(b.ty(back), &case.types[i], "{case:?}");
    b.finish(&[dy, back])
}

/// A product with what its absolute terms add up to.
fn product(a: &[f64], b: &[f64]) -> (f64, f64) {
    a.iter().zip(b).fold((0.0, 0.0), |(sum, size), (a, b)| (sum + a * b, size + (a * b).abs()))
}

#[test]
fn transposes_are_transposes() {
    for row in op::ALL {
        let Derivative::Transpose(transpose) = row.derivative else { continue };
        let mut tried = 0;
        for case in cases::of(row).iter().filter(|case| case.types[0].element == Element::Real) {
            for i in (0..case.types.len()).filter(|i| case.types[*i].element == Element::Real) {
                let graph = transpose_graph(case, i, transpose);
                let mut inputs = inputs(case);
                let (dx, g) = (weights(size(&case.types[i])), weights(size(graph.ty(graph.results[0]))));
                let dx: Vec<f64> = dx.iter().map(|x| x * x + 0.3 * x).collect();
                inputs.extend([dx.clone(), g.clone()]);
                let results = run(&graph, &inputs);
                let ((forward, size), (backward, other)) = (product(&g, &results[0]), product(&dx, &results[1]));
                let bound = 1e-12 * size.max(other);
                assert!((forward - backward).abs() <= bound, "{case:?} by {i}: {forward}, transposed {backward}");
                assert!((1.01 * forward - backward).abs() > bound, "{case:?} by {i}: a factor of 1.01 would not show");
                tried += 1;
            }
        }
        assert!(tried > 0, "{}", row.name);
    }
}

#[test]
fn what_has_no_derivative_says_why() {
    for row in op::ALL {
        if let Derivative::None(why) = row.derivative {
            assert!(why.len() > 8, "{}: {why:?}", row.name);
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "an independent reference")]
fn a_declared_derivative_is_that_of_the_operand_and_of_no_other() {
    let mut b = Builder::new();
    let ty = Type::real(&[3]);
    let [x, g] = [b.param(ty.clone(), None), b.param(ty, None)];
    // A threshold whose slope is declared to be that of the hyperbolic tangent.
    let zero = b.zeros_like(x);
    let above = b.less(zero, x);
    let jump = b.real(above);
    let shifted = b.add(jump, x);
    let smooth = b.tanh(x);
    let y = b.row(op::find("credited_as").expect("a row"), neurula::tensor::Attributes::None, &[shifted, smooth]);
    let backwards = reverse(&mut b, &[(y, g)], &[x], &mut Exact)[0];
    let forwards = forward(&mut b, &[(x, g)], &[y])[0].expect("a tangent");
    let graph = b.finish(&[y, backwards, forwards]);
    let found = run(&graph, &[vec![-0.5, 0.25, 2.0], vec![1.0, -3.0, 0.5]]);
    assert_eq!(found[0], [-0.5, 1.25, 3.0]);
    let slope = |x: f64, g: f64| g * (1.0 - f64::tanh(x).powi(2));
    for (found, wanted) in found[1].iter().zip([slope(-0.5, 1.0), slope(0.25, -3.0), slope(2.0, 0.5)]) {
        assert!((found - wanted).abs() < 1e-15, "{found} for {wanted}");
    }
    assert_eq!(found[1], found[2]);
}
