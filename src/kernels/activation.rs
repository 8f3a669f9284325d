//! The shader part of each activation, and the matrices of a layer that has one. No kernel itself.

use crate::{
    gpu::{Arena, Matrix, Source, source},
    model::{Activation, Kept},
};

/// An activated layer's output, and what the derivative of the activation is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivatedMatrix {
    /// `[rows, out]`
    pub output: Matrix,
    /// `[rows, out]`: the sums before the activation, or the output itself, as [`Activation::kept`] says.
    pub kept: Matrix,
}

impl ActivatedMatrix {
    /// `output` as one of `activation`, with space for the sums where they are kept.
    pub fn new(output: Matrix, activation: Activation, arena: &mut Arena) -> ActivatedMatrix {
        let kept = match activation.kept() {
            Kept::Output => output,
            Kept::Sum => arena.matrix(output.rows as usize, output.columns as usize),
        };
        ActivatedMatrix { output, kept }
    }
}

/// A matrix of which nothing else is kept.
impl From<Matrix> for ActivatedMatrix {
    fn from(output: Matrix) -> ActivatedMatrix {
        ActivatedMatrix { output, kept: output }
    }
}

/// A shader part that provides `activate`, `derivative` and `KEEPS_SUMS`, and how exact they are.
#[derive(Clone, Copy, Debug)]
pub struct ActivationPart {
    /// The file.
    pub source: Source,
    /// Largest error of `activate` where float32 holds its argument a, in ulps of the larger of 1 and |a|; an ulp of 1 is 2⁻²³.
    /// A test adds it up operation by operation.
    pub activate_ulps: f64,
    /// Largest error of `derivative`, in ulps of 1.
    pub derivative_ulps: f64,
}

/// The part of `activation`; none: the sums as they are.
pub fn part(activation: Option<Activation>) -> ActivationPart {
    let (source, activate_ulps, derivative_ulps) = match activation {
        None => (source!("parts/identity.wgsl"), 0.0, 0.0),
        Some(Activation::Relu) => (source!("parts/activation_relu.wgsl"), 0.0, 0.0),
        Some(Activation::Tanh) => (source!("parts/activation_tanh.wgsl"), 5.0, 1.0),
        Some(Activation::Silu) => (source!("parts/activation_silu.wgsl"), 5.0, 10.0),
        Some(Activation::Gelu) => (source!("parts/activation_gelu.wgsl"), 6.0, 14.0),
        Some(Activation::Softplus) => (source!("parts/activation_softplus.wgsl"), 8.0, 3.0),
    };
    ActivationPart { source, activate_ulps, derivative_ulps }
}

/// What the activation adds to the name of a kernel of the middle: nothing where it is the article's ReLU.
pub(super) fn suffix(activation: Activation) -> String {
    if activation == Activation::default() { String::new() } else { format!(" {activation}") }
}
