//! What a training step minimises.

use super::{Kind, Likelihood, Loss, Reduction};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which bound of ln p(x) a variational model is trained by, and how the gradient of its encoder is estimated. w is
/// ln p(x | z) + β (ln p(z) − ln q(z | x)) of one of K samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// The evidence lower bound, ln p(x | z) averaged over the samples less β times the KL divergence in closed form.
    #[default]
    Elbo,
    /// ln (1/K) Σ exp w, importance-weighted (Burda, Grosse and Salakhutdinov 2016).
    Iwae,
    /// The same bound, the encoder's gradient doubly reparameterized (Tucker et al. 2019); with one sample "sticking the landing".
    Dreg,
}

impl Bound {
    /// Every bound.
    pub const ALL: [Bound; 3] = [Bound::Elbo, Bound::Iwae, Bound::Dreg];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Elbo => "elbo",
            Bound::Iwae => "iwae",
            Bound::Dreg => "dreg",
        }
    }

    /// Whether samples are weighted by their importance.
    pub fn is_weighted(self) -> bool {
        self != Bound::Elbo
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a step minimises: reconstruction loss + β · KL, or the negative of an importance-weighted bound.
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
    /// The bound.
    #[serde(default, skip_serializing_if = "is_elbo")]
    pub bound: Bound,
    /// K, the draws of z per image.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub samples: usize,
}

fn is_elbo(bound: &Bound) -> bool {
    *bound == Bound::Elbo
}

fn one() -> usize {
    1
}

fn is_one(samples: &usize) -> bool {
    *samples == 1
}

impl Objective {
    /// What a model of this kind minimises unless another reduction or weight is asked for.
    pub fn new(kind: Kind, likelihood: Likelihood) -> Objective {
        let loss = Loss { likelihood, reduction: likelihood.reduction(kind) };
        Objective::elbo(loss, if kind.is_variational() { likelihood.beta() } else { 0.0 })
    }

    /// `loss` + `beta` · KL with one draw of z per image.
    pub fn elbo(loss: Loss, beta: f64) -> Objective {
        Objective { loss, beta, bound: Bound::Elbo, samples: 1 }
    }

    /// Whether the loss and its gradient are of one draw of z per image, each of the same weight, and of logits: what the decoder's
    /// last layer can end with.
    pub fn is_plain(&self) -> bool {
        !self.bound.is_weighted() && self.samples == 1 && Likelihood::OF_LOGITS.contains(&self.loss.likelihood)
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
