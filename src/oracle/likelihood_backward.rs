//! The gradient of the reconstruction loss at what the decoder gives.

use super::likelihood::Outputs;
use crate::model::{Likelihood, Variance};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, Zip};

/// The gradients of Σ weight · loss: at what the decoder gives, shaped as it, and at a learned log σ², `[input]`. `weights` is
/// `[batch · samples]`.
pub fn likelihood_backward(
    outputs: &Outputs,
    x: &ArrayRef2<f64>,
    weights: &ArrayRef1<f64>,
    likelihood: Likelihood,
) -> (Array2<f64>, Option<Array1<f64>>) {
    let input = x.ncols();
    let samples = outputs.values.nrows() / x.nrows();
    let mut gradient = Array2::zeros(outputs.values.dim());
    let mut of_log_var = Array2::zeros((weights.len(), if outputs.log_var.is_some() { input } else { 0 }));
    Zip::indexed(gradient.rows_mut()).and(of_log_var.rows_mut()).par_for_each(|row, mut gradient, mut of_log_var| {
        for j in 0..input {
            let found = outputs.pixel(likelihood, row, j, input, x[[row / samples, j]]);
            gradient[j] = weights[row] * found.output;
            match likelihood.variance() {
                Variance::None => {}
                Variance::Learned => of_log_var[j] = weights[row] * found.log_var,
                Variance::Decoded => gradient[input + j] = weights[row] * found.log_var,
            }
        }
    });
    (gradient, outputs.log_var.map(|_| of_log_var.sum_axis(Axis(0))))
}
