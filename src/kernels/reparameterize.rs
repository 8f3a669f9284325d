//! `z = μ + exp(½ log σ²) ε`, `c = z + projection` and the KL of each row, for latents too wide for the row-wise kernel.

use super::{
    expect,
    latent::{Middle, Partials},
};
use crate::{
    Result,
    gpu::{Access, Args as _, Program, Role, Spec, args, source},
};

args! {
    /// As in `shaders/reparameterize.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of c, likewise.
        c: u32,
        /// Columns of all of them.
        latent: u32,
        /// 0: no projection.
        labelled: u32,
        /// 0: ε = 0, so that z = μ.
        noisy: u32,
        /// Rows of a full batch.
        capacity: u32,
        /// Where the row KLs start among a step's partials.
        tiles: u32,
        /// Partials per step.
        stride: u32,
    }
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "reparameterize",
    sources: &[source!("reparameterize.wgsl"), source!("common/batch.wgsl"), source!("common/reparameterize.wgsl")],
    bindings: &[
        (Role::Activations, Access::ReadWrite),
        (Role::Noise, Access::Read),
        (Role::Partials, Access::ReadWrite),
    ],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    cases: Vec::new,
    mutants: &[],
}];

/// Adds c `[rows, latent]` and the KL of each row, from μ, log σ² and, where `labelled`, the projection.
/// Without `noisy`, z = μ.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(program: &mut Program, middle: &Middle, labelled: bool, noisy: bool, partials: Partials) -> Result<()> {
    let c = middle.c;
    expect("reparameterize", "mu", middle.mu, c.rows, c.columns)?;
    expect("reparameterize", "log_var", middle.log_var, c.rows, c.columns)?;
    if labelled {
        expect("reparameterize", "projection", middle.projection, c.rows, c.columns)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        c: c.start,
        latent: c.columns,
        labelled: labelled as u32,
        noisy: noisy as u32,
        capacity: c.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    program.launch(&SPECS[0], &args, [c.rows as usize, 1]);
    Ok(())
}
