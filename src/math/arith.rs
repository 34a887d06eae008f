//! Who carries out arithmetic: the one trait between the definitions of `math` and everybody who computes.

use std::fmt;

/// Which float a program computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 64 bits.
    F64,
}

impl Precision {
    /// The bytes that one number takes.
    pub const fn bytes(self) -> usize {
        match self {
            Precision::F32 => 4,
            Precision::F64 => 8,
        }
    }

    /// `f32` or `f64`.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }

    /// The precision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Precision::F32, Precision::F64].into_iter().find(|precision| precision.name() == name)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Straight-line arithmetic, generic over who carries it out.
///
/// Every operation is one that IEEE 754 or two's complement defines to the bit, so that all carriers agree; the
/// bits of a NaN alone are free, and no definition in `math` lets them matter. A carrier may work on one number or
/// on several in lanes; an operation means the same in each lane.
pub trait Arith {
    /// A float, `f32` or `f64` by [`Arith::precision`].
    type Real: Copy;
    /// A two's complement integer as wide as the float: 32 or 64 bits. All operations wrap.
    type Int: Copy;
    /// The outcome of a comparison.
    type Mask: Copy;

    /// Which float `Real` is.
    fn precision(&self) -> Precision;

    /// The constant nearest to `value` (an f32 carrier rounds it).
    fn real(&mut self, value: f64) -> Self::Real;
    /// The low 32 or 64 bits of `value`.
    fn int(&mut self, value: i64) -> Self::Int;

    /// a + b.
    fn add(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// a − b.
    fn sub(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// a × b.
    fn mul(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// a ÷ b, correctly rounded.
    fn div(&mut self, a: Self::Real, b: Self::Real) -> Self::Real;
    /// a × b + c with one rounding.
    fn fma(&mut self, a: Self::Real, b: Self::Real, c: Self::Real) -> Self::Real;
    /// The sign bit flipped.
    fn neg(&mut self, a: Self::Real) -> Self::Real;
    /// The sign bit cleared.
    fn abs(&mut self, a: Self::Real) -> Self::Real;
    /// The square root, correctly rounded; NaN below zero.
    fn sqrt(&mut self, a: Self::Real) -> Self::Real;

    /// a < b; false if one is NaN.
    fn lt(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// a ≤ b; false if one is NaN.
    fn le(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// a = b; false if one is NaN.
    fn eq(&mut self, a: Self::Real, b: Self::Real) -> Self::Mask;
    /// Both.
    fn mask_and(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// One or both.
    fn mask_or(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// The contrary.
    fn mask_not(&mut self, a: Self::Mask) -> Self::Mask;
    /// `yes` where `mask` holds, else `no`; bits unchanged.
    fn select(&mut self, mask: Self::Mask, yes: Self::Real, no: Self::Real) -> Self::Real;

    /// The bits of a float.
    fn bits(&mut self, a: Self::Real) -> Self::Int;
    /// The float with these bits.
    fn real_from_bits(&mut self, a: Self::Int) -> Self::Real;
    /// a + b, wrapping.
    fn int_add(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// a − b, wrapping.
    fn int_sub(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise and.
    fn int_and(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise or.
    fn int_or(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Bitwise exclusive or.
    fn int_xor(&mut self, a: Self::Int, b: Self::Int) -> Self::Int;
    /// Shifted to the left by a constant smaller than the width.
    fn int_shl(&mut self, a: Self::Int, by: u32) -> Self::Int;
    /// Shifted to the right by a constant smaller than the width, zeros entering (never the sign).
    fn int_shr(&mut self, a: Self::Int, by: u32) -> Self::Int;
}
