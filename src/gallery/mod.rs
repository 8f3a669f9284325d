//! The pictures of a model: a function per figure, from a model at work and its data to an image and the numbers behind it.
//!
//! Nothing here depends on time or on the order of execution, and every random number comes from a seed: the same model, data
//! and options give the same picture byte for byte on one device.

mod curves;
mod denoise;
mod grid;
mod interpolate;
mod latents;
mod manifold;
mod reconstruct;
mod sample;
mod scatter;
mod style;
mod traverse;

pub use curves::{Quantity, curves, small_curves};
pub use denoise::{Denoised, denoise};
pub use grid::grid;
pub use interpolate::{Interpolation, Path, interpolate};
pub use latents::{BOX_IMAGES, Bounds, Origin, linear, normal_quantile, prior, spherical};
pub use manifold::manifold;
pub use reconstruct::{Reconstruction, reconstruct};
pub use sample::{Samples, Sampling, sample, samples};
pub use scatter::{Cloud, scatter};
pub use style::{example_of_each_class, style};
pub use traverse::{Centre, Traversal, responses, traverse};

use crate::{
    Error, Result,
    data::{Dataset, Images, Split, rows_f32},
    model::{Color, Model},
    picture::{BLANK, Sheet, save_png},
    run::Run,
};
use image::DynamicImage;

/// A sheet of images and what it was made of.
#[derive(Clone, Debug)]
pub struct Figure {
    /// How the tiles are laid out and labelled.
    pub sheet: Sheet,
    /// `[tiles, values]`, row by row as they lie on the sheet, 0 black to 1 white, in colour three values for each pixel. Means of a Gaussian may lie outside and are drawn as
    /// the nearer of both.
    pub tiles: Vec<f32>,
    /// What was decoded, `[count, latent]`, in the order of the tiles that show it; empty where nothing was.
    pub latents: Vec<f32>,
}

impl Figure {
    /// The picture.
    ///
    /// # Errors
    /// As [`Sheet::render`].
    pub fn render(&self) -> Result<DynamicImage> {
        self.sheet.render(&self.tiles)
    }

    /// Writes the picture as PNG, atomically.
    ///
    /// # Errors
    /// As [`Figure::render`] and [`save_png`].
    pub fn save(&self, path: &std::path::Path) -> Result<()> {
        save_png(path, &self.render()?)
    }
}

/// Width and height of an image in pixels, and what a pixel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Gray, or in colour.
    pub color: Color,
}

impl Size {
    /// The size of every image of `data`.
    pub fn of(data: &Dataset) -> Size {
        Size { width: data.width, height: data.height, color: data.color }
    }

    /// The size of each of `images`.
    pub fn of_images(images: &Images) -> Size {
        Size { width: images.width, height: images.height, color: images.color }
    }

    /// The size of every image that `run` was trained on.
    pub fn of_run(run: &Run) -> Size {
        let data = &run.config.data;
        Size { width: data.width, height: data.height, color: data.color }
    }

    /// A sheet of such images.
    pub fn sheet(self) -> Sheet {
        Sheet::new(self.width, self.height).color(self.color)
    }

    fn pixels(self) -> usize {
        self.width * self.height * self.color.channels()
    }
}

/// What people call a model: `VAE-8`, by its kind and the width of its latent space.
pub fn name(model: &Model) -> String {
    format!("{}-{}", model.kind.name(), model.latent).to_uppercase()
}

/// The symbol of what the encoder finds: μ, or an AE's code.
fn symbol(model: &Model) -> &'static str {
    if model.kind.is_variational() { "μ" } else { "code" }
}

/// The images that `indices` name, `[indices.len(), pixels]`, and their labels where they have any.
fn chosen(images: &Images, indices: &[usize]) -> Result<(Vec<f32>, Option<Vec<u8>>)> {
    let Split { count, labels, .. } = images.split;
    if let Some(index) = indices.iter().find(|index| *index >= count) {
        let problem = format!("{index} is past the {count} {}s, 0 to {}", images.subset.image(), count - 1);
        return Err(Error::invalid("image", problem));
    }
    let labels = labels.as_ref().map(|labels| indices.iter().map(|&index| labels[index]).collect());
    Ok((rows_f32(images.split, images.pixels(), indices), labels))
}

/// `label` as the model's decoder takes it.
fn class(model: &Model, label: usize) -> Result<u8> {
    let no_class = || {
        let classes = model.classes;
        Error::invalid("label", format!("{label} is none of the {classes} classes 0 to {}", classes.saturating_sub(1)))
    };
    if !model.kind.is_conditional() {
        return Err(Error::invalid(
            "label",
            format!("only a CVAE decodes by label, and this model is {}", name(model)),
        ));
    }
    u8::try_from(label).ok().filter(|_| label < model.classes).ok_or_else(no_class)
}

/// Refuses a sheet of more than a million places, or one that [`Sheet::layout`] refuses, before anything as large is made.
fn fits(sheet: &Sheet, rows: usize, columns: usize) -> Result<()> {
    match rows.checked_mul(columns) {
        Some(places) if places <= 1 << 20 => sheet.clone().columns(columns).layout(places).map(drop),
        _ => Err(Error::invalid("images", format!("{rows} rows of {columns} are no sheet to look at; draw fewer"))),
    }
}

/// Rows and columns of tiles that a sheet has room for beside its labels, at most `rows` and `columns` and at least one each.
pub(crate) fn room(size: Size, rows: usize, columns: usize) -> [usize; 2] {
    let labelled = |rows: usize| size.sheet().row_labels(vec!["z1000 -10.0 to 10.0"; rows]).title("a sheet");
    let most = |wanted: usize, fits: &dyn Fn(usize) -> bool| {
        let (mut low, mut high) = (1, wanted.max(1));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        low
    };
    let columns = most(columns, &|columns| fits(&labelled(1), 1, columns).is_ok());
    [most(rows, &|rows| fits(&labelled(rows), rows, columns).is_ok()), columns]
}

/// Returns an error if `value` is less than `least`.
fn at_least(what: &str, value: usize, least: usize) -> Result<usize> {
    match value >= least {
        true => Ok(value),
        false => Err(Error::invalid(what, format!("is {value}, expected at least {least}"))),
    }
}

/// Adds empty places until the last of the rows of `columns` tiles is full.
fn fill_row(tiles: &mut Vec<f32>, columns: usize, pixels: usize) {
    tiles.resize(tiles.len().next_multiple_of(columns * pixels), BLANK);
}
