//! Adam (Kingma and Ba, 2015) as `torch.optim.Adam` has it: bias-corrected, ε outside the root; with weight decay,
//! `torch.optim.AdamW` (Loshchilov and Hutter, 2019).

use crate::model::Adam;
use ndarray::{ArrayRef, Dimension, Zip};

/// Step `t` (counted from 1) on one tensor, in place: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `param ← param (1 − lr · weight decay) − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`.
pub fn adam<D: Dimension>(
    param: &mut ArrayRef<f64, D>,
    m: &mut ArrayRef<f64, D>,
    v: &mut ArrayRef<f64, D>,
    gradient: &ArrayRef<f64, D>,
    args: &Adam,
    t: u64,
) {
    let Adam { beta1, beta2, epsilon, .. } = *args;
    let ([step_size, correction], decay) = (args.scales(t), args.decay());
    Zip::from(param).and(m).and(v).and(gradient).par_for_each(|param, m, v, &g| {
        *m = beta1 * *m + (1.0 - beta1) * g;
        *v = beta2 * *v + (1.0 - beta2) * g * g;
        *param = *param * decay - step_size * *m / (v.sqrt() * correction + epsilon);
    });
}
