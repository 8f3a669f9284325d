//! ε ~ N(0, 1), element by element: Box-Muller on Philox words.

use crate::random::{
    normal::box_muller,
    philox::{self, Stream},
};
use ndarray::Array2;

/// `ε[row, j]` of one entry of a stream, `[rows, latent]`; element `row · latent + j` is normal number
/// `(row · latent + j) mod 4` of block `(row · latent + j) / 4`.
pub fn noise(seed: u64, stream: Stream, index: u64, rows: usize, latent: usize) -> Array2<f64> {
    let blocks = (rows * latent).div_ceil(4) as u32;
    let normals = (0..blocks).flat_map(|b| box_muller(philox::block(seed, stream, index, b)));
    Array2::from_shape_vec((rows, latent), normals.take(rows * latent).collect()).expect("rows · latent numbers")
}
