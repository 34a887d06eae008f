//! The two floats that a program may compute in, with the ints of their width.

use crate::loops::LANES;
use crate::loops::memory::{Aligned, Storage};
use crate::math::{Arith, F32, F32Lanes, F64, F64Lanes};

/// One value of each lane.
pub(super) type Lanes<T> = [T; LANES];

/// A whole number as wide as a float.
pub(super) trait Whole: Copy + Default + Ord {
    /// The low bits.
    fn of(value: i64) -> Self;
    /// The number.
    fn wide(self) -> i64;
    /// a + b, wrapping.
    fn plus(self, other: Self) -> Self;
    /// a − b, wrapping.
    fn minus(self, other: Self) -> Self;
    /// a × b, wrapping.
    fn times(self, other: Self) -> Self;
    /// a ÷ b, rounded down; 0 if b is 0; wrapping.
    fn quotient(self, other: Self) -> Self;
    /// a − b ⌊a ÷ b⌋; 0 if b is 0.
    fn remainder(self, other: Self) -> Self;
}

/// A float.
pub(super) trait Number: Copy + Default + PartialOrd + 'static {
    /// Its ints.
    type Int: Whole;
    /// Carries out the functions of `math` on one.
    type One: Arith<Real = Self, Int = Self::Int, Mask = bool> + Default;
    /// Carries them out on sixteen.
    type Many: Arith<Real = Lanes<Self>, Int = Lanes<Self::Int>, Mask = Lanes<bool>> + Default;
    /// Rounded to the nearest.
    fn of(value: f64) -> Self;
    /// The nearest to a whole number.
    fn of_int(value: Self::Int) -> Self;
    /// Exact.
    fn wide(self) -> f64;
    /// a + b.
    fn plus(self, other: Self) -> Self;
    /// a × b + c with one rounding.
    fn fma(self, b: Self, c: Self) -> Self;
    /// Its cells.
    fn cells(storage: &mut Storage) -> Option<&mut Aligned<Self>>;
}

macro_rules! number {
    ($real:ident, $int:ident, $one:ident, $many:ident) => {
        impl Whole for $int {
            #[inline(always)]
            fn of(value: i64) -> Self {
                value as $int
            }
            #[inline(always)]
            fn wide(self) -> i64 {
                i64::from(self)
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            fn quotient(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let towards_zero = self.wrapping_div(other);
                let exact = self.wrapping_rem(other) == 0;
                if exact || (self < 0) == (other < 0) { towards_zero } else { towards_zero - 1 }
            }
            fn remainder(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let rest = self.wrapping_rem(other);
                if rest == 0 || (rest < 0) == (other < 0) { rest } else { rest + other }
            }
        }

        impl Number for $real {
            type Int = $int;
            type One = $one;
            type Many = $many;
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $real
            }
            #[inline(always)]
            fn of_int(value: $int) -> Self {
                value as $real
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            fn cells(storage: &mut Storage) -> Option<&mut Aligned<Self>> {
                match storage {
                    Storage::$one(cells) => Some(cells),
                    _ => None,
                }
            }
        }
    };
}

number!(f32, i32, F32, F32Lanes);
number!(f64, i64, F64, F64Lanes);
