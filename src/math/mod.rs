//! Scalar functions and counter-based random numbers, one definition each for all who compute.
//!
//! Every function is straight-line arithmetic, generic over an [`Arith`] that carries it out: a plain float
//! ([`F32`], [`F64`]), an array of lanes ([`F32Lanes`], [`F64Lanes`]) or a builder of machine code. So the
//! interpreters and the compiled code agree to the bit. Nothing here branches on a value, nothing looks at the bits of a
//! NaN, and an *ulp* is the distance of the two floats around the exact result. The bounds of `exp`, `log`, `tanh`, `sin` and
//! `cos` in f32 were measured over every f32 (1.02, 0.93, 2.42, 1.49, 1.49); the tests look at every 257th.

mod arith;
mod compare;
mod exp;
mod function;
mod lanes;
mod log;
mod normal;
mod plain;
mod polynomial;
mod power;
mod random;
mod round;
mod stream;
mod tanh;
mod trigonometric;

pub use arith::{Arith, Precision};
pub use compare::{maximum, minimum, sign};
pub use exp::exp;
pub use function::Function;
pub use lanes::{F32Lanes, F64Lanes, LANES};
pub use log::log;
pub use normal::normal_quantile;
pub use plain::{F32, F64};
pub use power::pow;
pub use random::{Words, normal, subkey, threefry, uniform};
pub use round::{ceil, floor, modulo, round};
pub use stream::Stream;
pub use tanh::tanh;
pub use trigonometric::{cos, sin};
