//! In how many directions a signal lies: the eigenvalues of its second moments.

use crate::math::Precision;

/// A symmetric matrix has settled long before so many sweeps.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric matrix, row-major, by Jacobi's rotations; the largest first.
pub(super) fn eigenvalues(mut matrix: Vec<f64>, size: usize) -> Vec<f64> {
    for _ in 0..SWEEPS {
        let off: f64 = (0..size * size).filter(|at| at / size != at % size).map(|at| matrix[at] * matrix[at]).sum();
        let all: f64 = matrix.iter().map(|cell| cell * cell).sum();
        if off.is_nan() || off <= all * 1e-32 {
            break;
        }
        for row in 0..size {
            for column in row + 1..size {
                rotate(&mut matrix, size, row, column);
            }
        }
    }
    let mut values: Vec<f64> = (0..size).map(|at| matrix[at * size + at]).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Turns two axes so that their element off the diagonal becomes 0.
fn rotate(matrix: &mut [f64], size: usize, p: usize, q: usize) {
    let apart = matrix[p * size + q];
    if apart == 0.0 {
        return;
    }
    let half = (matrix[q * size + q] - matrix[p * size + p]) / (2.0 * apart);
    let tangent = half.signum() / (half.abs() + (half * half + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for k in 0..size {
        let (a, b) = (matrix[k * size + p], matrix[k * size + q]);
        matrix[k * size + p] = cosine * a - sine * b;
        matrix[k * size + q] = sine * a + cosine * b;
    }
    for k in 0..size {
        let (a, b) = (matrix[p * size + k], matrix[q * size + k]);
        matrix[p * size + k] = cosine * a - sine * b;
        matrix[q * size + k] = sine * a + cosine * b;
    }
}

/// How many eigenvalues of second moments are more than rounding: a share of the largest.
pub(super) fn rank(values: &[f64], precision: Precision) -> f64 {
    let share = match precision {
        Precision::F32 => 1e-6,
        Precision::F64 => 1e-12,
    };
    let largest = values.first().copied().unwrap_or(0.0);
    if largest.is_nan() {
        return f64::NAN;
    }
    values.iter().filter(|value| **value > largest * share).count() as f64
}

/// The square of the sum of the eigenvalues by the sum of their squares; 0 if there is no signal.
pub(super) fn participation(values: &[f64]) -> f64 {
    let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
    if squares == 0.0 { 0.0 } else { sum * sum / squares }
}
