//! `dμ = dz + β μ`, `dlog σ² = ½ (dz ε σ + β (σ² − 1))`, `dprojection = dz · act′(projection)`,
//! for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{Variants, activation, expect, latent_backward::Gradients, middle::Middle};
use crate::{
    Result,
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, source, vec4s},
    model::Activation,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/reparameterize_backward.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of what is kept of act(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of dz in signals.
        dz: u32,
        /// Start of dprojection, likewise.
        dprojection: u32,
        /// Start of dμ, likewise.
        dmu: u32,
        /// Start of dlog σ², likewise.
        dlog_var: u32,
        /// Columns of all of them.
        latent: u32,
        /// 0: no projection.
        labelled: u32,
        /// Rows of a full batch.
        capacity: u32,
    }
}

/// By the activation of the projection.
pub static SPECS: LazyLock<Variants<Activation>> = LazyLock::new(|| Variants::new(Activation::ALL, spec));

fn spec(activation: Activation) -> Spec {
    Spec {
        name: format!("reparameterize_backward{}", activation::suffix(activation)),
        sources: vec![
            source!("kernels/reparameterize_backward.wgsl"),
            source!("parts/batch.wgsl"),
            source!("parts/reparameterize.wgsl"),
            activation::part(Some(activation)).source,
        ],
        bindings: vec![Role::Activations.read(), Role::Signals.read_write(), Role::Noise.read()],
        args: Args::FIELDS,
        workgroup: [8, 8, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// Adds dμ, dlog σ² and, where `labelled`, dprojection, all `[rows, latent]`, from `gradients.c`; the projection went through
/// `activation`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(
    program: &mut Program,
    middle: &Middle,
    gradients: &Gradients,
    activation: Activation,
    labelled: bool,
) -> Result<()> {
    let dz = gradients.c;
    let fits = |tensor, matrix| expect("reparameterize_backward", tensor, matrix, dz.rows, dz.columns);
    fits("mu", middle.mu)?;
    fits("log_var", middle.log_var)?;
    fits("dmu", gradients.mu)?;
    fits("dlog_var", gradients.log_var)?;
    if labelled {
        fits("projection", middle.projection.kept)?;
        fits("dprojection", gradients.projection)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.kept.start,
        dz: dz.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        latent: dz.columns,
        labelled: labelled as u32,
        capacity: dz.rows,
    };
    let (rows, latent) = (dz.rows as usize, dz.columns as usize);
    let work = Work::elementwise([rows, latent], 4 * 6 * rows * latent); // μ, log σ², ε, dz; dμ, dlog σ²
    program.launch(SPECS.get(activation), &args, [vec4s(latent), rows], work);
    Ok(())
}
