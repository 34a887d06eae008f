//! All tests, as modules of one program: each further program would link Cranelift again.

mod codegen;
mod command;
mod damage;
mod data;
mod diag;
mod differentiate;
mod errors;
mod generated;
mod gradients;
mod house;
mod keep;
mod language;
mod library;
mod loops;
mod lower;
mod math;
mod model;
mod ops;
mod passes;
mod predict;
mod runtime;
mod step;
mod syntax;
mod tensor;
mod time;
mod trained;
