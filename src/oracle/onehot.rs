//! Labels as the rows of a unit matrix.

use ndarray::Array2;

/// `onehot[i, class] = 1` where `class = labels[i]`, all else 0, `[batch, classes]`; every label is below `classes`.
pub fn onehot<L: Copy + Into<u32>>(labels: &[L], classes: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), classes), |(i, class)| f64::from(labels[i].into() as usize == class))
}
