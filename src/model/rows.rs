//! The rows that a model is applied to: gray images, a byte per pixel, or real values, as tables have them.

use super::{OnDisk, OnDiskRows};
use crate::Result;
use std::{borrow::Cow, ops::Range, sync::Arc};

/// Rows of a data set, one behind the other. A clone shares them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One byte per pixel, 255 for white; a model sees `byte / 255`.
    Bytes(Arc<Vec<u8>>),
    /// Real values, as a model sees them.
    Floats(Arc<Vec<f32>>),
    /// Either, in a file that they are read from as they are needed.
    OnDisk(Arc<OnDisk>),
}

/// [`Values`], or a part of them, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows<'a> {
    /// As [`Values::Bytes`].
    Bytes(&'a [u8]),
    /// As [`Values::Floats`].
    Floats(&'a [f32]),
    /// As [`Values::OnDisk`].
    OnDisk(OnDiskRows<'a>),
}

impl Default for Values {
    fn default() -> Values {
        Vec::<u8>::new().into()
    }
}

impl From<Vec<u8>> for Values {
    fn from(bytes: Vec<u8>) -> Values {
        Values::Bytes(Arc::new(bytes))
    }
}

impl From<OnDisk> for Values {
    fn from(rows: OnDisk) -> Values {
        Values::OnDisk(Arc::new(rows))
    }
}

impl From<Vec<f32>> for Values {
    fn from(floats: Vec<f32>) -> Values {
        Values::Floats(Arc::new(floats))
    }
}

impl Values {
    /// All of them.
    pub fn rows(&self) -> Rows<'_> {
        match self {
            Values::Bytes(bytes) => Rows::Bytes(bytes),
            Values::Floats(floats) => Rows::Floats(floats),
            Values::OnDisk(rows) => Rows::OnDisk(OnDiskRows { rows, first: 0, len: rows.len() }),
        }
    }

    /// The bytes of images in memory; none of real values, and of those in a file.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Values::Bytes(bytes) => Some(bytes),
            Values::Floats(_) | Values::OnDisk(_) => None,
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the first `count` rows of `width` values each.
    pub fn truncate(&mut self, count: usize, width: usize) {
        match self {
            Values::Bytes(bytes) => Arc::make_mut(bytes).truncate(count * width),
            Values::Floats(floats) => Arc::make_mut(floats).truncate(count * width),
            Values::OnDisk(rows) => Arc::make_mut(rows).truncate(count),
        }
    }

    /// The rows `items` of `width` values each, in this order.
    pub fn pick(&self, items: &[u32], width: usize) -> Values {
        fn picked<T: Copy>(values: &[T], items: &[u32], width: usize) -> Vec<T> {
            items.iter().flat_map(|&item| &values[item as usize * width..][..width]).copied().collect()
        }
        match self {
            Values::Bytes(bytes) => picked(bytes, items, width).into(),
            Values::Floats(floats) => picked(floats, items, width).into(),
            Values::OnDisk(rows) if !rows.is_drawn() => rows.pick(items).into(),
            Values::OnDisk(_) => {
                let all = self.rows(); // a draw goes by an image's number, which changes
                let image = |&item: &u32| all.slice(item as usize * width..(item as usize + 1) * width).bytes();
                items.iter().map(image).collect::<Vec<_>>().concat().into()
            }
        }
    }

    /// Copies row `row` of `width` values to the front of `to`, as it lies on a device.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) where the file that it is in cannot be read.
    ///
    /// # Panics
    /// If there is no such row, or no room for it.
    pub fn copy_row(&self, row: usize, width: usize, to: &mut [u8]) -> Result<()> {
        let values = row * width..(row + 1) * width;
        let row: &[u8] = match self {
            Values::Bytes(bytes) => &bytes[values],
            Values::Floats(floats) => bytemuck::cast_slice(&floats[values]),
            Values::OnDisk(rows) => {
                let bytes = if rows.are_pixels() { width } else { 4 * width };
                return rows.copy_row(row, &mut to[..bytes]);
            }
        };
        to[..row.len()].copy_from_slice(row);
        Ok(())
    }
}

impl<'a> Rows<'a> {
    /// Number of values.
    pub fn len(self) -> usize {
        match self {
            Rows::Bytes(bytes) => bytes.len(),
            Rows::Floats(floats) => floats.len(),
            Rows::OnDisk(rows) => rows.len,
        }
    }

    /// Whether there is no value.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The values of this range.
    ///
    /// # Panics
    /// If the range reaches past the values.
    pub fn slice(self, range: Range<usize>) -> Rows<'a> {
        match self {
            Rows::Bytes(bytes) => Rows::Bytes(&bytes[range]),
            Rows::Floats(floats) => Rows::Floats(&floats[range]),
            Rows::OnDisk(rows) => {
                assert!(range.start <= range.end && range.end <= rows.len, "{range:?} of {} values", rows.len);
                Rows::OnDisk(OnDiskRows { first: rows.first + range.start, len: range.len(), ..rows })
            }
        }
    }

    /// Whether they are images of bytes, rather than real values.
    pub fn are_pixels(self) -> bool {
        match self {
            Rows::Bytes(_) => true,
            Rows::Floats(_) => false,
            Rows::OnDisk(rows) => rows.rows.are_pixels(),
        }
    }

    /// Their bytes: of images one per pixel, of real values four each as they lie in memory.
    pub fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Rows::Bytes(bytes) => bytes.into(),
            Rows::Floats(floats) => bytemuck::cast_slice(floats).into(),
            Rows::OnDisk(rows) => rows.bytes().into(),
        }
    }

    /// The values as a model sees them, in float32: `byte / 255` of bytes.
    pub fn floats(self) -> Vec<f32> {
        match self {
            Rows::Bytes(bytes) => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
            Rows::Floats(floats) => floats.to_vec(),
            Rows::OnDisk(rows) => rows.floats(),
        }
    }

    /// The values as a model sees them, in float64: `byte / 255` of bytes.
    pub fn doubles(self) -> Vec<f64> {
        match self {
            Rows::Bytes(bytes) => bytes.iter().map(|&byte| f64::from(byte) / 255.0).collect(),
            Rows::Floats(floats) => floats.iter().copied().map(f64::from).collect(),
            Rows::OnDisk(rows) if rows.rows.are_pixels() => Rows::Bytes(&rows.bytes()).doubles(),
            Rows::OnDisk(rows) => rows.floats().into_iter().map(f64::from).collect(),
        }
    }
}

/// The name of class `label`; its number where classes have no names.
pub fn class_name(names: &[String], label: usize) -> String {
    names.get(label).cloned().unwrap_or_else(|| label.to_string())
}
