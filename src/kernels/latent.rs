//! The narrow middle of a model, row by row: code, μ, log σ², z, KL and the decoder's first layer in one dispatch.

use super::{
    Variants, activation,
    middle::{Layers, Middle, Partials, Parts, Variant, group_rows, variants, work, workgroup},
};
use crate::{
    Result,
    gpu::{Args as _, LatentTiling, Program, Role, Spec, args, fold, source},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/latent.wgsl`.
    pub struct Args {
        /// Start of h in activations.
        h: u32,
        /// Start of code, likewise.
        code: u32,
        /// Start of its sums, likewise, where the activation keeps them.
        code_kept: u32,
        /// Start of μ, likewise.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of act(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of its sums, likewise, where the activation keeps them.
        projection_kept: u32,
        /// Start of onehot(y), likewise.
        onehot: u32,
        /// Start of c, likewise.
        c: u32,
        /// Start of d, likewise.
        d: u32,
        /// Start of its sums, likewise, where the activation keeps them.
        d_kept: u32,
        /// Start of W₂ in params; b₂ follows.
        w_code: u32,
        /// Start of Wμ, likewise.
        w_mu: u32,
        /// Start of Wσ, likewise.
        w_log_var: u32,
        /// Start of P, likewise.
        w_label: u32,
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

/// By activation, and for each in workgroup memory and in subgroups.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| Variants::new(variants(), spec));

fn spec((tiling, activation): Variant) -> Spec {
    let (suffix, parts) = match tiling {
        LatentTiling::Subgroup => {
            (", subgroup", &[source!("latents/forward_subgroup.wgsl"), source!("parts/four_rows.wgsl")][..])
        }
        LatentTiling::Workgroup | LatentTiling::Layers => ("", &[source!("latents/forward_workgroup.wgsl")][..]),
    };
    let shared = [
        source!("parts/batch.wgsl"),
        source!("parts/in_width.wgsl"),
        source!("parts/reparameterize.wgsl"),
        activation::part(Some(activation)).source,
    ];
    Spec {
        name: format!("latent{}{suffix}", activation::suffix(activation)),
        sources: [&[source!("kernels/latent.wgsl")], parts, &shared].concat(),
        bindings: vec![
            Role::Params.read(),
            Role::Activations.read_write(),
            Role::Order.read(),
            Role::Labels.read(),
            Role::Noise.read(),
            Role::Partials.read_write(),
        ],
        args: Args::FIELDS,
        workgroup: workgroup(tiling),
        needs: tiling.needs(),
        trusted: true,
    }
}

/// Adds the middle to the program: from h to everything else of `middle`, and the KL of each row. Without `noisy`, z = μ.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where layers and activations do not fit.
pub fn launch(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    parts: Parts,
    noisy: bool,
    partials: Partials,
) -> Result<()> {
    let rows = group_rows(program.tilings.latent);
    launch_folded(program, layers, middle, parts, noisy, partials, fold((middle.h.output.rows as usize).div_ceil(rows)))
}

pub(crate) fn launch_folded(
    program: &mut Program,
    layers: &Layers,
    middle: &Middle,
    parts: Parts,
    noisy: bool,
    partials: Partials,
    [x, y]: [usize; 2],
) -> Result<()> {
    middle.check("latent", layers, parts, program.tilings.latent)?;
    let args = Args {
        h: middle.h.output.start,
        code: middle.code.output.start,
        code_kept: middle.code.kept.start,
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.output.start,
        projection_kept: middle.projection.kept.start,
        onehot: middle.onehot.start,
        c: middle.c.start,
        d: middle.d.output.start,
        d_kept: middle.d.kept.start,
        w_code: layers.code.weight.start,
        w_mu: layers.mu.weight.start,
        w_log_var: layers.log_var.weight.start,
        w_label: layers.label.weight.start,
        w_d: layers.d.weight.start,
        width: layers.code.inputs(),
        latent: layers.code.outputs(),
        classes: if parts.labelled { layers.label.inputs() } else { 0 },
        variational: parts.variational as u32,
        noisy: noisy as u32,
        capacity: middle.h.output.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    let spec = SPECS.get((program.tilings.latent, layers.activation));
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y], work(layers, middle));
    Ok(())
}
