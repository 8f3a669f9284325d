//! How a reconstruction is judged: a likelihood of the image, and how its negative logarithm is reduced over a batch.
//!
//! To add a likelihood: its variant and maths here, its shader part `shaders/parts/NAME.wgsl`, its line in
//! [`kernels::output`](crate::kernels::output), its error analysis in [`proofs`](crate::proofs). Everything that lists likelihoods
//! goes through [`Likelihood::ALL`].

use super::Kind;
use crate::Error;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

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

    /// How a model of this kind reduces it, unless another reduction is asked for: an autoencoder's squared error is averaged, as in
    /// the article.
    pub fn reduction(self, kind: Kind) -> Reduction {
        match self {
            Likelihood::SquaredError if !kind.is_variational() => Reduction::Mean,
            Likelihood::SquaredError | Likelihood::Bernoulli => Reduction::Sum,
        }
    }

    /// β of a variational model, unless another is asked for: the article's beside squared error, and 1, which makes the objective
    /// a negative ELBO, beside a likelihood in nats.
    pub fn beta(self) -> f64 {
        match self {
            Likelihood::SquaredError => 3.0,
            Likelihood::Bernoulli => 1.0,
        }
    }

    /// One pixel's loss and its derivative by the logit `a`, with p = sigmoid(a): `(p − x)²` and `2 (p − x) p (1 − p)`; or
    /// `−x ln p − (1 − x) ln(1 − p) = softplus(a) − x a` and `p − x`. softplus(a) = max(a, 0) + ln(1 + exp(−|a|)), and
    /// max(a, 0) − x a is taken as one product so that nothing cancels.
    pub fn pixel(self, a: f64, x: f64) -> (f64, f64) {
        let e = (-a.abs()).exp();
        let r = 1.0 / (1.0 + e);
        let p = if a < 0.0 { e * r } else { r };
        match self {
            Likelihood::SquaredError => ((p - x) * (p - x), 2.0 * (p - x) * e * r * r),
            Likelihood::Bernoulli => (if a < 0.0 { -x * a } else { (1.0 - x) * a } + e.ln_1p(), p - x),
        }
    }
}

impl FromStr for Likelihood {
    type Err = Error;

    fn from_str(text: &str) -> Result<Likelihood, Error> {
        let found = Likelihood::ALL.into_iter().find(|likelihood| likelihood.name() == text);
        found.ok_or_else(|| {
            let problem = format!("is {text:?}, expected {}", Likelihood::ALL.map(Likelihood::name).join(" or "));
            Error::invalid("--loss", problem)
        })
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
