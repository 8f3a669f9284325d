//! The activations that a model may have between its layers.
//!
//! To add one: its variant and maths here, its shader part `shaders/parts/activation_NAME.wgsl`, its line in
//! [`kernels::activation`](crate::kernels::activation). Everything that lists activations goes through [`Activation::ALL`].

use serde::{Deserialize, Serialize};
use std::{
    f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI},
    fmt,
};

/// The activation of a model's hidden layers, of its code and of its label projection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(a, 0)
    #[default]
    Relu,
    /// (eᵃ − e⁻ᵃ) / (eᵃ + e⁻ᵃ)
    Tanh,
    /// a / (1 + e⁻ᵃ)
    Silu,
    /// ½ a (1 + tanh(√(2/π) (a + 0.044715 a³))), the tanh form of a Φ(a) (Hendrycks and Gimpel 2016).
    Gelu,
    /// ln(1 + eᵃ)
    Softplus,
}

/// What the derivative of an activation is a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The output y.
    Output,
    /// The sum a that the activation was given; the output does not tell it.
    Sum,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Activation; 5] =
        [Activation::Relu, Activation::Tanh, Activation::Silu, Activation::Gelu, Activation::Softplus];

    /// The name in options, configurations, kernels and shader files.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
            Activation::Softplus => "softplus",
        }
    }

    /// What its derivative is computed from, and what a forward pass therefore keeps for the backward pass.
    pub fn kept(self) -> Kept {
        match self {
            Activation::Relu | Activation::Tanh | Activation::Softplus => Kept::Output,
            Activation::Silu | Activation::Gelu => Kept::Sum,
        }
    }

    /// y, the activation of `a`; NaN for NaN.
    pub fn forward(self, a: f64) -> f64 {
        match self {
            Activation::Relu if a < 0.0 => 0.0, // f64::max would hide a NaN
            Activation::Relu => a,
            Activation::Tanh => a.tanh(),
            Activation::Silu => a * sigmoid(a),
            Activation::Gelu => a * sigmoid(gelu_logit(a)),
            Activation::Softplus if a > 0.0 => a + (-a).exp().ln_1p(),
            Activation::Softplus => a.exp().ln_1p(),
        }
    }

    /// dy/da, from y or from a, as [`Activation::kept`] says.
    pub fn derivative(self, kept: f64) -> f64 {
        match self {
            Activation::Relu if kept > 0.0 => 1.0,
            Activation::Relu => 0.0,
            Activation::Tanh => 1.0 - kept * kept,
            Activation::Silu => sigmoid(kept) + kept * sigmoid(kept) * sigmoid(-kept),
            Activation::Gelu => {
                let (s, opposite) = (sigmoid(gelu_logit(kept)), sigmoid(-gelu_logit(kept)));
                s + kept * s * opposite * 2.0 * GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * kept * kept)
            }
            Activation::Softplus => -(-kept).exp_m1(),
        }
    }
}

/// √(2/π), and the coefficient of a³.
const GELU_SCALE: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
const GELU_CUBE: f64 = 0.044715;

/// 2 u, so that ½ (1 + tanh u) = sigmoid(2 u), for the u of [`Activation::Gelu`].
fn gelu_logit(a: f64) -> f64 {
    2.0 * GELU_SCALE * a * (1.0 + GELU_CUBE * a * a)
}

/// 1 / (1 + e⁻ˣ), by e to the power of −|x|, which cannot overflow.
pub fn sigmoid(x: f64) -> f64 {
    let z = (-x.abs()).exp();
    (if x < 0.0 { z } else { 1.0 }) / (1.0 + z)
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}
