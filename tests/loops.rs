//! The loop IR: memory, text, verification and meaning.

pub mod cut;
pub mod filetest;
pub mod random_loops;

mod invalid;
mod memory;
mod orders;
mod plain;
mod text;
mod trace;
