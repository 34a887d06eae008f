//! Products by vectors of 512 bits, of which there are 32 registers.
#![allow(unsafe_code)]

use super::product::{Vector, products};
use std::arch::x86_64::*;

products!("avx512f", __m512, __m512d, (8, 2), (4, 4), (2, 4), (1, 8));

// SAFETY: a vector holds 16 elements of 4 bytes; each method is one instruction, whose conditions the trait passes on.
unsafe impl Vector for __m512 {
    type Mask = __mmask16;
    const LANES: usize = 16;
    const BYTES: usize = 4;
    #[inline(always)]
    unsafe fn mask(lanes: usize) -> __mmask16 {
        ((1u32 << lanes) - 1) as __mmask16
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above; so below.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(from.cast::<f32>().read()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_loadu_ps(from.cast()) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const u8, mask: __mmask16) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_maskz_loadu_ps(mask, from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut u8, mask: __mmask16) {
        // SAFETY: see above.
        unsafe { _mm512_mask_storeu_ps(to.cast(), mask, self) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(self, factor, term) }
    }
}

// SAFETY: a vector holds 8 elements of 8 bytes; each method is one instruction, whose conditions the trait passes on.
unsafe impl Vector for __m512d {
    type Mask = __mmask8;
    const LANES: usize = 8;
    const BYTES: usize = 8;
    #[inline(always)]
    unsafe fn mask(lanes: usize) -> __mmask8 {
        ((1u32 << lanes) - 1) as __mmask8
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above; so below.
        unsafe { _mm512_setzero_pd() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_set1_pd(from.cast::<f64>().read()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_loadu_pd(from.cast()) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const u8, mask: __mmask8) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_maskz_loadu_pd(mask, from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_pd(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut u8, mask: __mmask8) {
        // SAFETY: see above.
        unsafe { _mm512_mask_storeu_pd(to.cast(), mask, self) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_pd(self, factor, term) }
    }
}
