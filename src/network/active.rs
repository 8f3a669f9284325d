//! Which latents a model uses.

use super::Encoding;

/// A latent dimension is active where the variance of its mean over the images is greater (Burda, Grosse and Salakhutdinov,
/// "Importance weighted autoencoders", 2016).
pub const ACTIVE: f64 = 0.01;

/// How many of these variances are of active dimensions.
pub fn active_units(variances: &[f64]) -> usize {
    variances.iter().filter(|&&variance| variance > ACTIVE).count()
}

/// Averages of the columns of `values` `[count, width]`.
pub fn means(values: &[f64], width: usize) -> Vec<f64> {
    let count = values.len() / width;
    (0..width).map(|j| values.iter().skip(j).step_by(width).sum::<f64>() / count as f64).collect()
}

/// Variances over the images of what the encoder gives as the mean.
pub fn variances(encoding: &Encoding, latent: usize) -> Vec<f64> {
    let values: Vec<f64> = encoding.mean().iter().copied().map(f64::from).collect();
    let centre = means(&values, latent);
    let squares: Vec<f64> =
        values.iter().zip(centre.iter().cycle()).map(|(value, mean)| (value - mean).powi(2)).collect();
    means(&squares, latent)
}
