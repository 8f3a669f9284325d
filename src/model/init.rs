//! The parameters that training starts from.

use super::{Model, Param};
use crate::random::{Stream, stream};
use rand_distr::{Distribution, Uniform};
use serde::{Deserialize, Serialize};

/// How initial weights and biases are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// U(−1/√in, 1/√in) for weights and biases, PyTorch's default for `nn.Linear`.
    #[default]
    Pytorch,
    /// U(−√(6/(in + out)), √(6/(in + out))) for weights, 0 for biases (Glorot and Bengio 2010).
    Glorot,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Scheme; 2] = [Scheme::Pytorch, Scheme::Glorot];

    /// The name in options and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Pytorch => "pytorch",
            Scheme::Glorot => "glorot",
        }
    }
}

impl Model {
    /// Freshly initialised parameters by PyTorch's scheme.
    pub fn initialise(&self, seed: u64) -> Vec<Param> {
        self.initialise_by(Scheme::Pytorch, seed)
    }

    /// Freshly initialised parameters, each tensor from a stream of its own; a layer without inputs starts at 0.
    pub fn initialise_by(&self, scheme: Scheme, seed: u64) -> Vec<Param> {
        let mut params = self.shapes();
        for (tensor, param) in params.iter_mut().enumerate() {
            let count = param.shape.iter().product();
            let is_bias = param.shape.len() == 1;
            let layer = param.name.rsplit_once('.').map_or("", |(layer, _)| layer);
            let layer = self.layers().into_iter().find(|found| found.name == layer);
            param.values = match (layer, scheme) {
                (None, _) => vec![0.0; count],
                (Some(_), Scheme::Glorot) if is_bias => vec![0.0; count],
                (Some(layer), Scheme::Pytorch) => linear(seed, tensor as u64, layer.inp).take(count).collect(),
                (Some(layer), Scheme::Glorot) => {
                    uniform(seed, tensor as u64, (6.0 / (layer.inp + layer.out) as f64).sqrt()).take(count).collect()
                }
            };
        }
        params
    }
}

/// Initial values of tensor number `tensor`, a weight or bias of a layer of `inputs` inputs, by PyTorch's scheme.
pub fn linear(seed: u64, tensor: u64, inputs: usize) -> impl Iterator<Item = f64> {
    uniform(seed, tensor, 1.0 / (inputs as f64).sqrt())
}

/// Numbers of U(−bound, bound), rounded to float32.
fn uniform(seed: u64, tensor: u64, bound: f64) -> impl Iterator<Item = f64> {
    let uniform = Uniform::new_inclusive(-1.0, 1.0).expect("finite bounds");
    uniform.sample_iter(stream(seed, Stream::Init, tensor)).map(move |u| f64::from((bound * u) as f32))
}
