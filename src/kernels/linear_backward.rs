//! `dx[i, k] = (Σⱼ dy[i, j] w[j, k] + before) · derivative(kept[i, k])`

use super::{Variants, activation::part, expect};
use crate::{
    Result,
    gpu::{Args as _, Layer, Matrix, Program, Role, Spec, Tiling, Work, args, source},
    model::Activation,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/linear_backward.wgsl`.
    pub struct Args {
        /// Start of what is kept of x in activations.
        kept: u32,
        /// Start of w in params.
        w: u32,
        /// Start of dy in signals.
        dy: u32,
        /// Start of dx in signals.
        dx: u32,
        /// Inputs.
        k: u32,
        /// Outputs.
        n: u32,
        /// 1: add to the old dx.
        add: u32,
        /// Mixed precision: what dy is multiplied by before it is rounded to f16.
        loss_scale: f32,
    }
}

/// What sets a variant apart: how dx is cut, and the activation that x went through, if any.
pub type Variant = (Tiling, Option<Activation>);

/// By tiling, and in each by activation.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| {
    let of = |tiling| Activation::ALL.map(Some).into_iter().chain([None]).map(move |activation| (tiling, activation));
    Variants::new(Tiling::ALL.into_iter().flat_map(of), spec)
});

fn spec((tiling, activation): Variant) -> Spec {
    let shared = [source!("parts/batch.wgsl"), source!("parts/in_width.wgsl"), part(activation).source];
    Spec {
        name: format!("linear_backward {}{}", activation.map_or("identity", Activation::name), tiling.suffix()),
        sources: [&[source!("kernels/linear_backward.wgsl")], tiling.backward(), &shared].concat(),
        bindings: vec![Role::Params.read(), Role::Activations.read(), Role::Signals.read_write()],
        args: Args::FIELDS,
        workgroup: tiling.workgroup(),
        needs: tiling.needs(),
        trusted: true,
    }
}

/// Adds `dx = (dy w) · derivative(kept)` to the program, or, with `add`, `dx = (dx + dy w) · derivative(kept)`.
/// dy is `[rows, out]`, `kept` and dx are `[rows, in]`; the derivative is that of the activation that gave the layer's input, from
/// what the forward pass has kept of it, or 1 where none did.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where dy, the layer, `kept` and dx do not fit.
pub fn launch(
    program: &mut Program,
    dy: Matrix,
    layer: Layer,
    kept: Matrix,
    dx: Matrix,
    activation: Option<Activation>,
    add: bool,
) -> Result<()> {
    expect("linear_backward", "dy", dy, dx.rows, layer.outputs())?;
    expect("linear_backward", "kept", kept, dx.rows, layer.inputs())?;
    expect("linear_backward", "dx", dx, dx.rows, layer.inputs())?;
    let args = Args {
        kept: kept.start,
        w: layer.weight.start,
        dy: dy.start,
        dx: dx.start,
        k: layer.inputs(),
        n: layer.outputs(),
        add: add as u32,
        loss_scale: program.loss_scale,
    };
    let tiling = program.tilings.backward;
    let (rows, k, n) = (dx.rows as usize, dx.columns as usize, dy.columns as usize);
    let work = Work::product([rows, n, k], 4 * (rows * n + k * n + 2 * rows * k));
    program.launch(SPECS.get((tiling, activation)), &args, tiling.elements(rows, k), work);
    Ok(())
}
