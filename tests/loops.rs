//! The loop IR: memory, text, verification and meaning.

pub mod filetest;
pub mod random_loops;

mod memory;
mod plain;
mod text;
