//! How unlikely a model finds each row, and which of its values make it so.

use super::score::{draw_number, kl_terms, log_var};
use crate::{
    Result,
    data::Split,
    model::Likelihood,
    network::{Codec, likelihood},
};
use rayon::prelude::*;

/// Rows decoded at a time, so that what is decoded of them stays small.
const CHUNK: usize = 8192;

/// How unlikely a model finds the rows of a split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surprise {
    /// The negative ELBO of each row in nats, averaged over draws of z; of an AE, the reconstruction error. `[count]`
    pub scores: Vec<f64>,
    /// What each value adds to it: −ln p(x | z) of that value, or its part of an AE's error, averaged over the draws. `[count, input]`
    pub parts: Vec<f32>,
}

/// Scores every row of a split from `draws` draws of z, which `seed` decides; an AE draws none. `own` is the likelihood that the
/// model was trained by: an AE's error is measured by it. `progress` is told the share that is done.
///
/// # Errors
/// As [`Codec::encode_rows`] and [`Codec::decode_outputs`].
pub fn surprise(
    codec: &Codec,
    split: &Split,
    own: Likelihood,
    draws: usize,
    seed: u64,
    progress: &mut dyn FnMut(f64),
) -> Result<Surprise> {
    let (model, labels) = (codec.model(), split.labels.as_deref());
    let variational = model.kind.is_variational();
    let (by, draws) = if variational { (likelihood(model), draws) } else { (own, 1) };
    let encoding = codec.encode_rows(split.images.rows(), labels)?;
    let mut parts = vec![0.0_f64; split.images.len()];
    for number in 0..draws {
        let z = draw_number(&encoding, model.latent, seed, number);
        for first in (0..split.count).step_by(CHUNK) {
            let rows = first..split.count.min(first + CHUNK);
            let labels = labels.map(|labels| &labels[rows.clone()]);
            let outputs = codec.decode_outputs(&z[rows.start * model.latent..rows.end * model.latent], labels)?;
            let values = rows.start * model.input..rows.end * model.input;
            let x = split.images.rows().slice(values.clone()).doubles();
            let each = parts[values].par_chunks_mut(model.input).zip(x.par_chunks(model.input));
            each.zip(outputs.par_chunks(model.outputs())).for_each(|((parts, x), outputs)| {
                for (j, (part, &x)) in parts.iter_mut().zip(x).enumerate() {
                    *part += by.pixel(outputs[j].into(), log_var(codec, outputs, j), x).loss / draws as f64;
                }
            });
        }
        progress((number + 1) as f64 / draws as f64);
    }
    let mut scores: Vec<f64> = parts.chunks(model.input).map(|parts| parts.iter().sum()).collect();
    if variational {
        let kls = kl_terms(&encoding);
        scores.iter_mut().zip(kls.chunks(model.latent)).for_each(|(score, kl)| *score += kl.iter().sum::<f64>());
    }
    Ok(Surprise { scores, parts: parts.into_iter().map(|part| part as f32).collect() })
}

impl Surprise {
    /// The mean of what each value adds, over the rows, `[input]`.
    pub fn mean_parts(&self, input: usize) -> Vec<f64> {
        let count = (self.parts.len() / input).max(1) as f64;
        (0..input)
            .map(|j| self.parts.iter().skip(j).step_by(input).map(|&part| f64::from(part)).sum::<f64>() / count)
            .collect()
    }

    /// The `most` values of row `i` that add most beyond what they `usually` add, `[input]`: their places and how much that is.
    pub fn leading(&self, i: usize, usually: &[f64], most: usize) -> Vec<(usize, f64)> {
        let parts = &self.parts[i * usually.len()..][..usually.len()];
        let mut excess: Vec<(usize, f64)> =
            parts.iter().zip(usually).map(|(&part, usual)| f64::from(part) - usual).enumerate().collect();
        excess.sort_by(|a, b| b.1.total_cmp(&a.1));
        excess.truncate(most);
        excess
    }
}
