//! Every weight and bias gradient of a step in one dispatch: `dw[j, k] = Σᵢ dy[i, j] x[i, k]`, `db[j] = Σᵢ dy[i, j]`,
//! each handed to Adam or stored.

use super::{Format, Layer, expect, linear::Input};
use crate::{
    Result,
    gpu::{Access, Args as _, Matrix, Program, Role, Source, Spec, args, fold, source},
};

args! {
    /// As in `shaders/update.wgsl`.
    pub struct Args {
        /// Length of the layer table.
        layers: u32,
        /// Workgroups along x.
        width: u32,
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

/// Tiles of 8 outputs × 8 inputs per workgroup.
const WORKGROUP: u32 = 64;

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
    ($name:literal, $bindings:expr, $epilogue:expr, $images:expr) => {
        Spec {
            name: $name,
            sources: &[KERNEL, BATCH, $epilogue, $images],
            bindings: $bindings,
            args: Args::FIELDS,
            workgroup: [WORKGROUP, 1, 1],
            cases: Vec::new,
            mutants: &[],
        }
    };
}

/// One variant per epilogue and image format.
pub static SPECS: &[Spec] = &[
    spec!("update adam with u8 images", ADAM_BINDINGS, ADAM, U8),
    spec!("update adam with f32 images", ADAM_BINDINGS, ADAM, F32),
    spec!("update store with u8 images", STORE_BINDINGS, STORE, U8),
    spec!("update store with f32 images", STORE_BINDINGS, STORE, F32),
];

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
pub fn table(shares: &[Share]) -> Result<Vec<Entry>> {
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
        group += groups(&entry);
        Ok(entry)
    };
    shares.iter().map(&mut entry).collect()
}

fn groups(entry: &Entry) -> u32 {
    (entry.k.div_ceil(8) * entry.n.div_ceil(8)).div_ceil(WORKGROUP)
}

/// Adds the update of every layer of `table` to the program.
pub fn launch(program: &mut Program, table: &[Entry], epilogue: Epilogue, images: Format) {
    let last = table.last().expect("a model has layers");
    let [x, y] = fold((last.group + groups(last)) as usize);
    let args = Args { layers: table.len() as u32, width: x as u32 };
    let variant = 2 * (epilogue == Epilogue::Store) as usize + (images == Format::F32) as usize;
    program.launch(&SPECS[variant], &args, [x * WORKGROUP as usize, y]);
}
