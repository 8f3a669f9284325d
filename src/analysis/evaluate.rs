//! The figures of a model over a split.

use super::{Judge, Nll, Score, kl_terms, score};
use crate::{
    Result,
    data::{Dataset, Split},
    gallery::prior,
    model::{Rows, Variance},
    network::{Codec, active_units, means, variances},
};
use serde::Serialize;

/// Named figures: averages per image of the split. Reconstruction figures are of one draw of z per image, as training
/// reports them (an AE's of its code); those of z = μ are in `at_mu`.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Images evaluated.
    pub images: usize,
    /// Squared error per pixel.
    pub mse: f64,
    /// Squared error per image.
    pub squared_error: f64,
    /// Binary cross-entropy of the gray pixels, in nats; none of a model with a Gaussian likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bce: Option<f64>,
    /// ln p(x | z) of a model with a Gaussian likelihood in nats, constants included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_likelihood: Option<f64>,
    /// KL divergence from N(0, 1) in nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// ln p(x | z) − kl in nats, one draw's estimate; of a decoder of logits −(bce + kl).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elbo: Option<f64>,
    /// The reconstruction from z = μ.
    #[serde(flatten)]
    pub at_mu: Option<AtMu>,
    /// Latent dimensions whose mean (an AE's code) varies by more than [`ACTIVE`](crate::network::ACTIVE) over the images.
    pub active_units: usize,
    /// Variance of the mean (an AE's code) over the images, by dimension.
    pub variance_per_dimension: Vec<f64>,
    /// Average KL of each latent dimension in nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_per_dimension: Option<Vec<f64>>,
    /// −ln p(x) in nats per image, where it was estimated.
    #[serde(flatten)]
    pub nll: Option<Nll>,
    /// What a judge reads in a CVAE's samples.
    #[serde(flatten)]
    pub samples: Option<Samples>,
}

/// The reconstruction without noise.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AtMu {
    /// Squared error per pixel from z = μ.
    pub mse_at_mu: f64,
    /// Squared error per image from z = μ.
    pub squared_error_at_mu: f64,
    /// Binary cross-entropy in nats from z = μ; none of a model with a Gaussian likelihood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bce_at_mu: Option<f64>,
}

/// How often samples of the prior show the label they were asked for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Samples {
    /// Samples drawn, equally many of each class.
    pub samples: usize,
    /// Share of them that the judge reads as their label.
    pub label_accuracy: f64,
    /// Share of the real test images that the judge reads right: what `label_accuracy` can be trusted to.
    pub judge_accuracy: f64,
}

/// Evaluates a model on a split; `seed` decides the draws of z.
///
/// # Errors
/// As [`score`].
pub fn evaluate(codec: &Codec, split: &Split, seed: u64) -> Result<Evaluation> {
    let (scores, encoding) = score(codec, split, seed)?;
    let (latent, pixels) = (codec.model().latent, codec.model().input as f64);
    let mean = |figure: &dyn Fn(&Score) -> f64| scores.iter().map(figure).sum::<f64>() / scores.len() as f64;
    let gaussian = codec.model().kind.is_variational();
    let squared_error = mean(&|score| score.drawn.squared_error);
    let nats = mean(&|score| score.drawn.nats);
    let of_logits = codec.model().variance == Variance::None;
    let kl = gaussian.then(|| mean(&|score| score.kl.unwrap_or_default()));
    let variance_per_dimension = variances(&encoding, latent);
    Ok(Evaluation {
        images: scores.len(),
        mse: squared_error / pixels,
        squared_error,
        bce: of_logits.then_some(nats),
        log_likelihood: (!of_logits).then_some(-nats),
        kl,
        elbo: kl.map(|kl| -(nats + kl)),
        at_mu: gaussian.then(|| {
            let squared_error_at_mu = mean(&|score| score.at_mu.squared_error);
            AtMu {
                mse_at_mu: squared_error_at_mu / pixels,
                squared_error_at_mu,
                bce_at_mu: of_logits.then(|| mean(&|score| score.at_mu.nats)),
            }
        }),
        active_units: active_units(&variance_per_dimension),
        variance_per_dimension,
        kl_per_dimension: gaussian.then(|| means(&kl_terms(&encoding), latent)),
        nll: None,
        samples: None,
    })
}

/// Draws `samples` images of the prior from a CVAE, equally many of each class, and has them read by a judge that is
/// trained on the spot on the training split.
///
/// # Errors
/// As [`Codec::decode`] and [`Judge::train`].
pub fn label_accuracy(codec: &Codec, data: &Dataset, samples: usize, seed: u64) -> Result<Samples> {
    let (latent, classes) = (codec.model().latent, codec.model().classes);
    let samples = samples.next_multiple_of(classes);
    let judge = Judge::train(data, seed)?;
    let z = prior(seed, samples, latent);
    let labels: Vec<u8> = (0..samples).map(|i| (i % classes) as u8).collect();
    let images = codec.decode(&z, Some(&labels))?;
    Ok(Samples {
        samples,
        label_accuracy: judge.accuracy(Rows::Floats(&images), &labels),
        judge_accuracy: judge.test_accuracy(data)?,
    })
}
