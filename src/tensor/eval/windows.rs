//! Windows on the last axes, and windows added up.

use super::Fault;
use crate::tensor::Windows;
use ndarray::{ArrayD, Dimension, IxDyn};
use std::ops::AddAssign;

/// `x[…, n…]` as `[…, size…, places…]`.
pub(super) fn windows<T: Copy>(x: &ArrayD<T>, windows: &Windows) -> Result<ArrayD<T>, Fault> {
    let (lead, inside) = x.shape().split_at(leading(x.ndim(), windows.lengths.len())?);
    if inside != windows.lengths {
        return Err(Fault(format!("windows on {:?}, and they are for {:?}", x.shape(), windows.lengths)));
    }
    let shape: Vec<usize> = lead.iter().chain(&windows.sizes).copied().chain(windows.places()).collect();
    Ok(ArrayD::from_shape_fn(IxDyn(&shape), |at| x[IxDyn(&source(at.slice(), lead.len(), windows))]))
}

/// The elements of windows added up where they come from, those of the first offset in a window first.
pub(super) fn overlap<T: Copy + Default + AddAssign>(x: &ArrayD<T>, windows: &Windows) -> Result<ArrayD<T>, Fault> {
    let lead = leading(x.ndim(), 2 * windows.lengths.len())?;
    if x.shape()[lead..].iter().copied().ne(windows.sizes.iter().copied().chain(windows.places())) {
        return Err(Fault(format!("{:?} are no windows {windows:?}", x.shape())));
    }
    let shape: Vec<usize> = x.shape()[..lead].iter().chain(&windows.lengths).copied().collect();
    let mut sums = ArrayD::from_elem(IxDyn(&shape), T::default());
    for (at, value) in x.indexed_iter() {
        sums[IxDyn(&source(at.slice(), lead, windows))] += *value;
    }
    Ok(sums)
}

fn leading(rank: usize, axes: usize) -> Result<usize, Fault> {
    rank.checked_sub(axes).ok_or_else(|| Fault("windows on more axes than there are".into()))
}

/// Where an element of a window lies.
fn source(at: &[usize], lead: usize, windows: &Windows) -> Vec<usize> {
    let (front, inside) = at.split_at(lead);
    let (offsets, places) = inside.split_at(windows.sizes.len());
    let within =
        offsets.iter().zip(places).zip(&windows.strides).map(|((offset, place), stride)| offset + place * stride);
    front.iter().copied().chain(within).collect()
}
