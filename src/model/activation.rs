//! The activations that a model may have between its layers.
//!
//! To add one: its variant and maths here, its shader part `shaders/parts/activation_NAME.wgsl`, its line in
//! [`kernels::activation`](crate::kernels::activation). Everything that lists activations goes through [`Activation::ALL`].

use crate::Error;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The activation of a model's hidden layers, of its code and of its label projection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(a, 0)
    #[default]
    Relu,
    /// (eᵃ − e⁻ᵃ) / (eᵃ + e⁻ᵃ)
    Tanh,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Activation; 2] = [Activation::Relu, Activation::Tanh];

    /// The name in options, configurations, kernels and shader files.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Tanh => "tanh",
        }
    }

    /// y, the activation of `a`; NaN for NaN.
    pub fn forward(self, a: f64) -> f64 {
        match self {
            Activation::Relu if a < 0.0 => 0.0, // f64::max would hide a NaN
            Activation::Relu => a,
            Activation::Tanh => a.tanh(),
        }
    }

    /// dy/da, from the output `y`.
    ///
    /// A network stores the outputs of its layers and not their sums a, so only activations whose derivative follows from y can be
    /// added as things stand. Others, such as GELU and SiLU, need the sums stored as well.
    pub fn derivative(self, y: f64) -> f64 {
        match self {
            Activation::Relu if y > 0.0 => 1.0,
            Activation::Relu => 0.0,
            Activation::Tanh => 1.0 - y * y,
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Activation, Error> {
        let found = Activation::ALL.into_iter().find(|activation| activation.name() == text);
        found.ok_or_else(|| {
            let problem = format!("is {text:?}, expected {}", Activation::ALL.map(Activation::name).join(" or "));
            Error::invalid("--activation", problem)
        })
    }
}
