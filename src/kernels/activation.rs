//! The shader part of each activation. No kernel itself.

use crate::{
    gpu::{Source, source},
    model::Activation,
};

/// A shader part that provides `activate` and `derivative`, and how exact they are.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The file.
    pub source: Source,
    /// Largest error of `activate` where float32 holds its argument, in ulps of 1 (2⁻²³): the file's head derives it.
    pub activate_ulps: f64,
    /// Likewise of `derivative`.
    pub derivative_ulps: f64,
}

/// The part of `activation`; none: the sums as they are.
pub fn part(activation: Option<Activation>) -> Part {
    let (source, activate_ulps, derivative_ulps) = match activation {
        None => (source!("parts/identity.wgsl"), 0.0, 0.0),
        Some(Activation::Relu) => (source!("parts/activation_relu.wgsl"), 0.0, 0.0),
        Some(Activation::Tanh) => (source!("parts/activation_tanh.wgsl"), 5.0, 1.0),
    };
    Part { source, activate_ulps, derivative_ulps }
}

/// What the activation adds to the name of a kernel of the middle: nothing where it is the article's ReLU.
pub(super) fn suffix(activation: Activation) -> String {
    if activation == Activation::default() { String::new() } else { format!(" {activation}") }
}
