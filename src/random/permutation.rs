//! Keyed permutations of 0 … n−1: a Feistel network with cycle walking, evaluated position by position, without a table.

use super::philox::{self, Stream};

const ROUNDS: usize = 8;

/// The permutation of the items of one epoch of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    /// Number of items.
    pub count: u32,
    /// Bits in each half of a Feistel block; 2^(2·half_bits) is at least `count`.
    pub half_bits: u32,
    /// One key per round.
    pub keys: [u32; ROUNDS],
}

impl Permutation {
    /// The permutation of `count` items that belongs to `seed` and `epoch`.
    pub fn new(seed: u64, epoch: u64, count: u32) -> Permutation {
        let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
        let [low, high] = [0, 1].map(|number| philox::block(seed, Stream::Order, epoch, number));
        let keys = std::array::from_fn(|round| if round < 4 { low[round] } else { high[round - 4] });
        Permutation { count, half_bits: bits.div_ceil(2).max(1), keys }
    }

    /// The item at `position`, below `count`.
    pub fn item(&self, position: u32) -> u32 {
        let mut item = self.encipher(position);
        while item >= self.count {
            item = self.encipher(item);
        }
        item
    }

    /// All items, position after position.
    pub fn items(&self) -> impl Iterator<Item = u32> {
        (0..self.count).map(|position| self.item(position))
    }

    fn encipher(&self, block: u32) -> u32 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (block >> self.half_bits, block & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right.wrapping_add(key)) & mask));
        }
        left << self.half_bits | right
    }
}

/// The finalizer of MurmurHash3 (Austin Appleby): every input bit reaches every output bit.
fn mix(mut x: u32) -> u32 {
    x = (x ^ x >> 16).wrapping_mul(0x85EB_CA6B);
    x = (x ^ x >> 13).wrapping_mul(0xC2B2_AE35);
    x ^ x >> 16
}
