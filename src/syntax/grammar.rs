//! The pest grammar, compiled in.

use pest_derive::Parser;

/// The parser that `grammar/neurula.pest` describes.
#[derive(Parser)]
#[grammar = "../grammar/neurula.pest"]
pub struct Grammar;
