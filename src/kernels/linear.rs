//! `y[i, j] = act(Σₖ x[i, k] w[j, k] + b[j])`

use super::{
    Variants,
    activation::{ActivatedMatrix, part},
    expect,
};
use crate::{
    Error, Result,
    gpu::{Args as _, Format, Layer, Matrix, Program, Role, Spec, Tiling, Work, args, source, vec4s},
    model::Activation,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/linear.wgsl`.
    pub struct Args {
        /// Start of x in activations; unused where x is the batch of images.
        x: u32,
        /// Start of w in params; b follows.
        w: u32,
        /// Start of y in activations.
        y: u32,
        /// Start of the sums in activations, where the activation keeps them.
        kept: u32,
        /// Inputs, in vec4.
        k4: u32,
        /// Outputs.
        n: u32,
    }
}

/// What is done to the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// They go through the model's activation.
    Activated(Activation),
    /// They are stored as they are.
    Identity,
    /// 1 / (1 + e⁻ˣ), which makes logits pixels.
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

/// What sets a variant apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How y is cut.
    pub tiling: Tiling,
    /// The format of the images, where they are x.
    pub images: Option<Format>,
    /// What is done to the sums.
    pub finish: Finish,
}

/// By tiling, and in each by the inputs and finishes in use.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| {
    let activated = Activation::ALL.map(|activation| {
        [Some(Format::U8), Some(Format::F32), None].map(|images| (images, Finish::Activated(activation)))
    });
    let others = [(None, Finish::Identity), (None, Finish::Sigmoid)];
    let uses = [activated.as_flattened(), &others].concat();
    let of = |tiling| uses.iter().map(move |&(images, finish)| Variant { tiling, images, finish });
    Variants::new(Tiling::ALL.into_iter().flat_map(of), spec)
});

fn spec(variant: Variant) -> Spec {
    let Variant { tiling, images, finish } = variant;
    let (name, activate) = match finish {
        Finish::Activated(activation) => (activation.name(), part(Some(activation)).source),
        Finish::Identity => ("identity", part(None).source),
        Finish::Sigmoid => ("sigmoid", source!("parts/sigmoid.wgsl")),
    };
    let from_images = source!("parts/source_images.wgsl");
    let x = match images {
        Some(Format::U8) => &[from_images, source!("parts/images_u8.wgsl")][..],
        Some(Format::F32) => &[from_images, source!("parts/images_f32.wgsl")],
        None => &[source!("parts/source_activations.wgsl")],
    };
    let shared = [source!("parts/batch.wgsl"), source!("parts/in_width.wgsl"), activate];
    let mut bindings = vec![Role::Params.read(), Role::Activations.read_write()];
    if images.is_some() {
        bindings.extend([Role::Images.read(), Role::Order.read()]);
    }
    let of = images.map_or(String::new(), |format| format!(" of {format} images"));
    Spec {
        name: format!("linear {name}{of}{}", tiling.suffix()),
        sources: [&[source!("kernels/linear.wgsl")], tiling.forward(), &shared, x].concat(),
        bindings,
        args: Args::FIELDS,
        workgroup: tiling.workgroup(),
        needs: tiling.needs(),
        trusted: true,
    }
}

/// Adds `y = finish(x wᵀ + b)` to the program, and the sums where the activation keeps them; both are `[rows, out]`.
///
/// # Errors
/// [`Error::Shape`] where x, the layer and y do not fit.
pub fn launch(
    program: &mut Program,
    x: Input,
    layer: Layer,
    y: impl Into<ActivatedMatrix>,
    finish: Finish,
) -> Result<()> {
    let ActivatedMatrix { output: y, kept } = y.into();
    expect("linear", "y", y, y.rows, layer.outputs())?;
    expect("linear", "kept", kept, y.rows, layer.outputs())?;
    let (images, start) = match x {
        Input::Images(format) => (Some(format), 0),
        Input::Activations(x) => {
            expect("linear", "x", x, y.rows, layer.inputs())?;
            (None, x.start)
        }
    };
    let tiling = program.tilings.forward;
    let Some(spec) = SPECS.find(Variant { tiling, images, finish }) else {
        return Err(Error::Shape {
            kernel: "linear",
            tensor: "x",
            expected: "an activation matrix, unless an activation follows".into(),
            got: "images".into(),
        });
    };
    let k4 = vec4s(layer.inputs() as usize);
    let args =
        Args { x: start, w: layer.weight.start, y: y.start, kept: kept.start, k4: k4 as u32, n: layer.outputs() };
    let (rows, k, n) = (y.rows as usize, 4 * k4, y.columns as usize);
    let bytes = images.map_or(4, Format::bytes) * rows * k + 4 * (k * n + rows * n);
    program.launch(spec, &args, tiling.elements(rows, n), Work::product([rows, k, n], bytes));
    Ok(())
}
