//! Sixteen numbers at a time: arrays as carriers, which is how the loop interpreter holds a register.

use super::{Arith, F32, F64, Precision};

/// How many numbers a register of the loop IR holds.
pub const LANES: usize = 16;

/// Computes in arrays of sixteen `f32`.
#[derive(Debug, Clone, Copy, Default)]
pub struct F32Lanes;

/// Computes in arrays of sixteen `f64`.
#[derive(Debug, Clone, Copy, Default)]
pub struct F64Lanes;

#[inline(always)]
fn one<X: Copy, Y: Copy + Default>(a: [X; LANES], mut f: impl FnMut(X) -> Y) -> [Y; LANES] {
    let mut out = [Y::default(); LANES];
    for lane in 0..LANES {
        out[lane] = f(a[lane]);
    }
    out
}

#[inline(always)]
fn two<X: Copy, Y: Copy + Default>(a: [X; LANES], b: [X; LANES], mut f: impl FnMut(X, X) -> Y) -> [Y; LANES] {
    let mut out = [Y::default(); LANES];
    for lane in 0..LANES {
        out[lane] = f(a[lane], b[lane]);
    }
    out
}

/// Carries a list of operations lane by lane, each as the plain carrier does it.
macro_rules! each_lane {
    (one: $plain:ident, $($name:ident: $from:ty => $to:ty),*) => {$(
        #[inline]
        fn $name(&mut self, a: [$from; LANES]) -> [$to; LANES] {
            one(a, |x| $plain.$name(x))
        }
    )*};
    (two: $plain:ident, $($name:ident: $from:ty => $to:ty),*) => {$(
        #[inline]
        fn $name(&mut self, a: [$from; LANES], b: [$from; LANES]) -> [$to; LANES] {
            two(a, b, |x, y| $plain.$name(x, y))
        }
    )*};
    (shift: $plain:ident, $($name:ident: $int:ty),*) => {$(
        #[inline]
        fn $name(&mut self, a: [$int; LANES], by: u32) -> [$int; LANES] {
            one(a, |x| $plain.$name(x, by))
        }
    )*};
}

macro_rules! lanes {
    ($carrier:ident, $plain:ident, $real:ident, $int:ident) => {
        impl Arith for $carrier {
            type Real = [$real; LANES];
            type Int = [$int; LANES];
            type Mask = [bool; LANES];

            #[inline]
            fn precision(&self) -> Precision {
                Precision::$plain
            }
            #[inline]
            fn real(&mut self, value: f64) -> [$real; LANES] {
                [value as $real; LANES]
            }
            #[inline]
            fn int(&mut self, value: i64) -> [$int; LANES] {
                [value as $int; LANES]
            }
            #[inline]
            fn fma(&mut self, a: [$real; LANES], b: [$real; LANES], c: [$real; LANES]) -> [$real; LANES] {
                let mut out = c;
                for lane in 0..LANES {
                    out[lane] = a[lane].mul_add(b[lane], c[lane]);
                }
                out
            }
            #[inline]
            fn select(&mut self, mask: [bool; LANES], yes: [$real; LANES], no: [$real; LANES]) -> [$real; LANES] {
                let mut out = no;
                for lane in 0..LANES {
                    out[lane] = if mask[lane] { yes[lane] } else { no[lane] };
                }
                out
            }
            each_lane!(one: $plain, neg: $real => $real, abs: $real => $real, sqrt: $real => $real,
                mask_not: bool => bool, bits: $real => $int, real_from_bits: $int => $real);
            each_lane!(two: $plain, add: $real => $real, sub: $real => $real, mul: $real => $real,
                div: $real => $real, lt: $real => bool, le: $real => bool, eq: $real => bool,
                mask_and: bool => bool, mask_or: bool => bool, int_add: $int => $int, int_sub: $int => $int,
                int_and: $int => $int, int_or: $int => $int, int_xor: $int => $int);
            each_lane!(shift: $plain, int_shl: $int, int_shr: $int);
        }
    };
}

lanes!(F32Lanes, F32, f32, i32);
lanes!(F64Lanes, F64, f64, i64);
