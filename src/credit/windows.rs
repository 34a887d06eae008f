//! What projections between images do with activity: windows for a convolution, and pools.

use crate::model::{Pooling, Window};
use crate::tensor::{Builder, Extent, Value};

/// The indices of a convolution's product: samples, channels read, rows and columns of a window, and places; with the
/// channels of the result.
pub(super) const PRODUCT: &str = "bcijp,ocij->bop";

/// The axes of images in the batch, and with zeros around if so is said.
fn image(b: &mut Builder, activity: Value, window: &Window) -> Value {
    let samples = b.ty(activity).shape[0].clone();
    let [rows, columns] = window.lengths;
    let mut image = activity;
    if b.ty(image).shape.len() != 4 {
        image = b.reshape(image, &[samples, window.channels.into(), rows.into(), columns.into()]);
    }
    if window.padding > 0 {
        image = b.pad(image, 2, window.padding, rows + 2 * window.padding);
        image = b.pad(image, 3, window.padding, columns + 2 * window.padding);
    }
    image
}

/// All windows of images, the places flat: samples, channels, rows and columns of a window, places.
pub(super) fn flat(b: &mut Builder, activity: Value, window: &Window) -> Value {
    let image = image(b, activity, window);
    let windows = b.windows(image, &[window.size; 2], &[window.stride; 2]);
    let mut shape = b.ty(windows).shape[..4].to_vec();
    shape.push(Extent::Const(window.places().iter().product()));
    b.reshape(windows, &shape)
}

/// One number for each window, the places flat: samples, channels, places.
pub(super) fn pooled(b: &mut Builder, activity: Value, by: Pooling, window: &Window) -> Value {
    let image = image(b, activity, window);
    let windows = b.windows(image, &[window.size; 2], &[window.stride; 2]);
    let pooled = match by {
        Pooling::Max => b.max(windows, &[2, 3]),
        Pooling::Mean => {
            let sum = b.sum(windows, &[2, 3]);
            b.scale(sum, 1.0 / (window.size * window.size) as f64)
        }
    };
    let mut shape = b.ty(pooled).shape[..2].to_vec();
    shape.push(Extent::Const(window.places().iter().product()));
    b.reshape(pooled, &shape)
}
