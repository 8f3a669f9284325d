//! Named parameter tensors, in PyTorch's names and layout.

use super::{LayerShape, Model};
use crate::{Error, Result};

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

impl Model {
    /// Every parameter by name and shape, in order, without values.
    pub fn shapes(&self) -> Vec<Param> {
        let param = |name: String, shape| Param { name, shape, values: Vec::new() };
        let tensors = |layer: LayerShape| match layer.inp {
            0 => vec![param(layer.name, vec![layer.out])],
            inputs => vec![
                param(format!("{}.weight", layer.name), vec![layer.out, inputs]),
                param(format!("{}.bias", layer.name), vec![layer.out]),
            ],
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
