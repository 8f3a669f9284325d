//! What a training step minimises.

use serde::{Deserialize, Serialize};

/// The reconstruction loss and how it is reduced over a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Squared error, averaged over all pixels of the batch (`nn.MSELoss()`).
    MseMean,
    /// Squared error, summed over pixels and batch.
    MseSum,
    /// Binary cross-entropy from logits, summed over pixels and batch.
    BceSum,
}

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
        match self.loss {
            Loss::MseMean if self.beta == 0.0 => (values as f32).log2().round().exp2(),
            Loss::MseMean | Loss::MseSum | Loss::BceSum => 1.0,
        }
    }
}
