//! What a training step minimises.

use super::{Kind, Likelihood, Loss, Reduction};
use serde::{Deserialize, Serialize};

/// What a step minimises: reconstruction loss + β · KL.
///
/// ```
/// use wgvae::model::{Kind, Likelihood, Objective};
///
/// let article = Objective::new(Kind::Vae, Likelihood::SquaredError);
/// assert_eq!((article.loss.to_string().as_str(), article.beta), ("mse_sum", 3.0));
/// let elbo = Objective::new(Kind::Vae, Likelihood::Bernoulli); // what is minimised is then a negative ELBO
/// assert_eq!((elbo.loss.to_string().as_str(), elbo.beta), ("bce_sum", 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The reconstruction loss.
    pub loss: Loss,
    /// Weight of the KL divergence (summed over latents and batch); 0 for the AE.
    pub beta: f64,
}

impl Objective {
    /// What a model of this kind minimises unless another reduction or weight is asked for.
    pub fn new(kind: Kind, likelihood: Likelihood) -> Objective {
        let loss = Loss { likelihood, reduction: likelihood.reduction(kind) };
        Objective { loss, beta: if kind.is_variational() { likelihood.beta() } else { 0.0 } }
    }

    /// What gradients are multiplied by before they are rounded to f16, which holds 6e-5 to 65504: the power of two nearest to the
    /// number of values that the loss is averaged over. A KL divergence, which is not averaged, stays as it is.
    pub fn loss_scale(&self, values: usize) -> f32 {
        match self.loss.reduction {
            Reduction::Mean if self.beta == 0.0 => (values as f32).log2().round().exp2(),
            Reduction::Mean | Reduction::Sum => 1.0,
        }
    }
}
