//! Black and white images from gray ones, a byte per pixel.

use crate::random::philox::{self, Stream};

/// 255 where the gray value is at least ½, else 0.
pub fn threshold(gray: &[u8]) -> Vec<u8> {
    gray.iter().map(|&x| if x >= 128 { 255 } else { 0 }).collect()
}

/// 255 with probability x / 255, else 0; `gray` is `[count, pixels]`.
///
/// Pixel k of image i takes word `k mod 4` of block `i · ⌈pixels / 4⌉ + k / 4` of entry `index` of [`Stream::Binarize`], and is white
/// where the number in (0, 1) that it stands for is below x / 255.
pub fn binarize(gray: &[u8], pixels: usize, seed: u64, index: u64) -> Vec<u8> {
    let mut blocks = (0..).map(|block| philox::block(seed, Stream::Binarize, index, block));
    let mut white = Vec::with_capacity(gray.len());
    for four in gray.chunks(pixels).flat_map(|image| image.chunks(4)) {
        let words = blocks.next().expect("blocks have no end");
        white.extend(four.iter().zip(words).map(|(&x, word)| match philox::unit(word) < f64::from(x) / 255.0 {
            true => 255,
            false => 0,
        }));
    }
    white
}
