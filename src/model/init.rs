//! The parameters that training starts from.

use super::{Model, Param};
use crate::random::philox;

impl Model {
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
}
