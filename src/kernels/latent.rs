//! The narrow middle of a model, row by row: code, μ, log σ², z, KL and the decoder's first layer in one dispatch.

use super::{Layer, expect};
use crate::{
    Result,
    gpu::{Access, Args as _, Matrix, Program, Role, Spec, args, fold, source},
};

args! {
    /// As in `shaders/latent.wgsl`.
    pub struct Args {
        /// Start of h in activations.
        h: u32,
        /// Start of code, likewise.
        code: u32,
        /// Start of μ, likewise.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of relu(P onehot(y) + bP), likewise.
        projection: u32,
        /// Start of onehot(y), likewise.
        onehot: u32,
        /// Start of c, likewise.
        c: u32,
        /// Start of d, likewise.
        d: u32,
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

/// The widest latent that fits the kernel's workgroup memory.
pub const MAX_LATENT: usize = 128;

/// Invocations that work on one row.
pub(super) const WORKGROUP: u32 = 64;

/// The layers of the middle. Those a model lacks are left at their default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers {
    /// `[latent, width]`
    pub code: Layer,
    /// `[latent, latent]`
    pub mu: Layer,
    /// `[latent, latent]`
    pub log_var: Layer,
    /// `[latent, classes]`
    pub label: Layer,
    /// `[width, latent]`
    pub d: Layer,
}

/// The activations of the middle. Those a model lacks are left at their default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Middle {
    /// The encoder's last hidden layer, `[rows, width]`.
    pub h: Matrix,
    /// `[rows, latent]`
    pub code: Matrix,
    /// `[rows, latent]`
    pub mu: Matrix,
    /// `[rows, latent]`
    pub log_var: Matrix,
    /// relu(P onehot(y) + bP), `[rows, latent]`.
    pub projection: Matrix,
    /// onehot(y), `[rows, classes]`.
    pub onehot: Matrix,
    /// What is decoded, `[rows, latent]`: code, z, or z + projection.
    pub c: Matrix,
    /// The decoder's first hidden layer, `[rows, width]`.
    pub d: Matrix,
}

/// Which of the middle's parts a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// μ, log σ² and z.
    pub variational: bool,
    /// A label projection.
    pub labelled: bool,
}

impl Middle {
    pub(super) fn check(&self, kernel: &'static str, layers: &Layers, parts: Parts) -> Result<()> {
        let (rows, width, latent) = (self.h.rows, layers.code.inputs(), layers.code.outputs());
        expect(kernel, "w_d", layers.d.weight, width, latent)?;
        expect(kernel, "h", self.h, rows, width)?;
        expect(kernel, "d", self.d, rows, width)?;
        expect(kernel, "code", self.code, rows, latent)?;
        expect(kernel, "c", self.c, rows, latent)?;
        if parts.variational {
            expect(kernel, "w_mu", layers.mu.weight, latent, latent)?;
            expect(kernel, "w_log_var", layers.log_var.weight, latent, latent)?;
            expect(kernel, "mu", self.mu, rows, latent)?;
            expect(kernel, "log_var", self.log_var, rows, latent)?;
        }
        if parts.labelled {
            expect(kernel, "w_label", layers.label.weight, latent, self.onehot.columns)?;
            expect(kernel, "projection", self.projection, rows, latent)?;
            expect(kernel, "onehot", self.onehot, rows, layers.label.inputs())?;
        }
        Ok(())
    }
}

/// How the loss partials of a step lie: those of the output's tiles, then one KL per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partials {
    /// Where the row KLs start.
    pub tiles: u32,
    /// Partials per step.
    pub stride: u32,
}

/// The kernel.
pub static SPECS: &[Spec] = &[Spec {
    name: "latent",
    sources: &[
        source!("latent.wgsl"),
        source!("common/batch.wgsl"),
        source!("common/in_width.wgsl"),
        source!("common/reparameterize.wgsl"),
    ],
    bindings: &[
        (Role::Params, Access::Read),
        (Role::Activations, Access::ReadWrite),
        (Role::Order, Access::Read),
        (Role::Labels, Access::Read),
        (Role::Noise, Access::Read),
        (Role::Partials, Access::ReadWrite),
    ],
    args: Args::FIELDS,
    workgroup: [WORKGROUP, 1, 1],
    cases: Vec::new,
    mutants: &[],
}];

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
    middle.check("latent", layers, parts)?;
    let args = Args {
        h: middle.h.start,
        code: middle.code.start,
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        projection: middle.projection.start,
        onehot: middle.onehot.start,
        c: middle.c.start,
        d: middle.d.start,
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
        capacity: middle.h.rows,
        tiles: partials.tiles,
        stride: partials.stride,
    };
    let [x, y] = fold(middle.h.rows as usize);
    program.launch(&SPECS[0], &args, [x * WORKGROUP as usize, y]);
    Ok(())
}
