//! Matrices side by side: images with their labels behind them, means with their log-variances.

use ndarray::{Array2, ArrayRef2, Axis, concatenate};

/// The columns of `a` `[rows, m]` and behind them those of `b` `[rows, n]`, `[rows, m + n]`.
pub fn concat(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array2<f64> {
    concatenate(Axis(1), &[a.view(), b.view()]).expect("as many rows")
}
