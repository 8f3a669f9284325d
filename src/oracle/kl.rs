//! The Kullback-Leibler divergence of a diagonal Gaussian from N(0, 1).

use ndarray::{Array1, ArrayRef2, Zip};

/// `kl[i] = −½ Σⱼ (1 + log σ² − μ² − σ²)` in nats; `mu` and `log_var` (bounded) are `[batch, latent]`, `kl` `[batch]`.
/// Kingma and Welling (2014), appendix B; `1 − σ²` is taken as `−expm1(log σ²)`, which keeps its digits near σ = 1.
pub fn kl(mu: &ArrayRef2<f64>, log_var: &ArrayRef2<f64>) -> Array1<f64> {
    let terms = Zip::from(mu).and(log_var).map_collect(|mu, log_var| -0.5 * (log_var - mu * mu - log_var.exp_m1()));
    terms.rows().into_iter().map(|row| row.iter().sum()).collect()
}
