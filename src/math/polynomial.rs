//! Polynomials, in the one order in which they are summed everywhere.

use super::Arith;

/// c₀ + c₁x + c₂x² + …, by Horner's rule with fused multiply-adds.
#[inline(always)]
pub(super) fn polynomial<A: Arith>(a: &mut A, x: A::Real, coefficients: &[f64]) -> A::Real {
    let (last, rest) = match coefficients.split_last() {
        Some(split) => split,
        None => return a.real(0.0),
    };
    let mut sum = a.real(*last);
    for &coefficient in rest.iter().rev() {
        let constant = a.real(coefficient);
        sum = a.fma(sum, x, constant);
    }
    sum
}
