//! One number at a time: the floats themselves as carriers.

use super::{Arith, Precision};

/// Computes in `f32`.
#[derive(Debug, Clone, Copy, Default)]
pub struct F32;

/// Computes in `f64`.
#[derive(Debug, Clone, Copy, Default)]
pub struct F64;

macro_rules! plain {
    ($carrier:ident, $real:ident, $int:ident, $unsigned:ident) => {
        impl Arith for $carrier {
            type Real = $real;
            type Int = $int;
            type Mask = bool;

            #[inline(always)]
            fn precision(&self) -> Precision {
                Precision::$carrier
            }
            #[inline(always)]
            fn real(&mut self, value: f64) -> $real {
                value as $real
            }
            #[inline(always)]
            fn int(&mut self, value: i64) -> $int {
                value as $int
            }
            #[inline(always)]
            fn add(&mut self, a: $real, b: $real) -> $real {
                a + b
            }
            #[inline(always)]
            fn sub(&mut self, a: $real, b: $real) -> $real {
                a - b
            }
            #[inline(always)]
            fn mul(&mut self, a: $real, b: $real) -> $real {
                a * b
            }
            #[inline(always)]
            fn div(&mut self, a: $real, b: $real) -> $real {
                a / b
            }
            #[inline(always)]
            fn fma(&mut self, a: $real, b: $real, c: $real) -> $real {
                a.mul_add(b, c)
            }
            #[inline(always)]
            fn neg(&mut self, a: $real) -> $real {
                -a
            }
            #[inline(always)]
            fn abs(&mut self, a: $real) -> $real {
                a.abs()
            }
            #[inline(always)]
            fn sqrt(&mut self, a: $real) -> $real {
                a.sqrt()
            }
            #[inline(always)]
            fn lt(&mut self, a: $real, b: $real) -> bool {
                a < b
            }
            #[inline(always)]
            fn le(&mut self, a: $real, b: $real) -> bool {
                a <= b
            }
            #[inline(always)]
            fn eq(&mut self, a: $real, b: $real) -> bool {
                a == b
            }
            #[inline(always)]
            fn mask_and(&mut self, a: bool, b: bool) -> bool {
                a & b
            }
            #[inline(always)]
            fn mask_or(&mut self, a: bool, b: bool) -> bool {
                a | b
            }
            #[inline(always)]
            fn mask_not(&mut self, a: bool) -> bool {
                !a
            }
            #[inline(always)]
            fn select(&mut self, mask: bool, yes: $real, no: $real) -> $real {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn bits(&mut self, a: $real) -> $int {
                a.to_bits() as $int
            }
            #[inline(always)]
            fn real_from_bits(&mut self, a: $int) -> $real {
                $real::from_bits(a as $unsigned)
            }
            #[inline(always)]
            fn int_add(&mut self, a: $int, b: $int) -> $int {
                a.wrapping_add(b)
            }
            #[inline(always)]
            fn int_sub(&mut self, a: $int, b: $int) -> $int {
                a.wrapping_sub(b)
            }
            #[inline(always)]
            fn int_and(&mut self, a: $int, b: $int) -> $int {
                a & b
            }
            #[inline(always)]
            fn int_or(&mut self, a: $int, b: $int) -> $int {
                a | b
            }
            #[inline(always)]
            fn int_xor(&mut self, a: $int, b: $int) -> $int {
                a ^ b
            }
            #[inline(always)]
            fn int_shl(&mut self, a: $int, by: u32) -> $int {
                a << by
            }
            #[inline(always)]
            fn int_shr(&mut self, a: $int, by: u32) -> $int {
                (a as $unsigned >> by) as $int
            }
        }
    };
}

plain!(F32, f32, i32, u32);
plain!(F64, f64, i64, u64);
