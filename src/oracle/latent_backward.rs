//! The gradients of the narrow middle, row by row.

use super::latent::{Latent, LatentLayers};
use super::linear_backward::{activation_backward, linear_backward};
use super::product::product;
use super::reparameterize_backward::{projection_backward, reparameterize_backward};
use ndarray::{Array2, ArrayRef2};

/// What the latent backward kernel gives for one batch; gradients of activated layers are at their pre-activation.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentGradients {
    /// At z, which is also the gradient at the decoder's input, `[batch, latent]`.
    pub dz: Array2<f64>,
    /// At the label projector's pre-activation, `[batch, latent]`; the CVAE's alone.
    pub dprojection: Option<Array2<f64>>,
    /// At μ and at the unbounded log σ², `[batch, latent]` each; the AE has none.
    pub dgaussian: Option<(Array2<f64>, Array2<f64>)>,
    /// At the code's pre-activation, `[batch, latent]`.
    pub dcode: Array2<f64>,
    /// At the last hidden layer's pre-activation, `[batch, width]`.
    pub dh: Array2<f64>,
}

/// From `dd1` `[batch, width]`, the gradient at d1's pre-activation, back to the last hidden layer, of which `h` `[batch, width]`
/// is kept:
/// `dz = dd1 Wd`; `dμ = dz + β μ`; `dlog σ² = ½ dz ε exp(½ log σ²) + ½ β (σ² − 1)` inside the bounds of log σ²;
/// `dcode = (dμ Wμ + dlog σ² Wσ) ⊙ act′(code)`, or `dz ⊙ act′(code)` for the AE; `dh = dcode Wc ⊙ act′(h)`.
pub fn latent_backward(
    dd1: &ArrayRef2<f64>,
    layers: &LatentLayers,
    latent: &Latent,
    eps: &ArrayRef2<f64>,
    h: &ArrayRef2<f64>,
    beta: f64,
) -> LatentGradients {
    let dz = product(dd1, &layers.decoder.weight);
    let dprojection =
        latent.projection.as_ref().map(|projection| projection_backward(&dz, projection.kept(), layers.activation));
    let dgaussian = latent.gaussian.as_ref().map(|q| reparameterize_backward(&dz, &q.mu, &q.log_var, eps, beta));
    let dcode = match (layers.heads, &dgaussian) {
        (Some((mu, log_var)), Some((dmu, dlog_var))) => product(dmu, &mu.weight) + product(dlog_var, &log_var.weight),
        _ => dz.clone(),
    };
    let dcode = activation_backward(dcode, latent.code.kept(), layers.activation);
    let dh = linear_backward(&dcode, &layers.code.weight, h, layers.activation);
    LatentGradients { dz, dprojection, dgaussian, dcode, dh }
}
