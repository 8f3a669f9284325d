//! How a reconstruction is judged: a likelihood of the image, and how its negative logarithm is reduced over a batch.

use serde::{Deserialize, Serialize};
use std::fmt;

/// p(x | z), by which the reconstruction loss of an image is measured; constants are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likelihood {
    /// Squared error Σ (x − x̂)², x̂ = sigmoid(logit): a Gaussian of variance ½.
    SquaredError,
    /// Binary cross-entropy −Σ x ln x̂ + (1 − x) ln(1 − x̂), computed from the logit.
    Bernoulli,
}

impl Likelihood {
    /// Every likelihood.
    pub const ALL: [Likelihood; 2] = [Likelihood::SquaredError, Likelihood::Bernoulli];

    /// The short name that losses and kernels carry.
    pub fn name(self) -> &'static str {
        match self {
            Likelihood::SquaredError => "mse",
            Likelihood::Bernoulli => "bce",
        }
    }

    /// The unit of its loss per image.
    pub fn unit(self) -> &'static str {
        match self {
            Likelihood::SquaredError => "squared error",
            Likelihood::Bernoulli => "nats",
        }
    }
}

/// How a loss is reduced over a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Averaged over all pixels of the batch, as `nn.MSELoss()` does.
    Mean,
    /// Summed over pixels and batch.
    Sum,
}

impl Reduction {
    /// What a sum over all pixels of a batch is multiplied by: 1, or 1 / (batch · input) for the mean.
    pub fn scale(self, batch: usize, input: usize) -> f64 {
        match self {
            Reduction::Mean => 1.0 / (batch * input) as f64,
            Reduction::Sum => 1.0,
        }
    }
}

/// A reconstruction loss: `mse_mean`, `mse_sum`, `bce_mean` or `bce_sum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Loss {
    /// What is measured.
    pub likelihood: Likelihood,
    /// How it is reduced.
    pub reduction: Reduction,
}

impl Loss {
    /// Squared error, averaged over all pixels of the batch.
    pub const MSE_MEAN: Loss = Loss { likelihood: Likelihood::SquaredError, reduction: Reduction::Mean };
    /// Squared error, summed over pixels and batch.
    pub const MSE_SUM: Loss = Loss { likelihood: Likelihood::SquaredError, reduction: Reduction::Sum };
    /// Binary cross-entropy, summed over pixels and batch.
    pub const BCE_SUM: Loss = Loss { likelihood: Likelihood::Bernoulli, reduction: Reduction::Sum };
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let reduction = match self.reduction {
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
        };
        write!(f, "{}_{reduction}", self.likelihood.name())
    }
}

impl From<Loss> for String {
    fn from(loss: Loss) -> String {
        loss.to_string()
    }
}

impl TryFrom<String> for Loss {
    type Error = String;

    fn try_from(text: String) -> Result<Loss, String> {
        let all = Likelihood::ALL
            .into_iter()
            .flat_map(|likelihood| [Reduction::Mean, Reduction::Sum].map(|reduction| Loss { likelihood, reduction }));
        let names: Vec<String> = all.clone().map(String::from).collect();
        all.zip(&names)
            .find(|(_, name)| **name == text)
            .map(|(loss, _)| loss)
            .ok_or_else(|| format!("is {text:?}, expected one of {}", names.join(", ")))
    }
}
