//! The decoder's last layer, its loss against the images t, and the gradient of the logits.

use super::{Variants, expect};
use crate::{
    Result,
    gpu::{Args as _, Format, Layer, Matrix, Program, Role, Spec, Tiling, Work, args, source, vec4s},
    model::{Likelihood, Loss, Reduction},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/output.wgsl`.
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

/// What sets a variant apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How dl is cut.
    pub tiling: Tiling,
    /// What is measured; how it is reduced is an argument.
    pub likelihood: Likelihood,
    /// The format of the images.
    pub images: Format,
}

/// By tiling, and in each by loss and image format.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| {
    let uses = Likelihood::OF_LOGITS.map(|likelihood| [Format::U8, Format::F32].map(|images| (likelihood, images)));
    let of = move |tiling| {
        uses.into_iter().flatten().map(move |(likelihood, images)| Variant { tiling, likelihood, images })
    };
    Variants::new(Tiling::ALL.into_iter().flat_map(of), spec)
});

fn spec(variant: Variant) -> Spec {
    let Variant { tiling, likelihood, images } = variant;
    let loss = match likelihood {
        Likelihood::SquaredError => source!("parts/mse.wgsl"),
        _ => source!("parts/bce.wgsl"),
    };
    let image = match images {
        Format::U8 => source!("parts/images_u8.wgsl"),
        Format::F32 => source!("parts/images_f32.wgsl"),
    };
    let shared = [
        source!("parts/batch.wgsl"),
        source!("parts/in_width.wgsl"),
        source!("parts/source_activations.wgsl"),
        loss,
        image,
    ];
    Spec {
        name: format!("output {} of {images} images{}", likelihood.name(), tiling.suffix()),
        sources: [&[source!("kernels/output.wgsl")], tiling.forward(), tiling.total(), &shared].concat(),
        bindings: vec![
            Role::Params.read(),
            Role::Activations.read(),
            Role::Signals.read_write(),
            Role::Images.read(),
            Role::Order.read(),
            Role::Partials.read_write(),
        ],
        args: Args::FIELDS,
        workgroup: tiling.workgroup(),
        needs: tiling.needs(),
        trusted: true,
    }
}

/// Loss partials that a step of `rows` images of `pixels` pixels leaves: one per workgroup.
pub fn tiles(tiling: Tiling, rows: usize, pixels: usize) -> usize {
    tiling.blocks(rows, pixels).iter().product()
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
        mean: (loss.reduction == Reduction::Mean) as u32,
    };
    let tiling = program.tilings.forward;
    let spec = SPECS.get(Variant { tiling, likelihood: loss.likelihood, images });
    let (rows, k, n) = (dl.rows as usize, 4 * args.k4 as usize, dl.columns as usize);
    let bytes = images.bytes() * rows * n + 4 * (rows * k + k * n + rows * n);
    program.launch(spec, &args, tiling.elements(rows, n), Work::product([rows, k, n], bytes));
    Ok(())
}
