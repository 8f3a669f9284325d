//! The importance of the samples of an image, and the bound of ln p(x) that they give.

use crate::model::Bound;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// What the samples of a batch weigh.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// The bound they are weighted for.
    pub bound: Bound,
    /// w̃ = softmax(w) over the samples of an image, `[batch, samples]`; 1 / samples for the ELBO.
    pub weights: Array2<f64>,
    /// ln (1/K) Σ exp w of each image in nats, `[batch]`.
    pub bounds: Array1<f64>,
    /// Estimate of the KL divergence, the mean over the samples of ln q(z | x) − ln p(z), in nats, `[batch]`.
    pub kl: Array1<f64>,
}

/// ln of the mean of exp over (value, how often it counts), without overflow.
pub fn log_mean_exp(values: &[(f64, usize)]) -> f64 {
    let largest = values.iter().fold(f64::NEG_INFINITY, |largest, &(value, _)| largest.max(value));
    let (sum, count) = values
        .iter()
        .fold((0.0, 0), |(sum, count), &(value, times)| (sum + times as f64 * (value - largest).exp(), count + times));
    largest + (sum / count as f64).ln()
}

/// ln p(z) − ln q(z | x) = ½ Σⱼ (ε² + log σ² − z²) of each sample, `[batch · samples]`; z and ε are `[batch · samples, latent]`,
/// bounded log σ² `[batch, latent]`.
pub fn log_prior_ratio(z: &ArrayRef2<f64>, eps: &ArrayRef2<f64>, log_var: &ArrayRef2<f64>) -> Array1<f64> {
    let samples = z.nrows() / log_var.nrows();
    Array1::from_shape_fn(z.nrows(), |row| {
        let terms = z.row(row).into_iter().zip(eps.row(row)).zip(log_var.row(row / samples));
        terms.map(|((z, eps), log_var)| 0.5 * (eps * eps + log_var - z * z)).sum()
    })
}

/// From the reconstruction loss −ln p(x | z) of each sample and its [`log_prior_ratio`], `[batch · samples]` each:
/// w = −loss + β · ratio.
pub fn importance(
    losses: &ArrayRef1<f64>,
    ratios: &ArrayRef1<f64>,
    samples: usize,
    beta: f64,
    bound: Bound,
) -> Importance {
    let images = losses.len() / samples;
    let log_weight = |image: usize, sample: usize| {
        let row = image * samples + sample;
        beta * ratios[row] - losses[row]
    };
    let bounds = Array1::from_shape_fn(images, |image| {
        log_mean_exp(&(0..samples).map(|sample| (log_weight(image, sample), 1)).collect::<Vec<_>>())
    });
    let weights = Array2::from_shape_fn((images, samples), |(image, sample)| match bound.is_weighted() {
        true => (log_weight(image, sample) - bounds[image]).exp() / samples as f64,
        false => 1.0 / samples as f64,
    });
    let mean = |image: usize| {
        let ratios = (0..samples).map(|sample| ratios[image * samples + sample]);
        -ratios.sum::<f64>() / samples as f64
    };
    Importance { bound, weights, bounds, kl: Array1::from_shape_fn(images, mean) }
}
