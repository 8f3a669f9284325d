//! `y[i, j] = act(Σₖ x[i, k] w[j, k] + b[j])`

use super::{Format, Layer, Shape, expect, shapes};
use crate::{
    Error, Result,
    check::{
        Case,
        layout::{Layout, batch, gather, held, random, random_layer},
        tolerance::{Approx, affine, exact, values},
    },
    gpu::{Access, Args as _, Matrix, Mutant, Program, Role, Source, Spec, Tiling, Tilings, args, source, vec4s},
    oracle::{linear as oracle, output::sigmoid},
};

args! {
    /// As in `shaders/linear.wgsl`.
    pub struct Args {
        /// Start of x in activations; unused where x is the batch of images.
        x: u32,
        /// Start of w in params; b follows.
        w: u32,
        /// Start of y in activations.
        y: u32,
        /// Inputs, in vec4.
        k4: u32,
        /// Outputs.
        n: u32,
    }
}

/// What is done to a layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// x
    Identity,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
}

/// Where a layer's input lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The batch of images, gathered in the order of the epoch.
    Images(Format),
    /// An activation matrix `[rows, in]`.
    Activations(Matrix),
}

const KERNEL: Source = source!("linear.wgsl");
const BATCH: Source = source!("common/batch.wgsl");
const IN_WIDTH: Source = source!("common/in_width.wgsl");
const RELU: Source = source!("common/relu.wgsl");
const IDENTITY: Source = source!("common/identity.wgsl");
const SIGMOID: Source = source!("common/sigmoid.wgsl");
const FROM_ACTIVATIONS: Source = source!("common/source_activations.wgsl");
const FROM_IMAGES: Source = source!("common/source_images.wgsl");
const U8: Source = source!("common/images_u8.wgsl");
const F32: Source = source!("common/images_f32.wgsl");

const INNER: &[(Role, Access)] = &[(Role::Params, Access::Read), (Role::Activations, Access::ReadWrite)];
const FIRST: &[(Role, Access)] = &[
    (Role::Params, Access::Read),
    (Role::Activations, Access::ReadWrite),
    (Role::Images, Access::Read),
    (Role::Order, Access::Read),
];

macro_rules! spec {
    ([$tiling:ident [$($product:literal)+] $suffix:literal $mutants:ident],
        $name:literal, $bindings:expr, $images:expr, $activation:ident, [$($part:expr),+]) => {
        Spec {
            name: concat!($name, $suffix),
            sources: &[KERNEL, $(source!($product),)+ BATCH, IN_WIDTH, $($part),+],
            bindings: $bindings,
            args: Args::FIELDS,
            workgroup: Tiling::$tiling.workgroup(),
            needs: Tiling::$tiling.needs(),
            cases: || cases(Tiling::$tiling, $images, Activation::$activation),
            mutants: $mutants,
        }
    };
}

const ROW: Mutant = Mutant { find: "row < batch.rows", replace: "row <= batch.rows" };
const BIAS: Mutant = Mutant { find: "args.w + args.n * args.k4 + j", replace: "args.w + args.n * args.k4" };
/// Where the sum goes on by vec4.
const STEPS: &[Mutant] = &[
    ROW,
    BIAS,
    Mutant { find: "k < args.k4", replace: "k + 1u < args.k4" },
    Mutant { find: "vec4u(0u, 1u, 2u, 3u), vec4u(args.n", replace: "vec4u(0u, 1u, 2u, 2u), vec4u(args.n" },
];
/// Where it goes on by blocks.
const BLOCKS: &[Mutant] = &[
    ROW,
    BIAS,
    Mutant { find: "first + own < args.k4", replace: "first + own <= args.k4" },
    Mutant { find: "16u * (line % 4u)", replace: "15u * (line % 4u)" },
];

/// Where a subgroup multiplies matrices.
const MATRICES: &[Mutant] = &[
    ROW,
    BIAS,
    Mutant { find: "0.0, 1.0, k < args.k4", replace: "0.0, 1.0, k <= args.k4" },
    Mutant { find: "part_column(part) + EDGE * (q / 4u)", replace: "part_column(part) + EDGE * (q / 8u)" },
];

/// The variants of each tiling: one per input and activation in use.
macro_rules! specs {
    ($($cut:tt)+) => {
        &[$(
            spec!($cut, "linear relu of u8 images", FIRST, Some(Format::U8), Relu, [RELU, FROM_IMAGES, U8]),
            spec!($cut, "linear relu of f32 images", FIRST, Some(Format::F32), Relu, [RELU, FROM_IMAGES, F32]),
            spec!($cut, "linear relu", INNER, None, Relu, [RELU, FROM_ACTIVATIONS]),
            spec!($cut, "linear identity", INNER, None, Identity, [IDENTITY, FROM_ACTIVATIONS]),
            spec!($cut, "linear sigmoid", INNER, None, Sigmoid, [SIGMOID, FROM_ACTIVATIONS]),
        )+]
    };
}

/// By tiling, and in each by input and activation.
pub static SPECS: &[Spec] = specs! {
    [Registers ["common/product_nt.wgsl" "common/weights.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] "" STEPS]
    [Subgroup ["common/product_nt_subgroup.wgsl" "common/weights.wgsl" "common/tile_32.wgsl" "common/one_of.wgsl"] ", subgroup" STEPS]
    [Workgroup ["common/product_nt_workgroup.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] ", workgroup" BLOCKS]
    [Split ["common/product_nt_split.wgsl" "common/weights.wgsl"] ", split" STEPS]
    [Matrix8 ["common/product_nt_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_8.wgsl"] ", matrix8" MATRICES]
    [Matrix16 ["common/product_nt_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_16.wgsl"] ", matrix16" MATRICES]
};
const VARIANTS: usize = SPECS.len() / Tiling::ALL.len();

/// Adds `y = act(x wᵀ + b)` to the program; `y` is `[rows, out]`.
///
/// # Errors
/// [`Error::Shape`] where x, the layer and y do not fit.
pub fn launch(program: &mut Program, x: Input, layer: Layer, y: Matrix, activation: Activation) -> Result<()> {
    expect("linear", "y", y, y.rows, layer.outputs())?;
    let (variant, start) = match (x, activation) {
        (Input::Images(Format::U8), Activation::Relu) => (0, 0),
        (Input::Images(Format::F32), Activation::Relu) => (1, 0),
        (Input::Activations(x), activation) => {
            expect("linear", "x", x, y.rows, layer.inputs())?;
            (2 + activation as usize, x.start)
        }
        (Input::Images(_), _) => {
            return Err(Error::Shape {
                kernel: "linear",
                tensor: "x",
                expected: "an activation matrix, unless a relu follows".into(),
                got: "images".into(),
            });
        }
    };
    let args = Args {
        x: start,
        w: layer.weight.start,
        y: y.start,
        k4: vec4s(layer.inputs() as usize) as u32,
        n: layer.outputs(),
    };
    let tiling = program.tilings.forward;
    let spec = &SPECS[tiling as usize * VARIANTS + variant];
    program.launch(spec, &args, tiling.elements(y.rows as usize, y.columns as usize));
    Ok(())
}

fn cases(tiling: Tiling, images: Option<Format>, activation: Activation) -> Vec<Case> {
    let mut cases: Vec<Case> = shapes().map(|shape| case(tiling, shape, images, activation, 1.0)).collect();
    // ±100 before the activation
    let wide = Shape { first: 0, rows: 5, capacity: 5, inputs: 3, outputs: 20 };
    cases.push(case(tiling, wide, images, activation, 100.0));
    cases
}

fn case(tiling: Tiling, shape: Shape, images: Option<Format>, activation: Activation, bias: f64) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let mut truth = random_layer(1, inputs, outputs, bias);
    truth.weight = held(truth.weight, precision);
    let layer = layout.layer(Role::Params, &truth);
    let (input, x) = match images {
        Some(format) => {
            let (order, _) = super::sample(first + rows, 0);
            let images = layout.images(format, 2, order.len(), inputs);
            layout.words(Role::Order, "order", &order);
            (Input::Images(format), gather(&images, &order[first..]))
        }
        None => {
            let x = held(random(2, rows, inputs, 1.0), precision);
            (Input::Activations(layout.input(Role::Activations, "x", &x, capacity)), exact(&x))
        }
    };
    let y = layout.output(Role::Activations, "y", capacity, outputs);
    let sum = oracle::linear(&values(&x), &truth, oracle::Activation::Identity);
    let analysis = affine(&x, &truth, precision);
    let (found, analysis) = match activation {
        Activation::Identity => (sum, analysis),
        Activation::Relu => {
            (oracle::linear(&values(&x), &truth, oracle::Activation::Relu), analysis.mapv(Approx::relu))
        }
        Activation::Sigmoid => (sum.mapv(sigmoid), analysis.mapv(Approx::sigmoid)),
    };
    layout.expect(Role::Activations, y, &found, &analysis);
    launch(&mut program, input, layer, y, activation).expect("operands of one shape");
    layout.case(format!("{shape}, biases up to {bias}"), program, batch(first, rows, 0), 1)
}
