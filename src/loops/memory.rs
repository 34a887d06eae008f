//! Memory for slots and scratch: cells that begin at a multiple of 64 bytes, and how arrays lie in them.
//!
//! The interpreter and machine code work on the same [`Storage`]. Arrays are written and read row-major, without
//! padding; how they lie in memory is the [`Slot`]'s matter.

use super::{Buffer, Cell, Precision, Slot};
use crate::tensor::Element;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Every storage begins at a multiple of this many bytes.
pub const ALIGNMENT: usize = 64;

impl Cell {
    /// The bytes of one cell.
    pub const fn bytes(self, precision: Precision) -> usize {
        match self {
            Cell::Real => precision.bytes(),
            Cell::Int(_) => 4,
            Cell::Bool | Cell::Byte => 1,
        }
    }

    /// What an array of these elements is made of.
    pub const fn of(element: Element) -> Cell {
        match element {
            Element::Real => Cell::Real,
            Element::Int => Cell::Int(None),
            Element::Class(k) => Cell::Int(Some(k)),
            Element::Bool => Cell::Bool,
            Element::Byte => Cell::Byte,
        }
    }
}

impl Slot {
    /// What its buffer holds.
    pub const fn cell(&self) -> Cell {
        Cell::of(self.ty.element)
    }

    /// The lengths of its axes.
    pub fn extents(&self) -> Vec<usize> {
        self.ty.shape.iter().map(|extent| extent.bound()).collect()
    }

    /// How many elements it has, padding not counted.
    pub fn elements(&self) -> usize {
        self.ty.shape.iter().map(|extent| extent.bound()).product()
    }

    /// Whether elements lie row after row, without padding.
    pub fn is_dense(&self) -> bool {
        let mut wanted = 1;
        for (extent, stride) in self.extents().iter().zip(&self.strides).rev() {
            if *extent != 1 && *stride != wanted {
                return false;
            }
            wanted *= extent;
        }
        true
    }

    /// The cell of each element, in row-major order.
    pub fn cells(&self) -> Vec<usize> {
        let mut cells = vec![0];
        for (extent, stride) in self.ty.shape.iter().zip(&self.strides) {
            cells = cells.iter().flat_map(|cell| (0..extent.bound()).map(move |i| cell + i * stride)).collect();
        }
        cells
    }
}

impl Buffer {
    /// The bytes that it takes.
    pub const fn bytes(&self, precision: Precision) -> usize {
        self.len.saturating_mul(self.cell.bytes(precision))
    }
}

/// Numbers that begin at a multiple of 64 bytes.
pub struct Aligned<T> {
    room: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// So many zeros; none take no memory.
    pub fn zeros(len: usize) -> Self {
        if len == 0 {
            return Aligned { room: Vec::new(), start: 0, len };
        }
        let room = vec![T::default(); len + ALIGNMENT / size_of::<T>()];
        let start = room.as_ptr().align_offset(ALIGNMENT);
        Aligned { room, start, len }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.room[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room[self.start..self.start + self.len]
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T: PartialEq> PartialEq for Aligned<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Aligned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The memory of one buffer.
#[derive(Debug, Clone, PartialEq)]
pub enum Storage {
    /// Reals of an `f32` program.
    F32(Aligned<f32>),
    /// Reals of an `f64` program.
    F64(Aligned<f64>),
    /// Ints and classes.
    Int(Aligned<i32>),
    /// Bools (0 is false, all else true) and bytes.
    Byte(Aligned<u8>),
}

/// Numbers in row-major order, without padding.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Reals of an `f32` program.
    F32(Vec<f32>),
    /// Reals of an `f64` program.
    F64(Vec<f64>),
    /// Ints and classes.
    Int(Vec<i32>),
    /// Bools and bytes.
    Byte(Vec<u8>),
}

impl Values {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::Int(v) => v.len(),
            Values::Byte(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One after the other, little-endian.
    pub fn little_endian(&self) -> Vec<u8> {
        match self {
            Values::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Values::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Values::Int(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Values::Byte(v) => v.clone(),
        }
    }
}

/// Why a storage is not the one that a buffer needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another kind of cell.
    #[error("`{name}` holds {expected}, but the memory holds {found}")]
    Cells {
        /// The slot's name.
        name: String,
        /// What is needed.
        expected: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// Another length.
    #[error("`{name}` needs {expected} cells, but there are {found}")]
    Length {
        /// The slot's name.
        name: String,
        /// What is needed.
        expected: usize,
        /// What there is.
        found: usize,
    },
}

impl Storage {
    /// So many cells, all 0.
    pub fn zeros(cell: Cell, precision: Precision, len: usize) -> Storage {
        match (cell, precision) {
            (Cell::Real, Precision::F32) => Storage::F32(Aligned::zeros(len)),
            (Cell::Real, Precision::F64) => Storage::F64(Aligned::zeros(len)),
            (Cell::Int(_), _) => Storage::Int(Aligned::zeros(len)),
            (Cell::Bool | Cell::Byte, _) => Storage::Byte(Aligned::zeros(len)),
        }
    }

    /// The memory of a slot, all 0.
    pub fn for_slot(slot: &Slot, precision: Precision) -> Storage {
        Storage::zeros(slot.cell(), precision, slot.len)
    }

    /// How many cells.
    pub fn len(&self) -> usize {
        match self {
            Storage::F32(v) => v.len(),
            Storage::F64(v) => v.len(),
            Storage::Int(v) => v.len(),
            Storage::Byte(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind of its cells.
    pub fn kind(&self) -> &'static str {
        match self {
            Storage::F32(_) => "f32 reals",
            Storage::F64(_) => "f64 reals",
            Storage::Int(_) => "32-bit ints",
            Storage::Byte(_) => "bytes",
        }
    }

    /// Where it begins, a multiple of [`ALIGNMENT`].
    pub fn as_ptr(&self) -> *const u8 {
        match self {
            Storage::F32(v) => v.as_ptr().cast(),
            Storage::F64(v) => v.as_ptr().cast(),
            Storage::Int(v) => v.as_ptr().cast(),
            Storage::Byte(v) => v.as_ptr(),
        }
    }

    /// Where it begins, a multiple of [`ALIGNMENT`].
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        match self {
            Storage::F32(v) => v.as_mut_ptr().cast(),
            Storage::F64(v) => v.as_mut_ptr().cast(),
            Storage::Int(v) => v.as_mut_ptr().cast(),
            Storage::Byte(v) => v.as_mut_ptr(),
        }
    }

    /// Becomes the same as another, in the memory that it has if that is as large.
    pub fn copy_from(&mut self, other: &Storage) {
        match (self, other) {
            (Storage::F32(own), Storage::F32(other)) if own.len() == other.len() => own.copy_from_slice(other),
            (Storage::F64(own), Storage::F64(other)) if own.len() == other.len() => own.copy_from_slice(other),
            (Storage::Int(own), Storage::Int(other)) if own.len() == other.len() => own.copy_from_slice(other),
            (Storage::Byte(own), Storage::Byte(other)) if own.len() == other.len() => own.copy_from_slice(other),
            (own, other) => *own = other.clone(),
        }
    }

    /// Whether it is made for this slot: kind and number of cells.
    pub fn fits(&self, slot: &Slot, precision: Precision) -> Result<(), Mismatch> {
        let expected = Storage::zeros(slot.cell(), precision, 0).kind();
        if expected != self.kind() {
            return Err(Mismatch::Cells { name: slot.name.to_string(), expected, found: self.kind() });
        }
        if self.len() != slot.len {
            return Err(Mismatch::Length { name: slot.name.to_string(), expected: slot.len, found: self.len() });
        }
        Ok(())
    }

    /// The first element of a slot of classes that is none of its classes, with its place in row-major order. Code
    /// uses classes as indices without looking again, so whoever fills such a slot asks this first.
    pub fn stray_class(&self, slot: &Slot) -> Option<(usize, i32)> {
        match (self, slot.cell()) {
            (Storage::Int(v), Cell::Int(Some(k))) => {
                let stray = |x: i32| usize::try_from(x).map_or(true, |x| x >= k);
                if slot.is_dense() {
                    return v.iter().take(slot.elements()).copied().enumerate().find(|(_, x)| stray(*x));
                }
                slot.cells().into_iter().enumerate().map(|(i, cell)| (i, v[cell])).find(|(_, x)| stray(*x))
            }
            _ => None,
        }
    }

    /// A cell as a number: exact, but for the sign of an f32's NaN.
    pub fn get(&self, cell: usize) -> f64 {
        match self {
            Storage::F32(v) => f64::from(v[cell]),
            Storage::F64(v) => v[cell],
            Storage::Int(v) => f64::from(v[cell]),
            Storage::Byte(v) => f64::from(v[cell]),
        }
    }

    /// Writes a cell; the number is rounded to what the cell can hold.
    pub fn set(&mut self, cell: usize, value: f64) {
        match self {
            Storage::F32(v) => v[cell] = value as f32,
            Storage::F64(v) => v[cell] = value,
            Storage::Int(v) => v[cell] = value as i32,
            Storage::Byte(v) => v[cell] = value as u8,
        }
    }

    /// Writes elements that lie as they do in memory: row after row, without padding.
    fn write_dense(&mut self, values: &Values) -> bool {
        match (self, values) {
            (Storage::F32(to), Values::F32(from)) => to[..from.len()].copy_from_slice(from),
            (Storage::F64(to), Values::F64(from)) => to[..from.len()].copy_from_slice(from),
            (Storage::Int(to), Values::Int(from)) => to[..from.len()].copy_from_slice(from),
            (Storage::Byte(to), Values::Byte(from)) => to[..from.len()].copy_from_slice(from),
            _ => return false,
        }
        true
    }

    /// The elements of a slot, padding left out.
    pub fn read_logical(&self, slot: &Slot) -> Values {
        let cells = slot.cells();
        match self {
            Storage::F32(v) => Values::F32(cells.iter().map(|cell| v[*cell]).collect()),
            Storage::F64(v) => Values::F64(cells.iter().map(|cell| v[*cell]).collect()),
            Storage::Int(v) => Values::Int(cells.iter().map(|cell| v[*cell]).collect()),
            Storage::Byte(v) => Values::Byte(cells.iter().map(|cell| v[*cell]).collect()),
        }
    }

    /// Writes the elements of a slot; the padding stays as it is.
    pub fn write_logical(&mut self, slot: &Slot, values: &Values) -> Result<(), Mismatch> {
        if slot.is_dense() && values.len() == slot.elements() && self.write_dense(values) {
            return Ok(());
        }
        let cells = slot.cells();
        if cells.len() != values.len() {
            let (expected, found) = (cells.len(), values.len());
            return Err(Mismatch::Length { name: slot.name.to_string(), expected, found });
        }
        match (&mut *self, values) {
            (Storage::F32(to), Values::F32(from)) => spread(to, &cells, from),
            (Storage::F64(to), Values::F64(from)) => spread(to, &cells, from),
            (Storage::Int(to), Values::Int(from)) => spread(to, &cells, from),
            (Storage::Byte(to), Values::Byte(from)) => spread(to, &cells, from),
            (storage, values) => {
                let found = match values {
                    Values::F32(_) => "f32 reals",
                    Values::F64(_) => "f64 reals",
                    Values::Int(_) => "32-bit ints",
                    Values::Byte(_) => "bytes",
                };
                return Err(Mismatch::Cells { name: slot.name.to_string(), expected: storage.kind(), found });
            }
        }
        Ok(())
    }

    /// The elements of a slot, little-endian, row-major, without padding: what digests and checkpoints are made of.
    pub fn logical_bytes(&self, slot: &Slot) -> Vec<u8> {
        self.read_logical(slot).little_endian()
    }

    /// The first of `cells` in which the two differ in a bit. Two NaNs do not differ, whatever their bits.
    pub fn first_difference(&self, other: &Storage, cells: impl IntoIterator<Item = usize>) -> Option<usize> {
        cells.into_iter().find(|cell| match (self, other) {
            (Storage::F32(a), Storage::F32(b)) => {
                a[*cell].to_bits() != b[*cell].to_bits() && !(a[*cell].is_nan() && b[*cell].is_nan())
            }
            (Storage::F64(a), Storage::F64(b)) => {
                a[*cell].to_bits() != b[*cell].to_bits() && !(a[*cell].is_nan() && b[*cell].is_nan())
            }
            (Storage::Int(a), Storage::Int(b)) => a[*cell] != b[*cell],
            (Storage::Byte(a), Storage::Byte(b)) => a[*cell] != b[*cell],
            _ => true,
        })
    }

    /// Whether two storages of a slot hold the same bits, padding left out. Any two NaNs count as equal.
    pub fn same_bits(&self, other: &Storage, slot: &Slot) -> bool {
        self.kind() == other.kind() && self.first_difference(other, slot.cells()).is_none()
    }
}

fn spread<T: Copy>(to: &mut [T], cells: &[usize], from: &[T]) {
    for (cell, value) in cells.iter().zip(from) {
        to[*cell] = *value;
    }
}
