//! The style of one image under every label.

use super::{Figure, Size, at_least, chosen, fits, name};
use crate::{Error, Result, data::Images, network::Codec};

/// The first image of each class that has one; of images without labels, the first ten.
pub fn example_of_each_class(images: &Images) -> Vec<usize> {
    let Some(labels) = &images.split.labels else { return (0..images.split.count.min(10)).collect() };
    (0..images.classes).filter_map(|class| labels.iter().position(|&label| label as usize == class)).collect()
}

/// Encodes each of `images` that `indices` name and decodes its style, the mean of z, under all labels: a row per image, the original
/// first.
///
/// # Errors
/// [`Error::Invalid`] for a model that is no CVAE, no image, or one past the end.
pub fn style(codec: &Codec, images: &Images, indices: &[usize]) -> Result<Figure> {
    let model = codec.model();
    if !model.kind.is_conditional() {
        let problem = format!("is {}: only a CVAE decodes one latent under several labels", name(model));
        return Err(Error::invalid("the model", problem));
    }
    at_least("count", indices.len(), 1)?;
    let (classes, pixels) = (model.classes, images.pixels());
    fits(&Size::of_images(images).sheet(), indices.len(), 1 + classes)?;
    let sheet = Size::of_images(images)
        .sheet()
        .columns(1 + classes)
        .column_labels(
            std::iter::once(images.subset.word().to_string()).chain((0..classes).map(|class| codec.class_name(class))),
        )
        .row_labels(indices.iter().map(|index| format!("#{index}")))
        .title(format!("{}: the style of {} under every label", name(model), images.subset.one()));

    let (originals, own) = chosen(images, indices)?;
    let means = codec.encode(&originals, own.as_deref())?.mean().to_vec();
    let latents: Vec<f32> = means.chunks(model.latent).flat_map(|mean| mean.repeat(classes)).collect();
    let labels: Vec<u8> = indices.iter().flat_map(|_| (0..classes).map(|class| class as u8)).collect();
    let decoded = codec.decode(&latents, Some(&labels))?;
    let rows = originals.chunks(pixels).zip(decoded.chunks(classes * pixels));
    Ok(Figure { sheet, tiles: rows.flat_map(|(original, row)| [original, row].concat()).collect(), latents })
}
