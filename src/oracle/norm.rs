//! The norm of all gradients of a step, and how they are clipped by it (Pascanu, Mikolov and Bengio, 2013).

use ndarray::{Array2, ArrayRef2};

/// `‖g‖ = √Σ g²`
pub fn norm<'a>(gradients: impl IntoIterator<Item = &'a f64>) -> f64 {
    gradients.into_iter().map(|g| g * g).sum::<f64>().sqrt()
}

/// What every gradient is multiplied by so that their norm is at most `most`: `min(1, most / (‖g‖ + 1e-6))`, as
/// `torch.nn.utils.clip_grad_norm_` has it; NaN for a norm that is NaN.
pub fn clip_scale(norm: f64, most: f64) -> f64 {
    let scale = most / (norm + 1e-6);
    if scale > 1.0 { 1.0 } else { scale }
}

/// `sums[group, c] = Σ g[i, c]²` over the rows i that `group` owns: `lanes` of every `groups · lanes`; `g` is `[count, 4]`.
pub fn square_sums(g: &ArrayRef2<f64>, groups: usize, lanes: usize) -> Array2<f64> {
    let mut sums = Array2::zeros((groups, 4));
    for (i, row) in g.rows().into_iter().enumerate() {
        let mut own = sums.row_mut(i / lanes % groups);
        own += &row.mapv(|g| g * g);
    }
    sums
}
