//! The gradient of a linear layer's own parameters.

use super::linear::Layer;
use super::product::product;
use ndarray::{ArrayRef2, Axis};

/// `dweight[j, k] = Σᵢ dy[i, j] x[i, k]` and `dbias[j] = Σᵢ dy[i, j]`; `dy` is `[m, n]`, `x` `[m, k]`, `dweight` `[n, k]`,
/// `dbias` `[n]`.
pub fn update(dy: &ArrayRef2<f64>, x: &ArrayRef2<f64>) -> Layer {
    Layer { weight: product(&dy.t(), x), bias: dy.sum_axis(Axis(0)) }
}
