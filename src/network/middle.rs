//! The middle of a model as separate dispatches, for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers): from the encoder's
//! last hidden layer to what is decoded.
//!
//! An autoencoder decodes its code as it is. A variational one (Kingma and Welling 2014) decodes z = μ + exp(½ log σ²) ε, a conditional
//! one what the label makes of z: see [`Condition`](crate::model::Condition).

use super::Network;
use crate::{
    Result,
    gpu::Program,
    kernels::{
        linear::{self, Finish, Input},
        linear_backward, onehot, reparameterize,
        reparameterize_backward::{self, Weights},
    },
    model::{Condition, Objective},
};

/// h and the labels to code, μ, log σ², the projection, c and the KL of each row.
pub fn forward(program: &mut Program, net: &Network, noisy: bool) -> Result<()> {
    let (m, layers, model) = (&net.middle, &net.layers, &net.model);
    let mut below = m.h.output;
    if model.has_code() {
        let finish = model.code_activation().map_or(Finish::Identity, Finish::Activated);
        linear::launch(program, Input::Activations(below), layers.code, m.code, finish)?; // [rows, latent]
        below = m.code.output;
    }
    if !model.kind.is_variational() {
        return Ok(());
    }
    linear::launch(program, Input::Activations(below), layers.mu, m.mu, Finish::Identity)?; // [rows, latent]
    linear::launch(program, Input::Activations(below), layers.log_var, m.log_var, Finish::Identity)?; // [rows, latent]
    if model.has_projector() {
        onehot::launch(program, m.onehot); // [rows, classes]; an encoder that is told the label has it already
    }
    condition(program, net, noisy)
}

/// μ, log σ² and onehot(y) to the projection, c and the KL of each row.
pub fn condition(program: &mut Program, net: &Network, noisy: bool) -> Result<()> {
    let (m, condition) = (&net.middle, net.condition());
    if net.model.has_projector() {
        linear::launch(program, Input::Activations(m.onehot), net.layers.label, m.projection, net.activated())?; // [rows, latent]
    }
    reparameterize::launch(program, m, condition, noisy, net.partials) // [rows · samples, latent]
}

/// dd to dc, dprojection, dμ, dlog σ², dcode and dh.
pub fn backward(program: &mut Program, net: &Network, objective: &Objective) -> Result<()> {
    let (m, g, layers, model) = (&net.middle, &net.gradients, &net.layers, &net.model);
    let of_code = model.code_activation();
    if model.kind.is_variational() {
        program.sampled = net.samples > 1;
        linear_backward::launch(program, g.d, layers.d, m.c, g.c, None, false)?; // [rows · samples, latent]
        program.sampled = false;
        let weights = Weights { bound: objective.bound, scores: net.scores };
        reparameterize_backward::launch(program, m, g, model.activation, net.condition(), weights)?;
        // dcode, or without a code dh, is the sum of both, times the derivative
        let (kept, to, activation) = match model.has_code() {
            true => (m.code.kept, g.code, of_code),
            false => (m.h.kept, g.h, Some(model.activation)),
        };
        linear_backward::launch(program, g.mu, layers.mu, kept, to, None, false)?;
        linear_backward::launch(program, g.log_var, layers.log_var, kept, to, activation, true)?;
    } else {
        linear_backward::launch(program, g.d, layers.d, m.code.kept, g.code, of_code, false)?; // [rows, latent]
    }
    match model.has_code() {
        true => linear_backward::launch(program, g.code, layers.code, m.h.kept, g.h, Some(model.activation), false),
        false => Ok(()),
    }
}

impl Network {
    /// What the decoder is told of the label; none for models without labels.
    pub fn condition(&self) -> Option<Condition> {
        self.model.kind.is_conditional().then_some(self.model.condition)
    }
}
