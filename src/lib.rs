//! Neurula: a language and compiler for learning architectures.
//!
//! A `.neu` spec says what the regions are, how they are wired, what each tries to achieve, who learns
//! from what, by which rule, and when. This crate reads it, checks it and compiles its whole training
//! loop to machine code. `ARCHITECTURE.md` is the map of the rooms below; each imports only those above it.

pub mod cli;
pub mod codegen;
pub mod credit;
pub mod data;
pub mod diag;
pub mod driver;
pub mod library;
pub mod loops;
pub mod math;
pub mod model;
pub mod report;
pub mod runtime;
pub mod syntax;
pub mod tensor;
