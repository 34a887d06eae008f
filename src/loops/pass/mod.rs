//! The passes, in order. Each maps a valid program to a valid program with the same bits under `eval`.

use super::Program;
use super::verify::verify;
use crate::bug;

/// A pass.
pub struct Pass {
    /// As it is named in messages.
    pub name: &'static str,
    /// What it does.
    pub run: fn(Program) -> Program,
}

/// All passes, in order.
pub const ALL: &[Pass] = &[];

/// Carries out all passes; in debug builds each result is verified.
pub fn run(program: Program) -> Program {
    run_these(program, ALL)
}

/// Carries out some passes; in debug builds each result is verified.
pub fn run_these(program: Program, passes: &[Pass]) -> Program {
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
