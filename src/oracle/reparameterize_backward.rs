//! The gradients of the reparameterization, of the KL divergence, and of what the label makes of z.

use super::importance::Importance;
use super::latent::{Latent, LatentLayers, repeated, summed};
use super::linear_backward::activation_backward;
use super::reparameterize::{bound, bound_backward};
use crate::model::{Bound, Condition};
use ndarray::{Array2, ArrayRef2, s};

/// dμ and dlog σ², `[batch, latent]` each, from dz `[batch · samples, latent]`, with σ = exp(½ log σ²) and sums over the samples of
/// an image. Without importance, the closed form of the KL divergence is weighted by β:
/// `dμ = Σ dz + β μ`; `dlog σ² = ½ (Σ dz ε σ + β (σ² − 1))`. With weights w̃ of the samples, dz being w̃ times that of
/// −ln p(x | z): `g = dz + w̃ β z`, `dμ = Σ g`, `dlog σ² = ½ (Σ g ε σ − β)`; doubly reparameterized: `g = w̃ dz + w̃² β (z − ε / σ)`,
/// `dμ = Σ g`, `dlog σ² = ½ Σ g ε σ`. dlog σ² is 0 at the bounds of log σ² and beyond.
pub fn reparameterize_backward(
    dz: &ArrayRef2<f64>,
    mu: &ArrayRef2<f64>,
    log_var: &ArrayRef2<f64>,
    eps: &ArrayRef2<f64>,
    beta: f64,
    importance: Option<&Importance>,
) -> (Array2<f64>, Array2<f64>) {
    let samples = dz.nrows() / mu.nrows();
    let mut dmu = Array2::zeros(mu.dim());
    let dlog_var = Array2::from_shape_fn(mu.dim(), |(image, j)| {
        let (mu, log_var) = (mu[[image, j]], bound(log_var[[image, j]]));
        let sigma = (0.5 * log_var).exp();
        let (mut sum, mut slope) = (0.0, 0.0);
        for sample in 0..samples {
            let (dz, eps) = (dz[[image * samples + sample, j]], eps[[image * samples + sample, j]]);
            let z = mu + sigma * eps;
            let g = match importance.map(|found| (found.bound, found.weights[[image, sample]])) {
                Some((Bound::Dreg, w)) => w * (dz + w * beta * (z - eps / sigma)),
                Some((_, w)) => dz + w * beta * z,
                None => dz,
            };
            sum += g;
            slope += g * eps * sigma;
        }
        let (of_mu, of_log_var) = match importance.map(|found| found.bound) {
            Some(Bound::Dreg) => (0.0, 0.0),
            Some(_) => (0.0, -beta),
            None => (beta * mu, beta * log_var.exp_m1()),
        };
        dmu[[image, j]] = sum + of_mu;
        bound_backward(log_var) * 0.5 * (slope + of_log_var)
    });
    (dmu, dlog_var)
}

/// dz `[batch · samples, latent]` and the gradient before the projection's activation, `[batch, latent]`, from dc, the gradient of the
/// decoder's input: `dz = dc · ∂c/∂z`, `dprojection = act′(projection) · Σ dc · ∂c/∂p` over the samples of an image.
pub fn condition_backward(
    dc: &ArrayRef2<f64>,
    latent: &Latent,
    layers: &LatentLayers,
) -> (Array2<f64>, Option<Array2<f64>>) {
    let (z, samples) = (&latent.z, latent.z.nrows() / latent.kl.len());
    let dc = dc.slice(s![.., ..z.ncols()]).to_owned(); // what stands behind z takes no gradient
    let Some(projection) = &latent.projection else { return (dc, None) };
    let (dz, dp) = conditioned_backward(&dc, z, &projection.output, layers.condition);
    (dz, Some(activation_backward(summed(&dp, samples), projection.kept(), layers.activation)))
}

/// dz and dp of every sample, `[batch · samples, latent]`, from dc, for what [`conditioned`](super::latent::conditioned) computes of z
/// and the projection.
pub fn conditioned_backward(
    dc: &Array2<f64>,
    z: &Array2<f64>,
    projection: &ArrayRef2<f64>,
    condition: Condition,
) -> (Array2<f64>, Array2<f64>) {
    match condition {
        Condition::Mean => (0.5 * dc, 0.5 * dc),
        Condition::Multiply => (dc * &repeated(projection, z.nrows() / projection.nrows()), dc * z),
        Condition::Add | Condition::Concat => (dc.clone(), dc.clone()),
    }
}
