//! What travels across products, if it is not the transpose.

use super::cases::Case;
use super::run::run;
use neurula::tensor::differentiate::{Exact, Product, Transport, reverse};
use neurula::tensor::{Builder, Type, Value};

/// Carries the cotangent across a fixed matrix in the place of each projection's weight.
struct Feedback(Vec<(&'static str, Value)>);

impl Transport for Feedback {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let (_, matrix) = self.0.iter().find(|(name, _)| *name == &**product.name)?;
        Some(product.transposed(builder, *matrix))
    }
}

/// Three layers on a batch, the middle one run four times with itself: its last activity is the output.
struct Net {
    c: Case,
    parameters: Vec<Value>,
    feedback: Feedback,
    output: Value,
}

fn net() -> Net {
    let mut c = Case::new();
    let x = c.real(&[2, 3]);
    let (w, u, v) = (c.real(&[4, 3]), c.real(&[4, 4]), c.real(&[2, 4]));
    let (b_u, b_v) = (c.real(&[4, 4]), c.real(&[2, 4]));
    let b = &mut c.b;
    let h = b.product("X -> H", "bi,oi->bo", x, w);
    let h = b.tanh(h);
    let looped = b.loop_with(4, false, &[h], &[], |b, _, _, h| {
        let drive = b.product("H -> H", "bi,oi->bo", h[0], u);
        (vec![b.tanh(drive)], vec![])
    });
    let output = b.product("H -> Y", "bi,oi->bo", looped.carries[0], v);
    let output = b.tanh(output);
    let feedback = Feedback(vec![("H -> H", b_u), ("H -> Y", b_v)]);
    Net { parameters: vec![w, u, v], feedback, output, c }
}

#[test]
fn feedback_alignment_with_the_weights_themselves_is_backprop_to_the_bit() {
    let Net { mut c, parameters, output, .. } = net();
    let seed = c.b.full_like(output, 1.0);
    let exact = reverse(&mut c.b, &[(output, seed)], &parameters, &mut Exact);
    let mut same = Feedback(vec![("H -> H", parameters[1]), ("H -> Y", parameters[2])]);
    let aligned = reverse(&mut c.b, &[(output, seed)], &parameters, &mut same);
    let results: Vec<Value> = exact.iter().chain(&aligned).copied().collect();
    let given = run(&c.b.finish(&results), &c.inputs);
    let bits = |arrays: &[Vec<f64>]| arrays.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&given[..3]), bits(&given[3..]));
    assert!(given[..3].iter().flatten().all(|x| *x != 0.0));
}

#[test]
fn feedback_alignment_with_other_matrices_is_its_formula() {
    let Net { mut c, parameters, mut feedback, output } = net();
    let seed = c.b.full_like(output, 1.0);
    let found = reverse(&mut c.b, &[(output, seed)], &parameters, &mut feedback);
    let wanted = by_hand(&c);
    let given = run(&c.b.finish(&found), &c.inputs);
    for (found, wanted) in given.iter().zip(&wanted) {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() <= 1e-13 * wanted.abs().max(1.0), "{found}, by hand {wanted}");
        }
    }
}

type Matrix = Vec<Vec<f64>>;

fn matrix(c: &Case, input: usize, columns: usize) -> Matrix {
    let super::cases::Input::Real(numbers) = &c.inputs[input] else { panic!("reals") };
    numbers.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let cell = |row: &Vec<f64>, j: usize| row.iter().zip(b).map(|(x, other)| x * other[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| cell(row, j)).collect()).collect()
}

fn transposed(a: &Matrix) -> Matrix {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}

fn plus(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(x, y)| x + y).collect()).collect()
}

/// `1 - tanh²`, times what arrives.
fn through(y: &Matrix, g: &Matrix) -> Matrix {
    y.iter().zip(g).map(|(y, g)| y.iter().zip(g).map(|(y, g)| g * (1.0 - y * y)).collect()).collect()
}

fn tanh(a: &Matrix) -> Matrix {
    let tanh = |x: &f64| neurula::math::Function::Tanh.apply(&mut neurula::math::F64, &[*x]);
    a.iter().map(|row| row.iter().map(tanh).collect()).collect()
}

/// The updates of W, U and V: what arrives at a layer is carried down by the feedback matrices.
fn by_hand(c: &Case) -> [Vec<f64>; 3] {
    let (x, w, u, v) = (matrix(c, 0, 3), matrix(c, 1, 3), matrix(c, 2, 4), matrix(c, 3, 4));
    let (b_u, b_v) = (matrix(c, 4, 4), matrix(c, 5, 4));
    let mut h = vec![tanh(&times(&x, &transposed(&w)))];
    for step in 0..4 {
        h.push(tanh(&times(&h[step], &transposed(&u))));
    }
    let y = tanh(&times(&h[4], &transposed(&v)));
    let g = through(&y, &vec![vec![1.0; 2]; 2]);
    let dv = times(&transposed(&g), &h[4]);
    let mut g = times(&g, &b_v);
    let mut du = vec![vec![0.0; 4]; 4];
    for step in (0..4).rev() {
        let drive = through(&h[step + 1], &g);
        du = plus(&du, &times(&transposed(&drive), &h[step]));
        g = times(&drive, &b_u);
    }
    let dw = times(&transposed(&through(&h[0], &g)), &x);
    [dw, du, dv].map(|m| m.concat())
}

#[test]
fn where_a_transport_gives_nothing_credit_ends() {
    let Net { mut c, parameters, output, .. } = net();
    let seed = c.b.full_like(output, 1.0);
    let exact = reverse(&mut c.b, &[(output, seed)], &parameters, &mut Exact);
    let mut only_last = Feedback(vec![("H -> Y", parameters[2])]);
    let found = reverse(&mut c.b, &[(output, seed)], &parameters, &mut only_last);
    let results: Vec<Value> = exact.into_iter().chain(found).collect();
    let given = run(&c.b.finish(&results), &c.inputs);
    assert_eq!(given[2], given[5]);
    assert!(given[3].iter().all(|x| *x == 0.0));
    // The last round alone reaches the recurrent weight.
    assert!(given[4].iter().zip(&given[1]).all(|(part, whole)| *part != 0.0 && part != whole));
}

/// Notes what it is asked.
struct Witness(Vec<(String, String, String)>);

impl Transport for Witness {
    fn activity(&mut self, builder: &mut Builder, product: &Product) -> Option<Value> {
        let ty = |value: Value| builder.ty(value).to_string();
        self.0.push((product.name.to_string(), ty(product.cotangent), ty(product.activity)));
        Exact.activity(builder, product)
    }
}

#[test]
fn a_transport_is_asked_once_for_each_product_that_carries_credit_down() {
    let Net { mut c, parameters, output, .. } = net();
    let seed = c.b.full_like(output, 1.0);
    let mut witness = Witness(Vec::new());
    reverse(&mut c.b, &[(output, seed)], &parameters, &mut witness);
    let of = |name: &str, drive: &str, activity: &str| (name.to_string(), drive.to_string(), activity.to_string());
    // The first product's activity depends on no parameter.
    let wanted = [of("H -> Y", "real[2, 2]", "real[2, 4]"), of("H -> H", "real[2, 4]", "real[2, 4]")];
    assert_eq!(witness.0, wanted);
}

#[test]
fn within_a_body_that_is_being_written_derivatives_may_be_taken_too() {
    let mut b = Builder::new();
    let (x, w) = (b.param(Type::real(&[4, 3]), None), b.param(Type::real(&[3]), None));
    let looped = b.loop_with(4, false, &[w], &[x], |b, _, rows, w| {
        let y = b.contract("i,i->", rows[0], w[0]);
        let cost = b.multiply(y, y);
        let one = b.scalar(1.0);
        let down = reverse(b, &[(cost, one)], &[w[0]], &mut Exact)[0];
        let change = b.scale(down, -0.1);
        (vec![b.add(w[0], change)], vec![cost])
    });
    let graph = b.finish(&[looped.carries[0], looped.records[0]]);
    let x = [[0.5, -1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0], [-2.0, 0.5, 0.25]];
    let mut w = [1.0, -0.5, 0.25];
    let mut costs = Vec::new();
    let inputs = [super::cases::Input::Real(x.concat()), super::cases::Input::Real(w.to_vec())];
    for row in x {
        let y: f64 = row.iter().zip(w).map(|(x, w)| x * w).sum();
        costs.push(y * y);
        w.iter_mut().zip(row).for_each(|(w, x)| *w += -0.1 * (2.0 * y * x));
    }
    let given = run(&graph, &inputs);
    let wanted = [w.to_vec(), costs];
    for (given, wanted) in given.iter().flatten().zip(wanted.iter().flatten()) {
        assert!((given - wanted).abs() <= 1e-14 * wanted.abs().max(1.0), "{given}, by hand {wanted}");
    }
}
