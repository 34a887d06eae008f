//! Passes of tensor programs: what each rule makes of its left side, and that the meaning stays.

mod constants;
mod meaning;
mod random;
mod rules;
mod structure;

use neurula::tensor::pass;
use neurula::tensor::{Builder, Graph, Program, Role, Slot, Value};

/// A program of which each of these values is written to a slot of its own, behind the parameters.
fn program(mut b: Builder, results: &[Value]) -> Program {
    let params = b.graph().params.len();
    for result in results {
        let ty = b.ty(*result).clone();
        b.param(ty, None);
    }
    let graph = b.finish(results);
    let slot = |(i, param): (usize, &Value)| Slot {
        name: format!("slot {i}").into(),
        ty: graph.ty(*param).clone(),
        role: Role::Input,
    };
    let slots = graph.params.iter().enumerate().map(slot).collect();
    let writes = (params..graph.params.len()).collect();
    Program { name: "test".into(), slots, graph, writes }
}

/// What these passes, by their names, make of a program.
fn after(program: Program, passes: &[&str]) -> Graph {
    let passes: Vec<_> = passes.iter().map(|name| pass::find(name).expect("a pass")).collect();
    pass::run_these(program, &passes).graph
}
