//! The pictures a run leaves: reconstructions, samples, a traversal, and one sheet per epoch.

use super::Session;
use crate::{
    Result,
    data::rows_f32,
    models::{Codec, Kind, Model},
    oracle::{
        noise::box_muller,
        philox::{self, Stream},
    },
    picture::{Sheet, save_png},
};
use std::path::Path;

/// Images of a sheet of reconstructions.
const SHOWN: usize = 10;
/// Training images whose codes span the box that an autoencoder's samples are drawn from.
pub const BOX_IMAGES: usize = 10_000;

/// `count` latents from N(0, 1), `[count, latent]`.
pub fn prior(seed: u64, count: usize, latent: usize) -> Vec<f32> {
    let blocks = (count * latent).div_ceil(4) as u32;
    let normals = (0..blocks).flat_map(|block| box_muller(philox::block(seed, Stream::Sample, 0, block)));
    normals.take(count * latent).map(|normal| normal as f32).collect()
}

/// `count` latents drawn evenly from the bounding box of `codes`, both `[…, latent]`.
pub fn boxed(seed: u64, count: usize, codes: &[f32], latent: usize) -> Vec<f32> {
    let span = |j: usize| {
        let column = codes.iter().skip(j).step_by(latent);
        column.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &code| (low.min(code), high.max(code)))
    };
    let spans: Vec<(f32, f32)> = (0..latent).map(span).collect();
    let uniforms = philox::uniforms(seed, Stream::Sample, 1, count * latent);
    uniforms.zip(spans.iter().cycle()).map(|(u, (low, high))| low + u as f32 * (high - low)).collect()
}

/// Latents to sample `count` images from: the prior, or for an autoencoder the box of its training codes, encoded from
/// `images` `[…, input]`.
///
/// # Errors
/// As [`Codec::encode`].
pub fn draw(codec: &Codec, seed: u64, count: usize, images: &[f32]) -> Result<Vec<f32>> {
    let Model { kind, latent, .. } = *codec.model();
    match kind {
        Kind::Ae => Ok(boxed(seed, count, &codec.encode(images)?.code, latent)),
        Kind::Vae | Kind::Cvae => Ok(prior(seed, count, latent)),
    }
}

impl Session {
    /// Draws the pictures of the run as it stands: `reconstructions.png`, `samples.png`, `traversal.png` for the whole
    /// run, and a sheet for the epoch just finished.
    pub(super) fn draw_pictures(&self, folder: &Path) -> Result<()> {
        let (data, seed) = (&self.data, self.config.seed);
        let (width, height, pixels) = (data.width, data.height, data.pixels());
        let codec = Codec::new(&self.device, &self.config.model, &self.trainer.state()?.params)?;
        let model = codec.model();

        let shown: Vec<usize> = (0..SHOWN.min(data.test.count)).collect();
        let originals = rows_f32(&data.test, pixels, &shown);
        let labels = data.test.labels.as_ref().map(|labels| &labels[..shown.len()]);
        let restored = codec.reconstruct(&originals, labels)?;
        let pairs = [originals.clone(), restored.clone()].concat();
        let sheet = Sheet::new(width, height).columns(shown.len()).row_labels(["original", "decoded"]);
        save_png(&folder.join("reconstructions.png"), &sheet.render(&pairs)?)?;

        let spanning: Vec<usize> = (0..BOX_IMAGES.min(data.train.count)).collect();
        let spanning = if model.kind == Kind::Ae { rows_f32(&data.train, pixels, &spanning) } else { Vec::new() };
        let (rows, columns) = match model.kind {
            Kind::Cvae => (model.classes, SHOWN),
            Kind::Ae | Kind::Vae => (SHOWN, SHOWN),
        };
        let z = draw(&codec, seed, rows * columns, &spanning)?;
        let classes: Vec<u8> = (0..rows * columns).map(|i| (i / columns) as u8).collect();
        let samples = codec.decode(&z, (model.kind == Kind::Cvae).then_some(&classes[..]))?;
        let mut sheet = Sheet::new(width, height).columns(columns);
        if model.kind == Kind::Cvae {
            sheet = sheet.row_labels((0..rows).map(|class| class.to_string()));
        }
        save_png(&folder.join("samples.png"), &sheet.render(&samples)?)?;

        let walk = traversal(&codec, &originals[..pixels], 11)?;
        let label = labels.map(|labels| vec![labels[0]; walk.len() / model.latent]);
        let sheet = Sheet::new(width, height).columns(11).row_labels((0..model.latent).map(|j| format!("z{j}")));
        save_png(&folder.join("traversal.png"), &sheet.render(&codec.decode(&walk, label.as_deref())?)?)?;

        let progress = [pairs, samples[..(2 * SHOWN).min(rows * columns) * pixels].to_vec()].concat();
        let sheet = Sheet::new(width, height)
            .columns(shown.len())
            .group_rows(2)
            .title(format!("epoch {}: test images, decoded; samples", self.epoch));
        save_png(&folder.join(format!("epoch-{:03}.png", self.epoch)), &sheet.render(&progress)?)
    }
}

/// Latents that vary one dimension at a time around what the encoder makes of one image, `[latent · steps, latent]`:
/// from −3 to 3, or for an autoencoder from 0 to twice the code.
///
/// # Errors
/// As [`Codec::encode`].
pub fn traversal(codec: &Codec, image: &[f32], steps: usize) -> Result<Vec<f32>> {
    let (encoding, model) = (codec.encode(image)?, codec.model());
    let centre = encoding.mean();
    let reach = |j: usize| match model.kind {
        Kind::Ae => (0.0, 2.0 * centre[j].max(1.0)),
        Kind::Vae | Kind::Cvae => (-3.0, 3.0),
    };
    let mut walk = Vec::with_capacity(model.latent * steps * model.latent);
    for j in 0..model.latent {
        let (low, high) = reach(j);
        for step in 0..steps {
            let start = walk.len();
            walk.extend(centre);
            walk[start + j] = low + (high - low) * step as f32 / (steps - 1).max(1) as f32;
        }
    }
    Ok(walk)
}
