//! The decoder's last layer, its loss against the images t, and the gradient of the logits.

use super::{Variants, expect};
use crate::{
    Result,
    gpu::{Args as _, Format, Layer, Matrix, Program, Role, Spec, Tiling, Work, args, source, vec4s},
    model::Loss,
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
    /// Which loss, summed or averaged.
    pub measure: Measure,
    /// The format of the images.
    pub images: Format,
}

/// A loss without its reduction, which is an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Squared error.
    Mse,
    /// Binary cross-entropy.
    Bce,
}

impl Measure {
    /// That of `loss`.
    pub fn of(loss: Loss) -> Measure {
        match loss {
            Loss::MseMean | Loss::MseSum => Measure::Mse,
            Loss::BceSum => Measure::Bce,
        }
    }
}

/// By tiling, and in each by loss and image format.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| {
    let uses = [Measure::Mse, Measure::Bce].map(|measure| [Format::U8, Format::F32].map(|images| (measure, images)));
    let of = move |tiling| uses.into_iter().flatten().map(move |(measure, images)| Variant { tiling, measure, images });
    Variants::new(Tiling::ALL.into_iter().flat_map(of), spec)
});

fn spec(variant: Variant) -> Spec {
    let Variant { tiling, measure, images } = variant;
    let (name, loss) = match measure {
        Measure::Mse => ("mse", source!("parts/mse.wgsl")),
        Measure::Bce => ("bce", source!("parts/bce.wgsl")),
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
        name: format!("output {name} of {images} images{}", tiling.suffix()),
        sources: [&[source!("kernels/output.wgsl")], tiling.forward(), &shared].concat(),
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
    let tiling = program.tilings.forward;
    let spec = SPECS.get(Variant { tiling, measure: Measure::of(loss), images });
    let (rows, k, n) = (dl.rows as usize, 4 * args.k4 as usize, dl.columns as usize);
    let bytes = images.bytes() * rows * n + 4 * (rows * k + k * n + rows * n);
    program.launch(spec, &args, tiling.elements(rows, n), Work::product([rows, k, n], bytes));
    Ok(())
}
