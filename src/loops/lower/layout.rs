//! How arrays lie in memory: which axis runs fastest, and how far its rows are padded.

use crate::loops::LANES;
use crate::tensor::{Element, Extent, Name, Type};
use std::collections::BTreeMap;

/// An axis shorter than this is not padded, nor is it worth being the one that runs fastest.
pub const WORTH_LANES: usize = 8;

/// How an array lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// For each axis the distance in cells between neighbours.
    pub strides: Vec<usize>,
    /// In cells, padding included.
    pub len: usize,
    /// The axis that runs fastest, with the cells of a row, padding included.
    pub room: Option<(usize, usize)>,
}

impl Layout {
    /// The array with axis `fastest` running fastest, the others in their order.
    pub fn new(ty: &Type, fastest: Option<usize>) -> Layout {
        let bounds: Vec<usize> = ty.shape.iter().map(Extent::bound).collect();
        let Some(fastest) = fastest.or(bounds.len().checked_sub(1)) else {
            return Layout { strides: Vec::new(), len: 1, room: None };
        };
        let row = match ty.element {
            Element::Byte => bounds[fastest],
            _ if bounds[fastest] < WORTH_LANES => bounds[fastest],
            Element::Real => bounds[fastest].next_multiple_of(LANES),
            _ if bounds.len() < 2 => bounds[fastest],
            _ => bounds[fastest].next_multiple_of(LANES),
        };
        let mut strides = vec![1; bounds.len()];
        let mut len = row;
        for axis in (0..bounds.len()).rev().filter(|axis| *axis != fastest) {
            strides[axis] = len;
            len *= bounds[axis];
        }
        Layout { strides, len, room: Some((fastest, row)) }
    }
}

/// How the slots of programs that share memory lie: as the first of them wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layouts {
    slots: BTreeMap<Name, (Type, Layout)>,
}

impl Layouts {
    /// Nothing is settled.
    pub fn new() -> Layouts {
        Layouts::default()
    }

    /// How the slot of that name lies, if a program had it.
    pub fn get(&self, name: &str) -> Option<&Layout> {
        self.slots.get(name).map(|(_, layout)| layout)
    }

    /// The type that a slot was settled with.
    pub fn ty(&self, name: &str) -> Option<&Type> {
        self.slots.get(name).map(|(ty, _)| ty)
    }

    /// All slots that are settled, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Type, &Layout)> {
        self.slots.iter().map(|(name, (ty, layout))| (name, ty, layout))
    }

    /// Settles how a slot lies, if it is not yet.
    pub fn settle(&mut self, name: &Name, ty: &Type, layout: Layout) {
        self.slots.entry(name.clone()).or_insert((ty.clone(), layout));
    }
}

/// The axis of an array in memory that runs fastest.
pub fn fastest(bounds: &[usize], strides: &[usize]) -> Option<usize> {
    let wide = |axis: &usize| strides[*axis] == 1 && bounds[*axis] > 1;
    (0..bounds.len()).rev().find(wide).or(bounds.len().checked_sub(1))
}
