//! Every weight and bias gradient of a step in one dispatch: `dw[j, k] = Σᵢ dy[i, j] x[i, k]`, `db[j] = Σᵢ dy[i, j]`,
//! each handed to Adam or stored.

use super::{Variants, expect, linear::Input};
use crate::{
    Error, Result,
    gpu::{Args as _, Format, Layer, Matrix, Program, Role, Spec, Tiling, Update, Work, args, fold, source},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/update.wgsl`.
    pub struct Args {
        /// Number of the first entry of the layer table.
        first: u32,
        /// Length of the layer table.
        layers: u32,
        /// Workgroups along x.
        width: u32,
        /// Workgroups of a span: those of all layers.
        groups: u32,
        /// What the rows are divided into; 1 unless gradients are stored.
        spans: u32,
        /// Gradients of a span, in vec4.
        size: u32,
        /// Mixed precision: what dy is multiplied by before it is rounded to f16.
        loss_scale: f32,
    }
}

/// A line of the layer table; as in `shaders/kernels/update.wgsl`.
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
    /// Start of w in params, and of dw among the gradients.
    pub w: u32,
    /// Start of b, and of db.
    pub b: u32,
    /// Inputs.
    pub k: u32,
    /// Outputs.
    pub n: u32,
}

/// Most layers of a model: 16 KiB, which every adapter has room for in a uniform; as in `shaders/kernels/update.wgsl`.
pub const LAYERS: usize = 512;

/// What becomes of a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Adam takes a step with it at once.
    Adam,
    /// The gradient is stored.
    Store,
}

/// Spans of the rows of a batch whose gradients are stored apart, to be added up by `adam`: for many rows and few workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// How many, at least 1. The rows are divided in multiples of 32, so that the last spans may have none.
    pub count: u32,
    /// Gradients of each, in vec4.
    pub size: u32,
}

/// What sets a variant apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How a layer is cut.
    pub tiling: Tiling,
    /// What becomes of its gradients.
    pub epilogue: Epilogue,
    /// The format of the images.
    pub images: Format,
}

/// By tiling, and in each by epilogue and image format.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| {
    let uses =
        [Epilogue::Adam, Epilogue::Store].map(|epilogue| [Format::U8, Format::F32].map(|images| (epilogue, images)));
    let of =
        move |tiling| uses.into_iter().flatten().map(move |(epilogue, images)| Variant { tiling, epilogue, images });
    Variants::new(Tiling::all_updating().flat_map(of), spec)
});

fn spec(variant: Variant) -> Spec {
    let Variant { tiling, epilogue, images } = variant;
    let read = [Role::Activations, Role::Signals, Role::Images, Role::Order].map(Role::read);
    let read = [&read[..], &[Role::Layers.uniform()]].concat();
    let (name, learn, bindings) = match epilogue {
        Epilogue::Adam => {
            let moments = [Role::FirstMoment.read_write(), Role::SecondMoment.read_write()];
            let bindings = [&[Role::Params.read_write()][..], &read, &moments].concat();
            ("adam", source!("parts/learn_adam.wgsl"), bindings)
        }
        Epilogue::Store => {
            ("store", source!("parts/learn_store.wgsl"), [&read[..], &[Role::Gradients.read_write()]].concat())
        }
    };
    let image = match images {
        Format::U8 => source!("parts/images_u8.wgsl"),
        Format::F32 => source!("parts/images_f32.wgsl"),
    };
    Spec {
        name: format!("update {name} with {images} images{}", tiling.suffix()),
        sources: [&[source!("kernels/update.wgsl")], tiling.gradient(), &[source!("parts/batch.wgsl"), learn, image]]
            .concat(),
        bindings,
        args: Args::FIELDS,
        workgroup: [tiling.update().invocations, 1, 1],
        needs: tiling.needs(),
        trusted: true,
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
/// [`Error::Shape`] where x, dy and a layer do not fit.
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
        let entry = Entry { group, images, x, dy: dy.start, w: layer.weight.start, b: layer.bias().start, k, n };
        group += groups(&entry, tiling);
        Ok(entry)
    };
    shares.iter().map(&mut entry).collect()
}

/// Checks that the table of `layers` layers, all tables of a step together, fits its uniform.
///
/// # Errors
/// [`Error::Invalid`] for more than [`LAYERS`] layers.
pub fn expect_room(layers: usize) -> Result<()> {
    if layers > LAYERS {
        let problem = format!("makes a model of {layers} layers; a GPU trains at most {LAYERS}, --device cpu any");
        return Err(Error::invalid("--hidden", problem));
    }
    Ok(())
}

/// `table` as shaders have it: [`LAYERS`] entries, those behind its last zero.
///
/// # Panics
/// Where the table is longer.
pub fn uniform(table: &[Entry]) -> Vec<Entry> {
    let mut all = vec![Entry::default(); LAYERS];
    all[..table.len()].copy_from_slice(table);
    all
}

/// Workgroups of a layer.
fn groups(entry: &Entry, tiling: Tiling) -> u32 {
    let Update { block: [inputs, outputs], blocks, .. } = tiling.update();
    (entry.k.div_ceil(inputs) * entry.n.div_ceil(outputs)).div_ceil(blocks)
}

/// Workgroups of all layers of `table`.
///
/// # Panics
/// Where the table is empty.
pub(crate) fn all_groups(table: &[Entry], tiling: Tiling) -> usize {
    let last = table.last().expect("a model has layers");
    (last.group + groups(last, tiling)) as usize
}

/// Adds the update of every layer of `table` to the program, for steps of up to `rows` rows: gradients are `stored`, or Adam takes
/// them. The table lies in its buffer from entry `first` on.
pub fn launch(
    program: &mut Program,
    table: &[Entry],
    first: usize,
    rows: usize,
    stored: Option<Spans>,
    images: Format,
) {
    let spans = stored.map_or(1, |spans| spans.count as usize);
    let grid = fold(spans * all_groups(table, program.tilings.update));
    launch_folded(program, table, first, rows, stored, images, grid);
}

pub(crate) fn launch_folded(
    program: &mut Program,
    table: &[Entry],
    first: usize,
    rows: usize,
    stored: Option<Spans>,
    images: Format,
    [x, y]: [usize; 2],
) {
    let epilogue = if stored.is_some() { Epilogue::Store } else { Epilogue::Adam };
    let Spans { count: spans, size } = stored.unwrap_or(Spans { count: 1, size: 0 });
    let args = Args {
        first: first as u32,
        layers: table.len() as u32,
        width: x as u32,
        groups: all_groups(table, program.tilings.update) as u32,
        spans,
        size,
        loss_scale: program.loss_scale,
    };
    let spec = SPECS.get(Variant { tiling: program.tilings.update.updating(), epilogue, images });
    let weights: usize = table.iter().map(|layer| layer.k as usize * layer.n as usize).sum();
    let columns: usize = table.iter().map(|layer| (layer.k + layer.n) as usize).sum();
    let work = Work {
        shape: format!("{rows} rows, {weights}"),
        operations: (2 * rows * weights) as f64,
        // weights and both moments are read and written, or gradients written
        bytes: (if stored.is_some() { 4 * spans as usize } else { 24 } * weights + 4 * rows * columns) as f64,
    };
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y], work);
}
