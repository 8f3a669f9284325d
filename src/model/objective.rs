//! What a training step minimises.

use super::{Loss, Reduction};
use serde::{Deserialize, Serialize};

/// What a step minimises: reconstruction loss + β · KL.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The reconstruction loss.
    pub loss: Loss,
    /// Weight of the KL divergence (summed over latents and batch); 0 for the AE.
    pub beta: f64,
}

impl Objective {
    /// What gradients are multiplied by before they are rounded to f16, which holds 6e-5 to 65504: the power of two nearest to the
    /// number of values that the loss is averaged over. A KL divergence, which is not averaged, stays as it is.
    pub fn loss_scale(&self, values: usize) -> f32 {
        match self.loss.reduction {
            Reduction::Mean if self.beta == 0.0 => (values as f32).log2().round().exp2(),
            Reduction::Mean | Reduction::Sum => 1.0,
        }
    }
}
