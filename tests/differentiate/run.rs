//! Runs a graph in `f64`.

use super::cases::Input;
use neurula::tensor::Graph;
use neurula::tensor::eval::{self, Array};

/// The graph's results, each as its elements in order.
pub fn run(graph: &Graph, inputs: &[Input]) -> Vec<Vec<f64>> {
    let arrays = graph.params.iter().zip(inputs).map(|(param, input)| {
        let numbers: Vec<f64> = match input {
            Input::Real(numbers) => numbers.clone(),
            Input::Whole(numbers) => numbers.iter().map(|n| *n as f64).collect(),
        };
        Array::from_numbers(graph.ty(*param), numbers)
    });
    match eval::graph(graph, &arrays.collect::<Vec<_>>()) {
        Ok(results) => results.iter().map(Array::numbers).collect(),
        Err(fault) => panic!("{fault}"),
    }
}
