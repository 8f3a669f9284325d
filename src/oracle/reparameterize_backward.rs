//! The gradients of the reparameterization and of the KL divergence.

use super::linear_backward::activation_backward;
use super::reparameterize::{bound, bound_backward};
use crate::model::Activation;
use ndarray::{Array2, ArrayRef2, Zip};

/// dμ and dlog σ², `[batch, latent]` each, from dz: `dμ = dz + β μ`; `dlog σ² = ½ (dz ε σ + β (σ² − 1))` inside the bounds of
/// log σ², 0 at them and beyond. Everything is `[batch, latent]`.
pub fn reparameterize_backward(
    dz: &ArrayRef2<f64>,
    mu: &ArrayRef2<f64>,
    log_var: &ArrayRef2<f64>,
    eps: &ArrayRef2<f64>,
    beta: f64,
) -> (Array2<f64>, Array2<f64>) {
    let dmu = Zip::from(dz).and(mu).map_collect(|dz, mu| dz + beta * mu);
    let dlog_var = Zip::from(dz).and(eps).and(log_var).map_collect(|dz, eps, &log_var| {
        let log_var = bound(log_var);
        bound_backward(log_var) * 0.5 * (dz * eps * (0.5 * log_var).exp() + beta * log_var.exp_m1())
    });
    (dmu, dlog_var)
}

/// `dprojection = dz · act′(kept)`: the gradient before the projection's activation, `[batch, latent]`.
pub fn projection_backward(dz: &ArrayRef2<f64>, kept: &ArrayRef2<f64>, activation: Activation) -> Array2<f64> {
    activation_backward(dz.to_owned(), kept, activation)
}
