//! Machine code has the bits of the loop interpreter, in `f32` and `f64`, and refuses whatever would make it unsafe.

mod calls;
mod cells;
mod folds;
mod matrices;
mod scalars;

use crate::loops::filetest::{filled, run_everywhere};
use neurula::loops::build::Builder;
use neurula::loops::memory::Storage;
use neurula::loops::{BufferId, Precision, Program, Slot};
use neurula::tensor::{Element, Role, Type};

/// Lengths around those of vectors and of the sixteen lanes.
const LENGTHS: [usize; 11] = [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 64];

/// A program being written, with what its slots hold at the beginning.
struct Writer {
    b: Builder,
    slots: Vec<Storage>,
}

impl Writer {
    fn new(name: &str, precision: Precision) -> Writer {
        Writer { b: Builder::new(name, precision), slots: Vec::new() }
    }

    /// A slot of these numbers, with rows of that many cells.
    fn rows(&mut self, element: Element, row: usize, columns: usize, numbers: &[f64]) -> BufferId {
        let rows = (numbers.len() / columns).max(1);
        let slot = Slot {
            name: format!("slot {}", self.slots.len()).into(),
            ty: Type { element, shape: vec![rows.into(), columns.into()] },
            role: Role::State,
            strides: vec![row, 1],
            len: rows * row,
        };
        self.slots.push(filled(&slot, self.b.precision(), numbers));
        self.b.slot(slot)
    }

    /// A slot of these numbers.
    fn slot(&mut self, element: Element, numbers: &[f64]) -> BufferId {
        self.rows(element, numbers.len(), numbers.len(), numbers)
    }

    /// A slot of so many cells, in each the same number.
    fn full(&mut self, element: Element, length: usize, number: f64) -> BufferId {
        self.slot(element, &vec![number; length])
    }

    fn finish(self) -> (Program, Vec<Storage>) {
        let program = self.b.finish().unwrap_or_else(|violations| panic!("{violations:?}"));
        (program, self.slots)
    }

    /// Runs it by everything that can run it, machine code included.
    fn agree(self) -> Vec<Storage> {
        let (program, slots) = self.finish();
        run_everywhere(&program, &slots, 1)
    }
}

/// Reals at which something happens: signs, infinities, denormals, the ends of exponentials, halves, large ones.
fn reals(precision: Precision) -> Vec<f64> {
    let (tiny, normal, large, epsilon) = match precision {
        Precision::F32 => (1e-45, f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX), f64::from(f32::EPSILON)),
        Precision::F64 => (5e-324, f64::MIN_POSITIVE, f64::MAX, f64::EPSILON),
    };
    let positive = [
        0.0,
        tiny,
        normal / 3.0,
        normal,
        1e-30,
        epsilon,
        1e-3,
        0.02425,
        0.1,
        0.5,
        0.97575,
        1.0 - epsilon,
        1.0,
        1.0 + epsilon,
        1.5,
        2.0,
        2.5,
        3.0,
        std::f64::consts::FRAC_PI_2,
        10.0,
        22.7,
        87.4,
        88.8,
        104.2,
        708.5,
        709.9,
        745.3,
        1e5,
        4_194_304.5,
        8_388_609.0,
        2_147_483_648.0,
        4_503_599_627_370_497.5,
        1e19,
        large,
        f64::INFINITY,
    ];
    let mut all: Vec<f64> = positive.iter().flat_map(|x| [*x, -*x]).collect();
    all.push(f64::NAN);
    all
}

/// Ints at which something happens.
const INTS: [i32; 17] =
    [0, 1, -1, 2, -2, 3, 7, -7, 255, 256, 46341, -65536, 16_777_217, 1_000_000_007, i32::MAX, i32::MIN, i32::MIN + 1];

/// So many numbers without pattern between -2 and 2, special ones among them if asked for.
fn numbers(count: usize, seed: u64, precision: Precision, special: bool) -> Vec<f64> {
    let specials = reals(precision);
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    };
    let mut number = || {
        let (draw, which) = (next(), next());
        match special && which.is_multiple_of(11) {
            true => specials[(draw % specials.len() as u64) as usize],
            false => (draw >> 11) as f64 / (1_u64 << 51) as f64 - 2.0,
        }
    };
    (0..count).map(|_| number()).collect()
}
