//! Loops to machine code, by way of Cranelift.
//!
//! [`Code`] is a program that can be called. It has no state: everything comes through the slots that it is handed, so
//! seeds and runs share one `Code`, and threads may be inside at once with memory of their own. Its bits are those of
//! `loops::eval`: the loop IR has fixed the order of every sum and every fused multiply-add, and scalar functions are
//! written by `math`, here as there.

mod access;
mod arith;
mod call;
mod emit;
mod fold;
mod jit;
mod lanes;
mod matrix;
mod nest;
mod outline;
mod scalar;
mod team;
mod text;
mod units;

pub use call::{CallError, Code};
pub use team::{MOST, Team};

use crate::diag::Span;
use crate::kernels::Vectors;
use crate::loops::Program;

/// What cannot be compiled, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unsupported {
    /// What it is.
    pub message: String,
    /// The place in the spec.
    pub span: Option<Span>,
}

/// All functions of a program in Cranelift's IR, with names from the spec.
pub fn clif_text(program: &Program) -> Result<String, Unsupported> {
    Ok(text::print(&units::Units::of(&[program], jit::convention(Vectors::best())?)?))
}

/// All functions of a program as this machine's instructions.
pub fn asm_text(program: &Program) -> Result<String, Unsupported> {
    jit::assembly(&units::Units::of(&[program], jit::convention(Vectors::best())?)?)
}
