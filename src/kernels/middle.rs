//! What the kernels of a model's narrow middle share: its layers and activations, and how it is cut. No kernel itself.

use super::{activation::ActivatedMatrix, expect};
use crate::{
    Error, Result,
    gpu::{LatentTiling, Layer, Matrix, Work},
    model::{Activation, Condition},
};

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
    /// What follows the sums of code, label and d.
    pub activation: Activation,
}

/// The activations of the middle. Those a model lacks are left at their default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Middle {
    /// The encoder's last hidden layer, `[rows, width]`.
    pub h: ActivatedMatrix,
    /// `[rows, latent]`
    pub code: ActivatedMatrix,
    /// `[rows, latent]`
    pub mu: Matrix,
    /// `[rows, latent]`
    pub log_var: Matrix,
    /// act(P onehot(y) + bP), `[rows, latent]`.
    pub projection: ActivatedMatrix,
    /// onehot(y), `[rows, classes]`.
    pub onehot: Matrix,
    /// What is decoded, `[rows · samples, latent]`: code, z, or what the label makes of z; `latent + classes` columns where it stands
    /// behind.
    pub c: Matrix,
    /// The decoder's first hidden layer, `[rows, width]`.
    pub d: ActivatedMatrix,
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
    /// Columns of onehot(y) that stand behind z under this condition.
    pub(super) fn behind(&self, condition: Option<Condition>) -> u32 {
        if condition == Some(Condition::Concat) { self.onehot.columns } else { 0 }
    }

    pub(super) fn check(
        &self,
        kernel: &'static str,
        layers: &Layers,
        parts: Parts,
        tiling: LatentTiling,
    ) -> Result<()> {
        let (rows, width, latent) = (self.h.output.rows, layers.code.inputs(), layers.code.outputs());
        if tiling == LatentTiling::Layers || tiling.fitting(latent as usize, width as usize) != tiling {
            let expected = format!("a width that one dispatch holds in {tiling} tilings");
            return Err(Error::Shape { kernel, tensor: "code", expected, got: format!("{latent} beside {width}") });
        }
        expect(kernel, "w_d", layers.d.weight, width, latent)?;
        let activated = |tensor, ActivatedMatrix { output, kept }, columns| {
            expect(kernel, tensor, output, rows, columns)?;
            expect(kernel, tensor, kept, rows, columns)
        };
        activated("h", self.h, width)?;
        activated("d", self.d, width)?;
        activated("code", self.code, latent)?;
        expect(kernel, "c", self.c, rows, latent)?;
        if parts.variational {
            expect(kernel, "w_mu", layers.mu.weight, latent, latent)?;
            expect(kernel, "w_log_var", layers.log_var.weight, latent, latent)?;
            expect(kernel, "mu", self.mu, rows, latent)?;
            expect(kernel, "log_var", self.log_var, rows, latent)?;
        }
        if parts.labelled {
            expect(kernel, "w_label", layers.label.weight, latent, self.onehot.columns)?;
            activated("projection", self.projection, latent)?;
            expect(kernel, "onehot", self.onehot, rows, layers.label.inputs())?;
        }
        Ok(())
    }
}

/// How the loss partials of a step lie: those of the output's blocks, then one KL per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partials {
    /// Where the row KLs start.
    pub tiles: u32,
    /// Partials per step.
    pub stride: u32,
}

/// What sets a variant of the kernels that do the middle in one dispatch apart: how it is cut, and the model's activation.
pub type Variant = (LatentTiling, Activation);

/// Every such variant.
pub(super) fn variants() -> impl Iterator<Item = Variant> {
    let of = |activation| [LatentTiling::Workgroup, LatentTiling::Subgroup].map(|tiling| (tiling, activation));
    Activation::ALL.into_iter().flat_map(of)
}

/// Rows that one workgroup owns, of the kernels that do the middle in one dispatch.
pub(crate) const fn group_rows(tiling: LatentTiling) -> usize {
    match tiling {
        LatentTiling::Subgroup => 4,
        LatentTiling::Workgroup | LatentTiling::Layers => 1,
    }
}

/// Invocations of a workgroup of such a kernel.
pub(super) const fn workgroup(tiling: LatentTiling) -> [u32; 3] {
    match tiling {
        LatentTiling::Subgroup => [8, 1, 1],
        LatentTiling::Workgroup | LatentTiling::Layers => [64, 1, 1],
    }
}

/// The middle of a model, forward or backward: its weights are read once, and a few rows per image read or written.
pub(super) fn work(layers: &Layers, middle: &Middle) -> Work {
    let [rows, width, latent] =
        [middle.h.output.rows, layers.code.inputs(), layers.code.outputs()].map(|size| size as usize);
    let weights = 2 * width * latent + 2 * latent * latent;
    Work {
        shape: format!("{rows}x{width}x{latent}"),
        operations: (2 * rows * weights) as f64,
        bytes: (4 * (weights + rows * (2 * width + 5 * latent))) as f64,
    }
}
