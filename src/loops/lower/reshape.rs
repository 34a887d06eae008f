//! Axes merged or split: which of one shape belong to which of another.

use super::affine;
use super::view::View;
use super::writer::Writer;
use crate::bug;
use crate::loops::Index;
use crate::tensor::Extent;
use std::ops::Range;

/// Axes of the one shape and of the other that hold the same elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Of the operand.
    pub inside: Range<usize>,
    /// Of the result.
    pub outside: Range<usize>,
}

/// The smallest groups of axes that match.
pub fn groups(inside: &[Extent], outside: &[Extent]) -> Vec<Group> {
    let (mut i, mut o, mut groups) = (0, 0, Vec::new());
    while i < inside.len() || o < outside.len() {
        let start = (i, o);
        let (mut a, mut b) = (Size::ONE, Size::ONE);
        loop {
            let behind = (a.counts, a.cells) < (b.counts, b.cells);
            let equal = a == b && i > start.0 && o > start.1;
            if equal || (i == inside.len() && o == outside.len()) {
                break;
            }
            if i < inside.len() && (behind || o == outside.len() || (a == b && i == start.0)) {
                a.add(&inside[i]);
                i += 1;
            } else if o < outside.len() {
                b.add(&outside[o]);
                o += 1;
            } else {
                bug!("{inside:?} cannot become {outside:?}");
            }
        }
        groups.push(Group { inside: start.0..i, outside: start.1..o });
    }
    groups
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    counts: usize,
    cells: usize,
}

impl Size {
    const ONE: Size = Size { counts: 0, cells: 1 };

    fn add(&mut self, extent: &Extent) {
        match extent {
            Extent::Const(n) => self.cells *= n,
            Extent::Count(_) => self.counts += 1,
        }
    }
}

/// Whether each axis of the operand stays or is split, so that the result is the same memory seen otherwise.
pub fn only_splits(inside: &[Extent], outside: &[Extent]) -> bool {
    let wide = |group: &Group| inside[group.inside.clone()].iter().filter(|extent| extent.bound() > 1).count() <= 1;
    groups(inside, outside).iter().all(wide)
}

/// The same memory seen in another shape, if the axes that are merged lie one behind the other.
pub fn view(view: &View, inside: &[Extent], outside: &[Extent]) -> Option<View> {
    let mut strides = Vec::new();
    let mut room = None;
    for group in groups(inside, outside) {
        if let (Some((axis, cells)), 1, 1) = (view.room, group.inside.len(), group.outside.len())
            && axis == group.inside.start
        {
            room = Some((group.outside.start, cells));
        }
        let wide: Vec<usize> = group.inside.clone().filter(|axis| view.bounds[*axis] > 1).collect();
        let behind = |pair: &[usize]| view.strides[pair[0]] == view.strides[pair[1]] * view.bounds[pair[1]];
        if !wide.windows(2).all(behind) {
            return None;
        }
        let mut stride = wide.last().map_or(0, |axis| view.strides[*axis]);
        let mut steps = Vec::new();
        for axis in group.outside.rev() {
            steps.push(stride);
            stride *= outside[axis].bound();
        }
        strides.extend(steps.into_iter().rev());
    }
    let bounds = outside.iter().map(Extent::bound).collect();
    Some(View { buffer: view.buffer, base: view.base.clone(), bounds, strides, room })
}

/// The index of the operand's element that is the result's at `at`.
pub fn index(writer: &mut Writer, inside: &[Extent], outside: &[Extent], at: &[Index]) -> Vec<Index> {
    let mut result = vec![Index::at(0); inside.len()];
    for group in groups(inside, outside) {
        let mut cells = 1;
        let mut linear = Index::at(0);
        for axis in group.outside.rev() {
            linear = affine::plus(&linear, &affine::scaled(&at[axis], cells));
            cells *= outside[axis].bound();
        }
        let wide: Vec<usize> = group.inside.filter(|axis| inside[*axis].bound() > 1).collect();
        for (place, axis) in wide.iter().enumerate().rev() {
            if place == 0 {
                result[*axis] = linear.clone();
            } else {
                let (quotient, remainder) = writer.divide(&linear, inside[*axis].bound());
                result[*axis] = remainder;
                linear = quotient;
            }
        }
    }
    result
}
