//! `dx[i, k] = (Σⱼ dy[i, j] w[j, k] + before) · derivative(x[i, k])`

use super::{Layer, Shape, expect, shapes};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, batch, held, random, random_layer, random_relu},
        tolerance::{Approx, depth, exact, operand, product, unscaled},
    },
    gpu::{Access, Args as _, Matrix, Mutant, Precision, Program, Role, Spec, Tiling, Tilings, args, source},
    oracle::linear_backward as oracle,
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
        /// Mixed precision: what dy is multiplied by before it is rounded to f16.
        loss_scale: f32,
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
    ([$tiling:ident [$($product:literal)+] $suffix:literal $mutant:ident], $name:literal, $derivative:ident, $file:literal) => {
        Spec {
            name: concat!($name, $suffix),
            sources: &[
                source!("linear_backward.wgsl"),
                $(source!($product),)+
                source!("common/batch.wgsl"),
                source!("common/in_width.wgsl"),
                source!($file),
            ],
            bindings: &[
                (Role::Params, Access::Read),
                (Role::Activations, Access::Read),
                (Role::Signals, Access::ReadWrite),
            ],
            args: Args::FIELDS,
            workgroup: Tiling::$tiling.workgroup(),
            needs: Tiling::$tiling.needs(),
            cases: || cases(Tiling::$tiling, Derivative::$derivative),
            mutants: &[
                Mutant { find: "args.add == 1u", replace: "args.add == 0u" },
                Mutant { find: "row < batch.rows", replace: "row <= batch.rows" },
                $mutant,
            ],
        }
    };
}

/// Where the sum goes on by vec4, and where by blocks.
const STEPS: Mutant = Mutant { find: "j < n4", replace: "j + 1u < n4" };
const BLOCKS: Mutant = Mutant { find: "first + own < n4", replace: "first + own <= n4" };
/// Where a subgroup multiplies matrices.
const MATRICES: Mutant = Mutant { find: "sum / args.loss_scale", replace: "sum" };

/// The variants of each tiling: one per derivative.
macro_rules! specs {
    ($($cut:tt)+) => {
        &[$(
            spec!($cut, "linear_backward relu", Relu, "common/relu_derivative.wgsl"),
            spec!($cut, "linear_backward identity", Identity, "common/identity_derivative.wgsl"),
        )+]
    };
}

/// By tiling, and in each by derivative.
pub static SPECS: &[Spec] = specs! {
    [Registers ["common/product_nn.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] "" STEPS]
    [Subgroup ["common/product_nn_subgroup.wgsl" "common/tile_32.wgsl" "common/one_of.wgsl"] ", subgroup" STEPS]
    [Workgroup ["common/product_nn_workgroup.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] ", workgroup" BLOCKS]
    [Split ["common/product_nn_split.wgsl"] ", split" STEPS]
    [Matrix8 ["common/product_nn_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_8.wgsl"] ", matrix8" MATRICES]
    [Matrix16 ["common/product_nn_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_16.wgsl"] ", matrix16" MATRICES]
};
const VARIANTS: usize = SPECS.len() / Tiling::ALL.len();

/// Adds `dx = (dy w) · derivative(x)` to the program, or, with `add`, `dx = (dx + dy w) · derivative(x)`.
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
        loss_scale: program.loss_scale,
    };
    let tiling = program.tilings.backward;
    let spec = &SPECS[tiling as usize * VARIANTS + derivative as usize];
    program.launch(spec, &args, tiling.elements(dx.rows as usize, dx.columns as usize));
    Ok(())
}

fn cases(tiling: Tiling, derivative: Derivative) -> Vec<Case> {
    shapes().zip([false, true].into_iter().cycle()).map(|(shape, add)| case(tiling, shape, derivative, add)).collect()
}

/// The loss scale of a case: 1 in float32; in mixed precision 2²⁰, for gradients that f16 would lose as they are.
pub(super) fn case_scale(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 1.0,
        Precision::Mixed => (1 << 20) as f64,
    }
}

fn case(tiling: Tiling, shape: Shape, derivative: Derivative, add: bool) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let scale = case_scale(precision);
    program.loss_scale = scale as f32;
    let mut truth = random_layer(1, inputs, outputs, 1.0);
    truth.weight = held(truth.weight, precision);
    let layer = layout.layer(Role::Params, &truth);
    let dy = held(random(3, rows, outputs, 1.0), precision) / scale;
    let (x, old) = (random_relu(2, rows, inputs, 1.0), random(4, rows, inputs, 1.0 / scale));
    let x_at = layout.input(Role::Activations, "x", &x, capacity);
    let dy_at = layout.input(Role::Signals, "dy", &dy, capacity);
    let dx_at = layout.output(Role::Signals, "dx", capacity, inputs);
    let taken = [(&dy, scale), (&truth.weight, 1.0)].map(|(x, scale)| operand(&exact(x), precision, scale));
    let mut analysis = unscaled(product(&taken[0], &taken[1], depth(outputs, precision)), precision);
    let mut sum = dy.dot(&truth.weight);
    if add {
        layout.set(Role::Signals, dx_at, &old);
        sum += &old;
        analysis.zip_mut_with(&old, |sum, &old| *sum = *sum + old.into());
    }
    let found = match derivative {
        Derivative::Identity => sum,
        Derivative::Relu if add => oracle::relu_backward(sum, &x),
        Derivative::Relu => oracle::linear_backward(&dy, &truth.weight, &x),
    };
    if derivative == Derivative::Relu {
        analysis.zip_mut_with(&x, |sum, &x| *sum = if x > 0.0 { *sum } else { Approx::exact(0.0) });
    }
    layout.expect(Role::Signals, dx_at, &found, &analysis);
    launch(&mut program, dy_at, layer, x_at, dx_at, derivative, add).expect("operands of one shape");
    let what = if add { ", added to the old" } else { "" };
    layout.case(format!("{shape}{what}"), program, batch(first, rows, 0), 1)
}
