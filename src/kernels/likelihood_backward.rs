//! The gradient of what the decoder gives, each sample's times its weight.

use super::{
    Variants,
    likelihood::{Outputs, Variant, images, measure, variants},
};
use crate::{
    Result,
    gpu::{Args as _, Matrix, Needs, Program, Role, Spec, Work, args, source, vec4s},
    model::Variance,
};
use std::sync::LazyLock;

args! {
    /// As in `shaders/kernels/likelihood_backward.wgsl`.
    pub struct Args {
        /// Start of what the decoder gives in activations.
        outputs: u32,
        /// Start of log σ² of the outputs, where there is one: in params where it is learned, else in activations.
        log_vars: u32,
        /// Start of the scores of the samples in activations.
        scores: u32,
        /// Start of the gradient of what the decoder gives in signals.
        doutputs: u32,
        /// Start of that of log σ², likewise.
        dlog_vars: u32,
        /// Values of an image.
        n: u32,
        /// Of each image.
        samples: u32,
        /// 0: there is no log σ².
        gaussian: u32,
    }
}

/// By likelihood and image format.
pub static SPECS: LazyLock<Variants<Variant>> = LazyLock::new(|| Variants::new(variants(), spec));

fn spec((likelihood, format): Variant) -> Spec {
    let (measures, bindings) = measure(likelihood);
    let shared = [
        source!("kernels/likelihood_backward.wgsl"),
        source!("parts/batch.wgsl"),
        source!("parts/in_width.wgsl"),
        images(format),
    ];
    let own = [Role::Activations.read(), Role::Signals.read_write(), Role::Images.read(), Role::Order.read()];
    Spec {
        name: format!("likelihood_backward {} of {format} images", likelihood.name()),
        sources: [&shared[..], &measures].concat(),
        bindings: [&bindings[..], &own].concat(),
        args: Args::FIELDS,
        workgroup: [8, 8, 1],
        needs: Needs::Nothing,
        trusted: true,
    }
}

/// Adds the gradients of Σ weight · loss to the program: at `outputs`, shaped as its values, and of a Gaussian at each sample's log σ²,
/// `[rows · samples, values]` too; `rows` is the number of images.
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) where the matrices do not fit.
pub fn launch(
    program: &mut Program,
    outputs: Outputs,
    scores: Matrix,
    gradients: Outputs,
    rows: usize,
    (likelihood, format): Variant,
) -> Result<()> {
    outputs.check("likelihood_backward", likelihood, scores)?;
    let (values, gaussian) = (outputs.values, likelihood.variance() != Variance::None);
    super::expect("likelihood_backward", "doutputs", gradients.values, values.rows, values.columns)?;
    if gaussian {
        super::expect("likelihood_backward", "dlog_vars", gradients.log_vars, values.rows, values.columns)?;
    }
    let args = Args {
        outputs: values.start,
        log_vars: outputs.log_vars.start,
        scores: scores.start,
        doutputs: gradients.values.start,
        dlog_vars: gradients.log_vars.start,
        n: values.columns,
        samples: values.rows / rows as u32,
        gaussian: gaussian as u32,
    };
    let (rows, n) = (values.rows as usize, values.columns as usize);
    let work = Work::elementwise([rows, n], (8 + format.bytes()) * rows * n);
    program.launch(SPECS.get((likelihood, format)), &args, [vec4s(n), rows], work);
    Ok(())
}
