//! From the text of one file to its tree. Parsing never fails: it gives a tree and diagnostics.

pub mod tree;
