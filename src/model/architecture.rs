//! The three models as layers: `input → hidden… → latent → …hidden → input`.

use super::Activation;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which of the three models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Autoencoder: the code itself is decoded.
    Ae,
    /// Variational autoencoder: z = μ + exp(½ log σ²) ε is decoded.
    Vae,
    /// Conditional VAE: z + act(P onehot(y) + b) is decoded.
    Cvae,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::Ae, Kind::Vae, Kind::Cvae];

    /// The name in options, configurations and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ae => "ae",
            Kind::Vae => "vae",
            Kind::Cvae => "cvae",
        }
    }

    /// Whether it has μ and log σ², from which z is drawn, and thus a KL divergence and a prior to sample from.
    pub fn is_variational(self) -> bool {
        self != Kind::Ae
    }

    /// Whether its decoder takes a label.
    pub fn is_conditional(self) -> bool {
        self == Kind::Cvae
    }
}

/// The shape of a model: `input → hidden… → latent → …hidden → input`.
///
/// ```
/// use wgvae::model::{Activation, Kind, Model};
///
/// let model = Model { kind: Kind::Vae, input: 784, hidden: vec![256], latent: 8, classes: 0, activation: Activation::Relu };
/// let names: Vec<String> = model.layers().into_iter().map(|layer| layer.name).collect();
/// assert_eq!(names, ["encoder.0", "encoder.2", "mu", "log_var", "decoder.0", "decoder.2"]);
/// let params = model.initialise(0); // as PyTorch's nn.Linear begins, from seed 0
/// assert_eq!((params[0].name.as_str(), &params[0].shape[..]), ("encoder.0.weight", &[256, 784][..]));
/// ```
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
    /// What follows the sums of every layer but μ, log σ² and the last; ReLU where a configuration does not say.
    #[serde(default)]
    pub activation: Activation,
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
    /// Checks that every size is usable: at least 1, and countable in 32 bits, as kernels count.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn validate(&self) -> Result<()> {
        let positive = |what: &str, n: usize| match n {
            0 => Err(Error::invalid(what, "must be at least 1")),
            _ if u32::try_from(n).is_err() => {
                Err(Error::invalid(what, format!("is {n}, expected at most {}", u32::MAX)))
            }
            _ => Ok(()),
        };
        positive("input", self.input)?;
        positive("--latent", self.latent)?;
        if self.hidden.is_empty() {
            return Err(Error::invalid("--hidden", "needs at least one width"));
        }
        self.hidden.iter().try_for_each(|&width| positive("--hidden", width))?;
        if self.kind.is_conditional() {
            positive("classes", self.classes)?;
        }
        let count = self
            .layers()
            .iter()
            .try_fold(0_usize, |count, layer| count.checked_add(layer.out.checked_mul(layer.inp.checked_add(1)?)?));
        match count {
            Some(_) => Ok(()),
            None => Err(Error::invalid("--hidden, --latent", "make a model of more than 2^64 parameters")),
        }
    }

    /// The linear layers in the order of the forward pass: encoder, μ, log σ², label projector, decoder.
    pub fn layers(&self) -> Vec<LayerShape> {
        let mut layers = Vec::new();
        let mut push = |name: String, inp: usize, out: usize| layers.push(LayerShape { name, out, inp });
        let down: Vec<usize> = [&[self.input], &self.hidden[..], &[self.latent]].concat();
        for (i, pair) in down.windows(2).enumerate() {
            push(format!("encoder.{}", 2 * i), pair[0], pair[1]);
        }
        if self.kind.is_variational() {
            push("mu".into(), self.latent, self.latent);
            push("log_var".into(), self.latent, self.latent);
        }
        if self.kind.is_conditional() {
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
}
