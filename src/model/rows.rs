//! The rows that a model is applied to: gray images, a byte per pixel, or real values, as tables have them.

use std::{ops::Range, sync::Arc};

/// Rows of a data set, one behind the other. A clone shares them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One byte per pixel, 255 for white; a model sees `byte / 255`.
    Bytes(Arc<Vec<u8>>),
    /// Real values, as a model sees them.
    Floats(Arc<Vec<f32>>),
}

/// [`Values`], or a part of them, borrowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows<'a> {
    /// As [`Values::Bytes`].
    Bytes(&'a [u8]),
    /// As [`Values::Floats`].
    Floats(&'a [f32]),
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
        }
    }

    /// The bytes of images; none of real values.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Values::Bytes(bytes) => Some(bytes),
            Values::Floats(_) => None,
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

    /// Keeps the first `count` values.
    pub fn truncate(&mut self, count: usize) {
        match self {
            Values::Bytes(bytes) => Arc::make_mut(bytes).truncate(count),
            Values::Floats(floats) => Arc::make_mut(floats).truncate(count),
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
        }
    }

    /// Copies row `row` of `width` values to the front of `to`, as it lies on a device.
    ///
    /// # Panics
    /// If there is no such row, or no room for it.
    pub fn copy_row(&self, row: usize, width: usize, to: &mut [u8]) {
        let values = row * width..(row + 1) * width;
        let row: &[u8] = match self {
            Values::Bytes(bytes) => &bytes[values],
            Values::Floats(floats) => bytemuck::cast_slice(&floats[values]),
        };
        to[..row.len()].copy_from_slice(row);
    }

    /// What the values are hashed as: bytes as they are, floats as their little-endian bytes.
    pub fn to_le_bytes(&self) -> std::borrow::Cow<'_, [u8]> {
        match self {
            Values::Bytes(bytes) => bytes.as_slice().into(),
            Values::Floats(floats) => floats.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into(),
        }
    }
}

impl<'a> Rows<'a> {
    /// Number of values.
    pub fn len(self) -> usize {
        match self {
            Rows::Bytes(bytes) => bytes.len(),
            Rows::Floats(floats) => floats.len(),
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
        }
    }

    /// The values as a model sees them, in float32: `byte / 255` of bytes.
    pub fn floats(self) -> Vec<f32> {
        match self {
            Rows::Bytes(bytes) => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
            Rows::Floats(floats) => floats.to_vec(),
        }
    }

    /// The values as a model sees them, in float64: `byte / 255` of bytes.
    pub fn doubles(self) -> Vec<f64> {
        match self {
            Rows::Bytes(bytes) => bytes.iter().map(|&byte| f64::from(byte) / 255.0).collect(),
            Rows::Floats(floats) => floats.iter().copied().map(f64::from).collect(),
        }
    }
}

/// The name of class `label`; its number where classes have no names.
pub fn class_name(names: &[String], label: usize) -> String {
    names.get(label).cloned().unwrap_or_else(|| label.to_string())
}
