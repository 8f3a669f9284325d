//! One linear layer with its activation.

use super::product::product;
use crate::model::Activation;
use ndarray::{Array1, Array2, ArrayRef2, Zip};

/// The parameters of a linear layer, or anything shaped like them: gradients, moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `[out, in]`, as PyTorch keeps it.
    pub weight: Array2<f64>,
    /// `[out]`
    pub bias: Array1<f64>,
}

impl Layer {
    /// Zeros for `out` outputs of `inp` inputs.
    pub fn zeros(out: usize, inp: usize) -> Layer {
        Layer { weight: Array2::zeros((out, inp)), bias: Array1::zeros(out) }
    }
}

/// `y[i, j] = act(Σₖ x[i, k] weight[j, k] + bias[j])`; `x` is `[m, k]`, `weight` `[n, k]`, `bias` `[n]`, `y` `[m, n]`.
/// Without an activation, act is the identity.
pub fn linear(x: &ArrayRef2<f64>, layer: &Layer, activation: Option<Activation>) -> Array2<f64> {
    let mut y = product(x, &layer.weight.t());
    Zip::from(y.rows_mut()).par_for_each(|mut row| {
        row += &layer.bias;
        if let Some(activation) = activation {
            row.mapv_inplace(|a| activation.forward(a));
        }
    });
    y
}
