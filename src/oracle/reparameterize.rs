//! The reparameterization of Kingma and Welling, "Auto-encoding variational Bayes" (2014), with log σ² bounded.

use ndarray::{Array2, ArrayRef2, Zip};

/// The least log σ²; `exp` of half of it is 3·10⁻⁷.
pub const LOG_VAR_MIN: f64 = -30.0;
/// The greatest log σ²; `exp` of it is 5·10⁸.
pub const LOG_VAR_MAX: f64 = 20.0;

/// `min(max(log_var, LOG_VAR_MIN), LOG_VAR_MAX)`, and NaN for NaN. Its gradient is 1 inside the bounds, 0 at them and beyond.
pub fn bound(log_var: f64) -> f64 {
    log_var.clamp(LOG_VAR_MIN, LOG_VAR_MAX)
}

/// The derivative of [`bound`], told from its result.
pub fn bound_backward(log_var: f64) -> f64 {
    if LOG_VAR_MIN < log_var && log_var < LOG_VAR_MAX { 1.0 } else { 0.0 }
}

/// `z = μ + exp(½ log σ²) ε`, all `[batch, latent]`; `log_var` is already bounded.
pub fn reparameterize(mu: &ArrayRef2<f64>, log_var: &ArrayRef2<f64>, eps: &ArrayRef2<f64>) -> Array2<f64> {
    Zip::from(mu).and(log_var).and(eps).map_collect(|mu, log_var, eps| mu + (0.5 * log_var).exp() * eps)
}
