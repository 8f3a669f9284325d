//! `dx[i, k] = (Σⱼ dy[i, j] w[j, k] + before) · pass(x[i, k])`

use super::{Layer, expect};
use crate::{
    Result,
    gpu::{Access, Args as _, Matrix, Program, Role, Spec, args, source},
};

args! {
    /// As in `shaders/linear_backward.wgsl`.
    pub struct Args {
        /// Start of x in activations.
        x: u32,
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
    }
}

/// The activation that x went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// 1 where x > 0, else 0.
    Relu,
    /// 1.
    Identity,
}

macro_rules! spec {
    ($name:literal, $derivative:literal) => {
        Spec {
            name: $name,
            sources: &[
                source!("linear_backward.wgsl"),
                source!("common/product_nn.wgsl"),
                source!("common/batch.wgsl"),
                source!("common/in_width.wgsl"),
                source!($derivative),
            ],
            bindings: &[
                (Role::Params, Access::Read),
                (Role::Activations, Access::Read),
                (Role::Signals, Access::ReadWrite),
            ],
            args: Args::FIELDS,
            workgroup: [8, 4, 1],
            cases: Vec::new,
            mutants: &[],
        }
    };
}

/// One variant per derivative.
pub static SPECS: &[Spec] = &[
    spec!("linear_backward relu", "common/relu_derivative.wgsl"),
    spec!("linear_backward identity", "common/identity_derivative.wgsl"),
];

/// Adds `dx = (dy w) · pass(x)` to the program, or, with `add`, `dx = (dx + dy w) · pass(x)`.
/// dy is `[rows, out]`, x and dx are `[rows, in]`.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where dy, the layer, x and dx do not fit.
pub fn launch(
    program: &mut Program,
    dy: Matrix,
    layer: Layer,
    x: Matrix,
    dx: Matrix,
    derivative: Derivative,
    add: bool,
) -> Result<()> {
    expect("linear_backward", "dy", dy, dx.rows, layer.outputs())?;
    expect("linear_backward", "x", x, dx.rows, layer.inputs())?;
    expect("linear_backward", "dx", dx, dx.rows, layer.inputs())?;
    let args = Args {
        x: x.start,
        w: layer.weight.start,
        dy: dy.start,
        dx: dx.start,
        k: layer.inputs(),
        n: layer.outputs(),
        add: add as u32,
    };
    program.launch(&SPECS[derivative as usize], &args, [dx.columns.div_ceil(8) as usize, dx.rows.div_ceil(8) as usize]);
    Ok(())
}
