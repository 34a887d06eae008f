//! Neurula: a language and compiler for learning architectures.
//!
//! A `.neu` spec says what the regions are, how they are wired, what each tries to achieve, who learns
//! from what, by which rule, and when. This crate reads it, checks it and compiles its whole training
//! loop to machine code. `ARCHITECTURE.md` is the map of the rooms below; each imports only those above it.

// In this order: each room imports only those above it. (Blank lines keep the formatter from sorting them.)

pub mod diag;

pub mod math;

pub mod syntax;

pub mod library;

pub mod data;

pub mod tensor;

pub mod model;

pub mod credit;

pub mod loops;

pub mod kernels;

pub mod codegen;

pub mod runtime;

pub mod report;

pub mod driver;

pub mod cli;
