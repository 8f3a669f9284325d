//! The data themselves.

use super::{Figure, Size, at_least, fits};
use crate::{
    Result,
    data::{Dataset, rows_f32},
};

/// Images in a row of the sheet.
const COLUMNS: usize = 10;

/// One of the two splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a model is trained on.
    Train,
    /// What it is judged on.
    Test,
}

/// The first `count` images of a split (fewer where it has fewer), each with its label, where it has one, and its index.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for a count of 0.
pub fn grid(data: &Dataset, part: Part, count: usize) -> Result<Figure> {
    let (split, words) = match part {
        Part::Train => (&data.train, "training images"),
        Part::Test => (&data.test, "test images"),
    };
    let shown: Vec<usize> = (0..at_least("count", count, 1)?.min(split.count)).collect();
    fits(&Size::of(data).sheet(), shown.len().div_ceil(COLUMNS), COLUMNS)?;
    let caption = |&index: &usize| match &split.labels {
        Some(labels) => format!("{} #{index}", labels[index]),
        None => format!("#{index}"),
    };
    let what = if split.labels.is_some() { "label #index" } else { "#index" };
    let sheet = Size::of(data)
        .sheet()
        .columns(COLUMNS)
        .captions(shown.iter().map(caption))
        .title(format!("{}: {words}, {what}", data.name));
    Ok(Figure { sheet, tiles: rows_f32(split, data.pixels(), &shown), latents: Vec::new() })
}
