//! New images: the decoder at work on latents that belong to no image.

use super::{Figure, Origin, Size, at_least, class, fill_row, fits, name, room};
use crate::{Result, model::Model, network::Codec};

/// Samples in a row of the sheet.
const COLUMNS: usize = 10;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Samples; of a CVAE, of each label.
    pub count: usize,
    /// A CVAE's labels, one after another; empty for all of them.
    pub labels: Vec<usize>,
    /// Decides the latents.
    pub seed: u64,
}

impl Sampling {
    /// Ten rows of ten, or of a CVAE ten of each label, as far as a sheet of images of `size` has room for them.
    pub fn sheet(model: &Model, size: Size, seed: u64) -> Sampling {
        let classes = if model.kind.is_conditional() { model.classes } else { 0 };
        let [rows, columns] = room(size, classes.max(COLUMNS), COLUMNS);
        let labels = if rows < classes { (0..rows).collect() } else { Vec::new() };
        Sampling { count: if classes > 0 { columns } else { rows * columns }, labels, seed }
    }
}

/// Latents drawn, and what they are decoded to.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// `[count, latent]`
    pub latents: Vec<f32>,
    /// The class that each is decoded as, for a CVAE: those of one class behind each other.
    pub labels: Option<Vec<u8>>,
    /// `[count, input]`
    pub rows: Vec<f32>,
}

/// Decodes latents drawn from `origin`.
///
/// # Errors
/// As [`sample`].
pub fn samples(codec: &Codec, origin: &Origin, options: &Sampling) -> Result<Samples> {
    let (model, count) = (codec.model(), at_least("count", options.count, 1)?);
    let asked = classes(model, options)?;
    let latents = origin.draw(options.seed, asked.len().max(1) * count, model.latent);
    let labels: Option<Vec<u8>> = model
        .kind
        .is_conditional()
        .then(|| asked.iter().flat_map(|&label| std::iter::repeat_n(label, count)).collect());
    let rows = codec.decode(&latents, labels.as_deref())?;
    Ok(Samples { latents, labels, rows })
}

/// The classes to draw, all unless some are asked for; none of a model that has none.
fn classes(model: &Model, options: &Sampling) -> Result<Vec<u8>> {
    let asked: Vec<u8> = options.labels.iter().map(|&label| class(model, label)).collect::<Result<_>>()?;
    match model.kind.is_conditional() && asked.is_empty() {
        true => (0..model.classes).map(|label| class(model, label)).collect(),
        false => Ok(asked),
    }
}

/// Draws [`samples`] on a sheet. A CVAE's has a block of rows per label.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a count of 0, for a label that is no class, and for labels given to a model without any.
///
/// ```
/// use wgvae::{data::glyphs, device::Device, gallery::{Origin, Sampling, Size, sample}, model::*, network::Codec};
///
/// # fn main() -> wgvae::Result<()> {
/// let model = Model::new(Kind::Vae, 784, [8], 2, 0);
/// let codec = Codec::new(&Device::Oracle, &model, &model.initialise(0))?; // untrained: gray noise
/// let size = Size { width: 28, height: 28, color: Color::Gray };
/// let figure = sample(&codec, size, &Origin::Prior, &Sampling::sheet(&model, size, 0))?;
/// assert_eq!(figure.latents.len(), 100 * 2); // figure.save(path) writes the sheet of 100
/// # Ok(())
/// # }
/// ```
pub fn sample(codec: &Codec, size: Size, origin: &Origin, options: &Sampling) -> Result<Figure> {
    let (model, count) = (codec.model(), at_least("count", options.count, 1)?);
    let labels = classes(model, options)?;
    let title = format!("{}: samples {}", name(model), origin.describe());
    let sheet = size.sheet();
    if labels.is_empty() {
        let columns = room(size, 1, COLUMNS)[1];
        fits(&sheet, count.div_ceil(columns), columns)?;
        let sheet = if count > 100 { sheet } else { sheet.columns(columns) }.title(title);
        let Samples { latents, rows: tiles, .. } = samples(codec, origin, options)?;
        return Ok(Figure { sheet, tiles, latents });
    }

    let columns = count.min(room(size, 1, COLUMNS)[1]);
    let rows_each = count.div_ceil(columns);
    fits(&sheet, labels.len().saturating_mul(rows_each), columns)?;
    let rows = labels.iter().flat_map(|&label| std::iter::repeat_n(codec.class_name(label as usize), rows_each));
    let sheet = sheet.columns(columns).row_labels(rows).title(title);
    let sheet = if rows_each > 1 { sheet.group_rows(rows_each) } else { sheet };
    let Samples { latents, rows: images, .. } = samples(codec, origin, options)?;
    let mut tiles = Vec::with_capacity(labels.len() * rows_each * columns * size.pixels());
    for block in images.chunks(count * size.pixels()) {
        tiles.extend_from_slice(block);
        fill_row(&mut tiles, columns, size.pixels());
    }
    Ok(Figure { sheet, tiles, latents })
}
