//! Autoencoder: the code is decoded as it is.
//! The middle as separate dispatches, for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::Network;
use crate::{
    Result,
    gpu::Program,
    kernels::{
        linear::{self, Input},
        linear_backward,
    },
};

/// h to code.
pub fn forward(program: &mut Program, net: &Network) -> Result<()> {
    let (h, code) = (net.middle.h, net.middle.code);
    linear::launch(program, Input::Activations(h.output), net.layers.code, code, net.activated()) // [rows, latent]
}

/// dd to dcode.
pub fn backward(program: &mut Program, net: &Network) -> Result<()> {
    let (dd, code, dcode) = (net.gradients.d, net.middle.code, net.gradients.code);
    linear_backward::launch(program, dd, net.layers.d, code.kept, dcode, Some(net.model.activation), false)
}
