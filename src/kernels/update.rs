//! Every weight and bias gradient of a step in one dispatch: `dw[j, k] = Σᵢ dy[i, j] x[i, k]`, `db[j] = Σᵢ dy[i, j]`,
//! each handed to Adam or stored.

use super::{Format, Layer, expect, linear::Input, linear_backward::case_scale};
use crate::{
    Result,
    check::{
        Case,
        layout::{Layout, adam_batch, batch, gather, held, random, random_layer, row},
        tolerance::{Approx, adam as analyse_adam, depth, exact, operand, product, unscaled, values},
    },
    gpu::{
        Access, Args as _, Matrix, Mutant, Precision, Program, Role, Source, Spec, Tiling, Tilings, args, fold, source,
    },
    model::Adam,
    oracle::{adam::adam, update::update},
};

args! {
    /// As in `shaders/update.wgsl`.
    pub struct Args {
        /// Length of the layer table.
        layers: u32,
        /// Workgroups along x.
        width: u32,
        /// Mixed precision: what dy is multiplied by before it is rounded to f16.
        loss_scale: f32,
    }
}

/// A line of the layer table; as in `shaders/update.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Entry {
    /// Number of the layer's first workgroup.
    pub group: u32,
    /// 1: x is the batch of images.
    pub images: u32,
    /// Start of x in activations.
    pub x: u32,
    /// Start of dy in signals.
    pub dy: u32,
    /// Start of w in params, and of dw among the gradients; b and db follow.
    pub w: u32,
    /// Inputs.
    pub k: u32,
    /// Outputs.
    pub n: u32,
}

/// What becomes of a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Adam learns from it at once.
    Adam,
    /// It is stored.
    Store,
}

const KERNEL: Source = source!("update.wgsl");
const BATCH: Source = source!("common/batch.wgsl");
const ADAM: Source = source!("common/learn_adam.wgsl");
const STORE: Source = source!("common/learn_store.wgsl");
const U8: Source = source!("common/images_u8.wgsl");
const F32: Source = source!("common/images_f32.wgsl");

const ADAM_BINDINGS: &[(Role, Access)] = &[
    (Role::Params, Access::ReadWrite),
    (Role::Activations, Access::Read),
    (Role::Signals, Access::Read),
    (Role::Images, Access::Read),
    (Role::Order, Access::Read),
    (Role::Layers, Access::Read),
    (Role::FirstMoment, Access::ReadWrite),
    (Role::SecondMoment, Access::ReadWrite),
];
const STORE_BINDINGS: &[(Role, Access)] = &[
    (Role::Activations, Access::Read),
    (Role::Signals, Access::Read),
    (Role::Images, Access::Read),
    (Role::Order, Access::Read),
    (Role::Layers, Access::Read),
    (Role::Gradients, Access::ReadWrite),
];

macro_rules! spec {
    ([$tiling:ident [$($product:literal)+] $suffix:literal $mutants:ident],
        $name:literal, $bindings:expr, $learn:expr, $epilogue:ident, $images:expr, $format:ident) => {
        Spec {
            name: concat!($name, $suffix),
            sources: &[KERNEL, $(source!($product),)+ BATCH, $learn, $images],
            bindings: $bindings,
            args: Args::FIELDS,
            workgroup: invocations(Tiling::$tiling),
            needs: Tiling::$tiling.needs(),
            cases: || cases(Tiling::$tiling, Epilogue::$epilogue, Format::$format),
            mutants: $mutants,
        }
    };
}

const FIRST_GROUP: Mutant = Mutant { find: "layers[l].group <= group", replace: "layers[l].group < group" };
const LAST_OUTPUT: Mutant = Mutant { find: "j < layer.n", replace: "j <= layer.n" };
const BIAS: Mutant = Mutant { find: "{ sum += signals[", replace: "{ sum = signals[" };
/// Where the sum goes on by rows.
const ROWS: &[Mutant] = &[
    FIRST_GROUP,
    LAST_OUTPUT,
    BIAS,
    Mutant { find: "if layer.images == 1u {\n", replace: "if layer.images == 0u {\n" },
];
/// Where it goes on by blocks.
const BLOCKS: &[Mutant] = &[
    FIRST_GROUP,
    LAST_OUTPUT,
    Mutant { find: "layer.images == 1u { return", replace: "layer.images == 0u { return" },
    Mutant { find: "i < batch.rows)", replace: "i <= batch.rows)" },
];

/// The variants of each tiling: one per epilogue and image format.
macro_rules! specs {
    ($($cut:tt)+) => {
        &[$(
            spec!($cut, "update adam with u8 images", ADAM_BINDINGS, ADAM, Adam, U8, U8),
            spec!($cut, "update adam with f32 images", ADAM_BINDINGS, ADAM, Adam, F32, F32),
            spec!($cut, "update store with u8 images", STORE_BINDINGS, STORE, Store, U8, U8),
            spec!($cut, "update store with f32 images", STORE_BINDINGS, STORE, Store, F32, F32),
        )+]
    };
}

/// By tiling, and in each by epilogue and image format.
pub static SPECS: &[Spec] = specs! {
    [Registers ["common/product_tn.wgsl" "common/row_tn.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] "" ROWS]
    [Subgroup ["common/product_tn_subgroup.wgsl" "common/tile_32.wgsl" "common/one_of.wgsl"] ", subgroup" ROWS]
    [Workgroup ["common/product_tn_workgroup.wgsl" "common/row_tn.wgsl" "common/tile_16.wgsl" "common/one_of.wgsl"] ", workgroup" BLOCKS]
    [Split ["common/product_tn_split.wgsl"] ", split" BLOCKS]
    [Matrix8 ["common/product_tn_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_8.wgsl"] ", matrix8" BLOCKS]
    [Matrix16 ["common/product_tn_matrix.wgsl" "common/product_matrix.wgsl" "common/matrix_16.wgsl"] ", matrix16" BLOCKS]
};
const VARIANTS: usize = SPECS.len() / Tiling::ALL.len();

/// Invocations of a workgroup, which are in a row whatever they own.
const fn invocations(tiling: Tiling) -> [u32; 3] {
    match tiling {
        Tiling::Registers | Tiling::Split => [64, 1, 1],
        Tiling::Subgroup | Tiling::Workgroup | Tiling::Matrix8 | Tiling::Matrix16 => tiling.workgroup(),
    }
}

/// One layer's share in the update: its input x `[rows, in]` and the gradient dy `[rows, out]` before its activation.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The layer.
    pub layer: Layer,
    /// What it was given.
    pub x: Input,
    /// ∂loss/∂(x wᵀ + b), `[rows, out]`.
    pub dy: Matrix,
}

/// The layer table, by rising first workgroup.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where x, dy and a layer do not fit.
pub fn table(shares: &[Share], tiling: Tiling) -> Result<Vec<Entry>> {
    let mut group = 0;
    let mut entry = |share: &Share| {
        let (layer, dy) = (share.layer, share.dy);
        expect("update", "dy", dy, dy.rows, layer.outputs())?;
        let (images, x) = match share.x {
            Input::Images(_) => (1, 0),
            Input::Activations(x) => {
                expect("update", "x", x, dy.rows, layer.inputs())?;
                (0, x.start)
            }
        };
        let (k, n) = (layer.inputs(), layer.outputs());
        let entry = Entry { group, images, x, dy: dy.start, w: layer.weight.start, k, n };
        group += groups(&entry, tiling);
        Ok(entry)
    };
    shares.iter().map(&mut entry).collect()
}

/// Workgroups of a layer.
fn groups(entry: &Entry, tiling: Tiling) -> u32 {
    let blocks = |inputs: u32, outputs: u32| entry.k.div_ceil(inputs) * entry.n.div_ceil(outputs);
    match tiling {
        Tiling::Registers => blocks(8, 8).div_ceil(64), // an 8 × 8 tile per invocation, wherever it lies
        Tiling::Split => blocks(32, 32),
        Tiling::Subgroup | Tiling::Workgroup | Tiling::Matrix8 | Tiling::Matrix16 => {
            let [across, down] = tiling.block().map(|side| side as u32);
            blocks(across, down)
        }
    }
}

/// Adds the update of every layer of `table` to the program.
pub fn launch(program: &mut Program, table: &[Entry], epilogue: Epilogue, images: Format) {
    let last = table.last().expect("a model has layers");
    let groups = last.group + groups(last, program.tilings.update);
    launch_folded(program, table, epilogue, images, fold(groups as usize));
}

fn launch_folded(program: &mut Program, table: &[Entry], epilogue: Epilogue, images: Format, [x, y]: [usize; 2]) {
    let args = Args { layers: table.len() as u32, width: x as u32, loss_scale: program.loss_scale };
    let variant = 2 * (epilogue == Epilogue::Store) as usize + (images == Format::F32) as usize;
    let spec = &SPECS[program.tilings.update as usize * VARIANTS + variant];
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y]);
}

fn cases(tiling: Tiling, epilogue: Epilogue, format: Format) -> Vec<Case> {
    [
        (4, 7, 9, &[(21, 5, true), (9, 18, false), (18, 9, false)][..]),
        (0, 1, 1, &[(1, 1, true)][..]),
        (3, 33, 40, &[(131, 67, true), (2, 8, false), (8, 3, false), (7, 63, false)][..]),
        (0, 5, 5, &[(9, 8, false), (3, 257, false), (12, 4, true)][..]),
        (1, 30, 30, &[(64, 70, true), (32, 36, false)][..]),
        (2, 8, 9, &[(9, 10, true), (33, 32, false), (31, 33, false)][..]), // the last four rows are all there
        (0, 3, 3, &[(1, 5, true), (129, 133, false)][..]),                 // two of the largest blocks on both axes
    ]
    .map(|(first, rows, capacity, layers)| case(tiling, epilogue, format, [first, rows, capacity], layers))
    .into()
}

/// `layers` are (inputs, outputs, whether the images are its input).
fn case(
    tiling: Tiling,
    epilogue: Epilogue,
    format: Format,
    [first, rows, capacity]: [usize; 3],
    layers: &[(usize, usize, bool)],
) -> Case {
    let (mut layout, mut program) = (Layout::default(), Program::new(Tilings::all(tiling)));
    let (order, _) = super::sample(first + rows, 0);
    let pixels = layers.iter().find(|layer| layer.2).map_or(1, |layer| layer.0);
    let images = layout.images(format, 1, order.len(), pixels);
    layout.words(Role::Order, "order", &order);
    let t = 3;
    let precision = tiling.precision();
    let additions = match precision {
        Precision::F32 => rows + 1,
        Precision::Mixed => depth(rows, precision),
    };
    let scale = match epilogue {
        Epilogue::Store => case_scale(precision),
        Epilogue::Adam => 1.0, // small gradients would hardly show beside the moments
    };
    program.loss_scale = scale as f32;
    let (record, args) = adam_batch(batch(first, rows, 0), &Adam { lr: 0.1, ..Default::default() }, t);
    let mut shares = Vec::new();
    for (&(k, n, first_layer), seed) in layers.iter().zip((10..).step_by(10)) {
        let (x, input) = if first_layer {
            (gather(&images, &order[first..]), Input::Images(format))
        } else {
            let x = held(random(seed, rows, k, 1.0), precision);
            (exact(&x), Input::Activations(layout.input(Role::Activations, "x", &x, capacity)))
        };
        let dy = held(random(seed + 1, rows, n, 1.0), precision) / scale;
        let dy_at = layout.input(Role::Signals, "dy", &dy, capacity);
        let gradient = update(&dy, &values(&x));
        let [taken, x] = [(exact(&dy.t()), scale), (x, 1.0)].map(|(values, scale)| operand(&values, precision, scale));
        let products = unscaled(product(&taken, &x, additions), precision);
        let analysis = [products, row(&gradient.bias).mapv(|_| Approx::default())];
        let [dweight, mut dbias] = analysis;
        for (j, db) in dbias.iter_mut().enumerate() {
            *db = Approx::sum(dy.column(j).iter().map(|&dy| dy.into()), rows);
        }
        let found = [(gradient.weight, dweight), (row(&gradient.bias), dbias)];
        let layer = match epilogue {
            Epilogue::Store => {
                let layer = layout.layer_output(Role::Gradients, n, k);
                for (matrix, (gradient, analysis)) in [layer.weight, layer.bias()].into_iter().zip(&found) {
                    layout.expect(Role::Gradients, matrix, gradient, analysis);
                }
                layer
            }
            Epilogue::Adam => {
                let mut truth = [2, 3, 4].map(|more| random_layer(seed + more, k, n, 0.1));
                truth[2].weight.mapv_inplace(f64::abs);
                truth[2].bias.mapv_inplace(f64::abs);
                let roles = [Role::Params, Role::FirstMoment, Role::SecondMoment];
                let places = [0, 1, 2].map(|i| layout.layer(roles[i], &truth[i]));
                let [param, m, v] = truth;
                let weights = [param.weight, m.weight, v.weight];
                let biases = [row(&param.bias), row(&m.bias), row(&v.bias)];
                for ((tensors, (gradient, analysis)), bias) in
                    [weights, biases].into_iter().zip(&found).zip([false, true])
                {
                    let [mut param, mut m, mut v] = tensors;
                    let analysis = analyse_adam(&param, &m, &v, analysis, &args, t);
                    adam(&mut param, &mut m, &mut v, gradient, &args, t);
                    let found = [(param, analysis.param), (m, analysis.m), (v, analysis.v)];
                    for ((role, place), (found, analysis)) in roles.into_iter().zip(places).zip(&found) {
                        let matrix = if bias { place.bias() } else { place.weight };
                        layout.expect(role, matrix, found, analysis);
                    }
                }
                places[0]
            }
        };
        shares.push(Share { layer, x: input, dy: dy_at });
    }
    // a model's buffers exist whether or not a layer reads them
    layout.output(Role::Activations, "unused", 1, 1);
    let table = table(&shares, tiling).expect("operands of one shape");
    // behind the table lies what a launch that read too far would take for the layer of every workgroup
    let beyond = [&table[..], &[Entry::default()]].concat();
    layout.words(Role::Layers, "layers", bytemuck::cast_slice(&beyond));
    let last = table.last().expect("a case has layers");
    // two rows of workgroups, as more than 65,535 workgroups would have
    let grid = [((last.group + groups(last, tiling)) as usize).div_ceil(2), 2];
    launch_folded(&mut program, &table, epilogue, format, grid);
    layout.case(format!("{rows} of {capacity} rows, layers {layers:?}"), program, record, 1)
}
