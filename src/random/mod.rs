//! Counter-based random numbers: each is a function of (seed, stream, index, element).
//!
//! | file | what it provides |
//! |---|---|
//! | [`philox`] | the words of any block of any stream |
//! | `generator` | [`stream`]: these words as a generator of the crate `rand` |
//! | [`normal`] | normal numbers from words |
//! | [`permutation`] | keyed permutations: the order of an epoch |
//!
//! What shaders draw too (ε, noise on the input, the order of an epoch) comes from words by [`normal`] and [`permutation`], the same on
//! CPU and GPU. Everything that the host alone draws comes from [`stream`] by the distributions of `rand` and `rand_distr`.

mod generator;
pub mod normal;
pub mod permutation;
pub mod philox;

pub use generator::stream;
pub use permutation::Permutation;
pub use philox::Stream;
