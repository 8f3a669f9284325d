//! From one image to another through the latent space.

use super::{Figure, Size, at_least, chosen, fits, latents, name};
use crate::{Error, Result, data::Images, network::Codec};

/// The point at a share of the way from one latent to another.
type Way = fn(&[f32], &[f32], f32) -> Vec<f32>;

/// How the way between two latents runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Straight: [`linear`](super::linear).
    Linear,
    /// Along an arc: [`spherical`](super::spherical).
    Spherical,
}

/// Which way is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpolation {
    /// Images, at least two, visited in this order.
    pub stops: Vec<usize>,
    /// Whether the way leads back from the last to the first.
    pub closed: bool,
    /// Decoded images from stop to stop, both ends among them.
    pub steps: usize,
    /// Unless told, an arc, or for an autoencoder, which knows no sphere, straight.
    pub path: Option<Path>,
}

/// Decodes the ways between the means of the stops' latents: a row per leg, between its two originals. A CVAE shows a leg
/// between different labels twice, decoded as the one and as the other.
///
/// # Errors
/// [`Error::Invalid`] for fewer than two stops or steps, or an image past the end.
pub fn interpolate(codec: &Codec, images: &Images, options: &Interpolation) -> Result<Figure> {
    let (model, steps) = (codec.model(), at_least("steps", options.steps, 2)?);
    let stops = &options.stops;
    if stops.len() < 2 {
        return Err(Error::invalid("images", format!("{} named, expected at least two to go between", stops.len())));
    }
    let path = options.path.unwrap_or(if model.kind.is_variational() { Path::Spherical } else { Path::Linear });
    let (way, words) = match path {
        Path::Linear => (latents::linear as Way, "straight"),
        Path::Spherical => (latents::spherical as Way, "along an arc"),
    };
    fits(&Size::of_images(images).sheet(), 2 * stops.len(), steps.saturating_add(2))?;
    let (originals, own) = chosen(images, stops)?;
    let own = own.filter(|_| model.kind.is_conditional());
    let means = codec.encode(&originals, own.as_deref())?.mean().to_vec();
    let mean = |stop: usize| &means[stop * model.latent..(stop + 1) * model.latent];

    let mut rows = Vec::new(); // from, to, and the label to decode as
    let legs = if options.closed { stops.len() } else { stops.len() - 1 };
    for from in 0..legs {
        let to = (from + 1) % stops.len();
        let mut labels = own.as_ref().map_or(vec![None], |own| vec![Some(own[from]), Some(own[to])]);
        labels.dedup();
        rows.extend(labels.into_iter().map(|label| (from, to, label)));
    }
    let share = |step: usize| step as f32 / (steps - 1) as f32;
    let row_label = |&(from, to, label): &(usize, usize, Option<u8>)| match label {
        Some(label) => format!("#{} to #{} as {}", stops[from], stops[to], codec.class_name(label as usize)),
        None => format!("#{} to #{}", stops[from], stops[to]),
    };
    let shares = (0..steps).map(|step| format!("{:.2}", share(step)));
    let ends = || std::iter::once(images.subset.word().to_string());
    let sheet = Size::of_images(images)
        .sheet()
        .columns(steps + 2)
        .row_labels(rows.iter().map(row_label))
        .column_labels(ends().chain(shares).chain(ends()))
        .title(format!("{}: from image to image, {words}", name(model)));

    let way = |&(from, to, _): &(usize, usize, Option<u8>)| {
        (0..steps).flat_map(|step| way(mean(from), mean(to), share(step))).collect::<Vec<f32>>()
    };
    let latents: Vec<f32> = rows.iter().flat_map(way).collect();
    let labels: Option<Vec<u8>> = rows
        .iter()
        .map(|row| row.2.map(|label| vec![label; steps]))
        .collect::<Option<Vec<_>>>()
        .map(|each| each.concat());
    let pixels = images.pixels();
    let original = |stop: usize| &originals[stop * pixels..(stop + 1) * pixels];
    let decoded = codec.decode(&latents, labels.as_deref())?;
    let tiles = rows.iter().zip(decoded.chunks(steps * pixels));
    let tiles = tiles.flat_map(|(&(from, to, _), leg)| [original(from), leg, original(to)].concat()).collect();
    Ok(Figure { sheet, tiles, latents })
}
