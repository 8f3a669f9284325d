//! Models on a device: where their parts lie, the programs of their passes and steps, encoding and decoding.

mod ae;
mod buffers;
mod codec;
mod cvae;
mod gpu_codec;
mod layout;
pub mod step;
mod vae;

pub use buffers::straight;
pub use codec::{Codec, Encoding};
pub use layout::{Network, fit, padded, rows};
