//! How gray images become black and white.

use crate::random::philox::{self, Stream};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the gray images of a run become black and white before anything else sees them. The test split is made so once, by the run's
/// seed, so that the figures of its epochs compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binarization {
    /// They do not.
    #[default]
    None,
    /// White from one half on.
    Threshold,
    /// Each pixel is white with its gray value as the probability, drawn anew for every epoch.
    Epoch,
    /// Likewise, drawn anew at every access. An epoch shows each image once, so that these are the draws of
    /// [`Binarization::Epoch`].
    Access,
}

impl Binarization {
    /// Every way.
    pub const ALL: [Binarization; 4] =
        [Binarization::None, Binarization::Threshold, Binarization::Epoch, Binarization::Access];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Binarization::None => "none",
            Binarization::Threshold => "threshold",
            Binarization::Epoch => "epoch",
            Binarization::Access => "access",
        }
    }

    /// Whether training images are drawn, and differ from epoch to epoch.
    pub fn is_drawn(self) -> bool {
        matches!(self, Binarization::Epoch | Binarization::Access)
    }

    /// Whether images stay gray.
    pub fn is_none(&self) -> bool {
        *self == Binarization::None
    }
}

impl fmt::Display for Binarization {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How the gray images of a split become black and white, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// In which way.
    pub binarization: Binarization,
    /// Seed of the run.
    pub seed: u64,
    /// Number of the draw: the epoch of training images.
    pub index: u64,
}

impl Drawn {
    /// Makes `image` black and white in place; it is number `number` of its split. Of any images of a split these are the draws of
    /// [`oracle::binarize`](crate::oracle::binarize), in whole numbers as the shader has them.
    pub fn draw(&self, image: &mut [u8], number: usize) {
        let white = |x: &mut u8, is_white: bool| *x = if is_white { 255 } else { 0 };
        match self.binarization {
            Binarization::None => {}
            Binarization::Threshold => image.iter_mut().for_each(|x| white(x, *x >= 128)),
            Binarization::Epoch | Binarization::Access => {
                let first = number * image.len().div_ceil(4);
                for (four, block) in image.chunks_mut(4).zip(first..) {
                    let words = philox::block(self.seed, Stream::Binarize, self.index, block as u32);
                    let below = |x: u8, word: u32| (2 * (word >> 9) + 1) * 255 < u32::from(x) << 24;
                    four.iter_mut().zip(words).for_each(|(x, word)| white(x, below(*x, word)));
                }
            }
        }
    }
}
