//! Images and what is left of them after encoder and decoder.

use super::{Figure, Size, at_least, chosen, fill_row, fits, name, room};
use crate::{Result, data, network::Codec};

/// Pairs in a row of the sheet.
const COLUMNS: usize = 10;

/// Images, what the model makes of them, and how far that is from them.
#[derive(Clone, Debug)]
pub struct Reconstruction {
    /// Originals above reconstructions, ten pairs in a row.
    pub figure: Figure,
    /// `[count, pixels]`, in [0, 1].
    pub images: Vec<f32>,
    /// Squared error of each image, summed over its pixels, `[count]`.
    pub errors: Vec<f64>,
}

/// Reconstructs those of `source` that `indices` name through the mean of their latents (a CVAE under their own labels); with `captions`
/// every original carries its index and name and every reconstruction its squared error.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for an index past the end or none at all; as [`Codec::reconstruct`].
pub fn reconstruct(codec: &Codec, source: &data::Images, indices: &[usize], captions: bool) -> Result<Reconstruction> {
    at_least("count", indices.len(), 1)?;
    let pixels = source.pixels();
    let columns = indices.len().min(room(Size::of_images(source), 2, COLUMNS)[1]);
    let rows = 2 * indices.len().div_ceil(columns);
    fits(&Size::of_images(source).sheet(), rows, columns)?;
    let mut sheet = Size::of_images(source).sheet().columns(columns).group_rows(2);
    let kinds = ["original", "decoded"];
    sheet = sheet.row_labels(kinds.into_iter().cycle().take(rows));

    let (originals, labels) = chosen(source, indices)?;
    let latents = codec.encode(&originals, labels.as_deref())?.mean().to_vec();
    let images = codec.decode(&latents, labels.as_deref())?;
    let pairs = originals.chunks(pixels).zip(images.chunks(pixels));
    let errors: Vec<f64> = pairs.map(|(x, y)| x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum()).collect();

    let (mut tiles, mut words) = (Vec::with_capacity(rows * columns * pixels), Vec::with_capacity(rows * columns));
    for start in (0..indices.len()).step_by(columns) {
        let end = (start + columns).min(indices.len());
        for part in [&originals, &images] {
            tiles.extend_from_slice(&part[start * pixels..end * pixels]);
            fill_row(&mut tiles, columns, pixels);
        }
        let gap = || std::iter::repeat_n(String::new(), start + columns - end);
        words.extend(indices[start..end].iter().map(|&index| source.split.names.caption(index)).chain(gap()));
        words.extend(errors[start..end].iter().map(|error| format!("{error:.1}")).chain(gap()));
    }
    if captions {
        let title = format!(
            "{}: {}s and the squared error of their reconstructions",
            name(codec.model()),
            source.subset.image()
        );
        sheet = sheet.captions(words).title(title);
    }
    Ok(Reconstruction { figure: Figure { sheet, tiles, latents }, images, errors })
}
