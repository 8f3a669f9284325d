//! Models on a device: where their parts lie, the programs of their passes and steps, encoding and decoding.

mod active;
mod buffers;
mod codec;
mod evidence;
mod gpu_codec;
mod layout;
mod middle;
pub mod step;

pub use active::{ACTIVE, active_units, means, variances};
pub use buffers::straight;
pub use codec::{Codec, Encoding};
pub use evidence::{Observed, likelihood};
pub use layout::{Network, fit, packed, padded, rows};
