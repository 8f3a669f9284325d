//! Counter-based random numbers: each is a function of (seed, stream, index, element), the same on CPU and GPU.
//!
//! | file | what it provides |
//! |---|---|
//! | [`philox`] | the generator: the words of any block of any stream |
//! | [`normal`] | normal numbers from words |
//! | [`permutation`] | keyed permutations: the order of an epoch |

pub mod normal;
pub mod permutation;
pub mod philox;

pub use permutation::Permutation;
pub use philox::Stream;
