//! Small whole numbers, such as the points of an image, divided by a constant: three instructions that machines carry out
//! several times faster than a division. They are used where they give the quotient to the bit for each of the numbers.

use super::writer::Writer;
use crate::loops::{Constant, Precision, Reg, Scalar};
use crate::math::Function;

/// At most so many numbers are tried out.
const MOST: usize = 256;

impl Writer<'_> {
    /// `a / b`, if `a` is a whole number in a small range and `b` a constant by which it can be divided so.
    pub fn ratio(&mut self, a: Reg, b: Reg) -> Option<Reg> {
        let below = self.bound(a).filter(|below| *below <= MOST)?;
        let Constant::Real(divisor) = self.constant_of(b)? else { return None };
        let inverse = match self.lowering.program.precision {
            Precision::F32 => inverse_f32(below, divisor)?,
            Precision::F64 => inverse_f64(below, divisor)?,
        };
        let inverse = self.constant(Constant::Real(inverse));
        let guess = self.operation(Scalar::Apply(Function::Multiply), &[a, inverse], None);
        let minus = self.constant(Constant::Real(-divisor));
        let rest = self.fma(guess, minus, a);
        Some(self.fma(rest, inverse, guess))
    }
}

macro_rules! inverse {
    ($name:ident, $real:ident) => {
        /// What to multiply with instead of dividing by `divisor`, if that is exact for all whole numbers in `0..below`.
        fn $name(below: usize, divisor: f64) -> Option<f64> {
            let divisor = divisor as $real;
            let inverse = 1.0 / divisor;
            let exact = (0..below).all(|n| {
                let a = n as $real;
                let guess = a * inverse;
                let rest = guess.mul_add(-divisor, a);
                rest.mul_add(inverse, guess).to_bits() == (a / divisor).to_bits()
            });
            exact.then_some(f64::from(inverse))
        }
    };
}

inverse!(inverse_f32, f32);
inverse!(inverse_f64, f64);
