//! Conditional VAE of the article: z + act(P onehot(y) + b) is decoded; the encoder never sees the label.
//! The middle as separate dispatches, for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{Network, vae};
use crate::{
    Result,
    gpu::Program,
    kernels::{
        linear::{self, Input},
        onehot, reparameterize,
    },
};

/// h and the labels to code, μ, log σ², the projection, z + projection and the KL of each row.
pub fn forward(program: &mut Program, net: &Network, noisy: bool) -> Result<()> {
    vae::gaussian(program, net)?;
    projection(program, net)?;
    reparameterize::launch(program, &net.middle, true, noisy, net.partials) // z + projection [rows, latent]
}

/// The labels to act(P onehot(y) + b).
pub(super) fn projection(program: &mut Program, net: &Network) -> Result<()> {
    let m = &net.middle;
    onehot::launch(program, m.onehot); // [rows, classes]
    linear::launch(program, Input::Activations(m.onehot), net.layers.label, m.projection, net.activated()) // [rows, latent]
}

/// dd to dz, dprojection, dμ, dlog σ² and dcode.
pub fn backward(program: &mut Program, net: &Network) -> Result<()> {
    vae::through_z(program, net, true)
}
