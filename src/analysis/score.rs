//! The figures of each image: how well it is restored and what its latent costs.

use crate::{
    Result,
    data::Split,
    model::{Likelihood, Rows, Variance},
    network::{Codec, Encoding, likelihood},
    oracle::{kl::kl, noise::noise, reparameterize::reparameterize},
    random::Stream,
    train::evaluation_rows,
};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Images decoded at a time, so that their logits stay small.
const CHUNK: usize = 8192;

/// How far a reconstruction is from its image, summed over the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// By the square of the difference.
    pub squared_error: f64,
    /// By −ln p(x | z) in nats: the cross-entropy of a decoder of logits, or the Gaussian that the decoder gives, constants included.
    pub nats: f64,
    /// What the decoder gives.
    variance: Variance,
}

/// The figures of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Errors of the reconstruction from one draw of z; an AE's from its code.
    pub drawn: Errors,
    /// Errors of the reconstruction from z = μ; an AE's from its code.
    pub at_mu: Errors,
    /// KL(q(z | x) ‖ N(0, 1)) in nats; an AE has none.
    pub kl: Option<f64>,
}

impl Score {
    /// One draw's estimate of the evidence lower bound in nats: ln p(x | z) − KL. Where the decoder gives logits, p takes each pixel as
    /// a coin that shows white with the probability they give, whatever loss the model was trained with. An AE has none.
    pub fn elbo(&self) -> Option<f64> {
        self.kl.map(|kl| -(self.drawn.nats + kl))
    }
}

impl Errors {
    /// By this likelihood, in its unit; none where the decoder gives another one's parameters.
    pub fn of(&self, likelihood: Likelihood) -> Option<f64> {
        match likelihood {
            Likelihood::SquaredError => Some(self.squared_error),
            _ => (likelihood.variance() == self.variance).then_some(self.nats),
        }
    }
}

/// Scores every image of a split, and gives what the encoder says of it. `seed` decides the draws; with a run's own seed
/// and test split they are those of its `metrics.jsonl`.
///
/// # Errors
/// As [`Codec::encode_rows`] and [`Codec::decode`].
pub fn score(codec: &Codec, split: &Split, seed: u64) -> Result<(Vec<Score>, Encoding)> {
    let (latent, labels) = (codec.model().latent, split.labels.as_deref());
    let encoding = codec.encode_rows(split.images.rows(), labels)?;
    let at_mu = errors(codec, encoding.mean(), labels, split.images.rows())?;
    if encoding.mu.is_empty() {
        let scores = at_mu.into_iter().map(|errors| Score { drawn: errors, at_mu: errors, kl: None });
        return Ok((scores.collect(), encoding));
    }
    let drawn = errors(codec, &draw(&encoding, latent, seed), labels, split.images.rows())?;
    let kls = kl_terms(&encoding).chunks(latent).map(|terms| terms.iter().sum()).collect::<Vec<f64>>();
    let scores = drawn.into_iter().zip(at_mu).zip(kls);
    let scores = scores.map(|((drawn, at_mu), kl)| Score { drawn, at_mu, kl: Some(kl) });
    Ok((scores.collect(), encoding))
}

/// The errors of what latents `z` `[count, latent]` are decoded to, against `images` `[count, input]`.
///
/// # Errors
/// As [`Codec::decode`].
pub fn errors(codec: &Codec, z: &[f32], labels: Option<&[u8]>, images: Rows) -> Result<Vec<Errors>> {
    let (latent, input) = (codec.model().latent, codec.model().input);
    let count = images.len() / input;
    let mut all = Vec::with_capacity(count);
    for first in (0..count).step_by(CHUNK) {
        let rows = first..count.min(first + CHUNK);
        let labels = labels.map(|labels| &labels[rows.clone()]);
        let outputs = codec.decode_outputs(&z[rows.start * latent..rows.end * latent], labels)?;
        let pairs = outputs.par_chunks(codec.model().outputs()).zip(rows);
        let image = |row: usize| images.slice(row * input..(row + 1) * input).doubles();
        all.par_extend(pairs.map(|(outputs, row)| codec_errors(codec, outputs, &image(row))));
    }
    Ok(all)
}

/// The errors of one image.
fn codec_errors(codec: &Codec, outputs: &[f32], image: &[f64]) -> Errors {
    let variance = codec.model().variance;
    let own = likelihood(codec.model());
    let mut errors = Errors { variance, ..Errors::default() };
    for (j, &x) in image.iter().enumerate() {
        let output = f64::from(outputs[j]);
        errors.nats += own.pixel(output, log_var(codec, outputs, j), x).loss;
        errors.squared_error += match variance {
            Variance::None => Likelihood::SquaredError.pixel(output, 0.0, x).loss,
            Variance::Learned | Variance::Decoded => (output - x).powi(2),
        };
    }
    errors
}

/// log σ² of a Gaussian likelihood for value `j` of an image that is decoded to `outputs`; 0 for other likelihoods.
pub(super) fn log_var(codec: &Codec, outputs: &[f32], j: usize) -> f64 {
    match codec.model().variance {
        Variance::None => 0.0,
        Variance::Learned => codec.output_log_var()[j],
        Variance::Decoded => f64::from(outputs[codec.model().input + j]),
    }
}

/// One draw of z = μ + exp(½ log σ²) ε for each image, `[count, latent]`, with the ε of an evaluation; an AE's code as it is.
pub fn draw(encoding: &Encoding, latent: usize, seed: u64) -> Vec<f32> {
    draw_number(encoding, latent, seed, 0)
}

/// As [`draw`], one of several draws: number 0 is that of an evaluation.
pub(super) fn draw_number(encoding: &Encoding, latent: usize, seed: u64, number: usize) -> Vec<f32> {
    if encoding.mu.is_empty() {
        return encoding.code.clone();
    }
    let count = encoding.mu.len() / latent;
    let rows = evaluation_rows(count, 1) * latent;
    let batches = encoding.mu.chunks(rows).zip(encoding.log_var.chunks(rows));
    let draws = batches.enumerate().flat_map(|(entry, (mu, log_var))| {
        let (mu, log_var) = (doubles(mu, latent), doubles(log_var, latent));
        let entry = (number * count.div_ceil(rows / latent) + entry) as u64;
        let eps = noise(seed, Stream::Evaluation, entry, mu.nrows(), latent);
        reparameterize(&mu, &log_var, &eps).into_raw_vec_and_offset().0
    });
    draws.map(|z| z as f32).collect()
}

/// What each latent dimension adds to the KL of each image, `[count, latent]` in nats; empty for an AE.
pub fn kl_terms(encoding: &Encoding) -> Vec<f64> {
    kl(&doubles(&encoding.mu, 1), &doubles(&encoding.log_var, 1)).into_raw_vec_and_offset().0
}

fn doubles(values: &[f32], width: usize) -> Array2<f64> {
    let rows = ArrayView2::from_shape((values.len() / width, width), values).expect("a codec gives whole rows");
    rows.mapv(f64::from)
}
