//! How a reconstruction is judged: a likelihood of the image, and how its negative logarithm is reduced over a batch.
//!
//! To add a likelihood: its variant and maths here, its shader part `shaders/parts/NAME.wgsl`, its line in
//! [`kernels::output`](crate::kernels::output), its error analysis in [`proofs`](crate::proofs). Everything that lists likelihoods
//! goes through [`Likelihood::ALL`].

use super::{Kind, Variance};
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, fmt};

/// p(x | z), by which the reconstruction loss of an image is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likelihood {
    /// Squared error Σ (x − x̂)², x̂ = sigmoid(logit): a Gaussian of variance ½ without its constants.
    SquaredError,
    /// Binary cross-entropy −Σ x ln x̂ + (1 − x) ln(1 − x̂), computed from the logit.
    Bernoulli,
    /// −ln N(x; mean, σ²) with one learned log σ² per output value: ½ Σ (ln 2π + log σ² + (x − mean)² / σ²).
    Gaussian,
    /// The same with log σ² from the decoder.
    GaussianHeteroscedastic,
}

/// log σ² of a Gaussian likelihood lies within ± this.
pub const OUTPUT_LOG_VAR_MAX: f64 = 8.0;

/// The loss of one output value, and its derivatives.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pixel {
    /// −ln p(x | z), or the squared error.
    pub loss: f64,
    /// By what the decoder gives: a logit, or the mean of a Gaussian.
    pub output: f64,
    /// By a Gaussian's log σ²; 0 at its bounds and beyond, and for other likelihoods.
    pub log_var: f64,
}

impl Likelihood {
    /// Every likelihood.
    pub const ALL: [Likelihood; 4] =
        [Likelihood::SquaredError, Likelihood::Bernoulli, Likelihood::Gaussian, Likelihood::GaussianHeteroscedastic];
    /// Those of pixels in [0, 1], which the decoder gives as logits.
    pub const OF_LOGITS: [Likelihood; 2] = [Likelihood::SquaredError, Likelihood::Bernoulli];

    /// The short name that losses and kernels carry.
    pub fn name(self) -> &'static str {
        match self {
            Likelihood::SquaredError => "mse",
            Likelihood::Bernoulli => "bce",
            Likelihood::Gaussian => "gaussian",
            Likelihood::GaussianHeteroscedastic => "gaussian-heteroscedastic",
        }
    }

    /// The name in full, which options take too.
    pub fn full_name(self) -> &'static str {
        match self {
            Likelihood::SquaredError => "squared-error",
            Likelihood::Bernoulli => "bernoulli",
            Likelihood::Gaussian | Likelihood::GaussianHeteroscedastic => self.name(),
        }
    }

    /// Where its log σ² comes from.
    pub fn variance(self) -> Variance {
        match self {
            Likelihood::SquaredError | Likelihood::Bernoulli => Variance::None,
            Likelihood::Gaussian => Variance::Learned,
            Likelihood::GaussianHeteroscedastic => Variance::Decoded,
        }
    }

    /// The unit of its loss per image.
    pub fn unit(self) -> &'static str {
        match self {
            Likelihood::SquaredError => "squared error",
            _ => "nats",
        }
    }

    /// How a model of this kind reduces it, unless another reduction is asked for: an autoencoder's squared error is averaged, as in
    /// the article.
    pub fn reduction(self, kind: Kind) -> Reduction {
        match self {
            Likelihood::SquaredError if !kind.is_variational() => Reduction::Mean,
            _ => Reduction::Sum,
        }
    }

    /// β of a variational model, unless another is asked for: the article's beside squared error, and 1, which makes the objective
    /// a negative ELBO, beside a likelihood in nats.
    pub fn beta(self) -> f64 {
        match self {
            Likelihood::SquaredError => 3.0,
            _ => 1.0,
        }
    }

    /// The loss of one value. `output` is a logit a, with p = sigmoid(a): `(p − x)²` and `2 (p − x) p (1 − p)`; or
    /// `−x ln p − (1 − x) ln(1 − p) = softplus(a) − x a` and `p − x`, where softplus(a) = max(a, 0) + ln(1 + exp(−|a|)), and
    /// max(a, 0) − x a is taken as one product so that nothing cancels. Or it is the mean of a Gaussian with this `log_var`, not yet
    /// bounded: `½ (ln 2π + log σ² + d² / σ²)`, `d / σ²` and `½ (1 − d² / σ²)` with d = mean − x.
    pub fn pixel(self, output: f64, log_var: f64, x: f64) -> Pixel {
        if self.variance() != Variance::None {
            let bounded = log_var.clamp(-OUTPUT_LOG_VAR_MAX, OUTPUT_LOG_VAR_MAX);
            let (d, precision) = (output - x, (-bounded).exp());
            let inside = log_var.abs() < OUTPUT_LOG_VAR_MAX;
            let slope = if inside { 0.5 * (1.0 - d * d * precision) } else { 0.0 };
            let loss = 0.5 * (TAU.ln() + bounded + d * d * precision);
            return Pixel { loss, output: d * precision, log_var: slope };
        }
        let a = output;
        let e = (-a.abs()).exp();
        let r = 1.0 / (1.0 + e);
        let p = if a < 0.0 { e * r } else { r };
        let (loss, output) = match self {
            Likelihood::SquaredError => ((p - x) * (p - x), 2.0 * (p - x) * e * r * r),
            _ => (if a < 0.0 { -x * a } else { (1.0 - x) * a } + e.ln_1p(), p - x),
        };
        Pixel { loss, output, log_var: 0.0 }
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

/// A reconstruction loss by likelihood and reduction: `mse_mean`, `bce_sum`, `gaussian_sum`.
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
