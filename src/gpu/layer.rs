//! How the parts of a model lie in buffers: a layer's parameters, the images of a batch.

use super::{Arena, Matrix};
use crate::model::Rows;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The parameters of one linear layer: the weight `[out, in]`, and behind it the bias `[out]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `[out, in]`
    pub weight: Matrix,
}

impl Layer {
    /// Space for a layer of `inputs` inputs and `outputs` outputs.
    pub fn allocate(arena: &mut Arena, inputs: usize, outputs: usize) -> Layer {
        let weight = arena.matrix(outputs, inputs);
        arena.matrix(1, outputs);
        Layer { weight }
    }

    /// `[1, out]`
    pub fn bias(&self) -> Matrix {
        Matrix {
            start: self.weight.start + self.weight.rows * self.weight.columns.div_ceil(4),
            rows: 1,
            columns: self.weight.rows,
        }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> u32 {
        self.weight.columns
    }

    /// Number of outputs.
    pub fn outputs(&self) -> u32 {
        self.weight.rows
    }
}

/// How the rows of a data set lie in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Bytes, 255 for white, rows padded to a multiple of four.
    #[default]
    U8,
    /// Floats, rows padded to a multiple of four.
    F32,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Format::U8 => "u8",
            Format::F32 => "f32",
        })
    }
}

impl Format {
    /// That of `rows`.
    pub fn of(rows: Rows) -> Format {
        if rows.are_pixels() { Format::U8 } else { Format::F32 }
    }

    /// Bytes of a pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Format::U8 => 1,
            Format::F32 => 4,
        }
    }
}
