//! Inner loops that want wider vectors than Cranelift writes: matrix products, a function for each set of instructions.
//!
//! A kernel computes what the loop IR says, to the bit: each element of a product is one chain of fused multiply-adds in
//! the order of the depth, in whichever lane it lies. What a machine has is found out once ([`Vectors::best`]); a machine
//! without wide vectors has no kernels, and `codegen` writes the loops itself.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod product;

use crate::math::Precision;

/// The widest vectors that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vectors {
    /// Those of 128 bits, which Cranelift writes: no kernels.
    Narrow,
    /// Of 256 bits, with fused multiply-add.
    Avx2,
    /// Of 512 bits.
    Avx512,
}

/// A matrix product: `out[r, c] = sum over d: left[r, d] * right[d, c]`, or added to what is in `out`.
///
/// Pointers to left, right and result; rows, columns and depth; in bytes from row to row of left, from column to column of
/// left, from row to row of right and of the result. Columns of right and of the result lie side by side.
///
/// # Safety
/// All elements that these say must lie in memory that may be read, those of the result in memory that nobody else uses.
pub type Product = unsafe extern "C" fn(*const u8, *const u8, *mut u8, usize, usize, usize, usize, usize, usize, usize);

/// What a kernel computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kernel {
    /// Of which numbers.
    pub precision: Precision,
    /// Whether it adds to what is in the result.
    pub accumulate: bool,
}

impl Kernel {
    /// All kernels; a kernel's number is its place here.
    pub const ALL: [Kernel; 4] = [
        Kernel { precision: Precision::F32, accumulate: false },
        Kernel { precision: Precision::F32, accumulate: true },
        Kernel { precision: Precision::F64, accumulate: false },
        Kernel { precision: Precision::F64, accumulate: true },
    ];

    /// Its place among all kernels.
    pub fn number(self) -> usize {
        2 * usize::from(self.precision == Precision::F64) + usize::from(self.accumulate)
    }

    /// Its name, for the linker and for people.
    pub fn name(self) -> &'static str {
        ["product_f32", "product_f32_added", "product_f64", "product_f64_added"][self.number()]
    }
}

impl Vectors {
    /// All of them, from the narrowest on.
    pub const ALL: [Vectors; 3] = [Vectors::Narrow, Vectors::Avx2, Vectors::Avx512];

    /// Whether this machine has them.
    pub fn here(self) -> bool {
        match self {
            Vectors::Narrow => true,
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Vectors::Avx2 | Vectors::Avx512 => false,
        }
    }

    /// The widest that this machine has.
    pub fn best() -> Vectors {
        Vectors::ALL.into_iter().rev().find(|vectors| vectors.here()).unwrap_or(Vectors::Narrow)
    }

    /// A kernel; none without wide vectors. It may be called only where [`Vectors::here`] holds.
    pub fn kernel(self, kernel: Kernel) -> Option<Product> {
        match self {
            Vectors::Narrow => None,
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => Some(avx2::product(kernel)),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => Some(avx512::product(kernel)),
            #[cfg(not(target_arch = "x86_64"))]
            Vectors::Avx2 | Vectors::Avx512 => None,
        }
    }
}
