//! Matrix products by tiles that stay in registers while the depth runs, over vectors of any set of instructions.
//!
//! Everything here is inlined into the functions that [`products`] makes, which are the ones with the instructions
//! enabled. Strips of columns are outermost, so that the strip's part of the right operand stays in the cache.
#![allow(unsafe_code)]

/// A vector of a set of instructions.
///
/// # Safety
/// Whoever implements it promises that `LANES` elements of `BYTES` bytes lie in a vector side by side. All methods ask for
/// a machine that has the instructions, pointers for `LANES` elements in memory (or as many as a mask says).
pub(super) unsafe trait Vector: Copy {
    /// Which lanes are meant.
    type Mask: Copy;
    /// Elements.
    const LANES: usize;
    /// Bytes of an element.
    const BYTES: usize;
    /// The first so many lanes.
    unsafe fn mask(lanes: usize) -> Self::Mask;
    /// Zeros.
    unsafe fn zero() -> Self;
    /// The same element in all lanes.
    unsafe fn splat(from: *const u8) -> Self;
    /// All lanes.
    unsafe fn load(from: *const u8) -> Self;
    /// The lanes of a mask, and zeros.
    unsafe fn load_some(from: *const u8, mask: Self::Mask) -> Self;
    /// All lanes.
    unsafe fn store(self, to: *mut u8);
    /// The lanes of a mask.
    unsafe fn store_some(self, to: *mut u8, mask: Self::Mask);
    /// `self * factor + term`, rounded once.
    unsafe fn multiply_add(self, factor: Self, term: Self) -> Self;
}

/// Operands and strides, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    pub left: *const u8,
    pub right: *const u8,
    pub out: *mut u8,
    pub depth: usize,
    pub left_row: usize,
    pub left_column: usize,
    pub right_row: usize,
    pub out_row: usize,
}

impl Operands {
    /// The product of so many rows further down and bytes further to the right.
    ///
    /// # Safety
    /// There must be so many.
    #[inline(always)]
    unsafe fn further(self, rows: usize, bytes: usize) -> Operands {
        // SAFETY: see above; all three stay in their memory.
        unsafe {
            Operands {
                left: self.left.add(rows * self.left_row),
                right: self.right.add(bytes),
                out: self.out.add(rows * self.out_row + bytes),
                ..self
            }
        }
    }
}

/// A tile of `R` rows and `N` vectors; the mask, if there is one, says which lanes of its only vector are meant.
///
/// # Safety
/// As for [`super::Product`], of a tile.
#[inline(always)]
unsafe fn tile<V: Vector, const R: usize, const N: usize, const ADD: bool>(at: Operands, mask: Option<V::Mask>) {
    let bytes = V::LANES * V::BYTES;
    // SAFETY: a tile's `R` rows and `N` vectors, of which the mask leaves out what lies beside the matrix, are in the memory
    // that the caller vouches for, in each of `depth` steps.
    unsafe {
        let load = |from: *const u8| match mask {
            None => V::load(from),
            Some(mask) => V::load_some(from, mask),
        };
        let mut totals = [[V::zero(); N]; R];
        if ADD {
            for (row, totals) in totals.iter_mut().enumerate() {
                for (number, total) in totals.iter_mut().enumerate() {
                    *total = load(at.out.add(row * at.out_row + number * bytes));
                }
            }
        }
        let (mut left, mut right) = (at.left, at.right);
        for _ in 0..at.depth {
            let mut rights = [V::zero(); N];
            for (number, vector) in rights.iter_mut().enumerate() {
                *vector = load(right.add(number * bytes));
            }
            for (row, totals) in totals.iter_mut().enumerate() {
                let factor = V::splat(left.add(row * at.left_row));
                for (total, vector) in totals.iter_mut().zip(rights) {
                    *total = factor.multiply_add(vector, *total);
                }
            }
            left = left.wrapping_add(at.left_column);
            right = right.wrapping_add(at.right_row);
        }
        for (row, totals) in totals.iter().enumerate() {
            for (number, total) in totals.iter().enumerate() {
                let to = at.out.add(row * at.out_row + number * bytes);
                match mask {
                    None => total.store(to),
                    Some(mask) => total.store_some(to, mask),
                }
            }
        }
    }
}

/// Strips of `N` vectors over rows in tiles of `R`, as many columns as fill strips; gives how many.
///
/// # Safety
/// As for [`super::Product`]; `rows` is a multiple of `R`.
#[inline(always)]
unsafe fn strips<V: Vector, const R: usize, const N: usize, const ADD: bool>(
    at: Operands,
    rows: usize,
    first: usize,
    columns: usize,
) -> usize {
    let mut column = first;
    while column + N * V::LANES <= columns {
        let mut row = 0;
        while row < rows {
            // SAFETY: the tile lies in the matrix.
            unsafe { tile::<V, R, N, ADD>(at.further(row, column * V::BYTES), None) };
            row += R;
        }
        column += N * V::LANES;
    }
    column
}

/// Rows in tiles of `R`, all columns: strips of `N` vectors, then narrower ones.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
pub(super) unsafe fn rows<V: Vector, const R: usize, const N: usize, const ADD: bool>(
    at: Operands,
    rows: usize,
    columns: usize,
) {
    // SAFETY: every strip begins where the one before ended, and the last one leaves out what lies beside the matrix.
    unsafe {
        let mut column = strips::<V, R, N, ADD>(at, rows, 0, columns);
        if N > 4 {
            column = strips::<V, R, 4, ADD>(at, rows, column, columns);
        }
        if N > 2 {
            column = strips::<V, R, 2, ADD>(at, rows, column, columns);
        }
        column = strips::<V, R, 1, ADD>(at, rows, column, columns);
        if column < columns {
            let mask = V::mask(columns - column);
            let mut row = 0;
            while row < rows {
                tile::<V, R, 1, ADD>(at.further(row, column * V::BYTES), Some(mask));
                row += R;
            }
        }
    }
}

/// The functions of a set of instructions: rows go into tiles of the first height as long as there are enough, then the
/// next; each height has a width in vectors.
macro_rules! products {
    ($features:literal, $single:ty, $double:ty, $(($rows:literal, $vectors:literal)),+) => {
        /// The function that is a kernel.
        pub(super) fn product(kernel: super::Kernel) -> super::Product {
            use crate::math::Precision;
            match (kernel.precision, kernel.accumulate) {
                (Precision::F32, false) => single,
                (Precision::F32, true) => single_added,
                (Precision::F64, false) => double,
                (Precision::F64, true) => double_added,
            }
        }
        $crate::kernels::product::products!(@one single, $features, $single, false, $(($rows, $vectors)),+);
        $crate::kernels::product::products!(@one single_added, $features, $single, true, $(($rows, $vectors)),+);
        $crate::kernels::product::products!(@one double, $features, $double, false, $(($rows, $vectors)),+);
        $crate::kernels::product::products!(@one double_added, $features, $double, true, $(($rows, $vectors)),+);
    };
    (@one $name:ident, $features:literal, $vector:ty, $add:literal, $(($rows:literal, $vectors:literal)),+) => {
        /// See [`super::Product`], which says what must hold; the machine must have these instructions besides.
        #[target_feature(enable = $features)]
        unsafe extern "C" fn $name(
            left: *const u8,
            right: *const u8,
            out: *mut u8,
            rows: usize,
            columns: usize,
            depth: usize,
            left_row: usize,
            left_column: usize,
            right_row: usize,
            out_row: usize,
        ) {
            let all = $crate::kernels::product::Operands {
                left, right, out, depth, left_row, left_column, right_row, out_row,
            };
            let mut done = 0;
            $(
                let here = (rows - done) / $rows * $rows;
                // SAFETY: rows `done..done + here` are rows of the matrix, of which the caller says that it is in memory.
                unsafe {
                    let at = $crate::kernels::product::Operands {
                        left: left.wrapping_add(done * left_row),
                        out: out.wrapping_add(done * out_row),
                        ..all
                    };
                    if here > 0 {
                        $crate::kernels::product::rows::<$vector, $rows, $vectors, $add>(at, here, columns);
                    }
                }
                done += here;
            )+
            debug_assert_eq!(done, rows);
        }
    };
}
pub(super) use products;
