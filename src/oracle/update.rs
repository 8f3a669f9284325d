//! The gradient of a linear layer's own parameters.

use super::linear::Linear;
use super::product::product_into;
use ndarray::{ArrayRef2, Axis};

/// `dweight[j, k] = Σᵢ dy[i, j] x[i, k]` and `dbias[j] = Σᵢ dy[i, j]`; `dy` is `[m, n]`, `x` `[m, k]`, `dweight` `[n, k]`,
/// `dbias` `[n]`.
pub fn update(dy: &ArrayRef2<f64>, x: &ArrayRef2<f64>) -> Linear {
    let mut gradient = Linear::zeros(dy.ncols(), x.ncols());
    update_into(dy, x, &mut gradient);
    gradient
}

/// As [`update`], into a `gradient` that is not read.
pub fn update_into(dy: &ArrayRef2<f64>, x: &ArrayRef2<f64>, gradient: &mut Linear) {
    product_into(&dy.t(), x, &mut gradient.weight);
    gradient.bias = dy.sum_axis(Axis(0));
}
