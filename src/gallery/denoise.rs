//! Images, noise on them, and what the model restores.

use super::{Figure, Size, at_least, chosen, fill_row, fits, name};
use crate::{
    Result,
    data::Images,
    model::{Corruption, Noise},
    network::Codec,
    oracle::corrupt::corrupt,
    random::philox::EVALUATION,
};
use ndarray::Array2;

/// Images in a row of the sheet.
const COLUMNS: usize = 10;

/// Images with noise on them, what the model makes of these, and how far both are from the originals.
#[derive(Clone, Debug)]
pub struct Denoised {
    /// Originals, corrupted and restored images one above the other, ten in a row, each within [0, 1].
    pub figure: Figure,
    /// What was encoded, `[count, pixels]`; gaussian noise leads out of [0, 1].
    pub corrupted: Vec<f32>,
    /// `[count, pixels]`, in [0, 1].
    pub restored: Vec<f32>,
    /// Squared error of each corrupted and each restored image, summed over its pixels, `[count]`.
    pub errors: Vec<[f64; 2]>,
}

/// Corrupts the first `count` of `images` as an evaluation of a run with this `seed` corrupts its first batch, and restores
/// them through the mean of their latents (a CVAE under their own labels).
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a count of 0 or past the images, and for a strength that is none; as
/// [`Codec::reconstruct`].
pub fn denoise(codec: &Codec, images: &Images, count: usize, corruption: &Corruption, seed: u64) -> Result<Denoised> {
    corruption.validate()?;
    let pixels = images.pixels();
    let columns = at_least("count", count, 1)?.min(COLUMNS);
    let blocks = count.div_ceil(columns);
    fits(&Size::of_images(images).sheet(), blocks.saturating_mul(3), columns)?;

    let (originals, labels) = chosen(images, &(0..count).collect::<Vec<_>>())?;
    let x = originals.iter().copied().map(f64::from).collect();
    let x = Array2::from_shape_vec((count, pixels), x).expect("every image has as many pixels");
    let corrupted: Vec<f32> = corrupt(&x, corruption, seed, EVALUATION).iter().map(|&x| x as f32).collect();
    let latents = codec.encode(&corrupted, labels.as_deref())?.mean().to_vec();
    let restored = codec.decode(&latents, labels.as_deref())?;

    let error = |y: &[f32], i: usize| -> f64 {
        let image = i * pixels..(i + 1) * pixels;
        originals[image.clone()].iter().zip(&y[image]).map(|(x, y)| f64::from(x - y).powi(2)).sum()
    };
    let errors: Vec<[f64; 2]> = (0..count).map(|i| [error(&corrupted, i), error(&restored, i)]).collect();
    let [before, after] = [0, 1].map(|which| errors.iter().map(|pair| pair[which]).sum::<f64>() / count as f64);

    let mut tiles = Vec::with_capacity(3 * blocks * columns * pixels);
    for start in (0..count).step_by(columns) {
        let shown = start * pixels..(start + columns).min(count) * pixels;
        for part in [&originals, &corrupted, &restored] {
            tiles.extend(part[shown.clone()].iter().map(|value| value.clamp(0.0, 1.0)));
            fill_row(&mut tiles, columns, pixels);
        }
    }
    let noise = match corruption.kind {
        Noise::Gaussian => "gaussian noise of",
        Noise::Mask => "a mask of",
    };
    let (name, strength) = (name(codec.model()), corruption.strength);
    let rows = ["original", "corrupted", "restored"].into_iter().cycle().take(3 * blocks);
    let sheet = Size::of_images(images)
        .sheet()
        .columns(columns)
        .group_rows(3)
        .row_labels(rows)
        .title(format!("{name}: {noise} {strength}; squared error {before:.1}, restored {after:.1}"));
    Ok(Denoised { figure: Figure { sheet, tiles, latents }, corrupted, restored, errors })
}
