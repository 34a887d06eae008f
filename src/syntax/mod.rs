//! Text to tree: one scan that cuts a file into items, a grammar that reads each alone, and the tree.
//!
//! Parsing never fails: it gives a tree and diagnostics, and what could not be read is an item of its own kind.

mod build;
mod explain;
mod fault;
mod grammar;
mod parse;
pub mod print;
mod scan;
mod slip;
pub mod tree;
mod words;

pub use parse::parse;
