//! The options of `wgvae train` that say what is trained: the model's layers and what a step minimises.

use crate::{
    Error, Result,
    gpu::Format,
    model::{Activation, Bottleneck, Bound, Condition, Kind, Likelihood, Model, Objective, init::Scheme},
};
use clap::builder::{PossibleValuesParser, TypedValueParser};

#[derive(clap::Args)]
pub struct ModelOptions {
    /// Widths of the encoder's hidden layers; the decoder mirrors them
    #[arg(long, default_value = "256", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Width of the latent space
    #[arg(long, default_value_t = 8)]
    latent: usize,
    /// What follows the sums of every layer but mu, log_var and the last
    #[arg(long, default_value = Activation::Relu.name(), value_name = "NAME", value_parser = named(Activation::ALL, Activation::name))]
    activation: Activation,
    /// What mu and log_var read: the article's code layer, as wide as the latent space and activated, or the encoder's last hidden
    /// layer; an AE's code is activated in the article's design alone
    #[arg(long, default_value = Bottleneck::Article.name(), value_name = "NAME", value_parser = named(Bottleneck::ALL, Bottleneck::name))]
    bottleneck: Bottleneck,
    /// How a CVAE's decoder is told the label: its projection p makes z + p, (z + p) / 2 or z p; or the label itself stands behind
    /// z, and in the encoder behind the image [default: add]
    #[arg(long, value_name = "NAME", value_parser = named(Condition::ALL, Condition::name))]
    condition: Option<Condition>,
    /// Likelihood of an image: squared error (an AE averages it over pixels and batch), Bernoulli, or a Gaussian with one learned
    /// variance per pixel, or with the decoder's [default: squared-error; for a table gaussian]
    #[arg(long, value_name = "NAME", conflicts_with = "loss", value_parser = named(Likelihood::ALL, Likelihood::full_name))]
    likelihood: Option<Likelihood>,
    /// Short names: mse is --likelihood squared-error, bce is bernoulli
    #[arg(long, value_name = "NAME", value_parser = named(Likelihood::OF_LOGITS, Likelihood::name))]
    loss: Option<Likelihood>,
    /// Weight of the KL divergence [default: 3 with squared error, as the article trains; 1 with a likelihood in nats; 0 for an AE]
    #[arg(long)]
    beta: Option<f64>,
    /// What is maximised: the evidence lower bound, the importance-weighted bound, or that bound with doubly reparameterized
    /// gradients of the encoder
    #[arg(long, default_value = Bound::Elbo.name(), value_name = "NAME", value_parser = named(Bound::ALL, Bound::name))]
    objective: Bound,
    /// Draws of z per image and step
    #[arg(long, default_value_t = 1, value_name = "K")]
    samples: usize,
    /// How initial weights and biases are drawn: as PyTorch's nn.Linear does, or weights by Glorot and Bengio's rule and biases 0
    #[arg(long, default_value = Scheme::Pytorch.name(), value_name = "NAME", value_parser = named(Scheme::ALL, Scheme::name))]
    pub init_scheme: Scheme,
}

impl ModelOptions {
    /// The model of rows of `input` values and `classes` classes.
    pub fn model(&self, kind: Kind, format: Format, input: usize, classes: usize) -> Model {
        Model {
            activation: self.activation,
            bottleneck: self.bottleneck,
            condition: self.condition.unwrap_or_default(),
            variance: self.likelihood(format).variance(),
            ..Model::new(kind, input, &self.hidden[..], self.latent, classes)
        }
    }

    /// What is asked for; else squared error for images, as the article has it, and a Gaussian for real values.
    fn likelihood(&self, format: Format) -> Likelihood {
        self.likelihood.or(self.loss).unwrap_or(match format {
            Format::U8 => Likelihood::SquaredError,
            Format::F32 => Likelihood::Gaussian,
        })
    }

    /// What a step minimises.
    pub fn objective(&self, kind: Kind, format: Format) -> Objective {
        let objective = Objective::new(kind, self.likelihood(format));
        let beta = self.beta.unwrap_or(objective.beta);
        Objective { beta, bound: self.objective, samples: self.samples, ..objective }
    }

    /// Refuses what this kind of model cannot use.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option.
    pub fn check(&self, kind: Kind) -> Result<()> {
        if !kind.is_variational() && self.beta.is_some_and(|beta| beta != 0.0) {
            return Err(Error::invalid("--beta", "an AE has no KL divergence to weigh"));
        }
        if !kind.is_conditional() && self.condition.is_some() {
            return Err(Error::invalid("--condition", "is for a CVAE: no other model is told the label"));
        }
        Ok(())
    }
}

/// Reads one of `all` by its name; the help lists them.
pub fn named<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let known = move |text: String| all.into_iter().find(|&value| name(value) == text).expect("clap takes no other");
    PossibleValuesParser::new(all.map(name)).map(known)
}
