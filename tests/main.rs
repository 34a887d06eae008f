//! All tests, as modules of one program: each further program would link Cranelift again.

mod codegen;
mod data;
mod diag;
mod differentiate;
mod house;
mod loops;
mod lower;
mod math;
mod model;
mod ops;
mod passes;
mod syntax;
mod tensor;
