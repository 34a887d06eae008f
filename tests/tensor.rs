//! The tensor IR: its text, what is valid, and what it means, as tensors, as loops and as machine code.

mod filetest;
mod invalid;
mod text;
