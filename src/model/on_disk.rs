//! Rows of a file that stays on disk, as a model sees them.

use super::{Drawn, Numbers};
use crate::{Error, Result};
use rayon::prelude::*;
use std::sync::Arc;

/// What a model sees of the numbers of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Pixels of a byte; of numbers this value is white.
    Pixels(f64),
    /// `(value − shift) / spread` of each column in float32; the mean stands in for a value that is not finite.
    Scaled {
        /// `[width]`
        means: Vec<f64>,
        /// `[width]`
        shift: Vec<f64>,
        /// `[width]`
        spread: Vec<f64>,
    },
}

/// Rows of a file: those that were picked, in their order, each converted as it is read. A clone shares the open file.
#[derive(Clone, Debug, PartialEq)]
pub struct OnDisk {
    numbers: Numbers,
    seen: Arc<Seen>,
    /// Rows of the file; none for all in their order.
    items: Option<Arc<Vec<u32>>>,
    count: usize,
    /// How pixels become black and white.
    drawn: Option<Drawn>,
}

/// A range of the values of [`OnDisk`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnDiskRows<'a> {
    pub(super) rows: &'a OnDisk,
    pub(super) first: usize,
    pub(super) len: usize,
}

impl OnDisk {
    /// All rows of `numbers`.
    pub fn new(numbers: Numbers, seen: Seen) -> OnDisk {
        let count = numbers.count();
        OnDisk { numbers, seen: Arc::new(seen), items: None, count, drawn: None }
    }

    /// Whether rows are images of bytes, rather than real values.
    pub fn are_pixels(&self) -> bool {
        matches!(*self.seen, Seen::Pixels(_))
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.count * self.numbers.width()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the first `count` rows.
    pub(super) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// The rows `items`, in this order.
    pub fn pick(&self, items: &[u32]) -> OnDisk {
        let picked = items.iter().map(|&item| self.item(item as usize) as u32).collect();
        OnDisk { count: items.len(), items: Some(Arc::new(picked)), ..self.clone() }
    }

    /// The same images in black and white: image i is number i of the draw. Images that are drawn already stay as they are.
    pub fn drawn(&self, drawn: Option<Drawn>) -> OnDisk {
        OnDisk { drawn: self.drawn.or(drawn), ..self.clone() }
    }

    /// Whether images are made black and white, each by its number.
    pub(super) fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }

    /// The row of the file that row `row` is.
    fn item(&self, row: usize) -> usize {
        assert!(row < self.count, "row {row} of {}", self.count);
        self.items.as_ref().map_or(row, |items| items[row] as usize)
    }

    /// Writes row `row` as a model sees it: a byte per pixel, or four per real value.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read, or has been shortened.
    pub(super) fn copy_row(&self, row: usize, to: &mut [u8]) -> Result<()> {
        let item = self.item(row);
        let read = match &*self.seen {
            Seen::Pixels(_) if self.numbers.are_bytes() => self.numbers.read(item, to),
            Seen::Pixels(white) => self.numbers.each(item, |j, value| to[j] = (value * 255.0 / white).round() as u8),
            Seen::Scaled { means, shift, spread } => self.numbers.each(item, |j, value| {
                let value = if value.is_finite() { value } else { means[j] };
                to[4 * j..4 * j + 4].copy_from_slice(&(((value - shift[j]) / spread[j]) as f32).to_ne_bytes());
            }),
        };
        read.map_err(Error::io("read", self.numbers.path()))?;
        if let Some(drawn) = self.drawn {
            drawn.draw(to, row);
        }
        Ok(())
    }
}

impl OnDiskRows<'_> {
    /// The bytes of the values, as [`OnDisk::copy_row`] gives them.
    ///
    /// # Panics
    /// Where the file cannot be read any more, or has been shortened. Training looks at rows one by one and has an error then.
    pub(super) fn bytes(self) -> Vec<u8> {
        let (width, size) = (self.rows.numbers.width(), if self.rows.are_pixels() { 1 } else { 4 });
        let rows = self.first / width..(self.first + self.len).div_ceil(width);
        let mut bytes = vec![0; rows.len() * width * size];
        let copied = bytes.par_chunks_exact_mut(width * size).zip(rows.clone()).with_min_len(64);
        let copied = copied.try_for_each(|(to, row)| self.rows.copy_row(row, to));
        copied.unwrap_or_else(|error| panic!("{}", crate::error::chain(&error)));
        bytes.drain(..(self.first - rows.start * width) * size);
        bytes.truncate(self.len * size);
        bytes
    }

    /// The values as a model sees them, in float32.
    pub(super) fn floats(self) -> Vec<f32> {
        let bytes = self.bytes();
        match self.rows.are_pixels() {
            true => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
            false => bytemuck::pod_collect_to_vec(&bytes),
        }
    }
}
