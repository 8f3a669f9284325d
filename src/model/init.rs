//! The parameters that training starts from.

use super::{Model, Param};
use crate::random::{Stream, stream};
use rand_distr::{Distribution, Uniform};

impl Model {
    /// Freshly initialised parameters, each tensor from a stream of its own.
    pub fn initialise(&self, seed: u64) -> Vec<Param> {
        let mut params = self.shapes();
        let inputs = self.layers().into_iter().flat_map(|layer| [layer.inp; 2]);
        for ((tensor, param), inputs) in params.iter_mut().enumerate().zip(inputs) {
            param.values = linear(seed, tensor as u64, inputs).take(param.shape.iter().product()).collect();
        }
        params
    }
}

/// Initial values of tensor number `tensor`, a weight or bias of a layer of `inputs` inputs: U(−1/√in, 1/√in), PyTorch's default for
/// `nn.Linear`, rounded to float32.
pub fn linear(seed: u64, tensor: u64, inputs: usize) -> impl Iterator<Item = f64> {
    let bound = 1.0 / (inputs as f64).sqrt();
    let uniform = Uniform::new_inclusive(-1.0, 1.0).expect("finite bounds");
    uniform.sample_iter(stream(seed, Stream::Init, tensor)).map(move |u| f64::from((bound * u) as f32))
}
