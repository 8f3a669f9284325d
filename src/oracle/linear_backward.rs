//! The gradient that a linear layer hands to the layer before it.

use super::product::product;
use ndarray::{Array2, ArrayRef2, Zip};

/// `dx[i, k] = Σⱼ dy[i, j] weight[j, k] · [x[i, k] > 0]`: the gradient at the pre-activation of the ReLU layer whose stored
/// output is `x`; `dy` is `[m, n]`, `weight` `[n, k]`, `x` and `dx` `[m, k]`.
pub fn linear_backward(dy: &ArrayRef2<f64>, weight: &ArrayRef2<f64>, x: &ArrayRef2<f64>) -> Array2<f64> {
    relu_backward(product(dy, weight), x)
}

/// `dy ⊙ [y > 0]`: the gradient before a ReLU, given its output `y`.
pub fn relu_backward(mut dy: Array2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
    Zip::from(&mut dy).and(y).par_for_each(|dy, &y| *dy = if y > 0.0 { *dy } else { 0.0 });
    dy
}
