//! The larger, the smaller, and the sign: comparisons and `select`, since the machine's own instructions differ
//! between processors on NaN and signed zeros.

use super::{Arith, Precision};

/// The larger of two; NaN if one of them is; the first if they are equal (so `maximum(−0, 0)` is −0).
pub fn maximum<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> A::Real {
    let first = a.le(y, x);
    let larger = a.select(first, x, y);
    let number = a.eq(x, x);
    a.select(number, larger, x)
}

/// The smaller of two; NaN if one of them is; the first if they are equal.
pub fn minimum<A: Arith>(a: &mut A, x: A::Real, y: A::Real) -> A::Real {
    let first = a.le(x, y);
    let smaller = a.select(first, x, y);
    let number = a.eq(x, x);
    a.select(number, smaller, x)
}

/// −1, 0 or 1 as `x` is below, at or above zero; zeros keep their sign, NaN stays NaN.
pub fn sign<A: Arith>(a: &mut A, x: A::Real) -> A::Real {
    let (zero, one, minus_one) = (a.real(0.0), a.real(1.0), a.real(-1.0));
    let above = a.lt(zero, x);
    let below = a.lt(x, zero);
    let rest = a.select(below, minus_one, x);
    a.select(above, one, rest)
}

/// `magnitude` (not negative) with the sign bit of `x` put on it; if it has a sign bit itself, the two cancel.
#[inline(always)]
pub(super) fn with_sign_of<A: Arith>(a: &mut A, magnitude: A::Real, x: A::Real) -> A::Real {
    let sign = sign_bit(a, x);
    let bits = a.bits(magnitude);
    let signed = a.int_xor(bits, sign);
    a.real_from_bits(signed)
}

/// The sign bit of `x` alone.
#[inline(always)]
pub(super) fn sign_bit<A: Arith>(a: &mut A, x: A::Real) -> A::Int {
    let mask = match a.precision() {
        Precision::F32 => a.int(i64::from(i32::MIN)),
        Precision::F64 => a.int(i64::MIN),
    };
    let bits = a.bits(x);
    a.int_and(bits, mask)
}
