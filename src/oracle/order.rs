//! The order of an epoch: a keyed permutation of its images.

use crate::random::Permutation;

/// `order[position]` of one epoch of `count` images: the image that stands there.
pub fn order(seed: u64, epoch: u64, count: u32) -> Vec<u32> {
    Permutation::new(seed, epoch, count).items().collect()
}
