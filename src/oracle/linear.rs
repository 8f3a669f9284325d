//! One linear layer with its activation.

use super::product::product;
use crate::model::{Activation, Kept};
use ndarray::{Array1, Array2, ArrayRef2, Zip};

/// The parameters of a linear layer, or anything shaped like them: gradients, moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// `[out, in]`, as PyTorch keeps it.
    pub weight: Array2<f64>,
    /// `[out]`
    pub bias: Array1<f64>,
}

impl Linear {
    /// Zeros for `out` outputs of `inp` inputs.
    pub fn zeros(out: usize, inp: usize) -> Linear {
        Linear { weight: Array2::zeros((out, inp)), bias: Array1::zeros(out) }
    }
}

/// What an activated layer makes of its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Activated {
    /// `[m, n]`
    pub output: Array2<f64>,
    /// What was activated, `[m, n]`, where the derivative is computed from it.
    pub sums: Option<Array2<f64>>,
}

impl Activated {
    /// `activation` of `sums`.
    pub fn new(sums: Array2<f64>, activation: Activation) -> Activated {
        let kept = (activation.kept() == Kept::Sum).then(|| sums.clone());
        let mut output = sums;
        output.par_mapv_inplace(|a| activation.forward(a));
        Activated { output, sums: kept }
    }

    /// What the derivative of the activation is computed from, `[m, n]`: see [`Activation::kept`].
    pub fn kept(&self) -> &Array2<f64> {
        self.sums.as_ref().unwrap_or(&self.output)
    }
}

/// `a[i, j] = Σₖ x[i, k] weight[j, k] + bias[j]`; `x` is `[m, k]`, `weight` `[n, k]`, `bias` `[n]`, `a` `[m, n]`.
pub fn linear(x: &ArrayRef2<f64>, layer: &Linear) -> Array2<f64> {
    let mut sums = product(x, &layer.weight.t());
    Zip::from(sums.rows_mut()).par_for_each(|mut row| row += &layer.bias);
    sums
}

/// `act(a)` of the sums a that [`linear`] gives.
pub fn activated(x: &ArrayRef2<f64>, layer: &Linear, activation: Activation) -> Activated {
    Activated::new(linear(x, layer), activation)
}
