//! Variational autoencoder (Kingma and Welling 2014): z = μ + exp(½ log σ²) ε is decoded.
//! The middle as separate dispatches, for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::Network;
use crate::{
    Result,
    gpu::Program,
    kernels::{
        linear::{self, Finish, Input},
        linear_backward, reparameterize, reparameterize_backward,
    },
};

/// h to code, μ, log σ², z and the KL of each row.
pub fn forward(program: &mut Program, net: &Network, noisy: bool) -> Result<()> {
    gaussian(program, net)?;
    reparameterize::launch(program, &net.middle, false, noisy, net.partials) // z [rows, latent]
}

/// h to code, μ and log σ².
pub(super) fn gaussian(program: &mut Program, net: &Network) -> Result<()> {
    let (m, layers) = (&net.middle, &net.layers);
    linear::launch(program, Input::Activations(m.h.output), layers.code, m.code, net.activated())?; // [rows, latent]
    linear::launch(program, Input::Activations(m.code.output), layers.mu, m.mu, Finish::Identity)?; // [rows, latent]
    linear::launch(program, Input::Activations(m.code.output), layers.log_var, m.log_var, Finish::Identity) // [rows, latent]
}

/// dd to dz, dμ, dlog σ² and dcode.
pub fn backward(program: &mut Program, net: &Network) -> Result<()> {
    through_z(program, net, false)
}

/// dd to dz, dprojection where `labelled`, dμ, dlog σ² and dcode.
pub(super) fn through_z(program: &mut Program, net: &Network, labelled: bool) -> Result<()> {
    let (m, g, layers) = (&net.middle, &net.gradients, &net.layers);
    let activation = net.model.activation;
    linear_backward::launch(program, g.d, layers.d, m.c, g.c, None, false)?; // [rows, latent]
    reparameterize_backward::launch(program, m, g, activation, labelled)?;
    // dcode is the sum of both, times the derivative
    linear_backward::launch(program, g.mu, layers.mu, m.code.kept, g.code, None, false)?; // [rows, latent]
    linear_backward::launch(program, g.log_var, layers.log_var, m.code.kept, g.code, Some(activation), true)
}
