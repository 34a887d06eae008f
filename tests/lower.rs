//! From tensors to loops: what is fused, where things lie, and that the meaning stays.

mod blocks;
mod digits;
mod meaning;
pub mod random;
mod shapes;
