//! A stream as a generator of the crate `rand`, whose distributions are what everything drawn on the host is drawn from.

use super::philox::{self, Stream};
use rand::{
    Rng, TryRng,
    rand_core::block::{BlockRng, Generator},
};
use std::convert::Infallible;

/// The random numbers of entry `index` of a stream, from its first word on; they begin anew after 2^34 words.
///
/// ```
/// use rand::Rng;
/// use wgvae::random::{Stream, stream};
///
/// let draw = |seed, index| stream(seed, Stream::Sample, index).next_u32();
/// assert_eq!(draw(7, 0), draw(7, 0)); // the same for the same seed, use and index, wherever it is drawn
/// assert_ne!(draw(7, 0), draw(7, 1));
/// ```
pub fn stream(seed: u64, stream: Stream, index: u64) -> impl Rng {
    Words(BlockRng::new(Blocks { seed, stream, index, next: 0 }))
}

/// The blocks of one entry of a stream, one after another.
struct Blocks {
    seed: u64,
    stream: Stream,
    index: u64,
    next: u32,
}

impl Generator for Blocks {
    type Output = [u32; 4];

    fn generate(&mut self, output: &mut [u32; 4]) {
        *output = philox::block(self.seed, self.stream, self.index, self.next);
        self.next = self.next.wrapping_add(1);
    }
}

/// The words of one entry of a stream.
struct Words(BlockRng<Blocks>);

impl TryRng for Words {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64_from_u32())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}
