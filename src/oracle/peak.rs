//! A chain of multiply-adds.

use ndarray::Array2;

/// `y = scale · x + shift`, `times` times over.
pub fn peak(x: &Array2<f64>, scale: f64, shift: f64, times: usize) -> Array2<f64> {
    x.mapv(|x| (0..times).fold(x, |y, _| scale * y + shift))
}
