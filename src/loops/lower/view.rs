//! Where a value lies: a buffer seen through strides, a loop's index, or the same constant everywhere.

use super::affine;
use crate::loops::{BufferId, Constant, Index, Var};
use crate::tensor::{Extent, Windows};

/// Where the elements of a value are to be had.
#[derive(Debug, Clone, PartialEq)]
pub enum Home {
    /// In memory.
    View(View),
    /// It is the index of a loop around.
    Var(Var),
    /// All elements are this.
    Constant(Constant),
}

/// An array in memory: element `[i, j]` is cell `base + strides[0] * i + strides[1] * j`.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The buffer.
    pub buffer: BufferId,
    /// Its first cell; varies with loops around the graph alone.
    pub base: Index,
    /// The bounds of the axes.
    pub bounds: Vec<usize>,
    /// For each axis the distance in cells between neighbours.
    pub strides: Vec<usize>,
    /// The axis whose neighbours lie side by side and behind whose end there may be room, with the cells that there
    /// are in all.
    pub room: Option<(usize, usize)>,
}

impl View {
    /// The one cell of a buffer.
    pub fn scalar(buffer: BufferId) -> View {
        View { buffer, base: Index::at(0), bounds: Vec::new(), strides: Vec::new(), room: None }
    }

    /// The cell of an element.
    pub fn at(&self, index: &[Index]) -> Index {
        let steps = index.iter().zip(&self.strides);
        steps.fold(affine::plus(&self.base, &Index::at(0)), |sum, (index, stride)| {
            affine::plus(&sum, &affine::scaled(index, *stride))
        })
    }

    /// From the first cell to the last.
    pub fn reach(&self) -> usize {
        self.bounds.iter().zip(&self.strides).map(|(bound, stride)| (bound - 1) * stride).sum()
    }

    /// Whether the two may have a cell in common.
    pub fn overlaps(&self, other: &View) -> bool {
        let apart = |a: &View, b: &View| a.base.offset + a.reach() < b.base.offset;
        self.buffer == other.buffer
            && (self.base.terms != other.base.terms || !(apart(self, other) || apart(other, self)))
    }

    /// Whether the two are the same array, cell by cell.
    pub fn same(&self, other: &View) -> bool {
        let steps = |view: &View| {
            let axes = view.bounds.iter().copied().zip(view.strides.iter().copied());
            axes.map(|(bound, stride)| (bound, if bound > 1 { stride } else { 0 })).collect::<Vec<_>>()
        };
        self.buffer == other.buffer && self.base == other.base && steps(self) == steps(other)
    }

    /// The row of the first axis that `index` says.
    #[must_use]
    pub fn row(&self, index: &Index) -> View {
        View {
            buffer: self.buffer,
            base: affine::plus(&self.base, &affine::scaled(index, self.strides[0])),
            bounds: self.bounds[1..].to_vec(),
            strides: self.strides[1..].to_vec(),
            room: self.room.and_then(|(axis, cells)| Some((axis.checked_sub(1)?, cells))),
        }
    }

    /// Axes in another order: axis `i` is `axes[i]` of this one.
    #[must_use]
    pub fn permuted(&self, axes: &[usize]) -> View {
        let place = |axis: usize| axes.iter().position(|old| *old == axis);
        View {
            buffer: self.buffer,
            base: self.base.clone(),
            bounds: axes.iter().map(|axis| self.bounds[*axis]).collect(),
            strides: axes.iter().map(|axis| self.strides[*axis]).collect(),
            room: self.room.and_then(|(axis, cells)| Some((place(axis)?, cells))),
        }
    }

    /// A part of an axis.
    #[must_use]
    pub fn part(&self, axis: usize, start: usize, length: usize) -> View {
        let mut view = self.clone();
        view.base.offset += start * self.strides[axis];
        view.bounds[axis] = length;
        // Behind a part lie elements, not room.
        view.room = self.room.filter(|(of, _)| *of != axis);
        view
    }

    /// All windows on the last axes: offsets, then places.
    #[must_use]
    pub fn windows(&self, windows: &Windows) -> View {
        let front = self.bounds.len() - windows.lengths.len();
        let (lead, inside) = self.strides.split_at(front);
        let steps = inside.iter().zip(&windows.strides).map(|(cells, stride)| cells * stride);
        let bounds = self.bounds[..front].iter().chain(&windows.sizes).copied().chain(windows.places()).collect();
        let strides = lead.iter().chain(inside).copied().chain(steps).collect();
        View { buffer: self.buffer, base: self.base.clone(), bounds, strides, room: None }
    }

    /// Repeated along new axes; axis `i` goes to `axes[i]`.
    #[must_use]
    pub fn expanded(&self, shape: &[Extent], axes: &[usize]) -> View {
        let mut strides = vec![0; shape.len()];
        for (axis, place) in axes.iter().enumerate() {
            strides[*place] = self.strides[axis];
        }
        View {
            buffer: self.buffer,
            base: self.base.clone(),
            bounds: shape.iter().map(Extent::bound).collect(),
            strides,
            room: self.room.map(|(axis, cells)| (axes[axis], cells)),
        }
    }
}
