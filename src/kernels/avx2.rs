//! Products by vectors of 256 bits, of which there are 16 registers.
#![allow(unsafe_code)]

use super::product::{Vector, products};
use std::arch::x86_64::*;

products!("avx2,fma", __m256, __m256d, (6, 2), (4, 2), (2, 4), (1, 8));

// SAFETY: a vector holds 8 elements of 4 bytes; each method is one instruction, whose conditions the trait passes on.
unsafe impl Vector for __m256 {
    type Mask = __m256i;
    const LANES: usize = 8;
    const BYTES: usize = 4;
    #[inline(always)]
    unsafe fn mask(lanes: usize) -> __m256i {
        // SAFETY: see above.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), numbers)
        }
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above; so below.
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_set1_ps(from.cast::<f32>().read()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_loadu_ps(from.cast()) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const u8, mask: __m256i) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_maskload_ps(from.cast(), mask) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { _mm256_storeu_ps(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut u8, mask: __m256i) {
        // SAFETY: see above.
        unsafe { _mm256_maskstore_ps(to.cast(), mask, self) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_fmadd_ps(self, factor, term) }
    }
}

// SAFETY: a vector holds 4 elements of 8 bytes; each method is one instruction, whose conditions the trait passes on.
unsafe impl Vector for __m256d {
    type Mask = __m256i;
    const LANES: usize = 4;
    const BYTES: usize = 8;
    #[inline(always)]
    unsafe fn mask(lanes: usize) -> __m256i {
        // SAFETY: see above.
        unsafe {
            let numbers = _mm256_setr_epi64x(0, 1, 2, 3);
            _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes as i64), numbers)
        }
    }
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above; so below.
        unsafe { _mm256_setzero_pd() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_set1_pd(from.cast::<f64>().read()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_loadu_pd(from.cast()) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const u8, mask: __m256i) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_maskload_pd(from.cast(), mask) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: see above.
        unsafe { _mm256_storeu_pd(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut u8, mask: __m256i) {
        // SAFETY: see above.
        unsafe { _mm256_maskstore_pd(to.cast(), mask, self) }
    }
    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm256_fmadd_pd(self, factor, term) }
    }
}
