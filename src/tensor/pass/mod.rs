//! Passes: each maps a valid program to a valid program of the same meaning.
//!
//! The meaning is that of `eval`, to the bit but for the sign of a zero (`x + 0` is `x`). Spans and names stay with what
//! they belong to. No pass runs before all credit has been written; products keep their projections all the same.

pub mod algebra;
pub mod common_subexpressions;
pub mod dead_code;
pub mod expand_composites;
pub mod fold_constants;
pub mod hoist_invariants;

use super::{Program, verify::verify};
use crate::bug;

/// A pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// As its file.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// The pass itself.
    pub run: fn(Program) -> Program,
}

/// All passes, sorted by name.
pub static ALL: &[&Pass] = &[
    &algebra::PASS,
    &common_subexpressions::PASS,
    &dead_code::PASS,
    &expand_composites::PASS,
    &fold_constants::PASS,
    &hoist_invariants::PASS,
];

/// What is done to a program before it is lowered, in this order, again and again until nothing changes.
static RECIPE: &[&Pass] = &[
    &expand_composites::PASS,
    &algebra::PASS,
    &fold_constants::PASS,
    &common_subexpressions::PASS,
    &hoist_invariants::PASS,
    &dead_code::PASS,
];

/// How often the recipe is carried out at most.
const ROUNDS: usize = 8;

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static Pass> {
    ALL.iter().copied().find(|pass| pass.name == name)
}

/// The program, simplified.
pub fn simplify(program: Program) -> Program {
    let mut program = program;
    for _ in 0..ROUNDS {
        let before = program.clone();
        program = run_these(program, RECIPE);
        if program == before {
            break;
        }
    }
    program
}

/// Carries out some passes; in debug builds each result is verified, and the pass named that broke it.
pub fn run_these(program: Program, passes: &[&Pass]) -> Program {
    let mut program = program;
    for pass in passes {
        program = (pass.run)(program);
        if cfg!(debug_assertions)
            && let Some(violation) = verify(&program).first()
        {
            bug!("after the pass `{}`: {violation}", pass.name);
        }
    }
    program
}
