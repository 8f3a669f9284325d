//! Backward through the narrow middle of a model, row by row, in one dispatch.

use super::{
    Variants, activation, expect,
    middle::{Layers, Middle, Parts, Variant, group_rows, variants, work, workgroup},
};
use crate::{
    Result,
    gpu::{Args as _, LatentTiling, Matrix, Program, Role, Spec, args, fold, source},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/latent_backward.wgsl`.
    pub struct Args {
        /// Start of what is kept of h in activations.
        h: u32,
        /// Start of what is kept of code, likewise.
        code: u32,
        /// Start of μ, likewise.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of what is kept of act(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of dd in signals.
        dd: u32,
        /// Start of dprojection, likewise.
        dprojection: u32,
        /// Start of dμ, likewise.
        dmu: u32,
        /// Start of dlog σ², likewise.
        dlog_var: u32,
        /// Start of dcode, likewise.
        dcode: u32,
        /// Start of dh, likewise.
        dh: u32,
        /// Start of W₂ in params.
        w_code: u32,
        /// Start of Wμ, likewise.
        w_mu: u32,
        /// Start of Wσ, likewise.
        w_log_var: u32,
        /// Start of W₃, likewise.
        w_d: u32,
        /// Columns of h and d.
        width: u32,
        /// Columns of code, μ, log σ², z and c.
        latent: u32,
        /// 0: no labels.
        classes: u32,
        /// 0: autoencoder.
        variational: u32,
        /// Rows of a full batch.
        capacity: u32,
    }
}

/// Gradients of the middle, each before its activation. Those a model lacks are left at their default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gradients {
    /// `[rows, width]`, before the activation of the decoder's first hidden layer.
    pub d: Matrix,
    /// Gradient of what is decoded, `[rows, latent]`; only written where the middle is not one dispatch.
    pub c: Matrix,
    /// `[rows, latent]`
    pub projection: Matrix,
    /// `[rows, latent]`
    pub mu: Matrix,
    /// `[rows, latent]`
    pub log_var: Matrix,
    /// `[rows, latent]`
    pub code: Matrix,
    /// `[rows, width]`
    pub h: Matrix,
}

/// By activation, and for each in workgroup memory and in subgroups.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| Variants::new(variants(), spec));

fn spec((tiling, activation): Variant) -> Spec {
    let (suffix, parts) = match tiling {
        LatentTiling::Subgroup => {
            (", subgroup", &[source!("latents/backward_subgroup.wgsl"), source!("parts/four_rows.wgsl")][..])
        }
        LatentTiling::Workgroup | LatentTiling::Layers => ("", &[source!("latents/backward_workgroup.wgsl")][..]),
    };
    let of_output = activation::part(Some(activation)).source;
    let shared =
        [source!("parts/batch.wgsl"), source!("parts/reparameterize.wgsl"), source!("parts/in_width.wgsl"), of_output];
    Spec {
        name: format!("latent_backward{}{suffix}", activation::suffix(activation)),
        sources: [&[source!("kernels/latent_backward.wgsl")], parts, &shared].concat(),
        bindings: vec![Role::Params.read(), Role::Activations.read(), Role::Signals.read_write(), Role::Noise.read()],
        args: Args::FIELDS,
        workgroup: workgroup(tiling),
        needs: tiling.needs(),
        trusted: true,
    }
}

/// Adds the backward pass of the middle to the program: from `gradients.d` to its other matrices (but c), with the
/// step's weight of the KL divergence.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where layers, activations and gradients do not fit.
pub fn launch(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    gradients: &Gradients,
    parts: Parts,
) -> Result<()> {
    let rows = group_rows(program.tilings.latent);
    launch_folded(program, layers, middle, gradients, parts, fold((middle.h.kept.rows as usize).div_ceil(rows)))
}

pub(crate) fn launch_folded(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    gradients: &Gradients,
    parts: Parts,
    [x, y]: [usize; 2],
) -> Result<()> {
    middle.check("latent_backward", layers, parts, program.tilings.latent)?;
    let (rows, width, latent) = (middle.h.kept.rows, middle.h.kept.columns, middle.code.kept.columns);
    expect("latent_backward", "dd", gradients.d, rows, width)?;
    expect("latent_backward", "dcode", gradients.code, rows, latent)?;
    expect("latent_backward", "dh", gradients.h, rows, width)?;
    if parts.variational {
        expect("latent_backward", "dmu", gradients.mu, rows, latent)?;
        expect("latent_backward", "dlog_var", gradients.log_var, rows, latent)?;
    }
    if parts.labelled {
        expect("latent_backward", "dprojection", gradients.projection, rows, latent)?;
    }
    let args = Args {
        h: middle.h.kept.start,
        code: middle.code.kept.start,
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.kept.start,
        dd: gradients.d.start,
        dprojection: gradients.projection.start,
        dmu: gradients.mu.start,
        dlog_var: gradients.log_var.start,
        dcode: gradients.code.start,
        dh: gradients.h.start,
        w_code: layers.code.weight.start,
        w_mu: layers.mu.weight.start,
        w_log_var: layers.log_var.weight.start,
        w_d: layers.d.weight.start,
        width,
        latent,
        classes: if parts.labelled { layers.label.inputs() } else { 0 },
        variational: parts.variational as u32,
        capacity: rows,
    };
    let spec = SPECS.get((program.tilings.latent, layers.activation));
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y], work(layers, middle));
    Ok(())
}
