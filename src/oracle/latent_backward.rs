//! The gradients of the narrow middle, row by row.

use super::importance::Importance;
use super::latent::{Latent, LatentLayers};
use super::linear_backward::{activation_backward, linear_backward};
use super::product::product;
use super::reparameterize_backward::{condition_backward, reparameterize_backward};
use ndarray::{Array2, ArrayRef2};

/// What the latent backward kernels give for one batch; gradients of activated layers are at their pre-activation.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentGradients {
    /// At the label projector's pre-activation, `[batch, latent]`; where the label is projected.
    pub dprojection: Option<Array2<f64>>,
    /// At μ and at the unbounded log σ², `[batch, latent]` each; the AE has none.
    pub dgaussian: Option<(Array2<f64>, Array2<f64>)>,
    /// At the code's pre-activation, `[batch, latent]`, where there is a code.
    pub dcode: Option<Array2<f64>>,
    /// At the last hidden layer's pre-activation, `[batch, width]`.
    pub dh: Array2<f64>,
}

/// From `dd1` `[batch · samples, width]`, the gradient at d1's pre-activation, back to the last hidden layer, of which `h`
/// `[batch, width]` is kept:
/// `dc = dd1 Wd`; dz and dprojection by [`condition_backward`]; dμ and dlog σ² by [`reparameterize_backward`];
/// `dcode = (dμ Wμ + dlog σ² Wσ) ⊙ act′(code)`, or `dz ⊙ act′(code)` for the AE; `dh = dcode Wc ⊙ act′(h)`. Without a code μ and
/// log σ² hand their gradients to h.
pub fn latent_backward(
    dd1: &ArrayRef2<f64>,
    layers: &LatentLayers,
    latent: &Latent,
    eps: &ArrayRef2<f64>,
    h: &ArrayRef2<f64>,
    beta: f64,
    importance: Option<&Importance>,
) -> LatentGradients {
    let dc = product(dd1, &layers.decoder.weight);
    let (dz, dprojection) = condition_backward(&dc, latent, layers);
    let dgaussian =
        latent.gaussian.as_ref().map(|q| reparameterize_backward(&dz, &q.mu, &q.log_var, eps, beta, importance));
    let below = match (layers.heads, &dgaussian) {
        (Some((mu, log_var)), Some((dmu, dlog_var))) => product(dmu, &mu.weight) + product(dlog_var, &log_var.weight),
        _ => dz,
    };
    match (layers.code, &latent.code) {
        (Some((layer, activation)), Some(code)) => {
            let dcode = match activation {
                Some(activation) => activation_backward(below, code.kept(), activation),
                None => below,
            };
            let dh = linear_backward(&dcode, &layer.weight, h, layers.activation);
            LatentGradients { dprojection, dgaussian, dcode: Some(dcode), dh }
        }
        _ => {
            let dh = activation_backward(below, h, layers.activation);
            LatentGradients { dprojection, dgaussian, dcode: None, dh }
        }
    }
}
