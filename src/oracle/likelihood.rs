//! The reconstruction loss of every sample of an image.

use crate::model::{Likelihood, Pixel, Variance};
use ndarray::{Array1, ArrayRef1, ArrayRef2};
use rayon::prelude::*;

/// What the decoder gives for a batch: logits, or the means of a Gaussian and where its log σ² is.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'a> {
    /// `[batch · samples, input]`; where the decoder gives log σ² too, it stands behind the means: `[batch · samples, 2 · input]`.
    pub values: &'a ArrayRef2<f64>,
    /// The learned log σ² of a Gaussian, `[input]`.
    pub log_var: Option<&'a ArrayRef1<f64>>,
}

impl Outputs<'_> {
    /// Loss and derivatives of value `j` of a row, whose image has `x` there.
    pub(super) fn pixel(&self, likelihood: Likelihood, row: usize, j: usize, input: usize, x: f64) -> Pixel {
        let log_var = match likelihood.variance() {
            Variance::None => 0.0,
            Variance::Learned => self.log_var.map_or(0.0, |log_var| log_var[j]),
            Variance::Decoded => self.values[[row, input + j]],
        };
        likelihood.pixel(self.values[[row, j]], log_var, x)
    }
}

/// The loss of each sample, `[batch · samples]`, summed over the values of its image; `x` is `[batch, input]`.
pub fn losses(outputs: &Outputs, x: &ArrayRef2<f64>, likelihood: Likelihood) -> Array1<f64> {
    let (rows, input) = (outputs.values.nrows(), x.ncols());
    let samples = rows / x.nrows();
    let loss = |row: usize| -> f64 {
        (0..input).map(|j| outputs.pixel(likelihood, row, j, input, x[[row / samples, j]]).loss).sum()
    };
    (0..rows).into_par_iter().map(loss).collect::<Vec<f64>>().into()
}
