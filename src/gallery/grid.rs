//! The data themselves.

use super::{Figure, Size, at_least, fits};
use crate::{
    Result,
    data::{Images, rows_f32},
    model::class_name,
};

/// Images in a row of the sheet.
const COLUMNS: usize = 10;

/// The first `count` of `images` (fewer where there are fewer), each with its label, where it has one, and its index.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a count of 0.
pub fn grid(images: &Images, count: usize) -> Result<Figure> {
    let split = images.split;
    let shown: Vec<usize> = (0..at_least("count", count, 1)?.min(split.count)).collect();
    fits(&Size::of_images(images).sheet(), shown.len().div_ceil(COLUMNS), COLUMNS)?;
    let caption = |&index: &usize| match &split.labels {
        Some(labels) => format!("{} #{index}", class_name(images.class_names, labels[index] as usize)),
        None => format!("#{index}"),
    };
    let what = if split.labels.is_some() { "label #index" } else { "#index" };
    let sheet = Size::of_images(images).sheet().columns(COLUMNS).captions(shown.iter().map(caption)).title(format!(
        "{}: {}s, {what}",
        images.name,
        images.subset.image()
    ));
    Ok(Figure { sheet, tiles: rows_f32(split, images.pixels(), &shown), latents: Vec::new() })
}
