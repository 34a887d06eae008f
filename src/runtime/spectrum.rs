//! In how many directions a signal lies, and how long it is: what its second moments over the samples tell, a square of units,
//! row-major.

use crate::math::Precision;
use nalgebra::DMatrix;

/// How many eigenvalues are more than rounding: a share of the largest.
pub(super) fn rank(moments: &[f64], size: usize, precision: Precision) -> f64 {
    let share = match precision {
        Precision::F32 => 1e-6,
        Precision::F64 => 1e-12,
    };
    if moments.iter().any(|cell| !cell.is_finite()) {
        return f64::NAN;
    }
    let values = DMatrix::from_row_slice(size, size, moments).symmetric_eigenvalues();
    let largest = values.iter().copied().fold(0.0, f64::max);
    values.iter().filter(|value| **value > largest * share).count() as f64
}

/// The square of the sum of the eigenvalues by the sum of their squares, which the cells tell without them; 0 if there is no signal.
pub(super) fn participation(moments: &[f64], size: usize) -> f64 {
    let squares: f64 = moments.iter().map(|cell| cell * cell).sum();
    if squares == 0.0 { 0.0 } else { trace(moments, size).powi(2) / squares }
}

/// The root of the mean square.
pub(super) fn strength(moments: &[f64], size: usize) -> f64 {
    trace(moments, size).sqrt()
}

fn trace(moments: &[f64], size: usize) -> f64 {
    moments.iter().step_by(size + 1).sum()
}
