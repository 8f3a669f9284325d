//! Noise on the images that a model learns to restore.

use super::{
    noise::box_muller,
    philox::{self, Stream},
};
use crate::models::{Corruption, Noise};
use ndarray::{Array2, ArrayRef2, Axis};

pub use super::philox::EVALUATION;

/// `x̃ = x + strength · n` with n ~ N(0, 1), or `x̃ = x · [u ≥ strength]` with u ~ U(0, 1); `x` is `[rows, input]`.
///
/// Element `[i, k]` takes number `k mod 4` of block `i · ⌈input / 4⌉ + k / 4` of entry `index` of [`Stream::Corrupt`]. The
/// strength is rounded to float32, so that every device blanks the same pixels.
pub fn corrupt(x: &ArrayRef2<f64>, corruption: &Corruption, seed: u64, index: u64) -> Array2<f64> {
    let strength = corruption.strength as f32 as f64;
    let mut corrupted = x.to_owned();
    let mut blocks = (0..).map(|b| philox::block(seed, Stream::Corrupt, index, b));
    for mut row in corrupted.rows_mut() {
        for (mut four, words) in row.axis_chunks_iter_mut(Axis(0), 4).zip(&mut blocks) {
            match corruption.kind {
                Noise::Gaussian => four.iter_mut().zip(box_muller(words)).for_each(|(x, n)| *x += strength * n),
                Noise::Mask => {
                    let blank = words.map(|word| philox::unit(word) < strength);
                    four.iter_mut().zip(blank).filter(|(_, blank)| *blank).for_each(|(x, _)| *x = 0.0);
                }
            }
        }
    }
    corrupted
}
