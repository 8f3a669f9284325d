//! The gradient that a linear layer hands to the layer before it.

use super::product::product;
use crate::model::Activation;
use ndarray::{Array2, ArrayRef2, Zip};

/// `dx[i, k] = Σⱼ dy[i, j] weight[j, k] · act′(kept[i, k])`: the gradient at the pre-activation of the layer that gave x, from what
/// was kept of it; `dy` is `[m, n]`, `weight` `[n, k]`, `kept` and `dx` `[m, k]`.
pub fn linear_backward(
    dy: &ArrayRef2<f64>,
    weight: &ArrayRef2<f64>,
    kept: &ArrayRef2<f64>,
    activation: Activation,
) -> Array2<f64> {
    activation_backward(product(dy, weight), kept, activation)
}

/// `dy ⊙ act′(kept)`: the gradient before an activation, from what was kept of it.
pub fn activation_backward(mut dy: Array2<f64>, kept: &ArrayRef2<f64>, activation: Activation) -> Array2<f64> {
    Zip::from(&mut dy).and(kept).par_for_each(|dy, &kept| *dy *= activation.derivative(kept));
    dy
}
