//! Loss and importance ratio of each sample of each image; the gradient of what the decoder gives.
//! For objectives whose loss the decoder's last layer cannot end with: several samples, weights, Gaussians.

use super::{Variants, expect, middle::Middle};
use crate::{
    Result,
    gpu::{Args as _, Binding, Format, Matrix, Needs, Program, Role, Source, Spec, Work, args, fold, source},
    model::{Likelihood, Variance},
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/likelihood.wgsl`.
    pub struct Args {
        /// Start of what the decoder gives in activations.
        outputs: u32,
        /// Start of log σ² of the outputs, where there is one: in params where it is learned, else in activations.
        log_vars: u32,
        /// Start of μ in activations.
        mu: u32,
        /// Start of log σ², likewise.
        log_var: u32,
        /// Start of the scores of the samples, likewise.
        scores: u32,
        /// Values of an image.
        n: u32,
        /// Columns of μ and log σ²; 0 without them.
        latent: u32,
        /// Of each image.
        samples: u32,
        /// Rows · samples of a full batch.
        capacity: u32,
        /// Workgroups along x.
        width: u32,
    }
}

/// What sets a variant apart: what is measured, and the format of the images.
pub type Variant = (Likelihood, Format);

/// By likelihood and image format.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| Variants::new(variants(), spec));

/// Every variant.
pub(super) fn variants() -> impl Iterator<Item = Variant> {
    let of = |likelihood| [Format::U8, Format::F32].map(|images| (likelihood, images));
    Likelihood::ALL.into_iter().flat_map(of)
}

/// The shader files that measure a likelihood, and the bindings they take.
pub(super) fn measure(likelihood: Likelihood) -> (Vec<Source>, Vec<Binding>) {
    let gaussian = |log_var| vec![source!("parts/gaussian.wgsl"), log_var];
    match likelihood {
        Likelihood::SquaredError => (vec![source!("parts/of_logits.wgsl"), source!("parts/mse.wgsl")], vec![]),
        Likelihood::Bernoulli => (vec![source!("parts/of_logits.wgsl"), source!("parts/bce.wgsl")], vec![]),
        Likelihood::Gaussian => (gaussian(source!("parts/log_var_learned.wgsl")), vec![Role::Params.read()]),
        Likelihood::GaussianHeteroscedastic => (gaussian(source!("parts/log_var_decoded.wgsl")), vec![]),
    }
}

/// The shader file that reads images of this format.
pub(super) fn images(format: Format) -> Source {
    match format {
        Format::U8 => source!("parts/images_u8.wgsl"),
        Format::F32 => source!("parts/images_f32.wgsl"),
    }
}

fn spec((likelihood, format): Variant) -> Spec {
    let (measures, bindings) = measure(likelihood);
    let shared = [
        source!("kernels/likelihood.wgsl"),
        source!("parts/batch.wgsl"),
        source!("parts/in_width.wgsl"),
        source!("parts/reparameterize.wgsl"),
        source!("parts/epsilon.wgsl"),
        images(format),
    ];
    let own = [Role::Activations.read_write(), Role::Images.read(), Role::Order.read(), Role::Noise.read()];
    Spec {
        name: format!("likelihood {} of {format} images", likelihood.name()),
        sources: [&shared[..], &measures].concat(),
        bindings: [&bindings[..], &own].concat(),
        args: Args::FIELDS,
        workgroup: [64, 1, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// What the decoder gives for the samples of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outputs {
    /// Logits, or the means of a Gaussian, `[rows · samples, values]`, in activations.
    pub values: Matrix,
    /// A Gaussian's log σ²: learned, `[1, values]` in params, or given by the decoder, `[rows · samples, values]` in activations.
    pub log_vars: Matrix,
}

impl Outputs {
    pub(super) fn check(&self, kernel: &'static str, likelihood: Likelihood, scores: Matrix) -> Result<()> {
        let Matrix { rows, columns, .. } = self.values;
        expect(kernel, "scores", scores, rows, 4)?;
        match likelihood.variance() {
            Variance::None => Ok(()),
            Variance::Learned => expect(kernel, "log_vars", self.log_vars, 1, columns),
            Variance::Decoded => expect(kernel, "log_vars", self.log_vars, rows, columns),
        }
    }
}

/// Adds (loss, ratio, 0, 0) of each sample, `[rows · samples, 4]`, to the program: −ln p(x | z), and ln p(z) − ln q(z | x) where
/// `middle` has μ and log σ² `[rows, latent]`; without them the ratio is 0 and `rows` says how many images there are.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(
    program: &mut Program,
    outputs: Outputs,
    middle: &Middle,
    scores: Matrix,
    rows: usize,
    (likelihood, format): Variant,
) -> Result<()> {
    let samples = outputs.values.rows as usize / rows;
    launch_folded(program, outputs, middle, scores, rows, (likelihood, format), fold(rows * samples))
}

pub(crate) fn launch_folded(
    program: &mut Program,
    outputs: Outputs,
    middle: &Middle,
    scores: Matrix,
    rows: usize,
    (likelihood, format): Variant,
    [x, y]: [usize; 2],
) -> Result<()> {
    outputs.check("likelihood", likelihood, scores)?;
    let (values, latent) = (outputs.values, middle.mu.columns);
    if latent > 0 {
        expect("likelihood", "mu", middle.mu, rows as u32, latent)?;
        expect("likelihood", "log_var", middle.log_var, rows as u32, latent)?;
    }
    let args = Args {
        outputs: values.start,
        log_vars: outputs.log_vars.start,
        mu: middle.mu.start,
        log_var: middle.log_var.start,
        scores: scores.start,
        n: values.columns,
        latent,
        samples: values.rows / rows as u32,
        capacity: values.rows,
        width: x as u32,
    };
    let spec = SPECS.get((likelihood, format));
    let (rows, n) = (values.rows as usize, values.columns as usize);
    let work = Work::elementwise([rows, n], (4 + format.bytes()) * rows * n);
    program.launch(spec, &args, [x * spec.workgroup[0] as usize, y], work);
    Ok(())
}
