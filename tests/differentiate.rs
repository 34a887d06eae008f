//! Reverse and forward mode: against differences, against each other, and what they ask of loops.

pub mod cases;
mod derivatives;
mod records;
pub mod run;
mod transports;
