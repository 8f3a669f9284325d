//! The gradient that a linear layer hands to the layer before it.

use super::product::product;
use crate::model::Activation;
use ndarray::{Array2, ArrayRef2, Zip};

/// `dx[i, k] = Σⱼ dy[i, j] weight[j, k] · act′(x[i, k])`: the gradient at the pre-activation of the layer whose stored output is
/// `x`; `dy` is `[m, n]`, `weight` `[n, k]`, `x` and `dx` `[m, k]`.
pub fn linear_backward(
    dy: &ArrayRef2<f64>,
    weight: &ArrayRef2<f64>,
    x: &ArrayRef2<f64>,
    activation: Activation,
) -> Array2<f64> {
    activation_backward(product(dy, weight), x, activation)
}

/// `dy ⊙ act′(y)`: the gradient before an activation, given its output `y`.
pub fn activation_backward(mut dy: Array2<f64>, y: &ArrayRef2<f64>, activation: Activation) -> Array2<f64> {
    Zip::from(&mut dy).and(y).par_for_each(|dy, &y| *dy *= activation.derivative(y));
    dy
}
