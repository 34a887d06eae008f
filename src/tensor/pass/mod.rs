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

use super::{Program, verify};
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
pub static ALL: &[&Pass] =
    &[&algebra::PASS, &common_subexpressions::PASS, &dead_code::PASS, &expand_composites::PASS, &fold_constants::PASS];

/// What is done to a program before it is lowered, in this order.
static RECIPE: &[&Pass] = &[
    &expand_composites::PASS,
    &dead_code::PASS,
    &fold_constants::PASS,
    &algebra::PASS,
    &common_subexpressions::PASS,
    &hoist_invariants::PASS,
    &algebra::PASS,
    &common_subexpressions::PASS,
    &dead_code::PASS,
];

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static Pass> {
    ALL.iter().copied().find(|pass| pass.name == name)
}

/// The program, simplified. Debug builds verify it after each pass, and name the one that broke it.
pub fn simplify(program: Program) -> Program {
    RECIPE.iter().fold(program, |program, pass| pass.verified(program))
}

impl Pass {
    /// Runs the pass; in debug builds, verifies what it gives.
    pub fn verified(&self, program: Program) -> Program {
        let program = (self.run)(program);
        if cfg!(debug_assertions) {
            let violations = verify::verify(&program);
            if !violations.is_empty() {
                bug!("pass {} broke {}: {violations:?}", self.name, program.name);
            }
        }
        program
    }
}
