//! The decoder's last layer, the reconstruction loss and its gradient.

use super::linear::{Linear, linear};
use crate::model::Loss;
use ndarray::{Array1, Array2, ArrayRef2, Zip};

/// What the output kernel gives for one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Reconstruction loss of each image, summed over its pixels, `[batch]`.
    pub loss: Array1<f64>,
    /// Gradient of the reduced loss at the logits, `[batch, input]`.
    pub dlogits: Array2<f64>,
}

/// `logits = d Wᵀ + b`, the loss of each image against `x`, and its gradient as the loss is reduced; `d` is `[batch, width]`,
/// the layer's weight `[input, width]`, `x` `[batch, input]` in [0, 1]. For likelihoods of logits.
pub fn output(d: &ArrayRef2<f64>, layer: &Linear, x: &ArrayRef2<f64>, loss: Loss) -> Output {
    let mut dlogits = linear(d, layer); // the logits, until each is replaced by its gradient
    let scale = loss.reduction.scale(x.nrows(), x.ncols());
    let rows = Zip::from(dlogits.rows_mut()).and(x.rows());
    let losses = rows.par_map_collect(|dlogits, x| {
        let mut sum = 0.0;
        Zip::from(dlogits).and(x).for_each(|dlogit, &x| {
            let found = loss.likelihood.pixel(*dlogit, 0.0, x);
            sum += found.loss;
            *dlogit = scale * found.output;
        });
        sum
    });
    Output { loss: losses, dlogits }
}
