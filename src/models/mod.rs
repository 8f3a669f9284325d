//! The three models: what parameters they have, how they start, and how a training step of each is put together.

mod ae;
mod codec;
mod cvae;
mod gpu_codec;
mod network;
pub mod step;
mod vae;

pub use codec::{Codec, Encoding};
pub use network::{Network, padded, rows};

use crate::{
    Error, Result,
    gpu::{Batch, Tilings},
    oracle::philox,
};
use serde::{Deserialize, Serialize};

/// Which of the three models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Autoencoder: the code itself is decoded.
    Ae,
    /// Variational autoencoder: z = μ + exp(½ log σ²) ε is decoded.
    Vae,
    /// Conditional VAE: z + relu(P onehot(y) + b) is decoded.
    Cvae,
}

/// The shape of a model: `input → hidden… → latent → …hidden → input`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Which of the three.
    pub kind: Kind,
    /// Pixels per image.
    pub input: usize,
    /// Widths of the encoder's hidden layers, first to last; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Width of the code, μ, log σ² and z.
    pub latent: usize,
    /// Number of label classes; used by the CVAE alone.
    pub classes: usize,
}

/// The reconstruction loss and how it is reduced over a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Squared error, averaged over all pixels of the batch (`nn.MSELoss()`).
    MseMean,
    /// Squared error, summed over pixels and batch.
    MseSum,
    /// Binary cross-entropy from logits, summed over pixels and batch.
    BceSum,
}

/// What a step minimises: reconstruction loss + β · KL.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The reconstruction loss.
    pub loss: Loss,
    /// Weight of the KL divergence (summed over latents and batch); 0 for the AE.
    pub beta: f64,
}

impl Objective {
    /// What gradients are multiplied by before they are rounded to f16, which holds 6e-5 to 65504: the power of two nearest to the
    /// number of values that the loss is averaged over. A KL divergence, which is not averaged, stays as it is.
    pub fn loss_scale(&self, values: usize) -> f32 {
        match self.loss {
            Loss::MseMean if self.beta == 0.0 => (values as f32).log2().round().exp2(),
            Loss::MseMean | Loss::MseSum | Loss::BceSum => 1.0,
        }
    }
}

/// Noise on a model's input; what it is to make of it stays clean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corruption {
    /// Which noise.
    pub kind: Noise,
    /// Gaussian: its standard deviation, in units of white; mask: the share of pixels blanked.
    pub strength: f64,
}

/// A kind of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// A normal is added to each pixel.
    Gaussian,
    /// Pixels become black.
    Mask,
}

impl Corruption {
    /// Checks that the strength is usable: at least 0, and that of a mask below 1.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        let strength = self.strength;
        let (usable, expected) = match self.kind {
            Noise::Gaussian => (strength.is_finite() && strength >= 0.0, "gaussian noise takes a number of at least 0"),
            Noise::Mask => ((0.0..1.0).contains(&strength), "a mask takes a number of at least 0 and below 1"),
        };
        match usable {
            true => Ok(()),
            false => Err(Error::invalid("--corrupt", format!("is {strength}; {expected}"))),
        }
    }
}

/// Adam as PyTorch has it: bias-corrected, ε outside the root.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Adam {
    /// Step size and bias correction of step `t`, counted from 1: lr / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ).
    pub fn scales(&self, t: u64) -> [f64; 2] {
        let t = t as f64;
        [self.lr / (1.0 - self.beta1.powf(t)), 1.0 / (1.0 - self.beta2.powf(t)).sqrt()]
    }

    /// The arguments as a shader has them: decays and ε rounded to float32.
    pub fn rounded(&self) -> Adam {
        let [beta1, beta2, epsilon] = [self.beta1, self.beta2, self.epsilon].map(|value| f64::from(value as f32));
        Adam { lr: self.lr, beta1, beta2, epsilon }
    }

    /// What the update needs at step `t`, counted from 1: step size, bias correction and decays.
    pub fn record(&self, t: u64) -> Batch {
        // corrections of decays that are not rounded would be off by 1e-5 of 1 − β₂
        let rounded = self.rounded();
        let [step_size, correction] = rounded.scales(t).map(|scale| scale as f32);
        let [beta1, beta2, epsilon] = [rounded.beta1, rounded.beta2, rounded.epsilon].map(|value| value as f32);
        Batch { step_size, correction, beta1, beta2, epsilon, ..Batch::default() }
    }
}

/// One named parameter tensor, in PyTorch's layout (`[out, in]` or `[out]`), row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// PyTorch's name: `encoder.0.weight`.
    pub name: String,
    /// `[out, in]` or `[out]`.
    pub shape: Vec<usize>,
    /// Row-major values. A GPU run keeps float32 values here exactly.
    pub values: Vec<f64>,
}

/// The widths of one linear layer and the name its parameters carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// PyTorch's name without `.weight` and `.bias`: `encoder.0`, `mu`.
    pub name: String,
    /// Number of outputs.
    pub out: usize,
    /// Number of inputs.
    pub inp: usize,
}

impl Model {
    /// `tilings` as far as they fit the model.
    pub fn fit(&self, tilings: Tilings) -> Tilings {
        let width = self.hidden.last().copied().unwrap_or_default();
        Tilings { latent: tilings.latent.fitting(self.latent, width), ..tilings }
    }

    /// Checks that every size is usable.
    pub fn validate(&self) -> Result<()> {
        let positive = |what: &str, n: usize| match n {
            0 => Err(Error::invalid(what, "must be at least 1")),
            _ => Ok(()),
        };
        positive("input", self.input)?;
        positive("--latent", self.latent)?;
        if self.hidden.is_empty() {
            return Err(Error::invalid("--hidden", "needs at least one width"));
        }
        self.hidden.iter().try_for_each(|&width| positive("--hidden", width))?;
        if self.kind == Kind::Cvae {
            positive("classes", self.classes)?;
        }
        Ok(())
    }

    /// The linear layers in the order of the forward pass: encoder, μ, log σ², label projector, decoder.
    pub fn layers(&self) -> Vec<LayerShape> {
        let mut layers = Vec::new();
        let mut push = |name: String, inp: usize, out: usize| layers.push(LayerShape { name, out, inp });
        let down: Vec<usize> = [&[self.input], &self.hidden[..], &[self.latent]].concat();
        for (i, pair) in down.windows(2).enumerate() {
            push(format!("encoder.{}", 2 * i), pair[0], pair[1]);
        }
        if self.kind != Kind::Ae {
            push("mu".into(), self.latent, self.latent);
            push("log_var".into(), self.latent, self.latent);
        }
        if self.kind == Kind::Cvae {
            push("label_projector.0".into(), self.classes, self.latent);
        }
        let up: Vec<usize> = down.into_iter().rev().collect();
        for (i, pair) in up.windows(2).enumerate() {
            push(format!("decoder.{}", 2 * i), pair[0], pair[1]);
        }
        layers
    }

    /// Number of learnable values.
    pub fn parameter_count(&self) -> usize {
        self.layers().iter().map(|layer| layer.out * (layer.inp + 1)).sum()
    }

    /// Freshly initialised parameters: PyTorch's default for `nn.Linear`, U(−1/√in, 1/√in) for weight and bias,
    /// drawn from the counter-based generator and rounded to float32.
    pub fn initialise(&self, seed: u64) -> Vec<Param> {
        let mut params = self.shapes();
        let bounds = self.layers().into_iter().flat_map(|layer| [1.0 / (layer.inp as f64).sqrt(); 2]);
        for ((tensor, param), bound) in params.iter_mut().enumerate().zip(bounds) {
            let uniforms = philox::uniforms(seed, philox::Stream::Init, tensor as u64, param.shape.iter().product());
            param.values = uniforms.map(|u| ((2.0 * u - 1.0) * bound) as f32 as f64).collect();
        }
        params
    }

    /// Every parameter by name and shape, in order, without values.
    pub fn shapes(&self) -> Vec<Param> {
        let param = |name: String, shape| Param { name, shape, values: Vec::new() };
        let tensors = |layer: LayerShape| {
            [
                param(format!("{}.weight", layer.name), vec![layer.out, layer.inp]),
                param(format!("{}.bias", layer.name), vec![layer.out]),
            ]
        };
        self.layers().into_iter().flat_map(tensors).collect()
    }

    /// Checks that `params` are this model's, in order.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the first parameter that is not.
    pub fn expect(&self, params: &[Param]) -> Result<()> {
        let shapes = self.shapes();
        for (wanted, got) in shapes.iter().zip(params) {
            let count: usize = wanted.shape.iter().product();
            if (&wanted.name, &wanted.shape) != (&got.name, &got.shape) || got.values.len() != count {
                let problem =
                    format!("{} {:?} expected, {} {:?} found", wanted.name, wanted.shape, got.name, got.shape);
                return Err(Error::invalid("parameters", problem));
            }
        }
        match params.len() == shapes.len() {
            true => Ok(()),
            false => Err(Error::invalid("parameters", format!("{} expected, {} found", shapes.len(), params.len()))),
        }
    }
}
