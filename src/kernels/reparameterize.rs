//! `z = μ + exp(½ log σ²) ε`, what the label makes of it, and the KL of each row,
//! for [`LatentTiling::Layers`](crate::gpu::LatentTiling::Layers).

use super::{
    expect,
    middle::{Middle, Partials},
};
use crate::{
    Result,
    gpu::{Args as _, Needs, Program, Role, Spec, Work, args, source},
    model::Condition,
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
        /// Start of onehot(y), likewise.
        onehot: u32,
        /// Start of c, likewise.
        c: u32,
        /// Columns of μ, log σ² and the projection.
        latent: u32,
        /// Columns of onehot(y) behind z.
        classes: u32,
        /// What the projection does: 0 nothing, 1 z + p, 2 (z + p) / 2, 3 z p.
        condition: u32,
        /// 0: ε = 0, so that z = μ.
        noisy: u32,
        /// Of each image.
        samples: u32,
        /// Rows · samples of a full batch.
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
        source!("parts/epsilon.wgsl"),
    ],
    bindings: vec![Role::Activations.read_write(), Role::Noise.read(), Role::Partials.read_write()],
    args: Args::FIELDS,
    workgroup: [64, 1, 1],
    needs: Needs::Nothing,
    trusted: true,
});

/// Adds c `[rows · samples, latent]`, or wider by a label behind z, and the KL of each row, from μ, log σ² and what `condition` takes of
/// the label. Without `noisy`, z = μ.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(
    program: &mut Program,
    middle: &Middle,
    condition: Option<Condition>,
    noisy: bool,
    partials: Partials,
) -> Result<()> {
    let (mu, c) = (middle.mu, middle.c);
    let (rows, latent) = (mu.rows, mu.columns);
    expect("reparameterize", "log_var", middle.log_var, rows, latent)?;
    let classes = middle.behind(condition);
    expect("reparameterize", "c", c, c.rows.next_multiple_of(rows), latent + classes)?;
    match condition {
        None => {}
        Some(Condition::Concat) => expect("reparameterize", "onehot", middle.onehot, rows, classes)?,
        Some(_) => expect("reparameterize", "projection", middle.projection.output, rows, latent)?,
    }
    let args = Args {
        mu: mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.output.start,
        onehot: middle.onehot.start,
        c: c.start,
        latent,
        classes,
        condition: number(condition),
        noisy: noisy as u32,
        samples: c.rows / rows,
        capacity: c.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    let (rows, latent) = (c.rows as usize, c.columns as usize);
    program.launch(&SPEC, &args, [rows, 1], Work::elementwise([rows, latent], 4 * 4 * rows * latent)); // μ, log σ², ε, c
    Ok(())
}

/// The number by which shaders know what a projection does.
pub(super) fn number(condition: Option<Condition>) -> u32 {
    match condition {
        None | Some(Condition::Concat) => 0,
        Some(Condition::Add) => 1,
        Some(Condition::Mean) => 2,
        Some(Condition::Multiply) => 3,
    }
}
