//! Scalar functions and counter-based random numbers, one definition each for all who compute.
//!
//! Every function is straight-line arithmetic, generic over an [`Arith`] that carries it out: a plain float
//! ([`F32`], [`F64`]), an array of lanes ([`F32Lanes`], [`F64Lanes`]) or a builder of machine code. So the
//! interpreters and the compiled code agree to the bit. Nothing here branches on a value.

mod arith;
mod lanes;
mod plain;

pub use arith::{Arith, Precision};
pub use lanes::{F32Lanes, F64Lanes, LANES};
pub use plain::{F32, F64};
