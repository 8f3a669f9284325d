//! The negative log-likelihood of a split, estimated by importance sampling.

use crate::{
    Result,
    data::Split,
    network::{Codec, Observed},
};
use serde::Serialize;

/// An estimate of −ln p(x) in nats per image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Nll {
    /// Its mean over the images.
    pub nll: f64,
    /// The standard error of that mean: how far other images of the same kind would move it.
    #[serde(rename = "nll_standard_error")]
    pub standard_error: f64,
    /// Images it is of.
    #[serde(rename = "nll_images")]
    pub images: usize,
    /// Samples of each.
    #[serde(rename = "nll_samples")]
    pub samples: usize,
}

/// Estimates the negative log-likelihood of the first `images` images of a split (all where there are fewer), from `samples` samples of
/// each. The estimate is an upper bound in expectation, and falls with more samples.
///
/// # Errors
/// As [`Codec::evidence`].
pub fn nll(
    codec: &Codec,
    split: &Split,
    images: usize,
    samples: usize,
    seed: u64,
    progress: &mut dyn FnMut(f64),
) -> Result<Nll> {
    let images = images.min(split.count);
    let labels = split.labels.as_deref().map(|labels| &labels[..images]);
    let observed = Observed { images: split.images.rows().slice(0..images * codec.model().input), labels };
    let found = codec.evidence(observed, samples, seed, progress)?;
    let mean = found.iter().sum::<f64>() / images as f64;
    let squares = found.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let standard_error = (squares / (images.max(2) - 1) as f64 / images as f64).sqrt();
    Ok(Nll { nll: -mean, standard_error, images, samples })
}
