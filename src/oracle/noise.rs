//! ε ~ N(0, 1), element by element: Box-Muller on Philox words.

use super::philox::{self, Stream};
use ndarray::Array2;
use std::f64::consts::TAU;

/// Four normals from four words: each pair (u, t) gives √(−2 ln u) · (cos 2πt, sin 2πt).
pub fn box_muller(words: [u32; 4]) -> [f64; 4] {
    let pair = |u: u32, t: u32| {
        let (radius, (sin, cos)) = ((-2.0 * philox::unit(u).ln()).sqrt(), (TAU * philox::unit(t)).sin_cos());
        [radius * cos, radius * sin]
    };
    let ([a, b], [c, d]) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}

/// `ε[row, j]` of one entry of a stream, `[rows, latent]`; element `row · latent + j` is normal number
/// `(row · latent + j) mod 4` of block `(row · latent + j) / 4`.
pub fn noise(seed: u64, stream: Stream, index: u64, rows: usize, latent: usize) -> Array2<f64> {
    let blocks = (rows * latent).div_ceil(4) as u32;
    let normals = (0..blocks).flat_map(|b| box_muller(philox::block(seed, stream, index, b)));
    Array2::from_shape_vec((rows, latent), normals.take(rows * latent).collect()).expect("rows · latent numbers")
}
