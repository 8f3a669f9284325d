//! The narrow middle of the network, row by row: code, μ and log σ², z, the label's projection, KL, first decoder layer.

use super::kl::kl;
use super::linear::{Activated, Linear, activated, linear};
use super::reparameterize::{bound, reparameterize};
use crate::model::Activation;
use ndarray::{Array1, Array2, ArrayRef2};

/// The layers of the middle; which of them exist tells the three models apart.
#[derive(Clone, Copy, Debug)]
pub struct LatentLayers<'a> {
    /// Last encoder layer, `[latent, width]`.
    pub code: &'a Linear,
    /// μ and log σ², `[latent, latent]` each; the AE has none.
    pub heads: Option<(&'a Linear, &'a Linear)>,
    /// Label projector, `[latent, classes]`; the CVAE's alone.
    pub projector: Option<&'a Linear>,
    /// First decoder layer, `[width, latent]`.
    pub decoder: &'a Linear,
    /// The activation of the code, the projection and the first decoder layer.
    pub activation: Activation,
}

/// Encoder outputs for one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// `act(Wc h + bc)`, `[batch, latent]`.
    pub code: Activated,
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

/// What the latent kernel gives for one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// `act(Wc h + bc)`, `[batch, latent]`.
    pub code: Activated,
    /// μ and bounded log σ²; the AE has none.
    pub gaussian: Option<Gaussian>,
    /// `μ + exp(½ log σ²) ε`, `[batch, latent]`; the AE's is its code.
    pub z: Array2<f64>,
    /// `act(P onehot(y) + bp)`, `[batch, latent]`; the CVAE's alone.
    pub projection: Option<Activated>,
    /// What the decoder sees: z, plus the projection where there is one, `[batch, latent]`.
    pub decoder_input: Array2<f64>,
    /// First decoder layer, `act(Wd decoder_input + bd)`, `[batch, width]`.
    pub d1: Activated,
    /// KL of each row in nats, `[batch]`; zeros for the AE.
    pub kl: Array1<f64>,
}

/// The whole middle for last hidden activations `h` `[batch, width]`, ε `[batch, latent]` (read by VAE and CVAE) and onehot
/// labels `[batch, classes]` (read by the CVAE).
pub fn latent(h: &ArrayRef2<f64>, layers: &LatentLayers, eps: &ArrayRef2<f64>, onehot: &ArrayRef2<f64>) -> Latent {
    let Code { code, gaussian } = encode(h, layers);
    let (z, kl) = match &gaussian {
        Some(q) => (reparameterize(&q.mu, &q.log_var, eps), kl(&q.mu, &q.log_var)),
        None => (code.output.clone(), Array1::zeros(h.nrows())),
    };
    let (projection, decoder_input) = project(&z, layers, onehot);
    let d1 = activated(&decoder_input, layers.decoder, layers.activation);
    Latent { code, gaussian, z, projection, decoder_input, d1, kl }
}

/// The code, and μ and log σ² where the model has them.
pub fn encode(h: &ArrayRef2<f64>, layers: &LatentLayers) -> Code {
    let code = activated(h, layers.code, layers.activation);
    let gaussian = layers.heads.map(|(mu, log_var)| Gaussian {
        mu: linear(&code.output, mu),
        log_var: linear(&code.output, log_var).mapv_into(bound),
    });
    Code { code, gaussian }
}

/// The label's projection, and the decoder's input it makes of `z`.
pub fn project(z: &ArrayRef2<f64>, layers: &LatentLayers, onehot: &ArrayRef2<f64>) -> (Option<Activated>, Array2<f64>) {
    let projection = layers.projector.map(|projector| activated(onehot, projector, layers.activation));
    let decoder_input = projection.as_ref().map_or_else(|| z.to_owned(), |projection| &projection.output + &z.view());
    (projection, decoder_input)
}
