//! `dμ = dz + β μ`, `dlog σ² = ½ (dz ε σ + β (σ² − 1))`, `dprojection = dz · [projection > 0]`,
//! for latents too wide for the row-wise kernel.

use super::{expect, latent::Middle, latent_backward::Gradients};
use crate::{
    Result,
    gpu::{Access, Args as _, Program, Role, Spec, args, source, vec4s},
};

args! {
    /// As in `shaders/reparameterize_backward.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
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
        /// Weight of the KL divergence.
        beta: f32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "reparameterize_backward",
    sources: &[
        source!("reparameterize_backward.wgsl"),
        source!("common/batch.wgsl"),
        source!("common/reparameterize.wgsl"),
    ],
    bindings: &[(Role::Activations, Access::Read), (Role::Signals, Access::ReadWrite), (Role::Noise, Access::Read)],
    args: Args::FIELDS,
    workgroup: [8, 8, 1],
    cases: Vec::new,
    mutants: &[],
}];

/// Adds dμ, dlog σ² and, where `labelled`, dprojection, all `[rows, latent]`, from `gradients.c`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, middle: &Middle, gradients: &Gradients, labelled: bool, beta: f64) -> Result<()> {
    let dz = gradients.c;
    let fits = |tensor, matrix| expect("reparameterize_backward", tensor, matrix, dz.rows, dz.columns);
    fits("mu", middle.mu)?;
    fits("log_var", middle.log_var)?;
    fits("dmu", gradients.mu)?;
    fits("dlog_var", gradients.log_var)?;
    if labelled {
        fits("projection", middle.projection)?;
        fits("dprojection", gradients.projection)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        dz: dz.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        latent: dz.columns,
        labelled: labelled as u32,
        capacity: dz.rows,
        beta: beta as f32,
    };
    program.launch(&SPECS[0], &args, [vec4s(dz.columns as usize), dz.rows as usize]);
    Ok(())
}
