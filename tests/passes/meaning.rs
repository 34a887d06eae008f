//! Every pass, alone and all in a row, keeps what every case of `differentiate` computes, its derivatives included.

use crate::differentiate::cases::{ALL, Case, Input, Make};
use crate::differentiate::run::run;
use neurula::tensor::differentiate::{Exact, forward, reverse};
use neurula::tensor::pass;
use neurula::tensor::verify::verify;
use neurula::tensor::{Slot, Value};

/// A case with its gradient, the gradient of that and a tangent among its results.
fn case(make: Make) -> (Case, Vec<Value>) {
    let mut c = Case::new();
    let outputs = make(&mut c);
    let wrt = c.wrt.clone();
    let ones = |c: &mut Case, values: &[Value]| -> Vec<(Value, Value)> {
        values.iter().map(|value| (*value, c.b.full_like(*value, 1.0))).collect()
    };
    let seeds = ones(&mut c, &outputs);
    let gradients = reverse(&mut c.b, &seeds, &wrt, &mut Exact);
    let seeds = ones(&mut c, &gradients);
    let again = reverse(&mut c.b, &seeds, &wrt, &mut Exact);
    let tangents = ones(&mut c, &wrt);
    let moved = forward(&mut c.b, &tangents, &outputs);
    let results = outputs.into_iter().chain(gradients).chain(again).chain(moved.into_iter().flatten());
    (c, results.collect())
}

/// Equal but for the sign of a zero.
pub fn assert_same(name: &str, found: &[Vec<f64>], wanted: &[Vec<f64>]) {
    assert_eq!(found.len(), wanted.len(), "{name}");
    for (found, wanted) in found.iter().zip(wanted) {
        let same = |(x, y): (&f64, &f64)| x == y || (x.is_nan() && y.is_nan());
        assert!(
            found.len() == wanted.len() && found.iter().zip(wanted).all(same),
            "{name}: {found:?}, before {wanted:?}"
        );
    }
}

#[test]
fn passes_keep_what_every_case_computes() {
    for (name, make) in ALL {
        let (c, results) = case(*make);
        let (mut inputs, given) = (c.inputs.clone(), c.inputs.len());
        let before = super::program(c.b, &results);
        // What the slots that are written held before.
        let size = |slot: &Slot| slot.ty.shape.iter().map(|extent| extent.bound()).product();
        inputs.extend(before.slots[given..].iter().map(|slot| Input::Real(vec![0.0; size(slot)])));
        assert_eq!(verify(&before), [], "{name}");
        let wanted = run(&before.graph, &inputs);
        for pass in pass::ALL {
            let after = pass::run_these(before.clone(), &[pass]);
            assert_same(&format!("{name} after {}", pass.name), &run(&after.graph, &inputs), &wanted);
        }
        let after = pass::simplify(before.clone());
        assert_same(&format!("{name}, simplified"), &run(&after.graph, &inputs), &wanted);
    }
}

#[test]
fn simplifying_twice_changes_nothing_more() {
    for (name, make) in ALL {
        let (c, results) = case(*make);
        let once = pass::simplify(super::program(c.b, &results));
        assert!(pass::simplify(once.clone()) == once, "{name}");
    }
}
