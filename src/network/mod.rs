//! Models on a device: where their parts lie, the programs of their passes and steps, encoding and decoding.

mod buffers;
mod codec;
mod gpu_codec;
mod layout;
mod middle;
pub mod step;

pub use buffers::straight;
pub use codec::{Codec, Encoding};
pub use layout::{Network, fit, padded, rows};
