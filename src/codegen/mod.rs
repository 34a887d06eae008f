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
mod matrix;
mod nest;
mod outline;
mod scalar;
mod units;

pub use call::{CallError, Code};

use crate::diag::Span;
use crate::loops::Program;
use std::fmt::Write;

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
    let units = units::Units::of(&[program], jit::convention()?)?;
    let mut text = String::new();
    for unit in &units.list {
        let _ = writeln!(text, "; {}", unit.names.join(", "));
        for (inst, comment) in &unit.comments {
            let _ = writeln!(text, ";   {inst}: {comment}");
        }
        let _ = writeln!(text, "{}", unit.function.display());
    }
    Ok(text)
}
