//! The layers of a model: as named parameters, and one fed with the other.

use super::linear::{Activated, Linear, activated};
use crate::Result;
use crate::model::{Activation, Model, Param};
use ndarray::{Array1, Array2, ArrayRef2};

/// The outputs of activated layers, each fed with the one before.
pub(super) fn chain(x: &ArrayRef2<f64>, layers: &[Linear], activation: Activation) -> Vec<Activated> {
    let mut outputs: Vec<Activated> = Vec::with_capacity(layers.len());
    for layer in layers {
        let y = match outputs.last() {
            Some(input) => activated(&input.output, layer, activation),
            None => activated(x, layer, activation),
        };
        outputs.push(y);
    }
    outputs
}

/// A layer of zeros for each of the model.
pub(super) fn zeros(model: &Model) -> Vec<Linear> {
    model.layers().iter().map(|shape| Linear::zeros(shape.out, shape.inp)).collect()
}

/// `layers` as parameters, named and ordered as the model has them.
pub(super) fn to_params(model: &Model, layers: &[Linear]) -> Vec<Param> {
    let values = layers.iter().flat_map(|layer| match layer.weight.ncols() {
        0 => vec![layer.bias.to_vec()],
        _ => vec![layer.weight.iter().copied().collect(), layer.bias.to_vec()],
    });
    model.shapes().into_iter().zip(values).map(|(param, values)| Param { values, ..param }).collect()
}

/// The layers of the model that `params` are. Fails where they are another model's.
pub(super) fn from_params(model: &Model, params: &[Param]) -> Result<Vec<Linear>> {
    model.expect(params)?;
    let mut params = params.iter();
    let mut next = || params.next().expect("as many as the model lists").values.clone();
    let layers = model.layers().into_iter().map(|shape| {
        let weight = if shape.inp == 0 { Vec::new() } else { next() };
        let weight = Array2::from_shape_vec((shape.out, shape.inp), weight).expect("the shape was checked");
        Linear { weight, bias: Array1::from(next()) }
    });
    Ok(layers.collect())
}
