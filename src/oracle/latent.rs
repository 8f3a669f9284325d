//! The narrow middle of the network, row by row: code, μ and log σ², z, the label's part, KL, first decoder layer.

use super::concat::concat;
use super::kl::kl;
use super::linear::{Activated, Linear, activated, linear};
use super::reparameterize::{bound, reparameterize};
use crate::model::{Activation, Condition};
use ndarray::{Array1, Array2, ArrayRef2, Zip};

/// The layers of the middle; which of them exist tells the models apart.
#[derive(Clone, Copy, Debug)]
pub struct LatentLayers<'a> {
    /// The layer that gives the code, `[latent, width]`, and what follows it; a model whose μ reads the last hidden layer has none.
    pub code: Option<(&'a Linear, Option<Activation>)>,
    /// μ and log σ², `[latent, latent]` each, or without a code `[latent, width]`; the AE has none.
    pub heads: Option<(&'a Linear, &'a Linear)>,
    /// Label projector, `[latent, classes]`; where the label is projected.
    pub projector: Option<&'a Linear>,
    /// How the decoder is told the label, where it is.
    pub condition: Condition,
    /// First decoder layer, `[width, latent]`; with a concatenated label `[width, latent + classes]`.
    pub decoder: &'a Linear,
    /// The activation of the projection and the first decoder layer.
    pub activation: Activation,
}

/// Encoder outputs for one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// `act(Wc h + bc)`, `[batch, latent]`, where there is a code.
    pub code: Option<Activated>,
    /// μ and log σ²; the AE has none.
    pub gaussian: Option<Gaussian>,
}

/// The encoder's q(z | x).
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// `Wμ code + bμ`, `[batch, latent]`.
    pub mu: Array2<f64>,
    /// `bound(Wσ code + bσ)`, `[batch, latent]`.
    pub log_var: Array2<f64>,
}

/// What the latent kernels give for one batch. A row of `[batch · samples, …]` is sample `row mod samples` of image `row / samples`.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// `act(Wc h + bc)`, `[batch, latent]`, where there is a code.
    pub code: Option<Activated>,
    /// μ and bounded log σ²; the AE has none.
    pub gaussian: Option<Gaussian>,
    /// `μ + exp(½ log σ²) ε`, `[batch · samples, latent]`; the AE's is its code.
    pub z: Array2<f64>,
    /// `act(P onehot(y) + bp)`, `[batch, latent]`, where the label is projected.
    pub projection: Option<Activated>,
    /// What the decoder sees: z, and the label's part in it, `[batch · samples, latent]` or wider by the classes.
    pub decoder_input: Array2<f64>,
    /// First decoder layer, `act(Wd decoder_input + bd)`, `[batch · samples, width]`.
    pub d1: Activated,
    /// KL of each image in nats, `[batch]`; zeros for the AE.
    pub kl: Array1<f64>,
}

/// The whole middle for last hidden activations `h` `[batch, width]`, ε `[batch · samples, latent]` (read by VAE and CVAE) and onehot
/// labels `[batch, classes]` (read by the CVAE).
pub fn latent(h: &ArrayRef2<f64>, layers: &LatentLayers, eps: &ArrayRef2<f64>, onehot: &ArrayRef2<f64>) -> Latent {
    let Code { code, gaussian } = encode(h, layers);
    let samples = eps.nrows() / h.nrows();
    let (z, kl) = match (&gaussian, &code) {
        (Some(q), _) => {
            let (mu, log_var) = (repeated(&q.mu, samples), repeated(&q.log_var, samples));
            (reparameterize(&mu, &log_var, eps), kl(&q.mu, &q.log_var))
        }
        (None, Some(code)) => (code.output.clone(), Array1::zeros(h.nrows())),
        (None, None) => unreachable!("a model without μ has a code"),
    };
    let (projection, decoder_input) = condition(&z, layers, onehot);
    let d1 = activated(&decoder_input, layers.decoder, layers.activation);
    Latent { code, gaussian, z, projection, decoder_input, d1, kl }
}

/// The code where the model has one, and μ and log σ² where it has them.
pub fn encode(h: &ArrayRef2<f64>, layers: &LatentLayers) -> Code {
    let code = layers.code.map(|(layer, activation)| match activation {
        Some(activation) => activated(h, layer, activation),
        None => Activated { output: linear(h, layer), sums: None },
    });
    let below = code.as_ref().map_or(h, |code| &code.output);
    let gaussian = layers
        .heads
        .map(|(mu, log_var)| Gaussian { mu: linear(below, mu), log_var: linear(below, log_var).mapv_into(bound) });
    Code { code, gaussian }
}

/// The label's projection where there is one, and the decoder's input that the label makes of `z`, `[batch · samples, latent]`;
/// `onehot` is `[batch, classes]`, without columns where the model takes no label.
pub fn condition(
    z: &ArrayRef2<f64>,
    layers: &LatentLayers,
    onehot: &ArrayRef2<f64>,
) -> (Option<Activated>, Array2<f64>) {
    let samples = z.nrows() / onehot.nrows().max(1);
    if layers.condition == Condition::Concat {
        return (None, concat(z, &repeated(onehot, samples)));
    }
    let Some(projector) = layers.projector else { return (None, z.to_owned()) };
    let projection = activated(onehot, projector, layers.activation);
    let input = conditioned(z, &projection.output, layers.condition);
    (Some(projection), input)
}

/// What the `projection` p of the label `[batch, latent]` makes of `z` `[batch · samples, latent]`: z + p, (z + p) / 2 or z · p.
pub fn conditioned(z: &ArrayRef2<f64>, projection: &ArrayRef2<f64>, condition: Condition) -> Array2<f64> {
    let p = repeated(projection, z.nrows() / projection.nrows());
    Zip::from(z).and(&p).map_collect(|&z, &p| match condition {
        Condition::Add => z + p,
        Condition::Mean => 0.5 * (z + p),
        Condition::Multiply => z * p,
        Condition::Concat => z, // the label stands behind it instead
    })
}

/// Every row `samples` times, one after the other.
pub fn repeated(rows: &ArrayRef2<f64>, samples: usize) -> Array2<f64> {
    match samples {
        1 => rows.to_owned(),
        _ => Array2::from_shape_fn((rows.nrows() * samples, rows.ncols()), |(row, j)| rows[[row / samples, j]]),
    }
}

/// The sum over the samples of each image: `[batch · samples, n]` to `[batch, n]`.
pub fn summed(rows: &ArrayRef2<f64>, samples: usize) -> Array2<f64> {
    match samples {
        1 => rows.to_owned(),
        _ => Array2::from_shape_fn((rows.nrows() / samples, rows.ncols()), |(image, j)| {
            (0..samples).map(|sample| rows[[image * samples + sample, j]]).sum()
        }),
    }
}
