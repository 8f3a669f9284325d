//! The decoder's last layer, its loss against the images t, and the gradient of the logits.

use super::{Format, Layer, Shape, expect, shapes};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, batch, gather, held, random_layer, random_relu},
        tolerance::{Approx, affine, exact, values},
    },
    gpu::{Access, Args as _, Matrix, Mutant, Program, Role, Spec, Tiling, Tilings, args, source, vec4s},
    model::Loss,
    oracle::{
        linear::{Activation, linear},
        output as oracle,
    },
};

args! {
    /// As in `shaders/output.wgsl`.
    pub struct Args {
        /// Start of x in activations.
        x: u32,
        /// Start of w in params; b follows.
        w: u32,
        /// Start of dl in signals.
        dl: u32,
        /// Inputs, in vec4.
        k4: u32,
        /// Outputs: pixels per image.
        n: u32,
        /// Loss partials per step.
        stride: u32,
        /// 1: the loss is averaged over all pixels of the batch; 0: it is summed.
        mean: u32,
    }
}

macro_rules! spec {
    ([$tiling:ident [$($product:literal)+] $suffix:literal],
        $name:literal, $losses:expr, $loss:literal, $format:ident, $images:literal, $mutant:expr) => {
        Spec {
            name: concat!($name, $suffix),
            sources: &[
                source!("output.wgsl"),
                $(source!($product),)+
                source!("common/batch.wgsl"),
                source!("common/in_width.wgsl"),
                source!("common/source_activations.wgsl"),
                source!($loss),
                source!($images),
            ],
            bindings: &[
                (Role::Params, Access::Read),
                (Role::Activations, Access::Read),
                (Role::Signals, Access::ReadWrite),
                (Role::Images, Access::Read),
                (Role::Order, Access::Read),
                (Role::Partials, Access::ReadWrite),
            ],
            args: Args::FIELDS,
            workgroup: Tiling::$tiling.workgroup(),
            needs: Tiling::$tiling.needs(),
            cases: || cases(Tiling::$tiling, $losses, Format::$format),
            mutants: &[
                Mutant { find: "batch.slot * args.stride + tile", replace: "tile" },
                Mutant { find: "tile_loss += ", replace: "tile_loss = " },
                Mutant { find: "select(vec4f(), found.loss, inside)", replace: "found.loss" },
                $mutant,
            ],
        }
    };
}

const MSE: &[Loss] = &[Loss::MseSum, Loss::MseMean];
const BCE: &[Loss] = &[Loss::BceSum];
const MEAN: Mutant = Mutant { find: "batch.rows * args.n", replace: "args.n" };
const TAIL: Mutant = Mutant { find: "z - 0.5 * z * z", replace: "z + 0.5 * z * z" };

/// The variants of each tiling: one per loss and image format.
macro_rules! specs {
    ($($cut:tt)+) => {
        &[$(
            spec!($cut, "output mse of u8 images", MSE, "common/mse.wgsl", U8, "common/images_u8.wgsl", MEAN),
            spec!($cut, "output mse of f32 images", MSE, "common/mse.wgsl", F32, "common/images_f32.wgsl", MEAN),
            spec!($cut, "output bce of u8 images", BCE, "common/bce.wgsl", U8, "common/images_u8.wgsl", TAIL),
            spec!($cut, "output bce of f32 images", BCE, "common/bce.wgsl", F32, "common/images_f32.wgsl", TAIL),
        )+]
    };
}

/// By tiling, and in each by loss and image format.
pub static SPECS: &[Spec] = specs! {
    [Registers ["common/product_nt.wgsl" "common/weights.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] ""]
    [Subgroup ["common/product_nt_subgroup.wgsl" "common/weights.wgsl" "common/tile_32.wgsl" "common/one_of.wgsl"] ", subgroup"]
    [Workgroup ["common/product_nt_workgroup.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] ", workgroup"]
    [Split ["common/product_nt_split.wgsl" "common/weights.wgsl"] ", split"]
    [Matrix8 ["common/product_nt_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_8.wgsl"] ", matrix8"]
    [Matrix16 ["common/product_nt_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_16.wgsl"] ", matrix16"]
};
const VARIANTS: usize = SPECS.len() / Tiling::ALL.len();

/// Loss partials that a step of `rows` images of `pixels` pixels leaves: one per owner.
pub fn tiles(tiling: Tiling, rows: usize, pixels: usize) -> usize {
    tiling.grid(rows, pixels).iter().product()
}

/// Adds the output layer to the program: from x `[rows, in]` to dl `[rows, pixels]` and the loss partials of the step,
/// the first [`tiles`] of its `stride` partials.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where x, the layer and dl do not fit.
pub fn launch(
    program: &mut Program,
    x: Matrix,
    layer: Layer,
    dl: Matrix,
    loss: Loss,
    images: Format,
    stride: usize,
) -> Result<()> {
    expect("output", "x", x, dl.rows, layer.inputs())?;
    expect("output", "dl", dl, dl.rows, layer.outputs())?;
    let args = Args {
        x: x.start,
        w: layer.weight.start,
        dl: dl.start,
        k4: vec4s(layer.inputs() as usize) as u32,
        n: layer.outputs(),
        stride: stride as u32,
        mean: (loss == Loss::MseMean) as u32,
    };
    let variant = 2 * (loss == Loss::BceSum) as usize + (images == Format::F32) as usize;
    let tiling = program.tilings.forward;
    let spec = &SPECS[tiling as usize * VARIANTS + variant];
    program.launch(spec, &args, tiling.elements(dl.rows as usize, dl.columns as usize));
    Ok(())
}

fn cases(tiling: Tiling, losses: &[Loss], images: Format) -> Vec<Case> {
    let mut cases: Vec<Case> = shapes()
        .zip(losses.iter().cycle())
        .map(|(shape, &loss)| case(tiling, shape, loss, images, 1.0, false))
        .collect();
    for &loss in losses {
        let shape = Shape { first: 1, rows: 3, capacity: 4, inputs: 1, outputs: 30 };
        cases.push(case(tiling, shape, loss, images, 100.0, false));
        // black pixels, told from their bias alone, so surely black that the loss takes its other formula
        cases.push(case(tiling, shape, loss, images, 1.9, true));
    }
    cases
}

fn case(tiling: Tiling, shape: Shape, loss: Loss, format: Format, bias: f64, black: bool) -> Case {
    let Shape { first, rows, capacity, inputs, outputs } = shape;
    let (slot, spare) = (1, 3);
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let precision = tiling.precision();
    let mut truth = random_layer(1, inputs, outputs, bias);
    truth.weight = held(truth.weight, precision);
    if black {
        truth.weight.fill(0.0);
        truth.bias.mapv_inplace(|bias| (bias - 9.0) as f32 as f64);
    }
    let layer = layout.layer(Role::Params, &truth);
    let (order, _) = super::sample(first + rows, 0);
    let images = match black {
        true => layout.images_of(format, &ndarray::Array2::zeros((order.len(), outputs))),
        false => layout.images(format, 2, order.len(), outputs),
    };
    layout.words(Role::Order, "order", &order);
    let (x, t) = (held(random_relu(3, rows, inputs, 1.0), precision), gather(&images, &order[first..]));
    let x_at = layout.input(Role::Activations, "x", &x, capacity);
    let dl_at = layout.output(Role::Signals, "dl", capacity, outputs);
    let stride = tiles(tiling, capacity, outputs) + spare;
    layout.unwritten(Role::Partials, "partials", (slot + 1) * stride);

    let truth_found = oracle::output(&x, &truth, &values(&t), loss);
    let logits = linear(&x, &truth, Activation::Identity);
    let analysis = analyse(&affine(&exact(&x), &truth, precision), &t, loss);
    let scale = Approx::exact(1.0)
        / Approx::exact(match loss {
            Loss::MseMean => (rows * outputs) as f64,
            Loss::MseSum | Loss::BceSum => 1.0,
        });
    let gradients = analysis.mapv(|(_, gradient)| scale * gradient);
    layout.expect(Role::Signals, dl_at, &truth_found.dlogits, &gradients);

    let [across, _] = tiling.grid(capacity, outputs);
    let mut sums = vec![(0.0, Vec::new()); tiles(tiling, capacity, outputs)];
    for ((i, j), &(loss_found, _)) in analysis.indexed_iter() {
        let [x, y] = tiling.owner(i, j);
        let (sum, terms) = &mut sums[y * across + x];
        *sum += oracle::pixel(loss, logits[[i, j]], t[[i, j]].value).0;
        terms.push(loss_found);
    }
    let (sums, analysis): (Vec<f64>, Vec<Approx>) =
        sums.into_iter().map(|(sum, terms)| (sum, Approx::sum(terms, tiling.share()))).unzip();
    layout.expect_words(Role::Partials, slot * stride, &sums, &analysis);
    let what = if black { ", black" } else { "" };
    launch(&mut program, x_at, layer, dl_at, loss, format, stride).expect("operands of one shape");
    layout.case(format!("{shape}, {loss:?}, biases up to {bias}{what}"), program, batch(first, rows, slot), 1)
}

/// Error analysis of each pixel's loss and gradient.
fn analyse(
    logits: &ndarray::Array2<Approx>,
    t: &ndarray::Array2<Approx>,
    loss: Loss,
) -> ndarray::Array2<(Approx, Approx)> {
    let one = Approx::exact(1.0);
    ndarray::Zip::from(logits).and(t).map_collect(|&l, &t| {
        let (p, z) = (l.sigmoid(), (-l.abs()).exp());
        match loss {
            Loss::MseMean | Loss::MseSum => {
                let e = p - t;
                (e * e, Approx::exact(2.0) * e * p * (-l).sigmoid())
            }
            Loss::BceSum => {
                // below 10⁻³ the shader takes z − z²/2, which leaves out z³/3
                let cut = z.value.powi(3) / 3.0;
                let series = z - Approx::exact(0.5) * z * z;
                let series = Approx { value: z.value.ln_1p(), error: series.error + cut };
                let tail = if z.value < 0.999e-3 { series } else { (one + z).ln() };
                (l.relu() - l * t + tail, p - t)
            }
        }
    })
}
