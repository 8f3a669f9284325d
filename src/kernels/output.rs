//! The decoder's last layer, its loss against the images t, and the gradient of the logits.

use super::{Format, Layer, expect};
use crate::{
    Result,
    gpu::{Access, Args as _, Matrix, Program, Role, Spec, args, source, vec4s},
    models::Loss,
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

const WORKGROUP: [u32; 3] = [8, 4, 1];

macro_rules! spec {
    ($name:literal, $loss:literal, $images:literal) => {
        Spec {
            name: $name,
            sources: &[
                source!("output.wgsl"),
                source!("common/product_nt.wgsl"),
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
            workgroup: WORKGROUP,
            cases: Vec::new,
            mutants: &[],
        }
    };
}

/// One variant per loss and image format.
pub static SPECS: &[Spec] = &[
    spec!("output mse of u8 images", "common/mse.wgsl", "common/images_u8.wgsl"),
    spec!("output mse of f32 images", "common/mse.wgsl", "common/images_f32.wgsl"),
    spec!("output bce of u8 images", "common/bce.wgsl", "common/images_u8.wgsl"),
    spec!("output bce of f32 images", "common/bce.wgsl", "common/images_f32.wgsl"),
];

/// Invocations along x and y for a `[rows, columns]` result.
fn elements(rows: u32, columns: u32) -> [usize; 2] {
    [columns.div_ceil(8) as usize, rows.div_ceil(8) as usize]
}

/// Loss partials that a step of `rows` images of `pixels` pixels leaves: one per invocation.
pub fn tiles(rows: usize, pixels: usize) -> usize {
    let [x, y] = elements(rows as u32, pixels as u32);
    x.next_multiple_of(WORKGROUP[0] as usize) * y.next_multiple_of(WORKGROUP[1] as usize)
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
    program.launch(&SPECS[variant], &args, elements(dl.rows, dl.columns));
    Ok(())
}
