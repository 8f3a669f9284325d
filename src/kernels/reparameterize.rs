//! `z = μ + exp(½ log σ²) ε`, `c = z + projection` and the KL of each row,
//! for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{
    expect,
    middle::{Middle, Partials},
};
use crate::{
    Result,
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, source},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/reparameterize.wgsl`.
    pub struct Args {
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of act(P onehot(y) + bP), likewise.
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
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec {
    name: "reparameterize".into(),
    sources: vec![
        source!("kernels/reparameterize.wgsl"),
        source!("parts/batch.wgsl"),
        source!("parts/reparameterize.wgsl"),
    ],
    bindings: vec![Role::Activations.read_write(), Role::Noise.read(), Role::Partials.read_write()],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

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
        expect("reparameterize", "projection", middle.projection.output, c.rows, c.columns)?;
    }
    let args = Args {
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.output.start,
        c: c.start,
        latent: c.columns,
        labelled: labelled as u32,
        noisy: noisy as u32,
        capacity: c.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    let (rows, latent) = (c.rows as usize, c.columns as usize);
    program.launch(&SPEC, &args, [rows, 1], Work::elementwise([rows, latent], 4 * 4 * rows * latent)); // μ, log σ², ε, c
    Ok(())
}
