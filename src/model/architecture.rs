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

/// What μ and log σ² are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bottleneck {
    /// A code of as many units as there are latents, with the network's activation: the article's design.
    #[default]
    Article,
    /// The encoder's last hidden layer, as most papers have it. The code of an AE is then a layer without activation.
    Direct,
}

impl Bottleneck {
    /// Every one of them.
    pub const ALL: [Bottleneck; 2] = [Bottleneck::Article, Bottleneck::Direct];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Bottleneck::Article => "article",
            Bottleneck::Direct => "direct",
        }
    }
}

/// How the decoder of a CVAE is told the label. p is the label's projection `act(P onehot(y) + b)`, which is as wide as z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// z + p, the article's choice.
    #[default]
    Add,
    /// (z + p) / 2
    Mean,
    /// z · p
    Multiply,
    /// onehot(y) stands behind z, and in the encoder behind the image; there is no projection.
    Concat,
}

impl Condition {
    /// Every one of them.
    pub const ALL: [Condition; 4] = [Condition::Add, Condition::Mean, Condition::Multiply, Condition::Concat];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Add => "add",
            Condition::Mean => "mean",
            Condition::Multiply => "multiply",
            Condition::Concat => "concat",
        }
    }
}

/// Where a Gaussian likelihood has its log σ² from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variance {
    /// The likelihood has none of its own.
    #[default]
    None,
    /// One learned number per output value.
    Learned,
    /// The decoder gives one beside every mean.
    Decoded,
}

/// The shape of a model: `input → hidden… → latent → …hidden → input`.
///
/// ```
/// use wgvae::model::{Kind, Model};
///
/// let model = Model::new(Kind::Vae, 784, [256], 8, 0);
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
    /// What μ and log σ² are made of; the article's where a configuration does not say, as for what follows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bottleneck: Bottleneck,
    /// How the decoder is told the label; read by the CVAE alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub condition: Condition,
    /// Where a Gaussian likelihood has its log σ² from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub variance: Variance,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The widths of one linear layer and the name its parameters carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// PyTorch's name without `.weight` and `.bias`: `encoder.0`, `mu`.
    pub name: String,
    /// Number of outputs.
    pub out: usize,
    /// Number of inputs; 0 for learned numbers that no input multiplies, which are a bias alone and carry the bare name.
    pub inp: usize,
}

/// The name of the learned log σ² of a Gaussian likelihood.
pub const OUTPUT_LOG_VAR: &str = "output_log_var";

impl Model {
    /// The widths from the input to the latent space, as they are written: `784-256-8`.
    pub fn widths(&self) -> String {
        let all = [&[self.input][..], &self.hidden, &[self.latent]].concat();
        all.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    }

    /// A model of the article's design with ReLU; `hidden` are the widths of the encoder's hidden layers.
    pub fn new(kind: Kind, input: usize, hidden: impl Into<Vec<usize>>, latent: usize, classes: usize) -> Model {
        Model {
            kind,
            input,
            hidden: hidden.into(),
            latent,
            classes,
            activation: Activation::default(),
            bottleneck: Bottleneck::default(),
            condition: Condition::default(),
            variance: Variance::default(),
        }
    }

    /// Whether a layer gives a code: in the article's design, and in every AE.
    pub fn has_code(&self) -> bool {
        self.bottleneck == Bottleneck::Article || !self.kind.is_variational()
    }

    /// What follows the sums of the code.
    pub fn code_activation(&self) -> Option<Activation> {
        (self.bottleneck == Bottleneck::Article).then_some(self.activation)
    }

    /// Whether a layer projects the label to a vector as wide as z.
    pub fn has_projector(&self) -> bool {
        self.kind.is_conditional() && self.condition != Condition::Concat
    }

    /// Columns of the onehot label behind the image and behind z; 0 but where the condition is concatenated.
    pub fn concatenated(&self) -> usize {
        if self.kind.is_conditional() && self.condition == Condition::Concat { self.classes } else { 0 }
    }

    /// Values that the decoder gives for an image: means, and where the decoder gives them too, log-variances behind them.
    pub fn outputs(&self) -> usize {
        if self.variance == Variance::Decoded { 2 * self.input } else { self.input }
    }

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
        if self.outputs() > u32::MAX as usize || self.input + self.concatenated() > u32::MAX as usize {
            return Err(Error::invalid("input", format!("is {}, too wide for what stands beside it", self.input)));
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

    /// The linear layers in the order of the forward pass: encoder, code, μ, log σ², label projector, decoder; then the learned log σ²
    /// of a Gaussian likelihood. The code is the encoder's last layer, by its name too.
    pub fn layers(&self) -> Vec<LayerShape> {
        let mut layers = Vec::new();
        let mut push = |name: String, inp: usize, out: usize| layers.push(LayerShape { name, out, inp });
        let down: Vec<usize> = [&[self.input + self.concatenated()], &self.hidden[..]].concat();
        for (i, pair) in down.windows(2).enumerate() {
            push(format!("encoder.{}", 2 * i), pair[0], pair[1]);
        }
        let mut width = self.hidden.last().copied().unwrap_or_default();
        if self.has_code() {
            push(format!("encoder.{}", 2 * self.hidden.len()), width, self.latent);
            width = self.latent;
        }
        if self.kind.is_variational() {
            push("mu".into(), width, self.latent);
            push("log_var".into(), width, self.latent);
        }
        if self.has_projector() {
            push("label_projector.0".into(), self.classes, self.latent);
        }
        let hidden = self.hidden.iter().rev().copied();
        let up: Vec<usize> =
            [self.latent + self.concatenated()].into_iter().chain(hidden).chain([self.outputs()]).collect();
        for (i, pair) in up.windows(2).enumerate() {
            push(format!("decoder.{}", 2 * i), pair[0], pair[1]);
        }
        if self.variance == Variance::Learned {
            push(OUTPUT_LOG_VAR.into(), 0, self.input);
        }
        layers
    }

    /// Number of learnable values.
    pub fn parameter_count(&self) -> usize {
        self.layers().iter().map(|layer| layer.out * (layer.inp + 1)).sum()
    }
}
